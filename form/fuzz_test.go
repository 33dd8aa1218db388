package form_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// FuzzForm takes any text as a definition, as values, and as what RPCs give: everything
// ends without a panic, and values stay as they were.
func FuzzForm(f *testing.F) {
	for _, seed := range [][2]string{
		{`[{"name":"x","type":"select","options":{"store":"rpc://x","nested":["rpc://x"],"placeholder":{"nested":[]}}},"rpc://x"]`, `{"x":"a"}`},
		{`[{"name":"x","type":"collection","spec":[{"name":"y","type":"array","spec":{"type":"filter"}}]}]`, `{"x":{"y":[[{"a":1}]]}}`},
		{`[{"name":"x","type":"udtspec"},{"name":"y","type":"udttype"}]`, `{"x":[{"name":"a","type":"array","spec":{"type":"text"}}],"y":"array"}`},
		{`[{"name":"x","type":"folder","options":{"store":"rpc://x","showRoot":false}},{"name":"d","type":"date","time":false}]`, `{"x":"/a/b","d":"2026-01-31"}`},
		{`[{"name":"x","type":"boolean","nested":{"true":["rpc://x"]}},{"name":"j","type":"json","schema":{"type":"object"}}]`, `{"x":true,"j":"{}"}`},
		{`[{"name":"x","type":"text","validate":{"pattern":"(a+)+$","min":1},"visible":"{{x}}","tags":"strip"}]`, `{"x":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"}`},
		{`{"type":"buffer","name":"x","codepage":"ucs2"}`, `{"x":5}`},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, definition, given string) {
		compiled, _ := form.Parse(source.NewFile("form.json", []byte(definition)))
		v, err := value.ParseJSON([]byte(given))
		if err != nil || v.Collection() == nil {
			v = value.Object("x", value.Text(given))
		}
		fields, _ := value.ParseJSON([]byte(definition))
		rpc := form.RPCFunc(func(_ context.Context, c form.Call) (value.Value, error) {
			if _, err := c.Parameters(); err != nil {
				return value.Undefined, err
			}
			if fields.IsUndefined() {
				return value.Undefined, errors.New("nothing")
			}
			return fields, nil
		})
		before := string(v.AppendJSON(nil))
		ctx := context.Background()
		o := form.Options{RPC: rpc, Strict: true, Expressions: true}
		compiled.Check(ctx, v.Collection(), o)
		compiled.Resolve(ctx, v.Collection(), o)
		compiled.Tool(ctx, form.ToolOptions{RPC: rpc, Values: v.Collection()})
		compiled.Tool(ctx, form.ToolOptions{Flat: true})
		compiled.Forman(form.FormanOptions{})
		compiled.Convert(ctx, v.Collection(), o)
		compiled.Convert(ctx, v.Collection(), form.Options{Platform: 1, Erase: true})
		if after := string(v.AppendJSON(nil)); after != before {
			t.Fatalf("values change from %s to %s", before, after)
		}
	})
}
