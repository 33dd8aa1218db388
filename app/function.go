package app

import (
	"regexp"

	"github.com/cleat-run/cleat/source"
)

// Function is a custom IML function: JavaScript, called by its id.
type Function struct {
	ID   string
	Meta Meta

	Code, Test *source.File // nil when there is none
}

func (f *Function) id() string            { return f.ID }
func (f *Function) section(string) **Code { return nil }

// Name returns the name of the first function that the code declares, or "". Make calls
// a function by its id and wants both to be equal.
func (f *Function) Name() string {
	if f.Code == nil {
		return ""
	}
	return functionName(f.Code.Text())
}

var (
	topFunction = regexp.MustCompile(`(?m)^(?:async[ \t]+)?function[ \t]+([A-Za-z_$][\w$]*)[ \t]*\(`)
	anyFunction = regexp.MustCompile(`\bfunction\s+([A-Za-z_$][\w$]*)\s*\(`)
)

// functionName prefers a function at the start of a line to one inside a comment.
func functionName(code string) string {
	for _, pattern := range []*regexp.Regexp{topFunction, anyFunction} {
		if m := pattern.FindStringSubmatch(code); m != nil {
			return m[1]
		}
	}
	return ""
}
