package iml

import (
	"fmt"
	"testing"

	"github.com/cleat-run/cleat/value"
)

func TestEveryFunctionExampleHolds(t *testing.T) {
	for _, name := range Builtins().Names() {
		f := Builtins().Lookup(name)
		if f.Summary == "" || len(f.Examples) == 0 {
			t.Errorf("%s has no summary or no example", name)
		}
		for _, example := range f.Examples {
			program, found := Compile("{{"+example.Expression+"}}", Options{})
			if found.Err() != nil {
				t.Errorf("%s: %v", example.Expression, found)
				continue
			}
			v, err := program.Eval(&Env{})
			if err != nil {
				t.Errorf("%s: %v", example.Expression, err)
			} else if got := string(v.AppendJSON(nil)); got != example.Result {
				t.Errorf("%s = %s, want %s", example.Expression, got, example.Result)
			}
		}
	}
}

func TestErrorsShowPlaceAndHint(t *testing.T) {
	scope := NewScope()
	scope.Set("connection", value.Object("secret", value.Text("s3cr3t-value")))
	for _, test := range []struct{ text, want string }{
		{"{{formatDate('now', 'X')}}", "error IML030: Function 'formatDate' finished with error! 'now' is not a valid date.\n" +
			"    {{formatDate('now', 'X')}}\n      ^~~~~~~~~~~~~~~~~~~~~~\n  hint: now is a variable; write it without quotes"},
		{"{{formatDate(connection.secret)}}", "error IML030: Function 'formatDate' finished with error! '***' is not a valid date.\n" +
			"    {{formatDate(connection.secret)}}\n      ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~"},
		{"{{if(true, uper('a'))}}", "error IML002: Function 'if' finished with error! Function 'uper' not found!\n" +
			"    {{if(true, uper('a'))}}\n               ^~~~\n  hint: did you mean upper?"},
	} {
		program, _ := Compile(test.text, Options{})
		_, err := program.Eval(&Env{Scope: scope})
		wrong, ok := err.(*Error)
		if !ok {
			t.Errorf("%s: error %v", test.text, err)
			continue
		}
		if got := wrong.Diagnostic().String(); got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.text, got, test.want)
		}
	}
}

func ExampleCompile() {
	program, found := Compile("/users/{{parameters.id}}?q={{encodeURL(parameters.q)}}", Options{})
	if err := found.Err(); err != nil {
		fmt.Println(err)
		return
	}
	scope := NewScope()
	scope.Set("parameters", value.Object("id", value.Int(7), "q", value.Text("a b")))
	v, err := program.Eval(&Env{Scope: scope})
	fmt.Println(v.ToText(), err)
	// Output: /users/7?q=a%20b <nil>
}

func ExampleFunctions_With() {
	double := Function{Name: "double", Params: []Param{{Name: "number"}}, Call: func(_ *Env, args []value.Value) (value.Value, error) {
		return value.Number(2 * args[0].ToNumber()), nil
	}}
	program, _ := Compile("{{double(21)}}", Options{Functions: Builtins().With(double)})
	v, err := program.Eval(&Env{})
	fmt.Println(v.ToText(), err)
	// Output: 42 <nil>
}

func ExampleFamilies() {
	for _, family := range Families()[:2] {
		fmt.Println(family.Title, family.Functions[0].Signature())
	}
	// Output:
	// General if(condition, then, [else])
	// Text length(value)
}

func benchmark(b *testing.B, text string) {
	scope := NewScope()
	scope.Set("connection", value.Object("accessToken", value.Text("0123456789abcdef0123456789abcdef")))
	scope.Set("body", value.Object("total", value.Int(11), "name", value.Text("ann"), "alt", value.Null))
	program, found := Compile(text, Options{})
	if found.Err() != nil {
		b.Fatal(found)
	}
	env := &Env{Scope: scope}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := program.Eval(env); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEvalBearer(b *testing.B) { benchmark(b, "Bearer {{connection.accessToken}}") }

func BenchmarkEvalIf(b *testing.B) {
	benchmark(b, "{{if(body.total > 10, upper(body.name), ifempty(body.alt, 'none'))}}")
}

func BenchmarkEvalPath(b *testing.B) { benchmark(b, "{{body.total}}") }

func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Compile("{{if(body.total > 10, upper(body.name), ifempty(body.alt, 'none'))}}", Options{})
	}
}
