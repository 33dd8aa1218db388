package cli

import "testing"

func TestNearest(t *testing.T) {
	t.Parallel()
	commands := []string{"connect", "connections", "eval", "inspect", "oauth1", "run", "serve"}
	for word, want := range map[string]string{
		"inspct": "inspect", "evla": "eval", "Eval": "eval", "oauth": "oauth1", "connectoins": "connections", "conn": "connect",
		"rnu": "run", "x": "", "deploy": "", "": "",
	} {
		if got := nearest(word, commands); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
