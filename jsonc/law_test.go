package jsonc_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

var seeds = []string{
	``, ` `, `null`, `{"a": [1, 2.5e-3, "x\ny é"], "b": {"c": true}}`, `rpc://x`, `{"{{...}}": "a", "{{...}}": "b"}`,
	"// c\r\n{ /* d */ 'a': \"b\nc\", d: [1,], }", `{"a": {{x}}, "b": "\ud83d\ude00\q"`, `[{]}`, `"`, `'\`, "\uFEFF[]", `[rpc://x, 01]`,
	`"\u00e9\u0041\ud83d"`, "\"\xFF\"", "{\"a\": \"x,\n \"b\": 1}", `{"a" 1, :2, {}: 3, ]`, "\"\x01\"",
}

// FuzzParsePrint holds the laws of every text: reading never panics, printing gives the
// text back, and the tree lies in the text in order.
func FuzzParsePrint(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, found := jsonc.Parse(source.NewFile("f.json", []byte(text)))
		if got := doc.String(); got != text {
			t.Fatalf("printed %q", got)
		}
		if doc.Root != nil {
			checkTree(t, doc, doc.Root, 0, len(text))
		}
		last := 0
		for _, c := range doc.Comments {
			if c.Start < last || text[c.Start:c.End] != c.Text || !strings.HasPrefix(c.Text, "/") {
				t.Fatalf("comment %+v", c)
			}
			last = c.End
		}
		for _, d := range found {
			if d.Message == "" || d.Code == "" || d.Line == 0 || d.Column == 0 {
				t.Fatalf("incomplete finding %+v", d)
			}
			_ = d.String()
		}
	})
}

// checkTree checks that n and what it holds lie between start and end, one behind the other.
func checkTree(t *testing.T, doc *jsonc.Document, n *jsonc.Node, start, end int) {
	if n.Start < start || n.End < n.Start || n.End > end {
		t.Fatalf("%v from %d to %d lies outside of %d to %d", n.Kind, n.Start, n.End, start, end)
	}
	checkOrigin(t, doc, n)
	at := n.Start
	for _, element := range n.Elements {
		checkTree(t, doc, element, at, n.End)
		at = element.End
	}
	for _, m := range n.Members {
		checkTree(t, doc, m.Key, at, n.End)
		checkTree(t, doc, m.Value, m.Key.End, n.End)
		at = m.Value.End
	}
}

// checkOrigin checks that places inside a decoded text are mapped to places inside the
// text as written, in order.
func checkOrigin(t *testing.T, doc *jsonc.Document, n *jsonc.Node) {
	if n.Kind != jsonc.String || len(n.Text) > 200 {
		return
	}
	origin, last := doc.Origin(n), doc.Position(n)
	for i := range len(n.Text) + 2 {
		at := origin.Place(source.Diagnostic{}, i, i+1).Position()
		if at.Line < last.Line || at.Line == last.Line && at.Column < last.Column {
			t.Fatalf("offset %d of %q goes back from %v to %v", i, n.Text, last, at)
		}
		last = at
	}
}

// FuzzJSON holds the law of JSON: what encoding/json accepts is read without an error and
// gives the same value.
func FuzzJSON(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		want, err := value.ParseJSON([]byte(text))
		if err != nil || !json.Valid([]byte(text)) {
			return
		}
		doc, found := jsonc.Parse(source.NewFile("f.json", []byte(text)))
		for _, d := range found {
			if d.Severity == source.Error && d.Code != "FMT003" {
				t.Fatalf("%q: %v", text, d)
			}
		}
		got := doc.Root.Value().AppendJSON(nil)
		if !bytes.Equal(got, want.AppendJSON(nil)) {
			t.Fatalf("%q: got %s, want %s", text, got, want.AppendJSON(nil))
		}
		if len(found) == 0 {
			compareStandard(t, text, doc.Root)
		}
	})
}

// compareStandard compares texts and numbers with what encoding/json reads.
func compareStandard(t *testing.T, text string, root *jsonc.Node) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var want any
	if err := decoder.Decode(&want); err != nil || !utf8.ValidString(text) {
		return
	}
	var compare func(n *jsonc.Node, want any)
	compare = func(n *jsonc.Node, want any) {
		switch want := want.(type) {
		case map[string]any:
			for _, m := range n.Members {
				if m.Name() != "{{...}}" {
					compare(m.Value, want[m.Name()])
				}
			}
		case []any:
			for i, element := range n.Elements {
				compare(element, want[i])
			}
		case json.Number:
			if n.Kind != jsonc.Number || n.Text != want.String() {
				t.Fatalf("%q: number %s, want %s", text, n.Text, want)
			}
		case string:
			if got, ok := n.Str(); !ok || got != want {
				t.Fatalf("%q: text %q, want %q", text, got, want)
			}
		case bool:
			if got, ok := n.Bool(); !ok || got != want {
				t.Fatalf("%q: %v, want %v", text, got, want)
			}
		case nil:
			if !n.IsNull() {
				t.Fatalf("%q: %v, want null", text, n.Kind)
			}
		}
	}
	compare(root, want)
}

func BenchmarkParse(b *testing.B) {
	item := `{"name": "field", "label": "A label", "type": "text", "required": true, "spec": [1, 2.5, null], "help": "say \"x\""}, // note` + "\n"
	text := []byte("[" + strings.Repeat(item, 1000) + "{}]")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		jsonc.Parse(source.NewFile("f.json", text))
	}
}
