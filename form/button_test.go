package form_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

func TestSearchButtons(t *testing.T) {
	t.Parallel()
	rpc := &script{t: t, answers: map[string]string{
		"rpc://find?kind=book": `[{"label":"Sea","value":7}]`,
		"rpc://asked":          `{"name":"q","type":"text","label":"Title"}`,
	}}
	outer := collection(t, `{"shelf":"a","q":"outer"}`)
	o := form.Options{RPC: rpc}
	for _, parameters := range []string{`"rpc://asked"`, `[{"name":"q","type":"text","label":"Title"}]`} {
		rpc.asked = nil
		f := parsed(t, `[{"name":"id","type":"text","rpc":{"label":"Find","url":"rpc://find?kind=book","parameters":`+parameters+`}}]`)
		button := f.Field("id").Button()
		asked, problems := button.Asked(t.Context(), outer, o)
		if len(problems) > 0 || len(asked) != 1 || asked[0].Label != "Title" {
			t.Errorf("%s: asks for %v, %v", parameters, asked, problems)
		}
		found, err := button.Search(t.Context(), collection(t, `{"q":"sea"}`), outer, o)
		if got := fmt.Sprint(found[0].Label, " ", found[0].Value.ToText(), " ", len(found), err); got != "Sea 7 1 <nil>" {
			t.Errorf("%s: found %s", parameters, got)
		}
		if got, want := rpc.asked[len(rpc.asked)-1], `find {"shelf":"a","q":"sea","kind":"book"}`; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		if _, err := button.Search(t.Context(), nil, outer, form.Options{}); err == nil {
			t.Error("a search without RPCs finds something")
		}
	}
	if parsed(t, `[{"name":"id","type":"text"}]`).Field("id").Button() != nil {
		t.Error("a field without rpc has a button")
	}
}

func TestSamples(t *testing.T) {
	t.Parallel()
	rpc := &script{t: t, answers: map[string]string{"rpc://sample": `[{"id":1},{"id":2}]`, "rpc://one": `{"id":3}`, "rpc://empty": `[]`}}
	for text, want := range map[string]string{
		`{"id":0}`:       `{"id":0}`,
		`"rpc://sample"`: `{"id":1}`,
		`rpc://one`:      `{"id":3}`,
		`"rpc://empty"`:  `undefined`,
		``:               `undefined`,
		`"rpc://none"`:   `no such RPC`,
		`"file:///a"`:    `the scheme file:// is unknown`,
	} {
		doc, _ := jsonc.Parse(source.NewFile("samples.json", []byte(text)))
		v, err := form.Sample(t.Context(), form.Section{Doc: doc, Root: doc.Root}, value.NewCollection(0), form.Options{RPC: rpc})
		got := string(v.AppendJSON(nil))
		if v.IsUndefined() {
			got = "undefined"
		}
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s gives %s, want %s", text, got, want)
		}
	}
}
