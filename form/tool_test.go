package form_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
)

func TestToolSchemas(t *testing.T) {
	t.Parallel()
	const head = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":`
	for _, c := range []struct{ definition, want string }{
		{`[{"name":"t","type":"text","label":"Title","help":"See **[docs](https://a.b)**.","required":true,"validate":{"min":1,"max":3,"pattern":"^a"}}]`,
			`{"t":{"type":"string","title":"Title","description":"See docs (https://a.b).","minLength":1,"maxLength":3,"pattern":"^a"}},"required":["t"],"additionalProperties":false}`},
		{`[{"name":"n","type":"uinteger","validate":{"max":9}},{"name":"p","type":"port"}]`,
			`{"n":{"type":"integer","minimum":0,"maximum":9},"p":{"type":"integer","minimum":1,"maximum":65535}},"additionalProperties":false}`},
		{`[{"name":"a","type":"text","advanced":true},{"name":"b","type":"date","required":true,"default":"2026-01-01"}]`,
			`{"b":{"type":"string","format":"date-time","default":"2026-01-01"},"a":{"type":"string"}},"additionalProperties":false}`},
		{`[{"name":"s","type":"select","options":[{"value":1},{"value":2}]}]`, `{"s":{"type":"number","enum":[1,2]}},"additionalProperties":false}`},
		{`[{"name":"s","type":"select","multiple":true,"options":[{"label":"A","value":"a"}]}]`,
			`{"s":{"type":"array","items":{"type":"string","oneOf":[{"const":"a","title":"A"}]},"uniqueItems":true}},"additionalProperties":false}`},
		{`[{"name":"s","type":"select","options":"rpc://list?x=1"}]`, `{"s":{"description":"The RPC list lists the values."}},"additionalProperties":false}`},
		{`[{"name":"b","type":"boolean","nested":[{"name":"n","type":"email","required":true}]}]`,
			`{"b":{"type":"boolean"}},"allOf":[{"if":{"properties":{"b":{"const":true}},"required":["b"]},"then":{"properties":{"n":{"type":"string","format":"email"}},"required":["n"]}}],"unevaluatedProperties":false}`},
		{`["rpc://fields",{"name":"secret","type":"password"},{"name":"h","type":"hidden"}]`, `{},"additionalProperties":true}`},
		{`[{"name":"c","type":"collection","spec":[{"name":"n","type":"buffer","required":true}]},{"name":"a","type":"array","spec":[{"name":"m","type":"json","required":true}]}]`,
			`{"c":{"type":"object","properties":{"n":{"type":"string","contentEncoding":"base64"}},"required":["n"],"additionalProperties":false},` +
				`"a":{"type":"array","items":{"type":"object","properties":{"m":{"type":"string","contentMediaType":"application/json"}},"additionalProperties":false}}},"additionalProperties":false}`},
	} {
		got, problems := parsed(t, c.definition).Tool(context.Background(), form.ToolOptions{})
		if text := string(got.AppendJSON(nil)); text != head+c.want || len(problems) > 0 {
			t.Errorf("%s\n got %s %v\nwant %s", c.definition, text, problems, head+c.want)
		}
		compileSchema(t, got)
	}
}

func TestToolSchemasListWhatRPCsGive(t *testing.T) {
	t.Parallel()
	rpc := &script{t: t, answers: map[string]string{"rpc://s": `[{"label":"One","value":1}]`, "rpc://f": `[{"name":"n","type":"text"}]`}}
	f := parsed(t, `[{"name":"s","type":"select","options":"rpc://s"},"rpc://f","rpc://none"]`)
	got, problems := f.Tool(context.Background(), form.ToolOptions{RPC: rpc})
	const want = `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":{"s":{"type":"number","oneOf":[{"const":1,"title":"One"}]},"n":{"type":"string"}},"additionalProperties":true}`
	if text := string(got.AppendJSON(nil)); text != want || len(problems) != 1 {
		t.Errorf(" got %s %v\nwant %s", text, problems, want)
	}
}

func TestToolSchemasForSimpleCallersAndOutputs(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"s","type":"select","options":[{"value":"a","nested":[{"name":"n","type":"number","required":true}]}]}]`)
	for want, o := range map[string]form.ToolOptions{
		`{"s":{"type":"string","enum":["a"]},"n":{"type":"number","description":"Only when s is \"a\"."}},"additionalProperties":false}`:                  {Flat: true},
		`{"s":{"type":["string","null"],"enum":["a"]},"n":{"type":["number","null"],"description":"Only when s is \"a\"."}},"additionalProperties":true}`: {Output: true},
	} {
		got, _ := f.Tool(context.Background(), o)
		if text := string(got.AppendJSON(nil)); text != `{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object","properties":`+want {
			t.Errorf(" got %s\nwant %s", text, want)
		}
	}
}

