package form_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
)

func TestCheckOfStoredValues(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		definition, values string
		o                  form.Options
		want               string // problems / warnings
	}{
		{`[{"name":"x","type":"number"}]`, `{"x":"5"}`, form.Options{}, `type x / `},
		{`[{"name":"x","type":"integer"}]`, `{"x":1.5}`, form.Options{}, ` / `},
		{`[{"name":"x","type":"text"}]`, `{"x":"{{1.a}}"}`, form.Options{}, `iml x / `},
		{`[{"name":"x","type":"text"}]`, `{"x":"{{1.a}}"}`, form.Options{Expressions: true}, ` / `},
		{`[{"name":"x","type":"text","mappable":false}]`, `{"x":"{{1.a}}"}`, form.Options{Expressions: true}, `iml x / `},
		{`[{"name":"x","type":"array","spec":[{"name":"n","type":"text","required":true}]}]`, `{"x":["{{1.a}}",{"n":""},5]}`, form.Options{Expressions: true}, `required x[1].n, type x[2] / `},
		{`[{"name":"x","type":"text"}]`, `{"y":1,"z":2}`, form.Options{Strict: true}, `unknown , unknown  / `},
		{`[{"name":"x","type":"collection","spec":[{"name":"a","type":"text"}]}]`, `{"x":{"b":1}}`, form.Options{Strict: true}, `unknown x / `},
		{`[{"name":"x","type":"select","options":[{"value":"a","nested":[{"name":"n","type":"text"}]}]}]`, `{"x":"a","n":"b"}`, form.Options{Strict: true}, ` / `},
		{`[{"name":"x","type":"select","multiple":true,"options":[{"value":"a"}]}]`, `{"x":"a"}`, form.Options{}, `type x / `},
		{`[{"name":"x","type":"udtspec"}]`, `{"x":[{"name":"a","type":"array","spec":{"type":"date","required":true},"required":false},{"name":"","type":"thing"}]}`, form.Options{},
			`required x[1].name, option x[1].type / `},
		{`[{"type":"text"},{"name":"x","type":"text","required":true}]`, `{}`, form.Options{}, `name , required x / `},
	} {
		f, _ := form.Parse(newFile(c.definition))
		report := f.Check(t.Context(), collection(t, c.values), c.o)
		if got := codes(report.Problems) + " / " + codes(report.Warnings); got != c.want {
			t.Errorf("%s for %s\n got %s\nwant %s", c.values, c.definition, got, c.want)
		}
	}
}

func TestCheckWarnsOfWhatAnRPCDoesNotList(t *testing.T) {
	t.Parallel()
	rpc := &script{t: t, answers: map[string]string{"rpc://a": `[{"value":1}]`}}
	for definition, want := range map[string]string{
		`[{"name":"x","type":"select","options":"rpc://a"}]`:                 `option x / `,
		`[{"name":"x","type":"select","options":"rpc://a","mappable":true}]`: ` / option x`,
		`[{"name":"x","type":"select","options":"rpc://a","editable":true}]`: ` / option x`,
	} {
		report := parsed(t, definition).Check(t.Context(), collection(t, `{"x":2}`), form.Options{RPC: rpc})
		if got := codes(report.Problems) + " / " + codes(report.Warnings); got != want {
			t.Errorf("%s gives %s, want %s", definition, got, want)
		}
	}
}

func codes(problems form.Problems) string {
	var all []string
	for _, p := range problems {
		all = append(all, p.Code+" "+p.Path.String())
	}
	return strings.Join(all, ", ")
}

func TestLimits(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"n","type":"number","validate":{"min":1,"max":9}},{"name":"t","type":"text","validate":{"pattern":{"regexp":"^a","label":"begins with a"},"enum":["a"]}},
		{"name":"l","type":"array","spec":{"type":"integer"},"validate":{"minItems":2,"unique":true}},{"name":"plain","type":"text"},{"name":"off","type":"text","validate":false}]`)
	for name, want := range map[string]string{
		"n": `1 9 -1 -1 "" "" [] false`, "t": `  -1 -1 "^a" "begins with a" ["a"] false`, "l": `  2 -1 "" "" [] true`,
		"plain": "none", "off": "none",
	} {
		l, ok := f.Field(name).Limits()
		got := "none"
		if ok {
			got = fmt.Sprintf("%s %s %d %d %q %q %s %v", l.Min.ToText(), l.Max.ToText(), l.MinItems, l.MaxItems, l.Pattern, l.PatternLabel, value.List(l.Enum...).AppendJSON(nil), l.Unique)
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	if item := f.Field("l").Item(); item == nil || item.Type.Name != "integer" || f.Field("t").Item() != nil {
		t.Errorf("items are %v", item)
	}
}
