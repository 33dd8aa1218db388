package form

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

var jsonType = Type{Name: "json", Summary: "A text of JSON, which may have to match a JSON Schema.", Keys: "schema", compile: compileJSON,
	check: checkNothing, convert: toJSON, accept: acceptJSON, forman: formanJSON, tool: toolJSON}

// schemaChecker says what is wrong with a value of JSON.
type schemaChecker func(content any) error

// compileJSON compiles the schema of the field; it may not refer to other documents.
func compileJSON(c *compiler, f *Field) {
	node := f.node.Get("schema")
	if !node.Is(jsonc.Object) {
		return
	}
	schema, err := compileSchema(node.Value())
	if err != nil {
		c.wrong(node, "PAR014", "the schema is no JSON Schema: "+err.Error(), "")
		return
	}
	f.schema = schema.Validate
}

func compileSchema(v value.Value) (*jsonschema.Schema, error) {
	content, err := jsonschema.UnmarshalJSON(bytes.NewReader(v.AppendJSON(nil)))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	const name = "schema.json"
	if err := compiler.AddResource(name, content); err != nil {
		return nil, err
	}
	return compiler.Compile(name)
}

// noLoader keeps schemas from reading files and addresses.
type noLoader struct{}

// Load refuses.
func (noLoader) Load(url string) (any, error) { return nil, fmt.Errorf("%s is not loaded", url) }

// checkNothing accepts any stored value: the schema is compared when a module runs.
func checkNothing(*pass, *level, *Field, value.Value, *place) {}

// toJSON gives the text of what is no text.
func toJSON(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	switch v.Kind() {
	case value.KindText:
		return v, true
	case value.KindBuffer, value.KindError:
		return toText(p, f, v, at)
	}
	return value.Text(string(v.AppendJSON(nil))), true
}

func acceptJSON(p *pass, f *Field, v value.Value, at *place) {
	if _, err := value.ParseJSON([]byte(v.Str())); err != nil {
		p.fail(f, at, CodeFormat, "the text is no JSON: "+err.Error(), "")
		return
	}
	if f.schema == nil {
		return
	}
	content, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(v.Str())))
	if err == nil {
		err = f.schema(content)
	}
	if err != nil {
		p.fail(f, at, CodeFormat, "the JSON does not match the schema of the field", p.schemaHint(f, err))
	}
}

// schemaHint says where the value differs from the schema.
func (p *pass) schemaHint(f *Field, err error) string {
	mismatch, ok := err.(*jsonschema.ValidationError)
	if !ok || f.Secret() {
		return ""
	}
	for len(mismatch.Causes) > 0 {
		mismatch = mismatch.Causes[0]
	}
	unit := mismatch.BasicOutput()
	if unit.Error == nil {
		return ""
	}
	return strings.TrimPrefix(fmt.Sprintf("%s: %s", unit.InstanceLocation, unit.Error), ": ")
}
