package form_test

import (
	"strings"
	"testing"

	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
)

func TestMistakesOfDefinitions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ definition, want string }{
		{`[{"name":"x","type":"text"}]`, ``},
		{`"rpc://fields"`, ``},
		{`rpc://fields`, "form.json:1:1: warning FMT005: rpc:// without quotes\n    rpc://fields\n    ^~~~~~~~~~~~\n  hint: write \"rpc://fields\""},
		{`{"name":"x","type":"text"}`, ``},
		{`[5]`, "form.json:1:2: error PAR001: number instead of a field (/0)\n    [5]\n     ^\n  hint: a field is {\"name\": …, \"type\": …}, fields from an RPC are \"rpc://name\""},
		{`[{"name":"x"}]`, "form.json:1:2: error PAR001: field without type (/0)\n    [{\"name\":\"x\"}]\n     ^\n  hint: write \"type\": \"text\", or what the value is"},
		{`[{"name":"x","type":"Text"}]`, "form.json:1:21: error PAR001: the type \"Text\" is not in lower case (/0/type)\n    [{\"name\":\"x\",\"type\":\"Text\"}]\n                        ^~~~~~\n  hint: write \"text\""},
		{`[{"name":"x","type":"txt"}]`, "form.json:1:21: error PAR001: unknown type \"txt\" (/0/type)\n    [{\"name\":\"x\",\"type\":\"txt\"}]\n                        ^~~~~"},
		{`[{"type":"text"}]`, "form.json:1:2: error PAR002: field without name (/0)\n    [{\"type\":\"text\"}]\n     ^"},
		{`[{"name":"x","type":"select"}]`, "form.json:1:2: error PAR006: select without options (/0)\n    [{\"name\":\"x\",\"type\":\"select\"}]\n     ^\n  hint: write \"options\": [{\"label\": …, \"value\": …}], or \"options\": \"rpc://name\""},
		{`[{"name":"x","type":"select","options":[{"value":null}]}]`, "form.json:1:41: error PAR007: the value of an option is null (/0/options/0)\n    [{\"name\":\"x\",\"type\":\"select\",\"options\":[{\"value\":null}]}]\n                                            ^\n  hint: give it a \"value\" that is text, number or boolean"},
		{`[{"name":"x","type":"select","options":[{"value":1},{"value":1}]}]`, "form.json:1:40: error PAR007: two options have the value 1 (/0/options)\n    [{\"name\":\"x\",\"type\":\"select\",\"options\":[{\"value\":1},{\"value\":1}]}]\n                                           ^"},
		{`[{"name":"x","type":"select","default":"1","options":[{"value":1}]}]`, "form.json:1:40: error PAR008: the default \"1\" is none of the options (/0/default)\n    [{\"name\":\"x\",\"type\":\"select\",\"default\":\"1\",\"options\":[{\"value\":1}]}]\n                                           ^~~"},
		{`[{"name":"x","type":"select","options":[{"label":"G","options":[{"value":1}]}]}]`, "form.json:1:40: error PAR009: groups of options without grouped (/0/options)\n    [{\"name\":\"x\",\"type\":\"select\",\"options\":[{\"label\":\"G\",\"options\":[{\"value\":1}]}]}]\n                                           ^\n  hint: write \"grouped\": true"},
		{`[{"name":"x","type":"collection"}]`, "form.json:1:2: warning PAR010: collection without spec (/0)\n    [{\"name\":\"x\",\"type\":\"collection\"}]\n     ^\n  hint: list its fields in \"spec\", or use dynamicCollection"},
		{`[{"name":"x","type":"text","validate":{"min":3,"max":2}}]`, "form.json:1:46: error PAR014: min is above max (/0/validate/min)\n    [{\"name\":\"x\",\"type\":\"text\",\"validate\":{\"min\":3,\"max\":2}}]\n                                                 ^"},
		{`[{"name":"x","type":"text","validate":{"pattern":"("}}]`, "form.json:1:50: error PAR015: invalid regular expression: error parsing regexp: missing closing ) in `(` (/0/validate/pattern)\n    [{\"name\":\"x\",\"type\":\"text\",\"validate\":{\"pattern\":\"(\"}}]\n                                                     ^~~\n  hint: write a regular expression of JavaScript, without slashes"},
		{`["ftp://a"]`, "form.json:1:2: error PAR025: the scheme ftp:// is unknown (/0)\n    [\"ftp://a\"]\n     ^~~~~~~~~\n  hint: write rpc://name, or rpc://name?key=value"},
		{`[{"name":"x","type":"folder"}]`, "form.json:1:2: error PAR026: folder without options (/0)\n    [{\"name\":\"x\",\"type\":\"folder\"}]\n     ^\n  hint: write \"options\": {\"store\": \"rpc://name\"}"},
		{`[{"name":"x","type":"filter","logic":"xor"}]`, "form.json:1:2: error PAR027: unknown logic xor (/0)\n    [{\"name\":\"x\",\"type\":\"filter\",\"logic\":\"xor\"}]\n     ^\n  hint: it may be and, or, both, reverse"},
		{`[{"name":"x","type":"text","min":3}]`, "form.json:1:28: warning PAR005: \"min\" means nothing in a field of type text (/0/min)\n    [{\"name\":\"x\",\"type\":\"text\",\"min\":3}]\n                               ^~~~~\n  hint: write it inside \"validate\""},
		{`[{"name":"x","type":"number","multiline":true}]`, "hint: other types have it"},
		{`[{"name":"x","type":"text","x-own":1}]`, ``},
		{`[{"name":"x","type":"text"},{"name":"x","type":"number"}]`, "form.json:1:37: error PAR003: two fields of different types have the name \"x\" (/1/name)\n    [{\"name\":\"x\",\"type\":\"text\"},{\"name\":\"x\",\"type\":\"number\"}]\n                                        ^~~\n  hint: they share one value: give them different names"},
		{`[{"name":"x","type":"text"},{"name":"x","type":"text"}]`, "warning PAR003: two fields have the name \"x\""},
		{`[{"name":"` + strings.Repeat("é", 129) + `","type":"text"}]`, "warning PAR004: the name is longer than 128 characters"},
		{`[{"name":"x","label":"` + strings.Repeat("é", 257) + `","type":"text"}]`, "warning PAR004: the label is longer than 256 characters"},
		{`[{"name":"x","type":"array"}]`, "form.json:1:2: warning PAR011: array without spec: its items are texts (/0)\n    [{\"name\":\"x\",\"type\":\"array\"}]\n     ^\n  hint: say what the items are: \"spec\": {\"type\": \"text\"}, or an array of fields"},
		{`[{"name":"x","type":"array","spec":{"type":"text","spec":[]}}]`, "error PAR012: items of type text have no spec"},
		{`[{"name":"x","type":"array","spec":{"type":"text","name":"y"}}]`, "warning PAR013: the name of an array's spec is ignored"},
		{`[{"name":"x","type":"text","advanced":true,"required":true}]`, "error PAR016: a required field without a default is advanced"},
		{`[{"name":"x","type":"text","advanced":true,"required":true,"default":"y"}]`, ``},
		{`[{"name":"x","type":"boolean","nested":[{"name":"y","type":"text","advanced":true}]}]`, "warning PAR017: a nested field is advanced"},
		{`[{"name":"x","type":"json","schema":{"type":"thing"}}]`, "PAR014"},
		{`[{"name":"x","type":"json","schema":{"$ref":"file:///etc/passwd"}}]`, "file:///etc/passwd is not loaded"},
		{`[{"name":"x","type":"text","visible":"{{("}]`, "IML001"},
		{deep(100), "fields are nested more than 64 levels deep"},
	} {
		_, found := form.Parse(source.NewFile("form.json", []byte(c.definition)))
		var lines []string
		for _, d := range found {
			lines = append(lines, d.String())
		}
		got := strings.Join(lines, "\n")
		if got != c.want && (strings.Contains(c.want, "\n") || c.want == "" || !strings.Contains(got, c.want)) {
			t.Errorf("%s\n got %s\nwant %s", c.definition, got, c.want)
		}
	}
}

