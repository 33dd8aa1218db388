package iml

import (
	"errors"
	"testing"

	"github.com/cleat-run/cleat/value"
)

// TestErrorValuesAreRaisedWhereTheySurface: in a directive, in any member of it, and inside
// what a function of the app gave; not where an expression looks past them.
func TestErrorValuesAreRaisedWhereTheySurface(t *testing.T) {
	t.Parallel()
	made := value.FromError(&value.Error{Type: "RateLimitError", Message: "slow down"})
	env := func() *Env {
		return &Env{Call: func(name string, _ []value.Value) (value.Value, error) {
			switch name {
			case "fails":
				return made, nil
			case "deep":
				return value.Object("ok", value.Int(1), "all", value.List(value.Int(1), value.Object("x", made))), nil
			}
			return value.Object("ok", value.Int(1)), nil
		}}
	}
	tests := []struct {
		json string
		want string // "" when the error is raised
	}{
		{`"{{errorFactory('RateLimitError', 'slow down')}}"`, ""},
		{`{"a": "{{errorFactory('RateLimitError', 'slow down')}}"}`, ""},
		{`{"a": [1, {"b": "{{fails()}}"}]}`, ""},
		{`{"a": {"{{...}}": "{{fails()}}"}}`, ""},
		{`["is {{fails()}}"]`, ""},
		{`"{{deep()}}"`, ""},
		{`{"a": "{{deep().all}}"}`, ""},
		{`{"a": "{{deep().all[2]}}"}`, ""},
		{`{"{{...}}": "{{deep()}}"}`, ""},
		{`{"a": "{{if(true, deep(), 1)}}"}`, ""},
		{`{"a": "{{deep().ok}}"}`, `{"a":1}`},
		{`{"a": "{{length(deep().all)}}"}`, `{"a":2}`},
		{`{"a": "{{if(false, fails(), 1)}}", "b": "{{fine()}}"}`, `{"a":1,"b":{"ok":1}}`},
	}
	for _, tt := range tests {
		v, err := value.ParseJSON([]byte(tt.json))
		if err != nil {
			t.Fatal(err)
		}
		program, _ := CompileValue(v, Options{Custom: func(name string) bool { return name == "fails" || name == "deep" || name == "fine" }})
		got, err := program.Eval(env())
		var cause *value.Error
		var wrong *Error
		switch {
		case tt.want != "" && (err != nil || string(got.AppendJSON(nil)) != tt.want):
			t.Errorf("%s: got %s, %v", tt.json, got.AppendJSON(nil), err)
		case tt.want == "" && (!errors.As(err, &cause) || !errors.As(err, &wrong)):
			t.Errorf("%s: got %s, %v", tt.json, got.AppendJSON(nil), err)
		case tt.want == "" && (*cause != *made.Err() || wrong.Code != CodeRaised || wrong.Template == ""):
			t.Errorf("%s: raised %v of %q, %s", tt.json, cause, wrong.Template, wrong.Code)
		}
	}
}
