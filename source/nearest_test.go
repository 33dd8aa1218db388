package source_test

import (
	"strings"
	"testing"

	"github.com/cleat-run/cleat/source"
)

func TestNearest(t *testing.T) {
	t.Parallel()
	commands := []string{"connect", "connections", "eval", "inspect", "oauth1", "run", "serve", "upper"}
	for word, want := range map[string]string{
		"inspct": "inspect", "evla": "eval", "Eval": "eval", "oauth": "oauth1", "connectoins": "connections", "conn": "connect connections",
		"rnu": "run", "uper": "upper", "x": "", "deploy": "", "": "", strings.Repeat("c", 200): "",
	} {
		if got := strings.Join(source.Nearest(word, commands), " "); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := source.Nearest("a", []string{strings.Repeat("a", 200)}); got != nil {
		t.Errorf("a name without end: %v", got)
	}
	if got, want := source.DidYouMean("conect", commands), "did you mean connect?"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got := source.DidYouMean("deploy", commands); got != "" {
		t.Error(got)
	}
}