// deep is a definition with n fields inside each other.
func deep(n int) string {
	return strings.Repeat(`[{"name":"x","type":"text","nested":`, n) + "[]" + strings.Repeat("}]", n)
}

func TestTypesTellAboutThemselves(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, kind := range form.Types() {
		if names[kind.Name] || kind.Name == "" || !strings.HasSuffix(kind.Summary, ".") {
			t.Errorf("type %q: twice, without name or without summary", kind.Name)
		}
		names[kind.Name] = true
	}
	// The types of the editor's schema (parameters.md 3).
	for name := range strings.FieldsSeq(`any array boolean buffer cert collection color date email filename folder file filter hidden json integer
		uinteger number password path pkey port select text time timestamp timezone url uuid banner udt`) {
		if !names[name] {
			t.Errorf("type %q is missing", name)
		}
	}
}

func TestNamesAndOpenForms(t *testing.T) {
	t.Parallel()
	f := parsed(t, `[{"name":"a","type":"select","options":{"store":[{"value":1,"nested":[{"name":"b","type":"text"}]}],"nested":[{"name":"c","type":"text"}],
		"placeholder":{"label":"-","nested":[{"name":"d","type":"text"}]}}},{"name":"e","type":"boolean","nested":{"true":[{"name":"f","type":"text"}],"false":[{"name":"a","type":"text"}]}},
		{"type":"banner","text":"hello"},{"name":"g","type":"collection","spec":[{"name":"h","type":"text"}]}]`)
	if got := strings.Join(f.Names(), " "); got != "a c d b e f g" {
		t.Errorf("names are %s", got)
	}
	if len(f.Fields()) != 3 || f.Open() || f.Field("d") == nil || f.Field("h") != nil {
		t.Errorf("%d fields, open %v", len(f.Fields()), f.Open())
	}
	if !parsed(t, `[{"name":"a","type":"text","nested":"rpc://b"}]`).Open() {
		t.Error("nested fields of an RPC do not make a form open")
	}
}
