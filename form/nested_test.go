package form_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/form"
)

func TestNestedFields(t *testing.T) {
	t.Parallel()
	const n = `[{"name":"n","type":"number","required":true}]`
	for _, c := range []struct{ field, given, want string }{
		{`"type":"text","nested":` + n, `{"x":"a","n":"5"}`, `{"x":"a","n":5}`},
		{`"type":"text","nested":` + n, `{"x":"","n":"5"}`, `{}`},
		{`"type":"text","nested":` + n, `{"x":"a"}`, `required n`},
		{`"type":"number","nested":{"store":` + n + `,"domain":"expect"}`, `{"x":0,"n":1}`, `{"x":0,"n":1}`},
		{`"type":"boolean","nested":` + n, `{"x":true}`, `required n`},
		{`"type":"boolean","nested":` + n, `{"x":false,"n":1}`, `{"x":false}`},
		{`"type":"boolean","nested":` + n, `{}`, `{}`},
		{`"type":"boolean","reversedNested":true,"nested":` + n, `{"x":true,"n":1}`, `{"x":true}`},
		{`"type":"boolean","nested":{"true":` + n + `,"false":[]}`, `{"x":"true"}`, `required n`},
		{`"type":"select","options":[{"value":"a","nested":` + n + `},{"value":"b"}]`, `{"x":"a"}`, `required n`},
		{`"type":"select","options":[{"value":"a","nested":` + n + `},{"value":"b"}]`, `{"x":"b","n":1}`, `{"x":"b"}`},
		{`"type":"select","nested":` + n + `,"options":[{"value":"a","nested":[]},{"value":"b"}]`, `{"x":"a"}`, `{"x":"a"}`},
		{`"type":"select","nested":` + n + `,"options":[{"value":"a","nested":[]},{"value":"b"}]`, `{"x":"b"}`, `required n`},
		{`"type":"select","options":{"store":[{"value":"a"}],"placeholder":{"label":"-","nested":` + n + `}}`, `{}`, `required n`},
		{`"type":"select","options":{"store":[{"value":"a"}],"placeholder":{"label":"-","nested":` + n + `}}`, `{"x":"a","n":1}`, `{"x":"a"}`},
		{`"type":"select","dynamic":true,"options":{"store":[{"value":"a"}],"placeholder":{"label":"-","nested":` + n + `}}`, `{"x":"?","n":"1"}`, `{"x":"?","n":1}`},
		{`"type":"select","multiple":true,"options":[{"value":"a","nested":` + n + `},{"value":"b","nested":[{"name":"m","type":"number"}]}]`,
			`{"x":["b","a"],"n":"1","m":"2"}`, `{"x":["b","a"],"n":1,"m":2}`},
		{`"type":"text","omit":true,"nested":` + n, `{"x":"a","n":"1"}`, `{"n":1}`},
	} {
		f := parsed(t, `[{"name":"x",`+c.field+`}]`)
		if got := outcome(f.Convert(context.Background(), collection(t, c.given), form.Options{})); got != c.want {
			t.Errorf("%s of %s\n got %s\nwant %s", c.given, c.field, got, c.want)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"a","type":"number","default":"5"},{"name":"b","type":"select","options":[{"value":"s"},{"value":"m","default":true,"nested":[{"name":"c","type":"text","default":"x"}]}]},
		{"name":"d","type":"text","default":"y","required":true}]`)
	for given, want := range map[string]string{
		`{}`:                       `{"a":5,"b":"m","c":"x","d":"y"}`,
		`{"a":"","b":null}`:        `{"d":"y"}`,
		`{"b":"s","c":"z","a":1}`:  `{"b":"s","a":1,"d":"y"}`,
		`{"d":"","a":"","b":null}`: `required d`,
	} {
		if got := outcome(f.Convert(context.Background(), collection(t, given), form.Options{})); got != want {
			t.Errorf("%s\n got %s\nwant %s", given, got, want)
		}
	}
}

func TestResolveShowsWhatAPersonSees(t *testing.T) {
	t.Parallel()
	rpc := &script{t: t, answers: map[string]string{
		"rpc://boards": `[{"label":"One","value":"b1"},{"label":"G","options":[{"value":"b2"}]}]`,
		"rpc://fields": `{"name":"extra","type":"number"}`,
	}}
	f := parsed(t, `[{"name":"board","type":"select","options":{"store":"rpc://boards","nested":["rpc://fields"]}},{"name":"flag","type":"boolean","default":true,"nested":[{"name":"why","type":"text"}]},
		{"type":"banner","text":"hi"},{"name":"items","type":"array","spec":[{"name":"k","type":"text"}]},{"name":"never","type":"text","visible":"{{1 = 2}}"},"rpc://none"]`)
	for given, want := range map[string]string{
		`{}`:               "board=<nil> [One b2], flag=true, .why=<nil>, banner, items=<nil> (k)",
		`{"board":"b1"}`:   "board=b1 [One b2], .extra=<nil>, flag=true, .why=<nil>, banner, items=<nil> (k)",
		`{"flag":"false"}`: "board=<nil> [One b2], flag=false, banner, items=<nil> (k)",
	} {
		shown, problems := f.Resolve(context.Background(), collection(t, given), form.Options{RPC: rpc})
		if len(problems) != 1 || problems[0].Error() != "rpc://none: no such RPC" {
			t.Errorf("%s: problems %v", given, problems)
		}
		if got := describe(shown); got != want {
			t.Errorf("%s\n got %s\nwant %s", given, got, want)
		}
	}
}

func describe(shown []*form.Shown) string {
	var all []string
	for _, s := range shown {
		if s.Type.Display {
			all = append(all, s.Type.Name)
			continue
		}
		text := strings.Repeat(".", s.Depth) + s.Name + "="
		if s.Value.IsNil() {
			text += "<nil>"
		} else {
			text += s.Value.ToText()
		}
		if s.Options != nil {
			var labels []string
			for _, o := range s.Options {
				labels = append(labels, o.Label)
			}
			text += fmt.Sprintf(" %v", labels)
		}
		if s.Fields != nil {
			var names []string
			for _, child := range s.Fields {
				names = append(names, child.Name)
			}
			text += fmt.Sprintf(" (%s)", strings.Join(names, " "))
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func TestOptionsAreSorted(t *testing.T) {
	t.Parallel()
	for sort, want := range map[string]string{
		"":       "10 b 9 A",
		"text":   "10 9 A b",
		"number": "9 10 b A",
		"other":  "10 b 9 A",
	} {
		f := parsed(t, fmt.Sprintf(`[{"name":"x","type":"select","sort":%q,"placeholder":"one","options":[{"value":1,"label":"10"},{"value":2,"label":"b","description":"the second"},{"value":3,"label":"9"},{"value":4,"label":"A"}]}]`, sort))
		shown, _ := f.Resolve(t.Context(), nil, form.Options{})
		var labels []string
		for _, o := range shown[0].Options {
			labels = append(labels, o.Label)
		}
		if got := strings.Join(labels, " "); got != want || shown[0].Key("placeholder").Str() != "one" || f.Field("x").Options()[1].About != "the second" {
			t.Errorf("%q: got %s, want %s", sort, got, want)
		}
	}
}
