package iml

import (
	"strings"
	"testing"
)

func TestPatternsAreThoseOfJavaScript(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{`^\d{3}$`, "123", true},
		{`^\d{3}$`, "123\n", false}, // $ is the very end
		{`^.$`, "👍", true},
		{`^\p{Lu}+$`, "ŽÁ", true},
		{`\s`, "\ufeff", true},
		{`\w`, "é", false},
		{`^[^\s@]+@[^\s@]+$`, "a@b", true},
		{`(?<=€)\d`, "€5", true},
		{`^\u{1F44D}$`, "👍", true},
		{`^[\w-]+$`, "a-b", true},
		{`^(?<a>\d)(x)\k<a>\2$`, "1x1x", true},
		{`^\k<ž>(?<ž>a)$`, "a", true},
	} {
		p, err := CompilePattern(test.pattern)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		if got, err := p.Match(test.text); got != test.want || err != nil {
			t.Errorf("%s on %q: %v, %v", test.pattern, test.text, got, err)
		}
	}
	for pattern, want := range map[string]string{
		`(`:                       "invalid regular expression: error parsing regexp: missing closing ) in `(`",
		`(?<1>a)`:                 "invalid regular expression: invalid group",
		`a{2,1}`:                  "invalid regular expression: numbers out of order in {} quantifier",
		`[b-a]`:                   "invalid regular expression: range out of order in character class",
		`\`:                       `invalid regular expression: \ at end of pattern`,
		strings.Repeat("a", 5001): "invalid regular expression: it is longer than 5000 characters",
	} {
		if _, err := CompilePattern(pattern); err == nil || err.Error() != want {
			t.Errorf("%.20s: %v, want %s", pattern, err, want)
		}
	}
}

func TestAPatternThatTakesTooLongIsStopped(t *testing.T) {
	t.Parallel()
	p, err := CompilePattern(`^(a+)+$`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Match(strings.Repeat("a", 100) + "b"); err == nil || err.Error() != "the regular expression takes too long" {
		t.Errorf("%v", err)
	}
}