// TestToolSchemasAcceptWhatRuns holds what a schema accepts against what runs.
func TestToolSchemasAcceptWhatRuns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		definition string
		values     []string
	}{
		{`[{"name":"x","type":"text","required":true,"validate":{"min":2,"pattern":"^a"}}]`, []string{`{}`, `{"x":"ab"}`, `{"x":"a"}`, `{"x":"bb"}`}},
		{`[{"name":"x","type":"integer","validate":{"max":5}}]`, []string{`{}`, `{"x":5}`, `{"x":6}`, `{"x":1.5}`}},
		{`[{"name":"x","type":"select","options":[{"value":"a","nested":[{"name":"n","type":"port","required":true}]},{"value":"b"}]}]`,
			[]string{`{}`, `{"x":"a"}`, `{"x":"a","n":5}`, `{"x":"a","n":0}`, `{"x":"b"}`, `{"x":"c"}`}},
		{`[{"name":"x","type":"boolean","reversedNested":true,"nested":[{"name":"n","type":"text","required":true}]}]`, []string{`{}`, `{"x":true}`, `{"x":false}`, `{"x":false,"n":"a"}`}},
		{`[{"name":"x","type":"text","nested":[{"name":"n","type":"text","required":true,"nested":[{"name":"m","type":"text","required":true}]}]}]`,
			[]string{`{}`, `{"x":"a"}`, `{"x":"a","n":"b"}`, `{"x":"a","n":"b","m":"c"}`}},
		{`[{"name":"x","type":"array","spec":{"type":"number"},"validate":{"minItems":1,"maxItems":2}}]`, []string{`{}`, `{"x":[1]}`, `{"x":[1,2,3]}`, `{"x":[[]]}`}},
		{`[{"name":"x","type":"filter","options":{"logic":"and"}}]`, []string{`{}`, `{"x":[{"a":"b","o":"text:equal","b":1}]}`, `{"x":[{"a":"b","o":"like"}]}`, `{"x":[{"o":"exist"}]}`}},
		{`[{"name":"x","type":"select","options":{"store":[{"value":"a"}],"nested":[{"name":"n","type":"text","required":true}],"placeholder":{"label":"-","nested":[{"name":"m","type":"text","required":true}]}}}]`,
			[]string{`{}`, `{"m":"a"}`, `{"x":"a"}`, `{"x":"a","n":"b"}`}},
		{`[{"name":"x","type":"select","default":"a","options":[{"value":"a","nested":[{"name":"n","type":"text","required":true}]},{"value":"b"}]}]`,
			[]string{`{}`, `{"n":"b"}`, `{"x":"b"}`, `{"x":"a"}`}},
		{`[{"name":"x","type":"boolean","default":true,"nested":[{"name":"n","type":"text","required":true}]}]`, []string{`{}`, `{"n":"b"}`, `{"x":false}`}},
		{`[{"name":"x","type":"text","default":"d","nested":[{"name":"n","type":"text","required":true}]}]`, []string{`{}`, `{"n":"b"}`, `{"x":"y"}`}},
		{`[{"name":"x","type":"select","options":{"store":[{"value":"a","nested":[{"name":"m","type":"text","required":true}]},{"value":"b","default":true}],"nested":[{"name":"n","type":"text","required":true}],"placeholder":{"label":"-","nested":[{"name":"p","type":"text","required":true}]}}}]`,
			[]string{`{}`, `{"n":"b"}`, `{"x":"a"}`, `{"x":"a","m":"c"}`, `{"x":"b"}`, `{"p":"d"}`}},
		{`[{"name":"x","type":"select","multiple":true,"options":{"store":[{"value":"a","nested":[{"name":"m","type":"text","required":true}]},{"value":"b"}],"nested":[{"name":"n","type":"text","required":true}]}}]`,
			[]string{`{}`, `{"x":["a"]}`, `{"x":["a"],"m":"c"}`, `{"x":["b"]}`, `{"x":["b"],"n":"c"}`, `{"x":[]}`}},
	} {
		f := parsed(t, c.definition)
		exported, _ := f.Tool(context.Background(), form.ToolOptions{})
		schema := compileSchema(t, exported)
		for _, text := range c.values {
			content, _ := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(text)))
			invalid := schema.Validate(content)
			_, report := f.Convert(context.Background(), collection(t, text), form.Options{})
			if (invalid == nil) != (len(report.Problems) == 0) {
				t.Errorf("%s for %s\nschema: %v\nform: %v", text, c.definition, invalid, report.Problems)
			}
		}
	}
}

// Callers that follow the schema send binary data as base64.
func TestToolsSendBase64(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"x","type":"buffer"},{"name":"y","type":"buffer","codepage":"utf16le"}]`)
	for given, want := range map[string]string{
		`{"x":"AP8="}`:  `buffer "\x00\xff" ""`,
		`{"y":"QQA="}`:  `buffer "A\x00" "utf16le"`,
		`{"x":"a b c"}`: `parameter "x": "a b c" is no binary data in base64`,
	} {
		made, report := f.Convert(t.Context(), collection(t, given), form.Options{Base64: true})
		var got string
		for _, v := range made.All() {
			got = fmt.Sprintf("%s %q %q", v.Kind(), v.Bytes(), v.Codepage())
		}
		if len(report.Problems) > 0 {
			got = report.Problems.Error()
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", given, got, want)
		}
	}
}

func compileSchema(t *testing.T, v value.Value) *jsonschema.Schema {
	t.Helper()
	content, err := jsonschema.UnmarshalJSON(bytes.NewReader(v.AppendJSON(nil)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("form.json", content); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("form.json")
	if err != nil {
		t.Fatalf("%s: %v", v.AppendJSON(nil), err)
	}
	return schema
}
