package iml

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/cleat-run/cleat/value"
)

// evalCase is an expression and what it gives as JSON, or "undefined"; behind "! " the
// whole message of the error, without the name of the function.
type evalCase struct{ expression, want string }

var functionPrefix = regexp.MustCompile(`^Function '(\w+)' finished with error! `)

// caseEnv is what the cases see.
func caseEnv(t *testing.T) *Env {
	t.Helper()
	roots, err := value.ParseJSON([]byte(`{"o": {"k": "v", "a b": 2}, "arr": [1, 2, 3],
		"users": [{"id": 1, "name": "Ann", "tags": ["x"]}, {"id": 2, "name": "Bob", "tags": ["y", "z"]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	scope := NewScope()
	for name, v := range roots.Collection().All() {
		scope.Set(name, v)
	}
	scope.Set("d", value.Date(1482940986000)) // 2016-12-28T16:03:06Z
	scope.Set("bf", value.Buffer([]byte("Make")))
	return &Env{Scope: scope, Now: func() time.Time { return time.UnixMilli(1700000000000) }}
}

func runCases(t *testing.T, cases []evalCase) {
	t.Helper()
	for _, c := range cases {
		program, _ := Compile("{{"+c.expression+"}}", Options{})
		v, err := program.Eval(caseEnv(t))
		if got := outcome(v, err); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.expression, got, c.want)
		}
	}
}

func outcome(v value.Value, err error) string {
	var wrong *Error
	switch {
	case errors.As(err, &wrong):
		return "! " + functionPrefix.ReplaceAllString(wrong.Message, "")
	case v.IsUndefined():
		return "undefined"
	}
	return string(v.AppendJSON(nil))
}
