package iml

import (
	"testing"

	"github.com/cleat-run/cleat/value"
)

var seeds = []string{"plain", "{{a}}", "x{{a.b[2].`c d`}}y", "{{if(a > 1, 'x', \"y\")}}", "{{1 + 2 * -3 % 4}}", "{{!a & b | c}}", "{{'}}'}}{{'{{'}}",
	"{{formatDate(now, 'X')}}", "{{replace('aXb', '/x/i', '$&$&')}}", "{{ {k: 1, 'l m': a} }}", "{{headers.content-type}}", "{{a[]}}{{a[-1]}}{{a[b.c]}}",
	"{{split('a,b', ',')}}", "{{parseJSON('{\"a\":[1]}').a}}", "{{sha256('a', 'base64', 'k')}}", "{{", "{{a b}}", "{{f(a,,b;c)}}", "{{merge(merge(), a)}}"}

// What is printed parses again to the same tree.
func FuzzParsePrint(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		program, found := Compile(text, Options{})
		if found.Err() != nil {
			return
		}
		printed := program.Print()
		again, found := Compile(printed, Options{})
		if found.Err() != nil {
			t.Fatalf("%q prints as %q, which does not compile: %v", text, printed, found)
		}
		if len(program.parts) != len(again.parts) {
			t.Fatalf("%q prints as %q: %d parts became %d", text, printed, len(program.parts), len(again.parts))
		}
		for i, part := range program.parts {
			other := again.parts[i]
			if (part.expr == nil) != (other.expr == nil) || part.text != other.text || part.expr != nil && !sameTree(part.expr, other.expr) {
				t.Fatalf("%q prints as %q, another tree", text, printed)
			}
		}
	})
}

// Every evaluation ends, within its limits and without a panic.
func FuzzEval(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		program, _ := Compile(text, Options{})
		scope := NewScope()
		scope.Set("a", value.Object("b", value.List(value.Int(1), value.Text("x"), value.Null)))
		scope.Set("body", value.Object("total", value.Int(11), "name", value.Text("ann"), "raw", value.Buffer([]byte{0xff})))
		scope.Set("now1", value.Date(1482940986000))
		env := &Env{Scope: scope, Limits: &Limits{Steps: 10_000, Text: 1 << 20, Elements: 10_000}}
		v, err := program.Eval(env)
		if err == nil && len(v.ToText()) > 4<<20 {
			t.Fatalf("%q produces %d bytes", text, len(v.ToText()))
		}
		if env.nested != 0 || len(env.stack) != 0 || len(env.buf) != 0 {
			t.Fatalf("%q leaves %d levels, %d arguments, %d bytes", text, env.nested, len(env.stack), len(env.buf))
		}
	})
}
