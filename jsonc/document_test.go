package jsonc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

func TestPointer(t *testing.T) {
	t.Parallel()
	doc, _ := parse(`{"a/b": [{"c~d": 1}, "x"], "a/b": {"": [true]}}`)
	for want, n := range map[string]*jsonc.Node{
		"":             doc.Root,
		"/a~1b":        doc.Root.Members[0].Key,
		"/a~1b/0/c~0d": doc.Root.Members[0].Value.Elements[0].Get("c~d"),
		"/a~1b/1":      doc.Root.Members[0].Value.Elements[1],
		"/a~1b//0":     doc.Root.Get("a/b").Get("").Elements[0],
	} {
		if got := doc.Pointer(n); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestNodeLookup(t *testing.T) {
	t.Parallel()
	doc, _ := parse(`{"a": 1, "n": null, "t": true, "s": "x", "a": 2}`)
	root := doc.Root
	if got := root.Get("a").Text; got != "2" {
		t.Errorf("a repeated key gives %s, want the last", got)
	}
	if !root.Get("n").IsNull() || root.Get("a").IsNull() || !root.Has("n") || root.Has("x") {
		t.Error("null or Has")
	}
	if b, ok := root.Get("t").Bool(); !b || !ok {
		t.Error("Bool of true")
	}
	if _, ok := root.Get("s").Bool(); ok {
		t.Error("Bool of a string")
	}
	if s, ok := root.Get("s").Str(); s != "x" || !ok {
		t.Error("Str of a string")
	}
	if _, ok := root.Get("a").Str(); ok {
		t.Error("Str of a number")
	}
}

func TestNilNode(t *testing.T) {
	t.Parallel()
	var n *jsonc.Node
	if n.Get("a") != nil || n.Member("a") != nil || n.Has("a") || n.IsNull() || n.Is(jsonc.Invalid) || !n.Value().IsUndefined() {
		t.Error("a nil node is something")
	}
	if _, ok := n.Str(); ok {
		t.Error("a nil node is a string")
	}
	if _, ok := n.Bool(); ok {
		t.Error("a nil node is a boolean")
	}
	var doc *jsonc.Document
	finding := source.Diagnostic{Message: "m"}
	if doc.Position(n).IsValid() || doc.Diagnose(n, finding) != finding || doc.Origin(n).Place(finding, 0, 1) != finding {
		t.Error("a nil document places a finding")
	}
}

func TestDiagnose(t *testing.T) {
	t.Parallel()
	doc, _ := parse("{\n  \"list\": [\n    \"abc\"\n  ]\n}")
	list := doc.Root.Get("list")
	for _, c := range []struct {
		node *jsonc.Node
		want string
	}{
		{list, "f.json:2:11: error X: m (/list)\n    \"list\": [\n            ^"},
		{list.Elements[0], "f.json:3:5: error X: m (/list/0)\n    \"abc\"\n    ^~~~~"},
		{nil, "f.json: error X: m"},
	} {
		if got := doc.Diagnose(c.node, source.Diagnostic{Code: "X", Message: "m"}).String(); got != c.want {
			t.Errorf("got\n%s\nwant\n%s", got, c.want)
		}
	}
}

func TestOriginPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in, part, want string
	}{
		{"plain", `"ab {{x}} c"`, "x", `x`},
		{"escaped quotes before", `"\"a\" {{x}} c"`, "{{x}}", `{{x}}`},
		{"escape inside", `"{{'a\nb'}}"`, "'a\nb'", `'a\nb'`},
		{"unicode escapes", `"\u00e9\ud83d\ude00x"`, "x", `x`},
		{"surrogate pair", `"a\ud83d\ude00b"`, "😀", `\ud83d\ude00`},
		{"raw characters", `"é😀 {{x}}"`, "{{x}}", `{{x}}`},
		{"unknown escape", `"\q{{x}}"`, "q", `q`},
		{"end", `"\tabc"`, "c", `c`},
		{"single quotes", `'\'{{x}}'`, "'", `\'`},
		{"bare text", `rpc://name?x={{y}}`, "{{y}}", `{{y}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, _ := parse(c.in)
			start := strings.Index(doc.Root.Text, c.part)
			d := doc.Origin(doc.Root).Place(source.Diagnostic{}, start, start+len(c.part))
			line := []rune(c.in)
			if got := string(line[d.Column-1 : d.Column-1+d.Width]); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestOriginOfNested(t *testing.T) {
	t.Parallel()
	doc, _ := parse("{\n  \"a\": [1, \"x\\ny {{z}}\"]\n}")
	elements := doc.Root.Get("a").Elements
	finding := source.Diagnostic{Message: "m"}
	if got, want := doc.Origin(elements[1]).Place(finding, 6, 7).Error(), "f.json:2:20: (/a/1) m"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := doc.Origin(elements[1]).Place(finding, 50, 60).Error(), "f.json:2:23: (/a/1) m"; got != want {
		t.Errorf("beyond the end: got %s, want %s", got, want)
	}
	if got, want := doc.Origin(elements[0]).Place(finding, 6, 7).Error(), "f.json:2:9: (/a/0) m"; got != want {
		t.Errorf("a number: got %s, want %s", got, want)
	}
	doc, _ = parse("[\"ab\n")
	if got, want := doc.Origin(doc.Root.Elements[0]).Place(finding, 1, 2).Error(), "f.json:1:4: (/0) m"; got != want {
		t.Errorf("unclosed: got %s, want %s", got, want)
	}
}

func TestComments(t *testing.T) {
	t.Parallel()
	doc, _ := parse("// one\r\n{\"a\": /* two */ \"// no\"} // three")
	want := []jsonc.Comment{{0, 6, "// one"}, {14, 23, "/* two */"}, {33, 41, "// three"}}
	if fmt.Sprint(doc.Comments) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", doc.Comments, want)
	}
}

func ExampleParse() {
	file := source.NewFile("list.iml.json", []byte(`{
  // the last page is empty
  "url": "/things",
  "qs": { page: "{{pagination.page}}" "limit": 50, },
}`))
	doc, findings := jsonc.Parse(file)
	fmt.Println(doc.Root.Get("qs").Get("limit").Text)
	for _, d := range findings {
		fmt.Println(d.String())
	}
	// Output:
	// 50
	// list.iml.json:4:11: warning FMT001: key without quotes (/qs/page)
	//     "qs": { page: "{{pagination.page}}" "limit": 50, },
	//             ^~~~
	//   hint: write "page"
	// list.iml.json:4:38: error FMT001: a comma is missing (/qs)
	//     "qs": { page: "{{pagination.page}}" "limit": 50, },
	//                                        ^
	// list.iml.json:4:50: warning FMT002: trailing comma (/qs)
	//     "qs": { page: "{{pagination.page}}" "limit": 50, },
	//                                                    ^
	//   hint: take the comma away
	// list.iml.json:4:53: warning FMT002: trailing comma
	//     "qs": { page: "{{pagination.page}}" "limit": 50, },
	//                                                       ^
	//   hint: take the comma away
}

func ExampleOrigin_Place() {
	doc, _ := jsonc.Parse(source.NewFile("f.iml.json", []byte(`{"body": "\"{{fist(x)}}\""}`)))
	body := doc.Root.Get("body")
	finding := source.Diagnostic{Code: "IML002", Message: "unknown function fist"}
	fmt.Println(doc.Origin(body).Place(finding, 3, 7).String())
	// Output:
	// f.iml.json:1:15: error IML002: unknown function fist (/body)
	//     {"body": "\"{{fist(x)}}\""}
	//                   ^~~~
}
