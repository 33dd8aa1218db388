package bench

import (
	"fmt"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"github.com/expr-lang/expr"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// expressions are the same two expressions in each language: a choice with a comparison,
// two functions and four paths, and a text with one path in it.
var expressions = []struct{ name, iml, expr, cel, want string }{
	{
		"Choice",
		"{{if(body.total > 10, upper(body.name), ifempty(body.alt, 'none'))}}",
		`body.total > 10 ? upper(body.name) : (body.alt in [nil, ""] ? "none" : body.alt)`,
		`body.total > 10.0 ? body.name.upperAscii() : (!has(body.alt) || body.alt == null || body.alt == "" ? "none" : body.alt)`,
		"GREETINGS",
	},
	{
		"Bearer",
		"Bearer {{connection.accessToken}}",
		`"Bearer " + connection.accessToken`,
		`"Bearer " + connection.accessToken`,
		"Bearer 0123456789abcdef",
	},
}

var roots = map[string]map[string]any{
	"body":       {"total": 12.0, "name": "greetings", "alt": "other"},
	"connection": {"accessToken": "0123456789abcdef"},
}

// evaluators compile one expression in each language; each returned function evaluates.
func evaluators(tb testing.TB, i int) map[string]func() (string, error) {
	e := expressions[i]
	return map[string]func() (string, error){
		"cleat":          evaluateIML(tb, e.iml),
		"expr-lang_expr": evaluateExpr(tb, e.expr),
		"google_cel-go":  evaluateCEL(tb, e.cel),
	}
}

func evaluateIML(tb testing.TB, text string) func() (string, error) {
	program, found := iml.Compile(text, iml.Options{})
	if err := found.Err(); err != nil {
		tb.Fatal(err)
	}
	scope := iml.NewScope()
	for name, members := range roots {
		c := value.NewCollection(len(members))
		for member, content := range members {
			switch content := content.(type) {
			case float64:
				c.Set(member, value.Number(content))
			case string:
				c.Set(member, value.Text(content))
			}
		}
		scope.Set(name, value.FromCollection(c))
	}
	env := &iml.Env{Scope: scope}
	return func() (string, error) {
		v, err := program.Eval(env)
		return v.Str(), err
	}
}

func evaluateExpr(tb testing.TB, text string) func() (string, error) {
	env := map[string]any{}
	for name, members := range roots {
		env[name] = members
	}
	program, err := expr.Compile(text, expr.Env(env))
	if err != nil {
		tb.Fatal(err)
	}
	return func() (string, error) {
		v, err := expr.Run(program, env)
		if err != nil {
			return "", err
		}
		return v.(string), nil
	}
}

func evaluateCEL(tb testing.TB, text string) func() (string, error) {
	options := []cel.EnvOption{ext.Strings()}
	vars := map[string]any{}
	for name, members := range roots {
		options = append(options, cel.Variable(name, cel.MapType(cel.StringType, cel.DynType)))
		vars[name] = members
	}
	env, err := cel.NewEnv(options...)
	if err != nil {
		tb.Fatal(err)
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		tb.Fatal(issues.Err())
	}
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		tb.Fatal(err)
	}
	return func() (string, error) {
		v, _, err := program.Eval(vars)
		if err != nil {
			return "", err
		}
		return v.Value().(string), nil
	}
}

func TestEvaluatorsGiveTheSame(t *testing.T) {
	for i, e := range expressions {
		for name, evaluate := range evaluators(t, i) {
			if got, err := evaluate(); err != nil || got != e.want {
				t.Errorf("%s: %s gives %q, %v; want %q", e.name, name, got, err, e.want)
			}
		}
	}
}

func BenchmarkExpression(b *testing.B) {
	for i, e := range expressions {
		for name, evaluate := range evaluators(b, i) {
			b.Run(fmt.Sprintf("%s/%s", e.name, name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := evaluate(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
