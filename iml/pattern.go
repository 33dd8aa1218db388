package iml

import (
	"errors"
	"time"

	"github.com/dlclark/regexp2"
)

// Pattern is a regular expression of JavaScript with the flag u, such as the pattern of a
// field. It is immutable and safe for concurrent use.
type Pattern struct{ regex *regexp2.Regexp }

// patternTime is how long one match of a [Pattern] may take.
const patternTime = 50 * time.Millisecond

// CompilePattern compiles the text of a regular expression, without slashes and flags.
func CompilePattern(text string) (*Pattern, error) {
	r, err := newRegex(text, "u", true)
	if err != nil {
		return nil, errors.New("invalid regular expression: " + err.Error())
	}
	r.MatchTimeout = patternTime
	return &Pattern{r}, nil
}

// Match reports whether the pattern occurs in text: it is not anchored. The error says
// that the search took too long.
func (p *Pattern) Match(text string) (bool, error) {
	found, err := p.regex.MatchString(text)
	if err != nil {
		return false, errors.New("the regular expression takes too long")
	}
	return found, nil
}
