package appdrive

import (
	"regexp/syntax"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/iml"
)

// matching returns a short text that matches a pattern of JavaScript, and whether it found
// one.
func matching(pattern string) (string, bool) {
	compiled, err := iml.CompilePattern(pattern)
	if err != nil {
		return "", false
	}
	candidates := []string{"sample", "/sample", "1", "a@example.com", "https://example.com/a", "2026-01-02", "#336699"}
	if tree, err := syntax.Parse(pattern, syntax.Perl); err == nil {
		candidates = append(candidates, shortest(tree.Simplify()))
	}
	for _, text := range candidates {
		if ok, err := compiled.Match(text); err == nil && ok {
			return text, true
		}
	}
	return "", false
}

// shortest is the shortest text of a pattern without look-around and back references: the
// first branch of each choice, and what must be repeated as often as it must.
func shortest(r *syntax.Regexp) string {
	switch r.Op {
	case syntax.OpLiteral:
		return string(r.Rune)
	case syntax.OpCharClass:
		return string(r.Rune[0])
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return "a"
	case syntax.OpCapture, syntax.OpPlus, syntax.OpAlternate:
		return shortest(r.Sub[0])
	case syntax.OpRepeat:
		return strings.Repeat(shortest(r.Sub[0]), r.Min)
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range r.Sub {
			b.WriteString(shortest(sub))
		}
		return b.String()
	}
	return ""
}

func TestMatching(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		`^/`: "/sample", `^[A-Z]{2}\d{3}$`: "AA000", `^(?:cus|sub)_[a-z]+$`: "cus_a", `^x(y|z)?$`: "x", `^(?=b).$`: "",
	} {
		if got, _ := matching(pattern); got != want {
			t.Errorf("%s: got %q, want %q", pattern, got, want)
		}
	}
}
