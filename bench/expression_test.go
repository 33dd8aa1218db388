package bench

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"
	"github.com/expr-lang/expr"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// expressions are the same expressions in each language: a choice with a comparison, two
// functions and four paths; a text with one path in it; a member of each of 100 items,
// joined.
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
	{
		"Map100",
		"{{join(map(body.items, 'name'), ',')}}",
		`join(map(body.items, .name), ",")`,
		`body.items.map(item, item.name).join(",")`,
		strings.Repeat("greetings,", 99) + "greetings",
	},
}

var roots = map[string]map[string]any{
	"body":       {"total": 12.0, "name": "greetings", "alt": "other", "items": items(100)},
	"connection": {"accessToken": "0123456789abcdef"},
}

func items(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = map[string]any{"id": float64(i), "name": "greetings"}
	}
	return list
}

// valueOf is the value of the expression language for one of roots.
func valueOf(content any) value.Value {
	switch content := content.(type) {
	case float64:
		return value.Number(content)
	case string:
		return value.Text(content)
	case []any:
		list := value.NewArray()
		for _, item := range content {
			list.Append(valueOf(item))
		}
		return value.FromArray(list)
	case map[string]any:
		c := value.NewCollection(len(content))
		for _, name := range slices.Sorted(maps.Keys(content)) {
			c.Set(name, valueOf(content[name]))
		}
		return value.FromCollection(c)
	}
	return value.Undefined
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
		scope.Set(name, valueOf(members))
	}
	env := &iml.Env{Scope: scope}
	return func() (string, error) {
		v, err := program.Eval(env)
		return v.Str(), err
	}
}

func exprEnv() map[string]any {
	env := map[string]any{}
	for name, members := range roots {
		env[name] = members
	}
	return env
}

func evaluateExpr(tb testing.TB, text string) func() (string, error) {
	env := exprEnv()
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

func celEnv() (*cel.Env, error) {
	options := []cel.EnvOption{ext.Strings()}
	for name := range roots {
		options = append(options, cel.Variable(name, cel.MapType(cel.StringType, cel.DynType)))
	}
	return cel.NewEnv(options...)
}

func evaluateCEL(tb testing.TB, text string) func() (string, error) {
	vars := exprEnv()
	env, err := celEnv()
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

// BenchmarkCompile makes a program of the text of the choice.
func BenchmarkCompile(b *testing.B) {
	e := expressions[0]
	env, err := celEnv()
	if err != nil {
		b.Fatal(err)
	}
	for name, compile := range map[string]func() error{
		"cleat": func() error {
			_, found := iml.Compile(e.iml, iml.Options{})
			return found.Err()
		},
		"expr-lang_expr": func() error {
			_, err := expr.Compile(e.expr, expr.Env(exprEnv()))
			return err
		},
		"google_cel-go": func() error {
			ast, issues := env.Compile(e.cel)
			if issues.Err() != nil {
				return issues.Err()
			}
			_, err := env.Program(ast)
			return err
		},
	} {
		b.Run("Choice/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := compile(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
