package form_test

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

const definition = `[
	{"name": "title", "type": "text", "required": true, "validate": {"max": 20}},
	{"name": "tags", "type": "array", "spec": {"type": "text"}},
	{"name": "due", "type": "date"}
]`

func ExampleForm_Convert() {
	f, _ := form.Parse(source.NewFile("expect.iml.json", []byte(definition)))
	values := value.Object("title", value.Text("Boats"), "tags", value.Text("sea"), "due", value.Text("2026-01-31 09:00"))

	made, _ := f.Convert(context.Background(), values.Collection(), form.Options{Timezone: "Europe/Prague"})
	fmt.Println(string(value.FromCollection(made).AppendJSON(nil)))

	_, report := f.Convert(context.Background(), value.NewCollection(0), form.Options{})
	for _, p := range report.Problems {
		fmt.Println(p.Code, p.Path, p.Field)
	}
	// Output:
	// {"title":"Boats","tags":["sea"],"due":"2026-01-31T08:00:00.000Z"}
	// required title expect.iml.json:2:2
}

func ExampleForm_Resolve() {
	f, _ := form.Parse(source.NewFile("expect.iml.json", []byte(
		`[{"name": "album", "type": "select", "options": "rpc://albums"}]`)))
	albums := form.RPCFunc(func(_ context.Context, c form.Call) (value.Value, error) {
		return value.List(value.Object("label", value.Text("Sea"), "value", value.Int(7))), nil
	})
	shown, _ := f.Resolve(context.Background(), value.NewCollection(0), form.Options{RPC: albums})
	for _, o := range shown[0].Options {
		fmt.Println(shown[0].Name, o.Label, o.Value.ToText())
	}
	// Output: album Sea 7
}

func ExampleForm_Tool() {
	f, _ := form.Parse(source.NewFile("expect.iml.json", []byte(`[{"name": "limit", "type": "uinteger", "default": 10}]`)))
	schema, _ := f.Tool(context.Background(), form.ToolOptions{})
	fmt.Println(string(schema.Member("properties").AppendJSON(nil)))
	// Output: {"limit":{"type":"integer","minimum":0,"default":10}}
}

func ExampleCompile() {
	_, found := form.Parse(source.NewFile("expect.iml.json", []byte(`[{"name": "limit", "type": "Number"}]`)))
	fmt.Println(found[0].String())
	// Output:
	// expect.iml.json:1:28: error PAR001: the type "Number" is not in lower case (/0/type)
	//     [{"name": "limit", "type": "Number"}]
	//                                ^~~~~~~~
	//   hint: write "number"
}
