package jsonc_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

func parse(text string) (*jsonc.Document, source.Diagnostics) {
	return jsonc.Parse(source.NewFile("f.json", []byte(text)))
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"scalars", `[null, true, false, "a", 1, -2.5e3]`, `[null,true,false,"a",1,-2500]`},
		{"order", `{"b": 1, "a": {"d": [], "c": {}}}`, `{"b":1,"a":{"d":[],"c":{}}}`},
		{"comments", "// head\n{ /* in */ \"a\" /* b */ : // c\n 1 } // end", `{"a":1}`},
		{"crlf", "{\r\n  // x\r\n  \"a\": 1\r\n}\r\n", `{"a":1}`},
		{"long integer", `12345678901234567890`, `12345678901234567890`},
		{"escapes", `"\"\\\/\b\f\n\r\té😀"`, `"\"\\/\b\f\n\r\té😀"`},
		{"lone surrogate", `"\ud83d x \ude00"`, "\"\uFFFD x \uFFFD\""},
		{"spread twice", `{"{{...}}": "a", "x": 1, "{{...}}": "b"}`, `{"{{...}}":"b","x":1}`},
		{"non-ASCII", `{"ключ": "→ שלום 🙂"}`, `{"ключ":"→ שלום 🙂"}`},
		{"number right before a comment", "[1//x\n,2/**/]", `[1,2]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, found := parse(c.in)
			if len(found) > 0 {
				t.Errorf("findings: %v", found)
			}
			if got := string(doc.Root.Value().AppendJSON(nil)); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestParseEmpty(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", " \r\n\t", "// nothing\n", "/* a */ /* b */"} {
		doc, found := parse(text)
		if doc.Root != nil || len(found) > 0 {
			t.Errorf("%q: root %v, findings %v", text, doc.Root, found)
		}
	}
}

// TestParseFindings reads testdata/findings: each file holds cases, a text and behind a
// line "--" the value that was read and the findings as a person sees them.
func TestParseFindings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/findings/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range strings.Split(string(content), "\n====\n") {
			in, want, _ := strings.Cut(c, "\n--\n")
			doc, found := parse(in)
			got := string(doc.Root.Value().AppendJSON(nil))
			for _, d := range found {
				got += "\n" + d.String()
			}
			if got != strings.TrimSuffix(want, "\n") {
				t.Errorf("%s case %d: %s\ngot:\n%s\nwant:\n%s", filepath.Base(file), i, in, got, want)
			}
		}
	}
}

func TestParseUnusualBytes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, value, want string }{
		{"byte order mark", "\uFEFF{}", `{}`,
			"f.json:1:1: byte order mark at the start of the file; save it as UTF-8 without a byte order mark"},
		{"UTF-16", "\xFF\xFE{\x00}\x00", `null`, "f.json:1:1: the file is UTF-16; save it as UTF-8"},
		{"invalid UTF-8", "[\"a\xFFb\"]", "[\"a\uFFFDb\"]", "f.json:1:4: (/0) bytes that are no UTF-8; save the file as UTF-8"},
		{"no-break space", "[\u00A01]", `[1]`,
			"f.json:1:2: unexpected character U+00A0 outside of a string; replace it by a plain blank"},
		{"NUL", "[\x00]", `[null]`, `f.json:1:2: (/0) unexpected "\x00" where a value is expected; a text has to be in quotes`},
		{"tab in a string", "\"a\tb\"", `"a\tb"`, `f.json:1:3: real line break or tab inside a string; write \n, \r or \t`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			doc, found := parse(c.in)
			if got := string(doc.Root.Value().AppendJSON(nil)); got != c.value {
				t.Errorf("got %s, want %s", got, c.value)
			}
			if len(found) != 1 || found[0].Error()+"; "+found[0].Hint != c.want {
				t.Errorf("got  %v %v\nwant %v", found, found[0].Hint, c.want)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	if _, found := parse(nested(jsonc.MaxDepth)); len(found) > 0 {
		t.Errorf("at the limit: %v", found)
	}
	_, found := parse(`{"a": ` + nested(jsonc.MaxDepth) + `, "b": x}`)
	if len(found) != 2 || found[0].Message != "nested deeper than 512 levels" || found[1].Pointer != "/b" {
		t.Errorf("one too deep: %v", found)
	}
	doc, found := parse(strings.Repeat(" ", jsonc.MaxSize) + "1")
	if len(found) != 1 || found[0].Message != "the file is longer than 8 MiB" || doc.Root.Kind != jsonc.Invalid {
		t.Errorf("too long: %v", found)
	}
	_, found = parse("[" + strings.Repeat("x,", 200) + "x]")
	if len(found) != jsonc.MaxErrors+1 || found[jsonc.MaxErrors].Message != "too many errors; the rest of the file is not read" {
		t.Errorf("too many errors: %d", len(found))
	}
	_, found = parse("[" + strings.Repeat("'x',", 150) + "1]")
	if len(found) != 101 || found[100].Message != "50 more warnings are not shown" {
		t.Errorf("too many warnings: %d", len(found))
	}
}

// TestParseHostile holds texts whose reading must stay linear.
func TestParseHostile(t *testing.T) {
	t.Parallel()
	const n = 1 << 20
	for name, text := range map[string]string{
		"open arrays":         strings.Repeat("[", n),
		"open objects":        strings.Repeat(`{"a":`, n/5),
		"bare braces":         strings.Repeat("{", n),
		"closing":             strings.Repeat("}", n),
		"mixed":               strings.Repeat("[{]", n/3),
		"quotes":              strings.Repeat(`"`, n+1),
		"escaped quotes":      strings.Repeat("\\'\\\"\n", n/5),
		"array of escaped":    "[" + strings.Repeat("'\\'\n", n/4),
		"commas":              strings.Repeat(",", n),
		"slashes":             strings.Repeat("/ ", n/2),
		"open comments":       strings.Repeat("/*", n/2),
		"many keys":           "{" + strings.Repeat(`"a":1,`, n/6) + `"b":2}`,
		"different keys":      "{" + differentKeys(n/12) + `"b":2}`,
		"wrong escapes":       `"` + strings.Repeat(`\x`, n/2) + `"`,
		"expressions":         "[" + strings.Repeat("{{x}} ", n/6),
		"unclosed expression": "[" + strings.Repeat("{{ ", n/3),
		"one deep line":       strings.Repeat("[{", 200) + strings.Repeat(" ", n) + "]]]",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			if doc, _ := parse(text); doc.String() != text {
				t.Error("text changed")
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func differentKeys(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`"k` + strings.Repeat("x", i%5) + string(rune('0'+i%10)) + string(rune(0x4E00+i%20000)) + `":1,`)
	}
	return b.String()
}
