package source_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cleat-run/cleat/source"
)

// finding returns a diagnostic placed at the first mark in text.
func finding(t *testing.T, text, mark string) source.Diagnostic {
	t.Helper()
	start := strings.Index(text, mark)
	if start < 0 {
		t.Fatalf("%q does not hold %q", text, mark)
	}
	file := source.NewFile("a.json", []byte(text))
	return source.Diagnostic{Code: "X001", Message: "m"}.At(file, start, start+len(mark))
}

func TestStringShowsTheLineWithACaretUnderTheFinding(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, mark, want string }{
		{"start of the text", "abc", "a", "a.json:1:1: error X001: m\n    abc\n    ^"},
		{"several characters", "abc def", "def", "a.json:1:5: error X001: m\n    abc def\n        ^~~"},
		{"second line", "x\nabc", "c", "a.json:2:3: error X001: m\n    abc\n      ^"},
		{"indent is taken away", "      \"url\": 1", "url", "a.json:1:8: error X001: m\n    \"url\": 1\n     ^~~"},
		{"indent before the finding itself", "      url", "url", "a.json:1:7: error X001: m\n    url\n    ^~~"},
		{"finding inside the indent", "    url", "    ", "a.json:1:1: error X001: m\n        url\n    ^~~~"},
		{"tabs count as one character", "\t\t\"a\":\t!", "!", "a.json:1:8: error X001: m\n    \"a\": !\n         ^"},
		{"characters beyond ASCII", "žluťoučký kůň!", "kůň", "a.json:1:11: error X001: m\n    žluťoučký kůň!\n              ^~~"},
		{"characters beyond 16 bits", "\"😀😀\": x", "x", "a.json:1:7: error X001: m\n    \"😀😀\": x\n          ^"},
		{"over the end of the line", "ab\ncd", "b\nc", "a.json:1:2: error X001: m\n    ab\n     ^"},
		{"the line end itself", "ab\ncd", "\n", "a.json:1:3: error X001: m\n    ab\n      ^"},
		{"Windows line ends", "ab\r\ncd\r\n", "d", "a.json:2:2: error X001: m\n    cd\n     ^"},
		{"control characters cannot colour the terminal", "a\x1b[31mb", "b", "a.json:1:7: error X001: m\n    a\uFFFD[31mb\n          ^"},
		{"reading order cannot be turned", "a\u202Eb", "b", "a.json:1:3: error X001: m\n    a\uFFFDb\n      ^"},
		{"invalid UTF-8", "a\xff\xfeb", "b", "a.json:1:4: error X001: m\n    a\uFFFD\uFFFDb\n       ^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := finding(t, tt.text, tt.mark).String(); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestStringCutsALongLineAroundTheFinding(t *testing.T) {
	t.Parallel()
	for _, before := range []int{0, 1, 10, 65, 66, 67, 68, 99, 100, 101, 500, 9990, 9999} {
		for _, width := range []int{1, 5, 5000} {
			line := strings.Repeat("a", before) + "!" + strings.Repeat("b", 9999-before)
			file := source.NewFile("f", []byte(line))
			lines := strings.Split(source.Diagnostic{Message: "m"}.At(file, before, before+width).String(), "\n")
			if len(lines) != 3 {
				t.Fatalf("%d lines", len(lines))
			}
			text, caret := lines[1], lines[2]
			if n := utf8.RuneCountInString(text); n > 104 {
				t.Errorf("before %d: the excerpt has %d characters", before, n)
			}
			if at := strings.Index(caret, "^"); at < 0 || text[at] != '!' {
				t.Errorf("before %d, width %d: the caret is not below the finding\n%s\n%s", before, width, text, caret)
			}
			if len(caret) > len(text) {
				t.Errorf("before %d, width %d: underlined beyond the excerpt\n%s\n%s", before, width, text, caret)
			}
		}
	}
}

func TestStringLeavesOutWhatIsNotKnown(t *testing.T) {
	t.Parallel()
	file := source.NewFile("a.json", []byte("abc"))
	tests := []struct {
		name string
		give source.Diagnostic
		want string
	}{
		{"nothing", source.Diagnostic{}, "error: "},
		{"message only", source.Diagnostic{Message: "m", Severity: source.Info}, "info: m"},
		{"no file", source.Diagnostic{Message: "m"}.At(nil, 1, 2), "error: m"},
		{"file without a place", source.Diagnostic{Message: "m", File: "a.json"}, "a.json: error: m"},
		{"pointer", source.Diagnostic{Message: "m", Pointer: "/a/b", Severity: source.Warning}, "warning: m (/a/b)"},
		{"hint", source.Diagnostic{Message: "m", Hint: "do this"}, "error: m\n  hint: do this"},
		{"text without a name", source.Diagnostic{Message: "m"}.At(source.NewFile("", []byte("abc")), 1, 2), "1:2: error: m\n    abc\n     ^"},
		{"empty range", source.Diagnostic{Message: "m"}.At(file, 1, 1), "a.json:1:2: error: m\n    abc\n     ^"},
		{"turned range", source.Diagnostic{Message: "m"}.At(file, 2, 1), "a.json:1:3: error: m\n    abc\n      ^"},
		{"beyond the text", source.Diagnostic{Message: "m"}.At(file, 99, 101), "a.json:1:4: error: m\n    abc\n       ^"},
		{"before the text", source.Diagnostic{Message: "m"}.At(file, -5, -1), "a.json:1:1: error: m\n    abc\n    ^"},
		{"empty text", source.Diagnostic{Message: "m"}.At(source.NewFile("e", nil), 0, 5), "e:1:1: error: m"},
		{"excerpt without a column", source.Diagnostic{Message: "m", Excerpt: "abc"}, "error: m\n    abc\n    ^"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.give.String(); got != tt.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, tt.want)
			}
		})
	}
}

func TestWidthCountsTheCharactersUnderlined(t *testing.T) {
	t.Parallel()
	file := source.NewFile("f", []byte("abcdef\nghi\n"))
	for _, tt := range []struct{ start, end, want int }{
		{0, 0, 1}, {0, 1, 1}, {0, 6, 6}, {2, 6, 4}, {2, 7, 4}, {2, 9, 4}, {6, 9, 1}, {7, 10, 3}, {10, 99, 1},
	} {
		if got := (source.Diagnostic{}).At(file, tt.start, tt.end).Width; got != tt.want {
			t.Errorf("At(%d, %d).Width = %d, want %d", tt.start, tt.end, got, tt.want)
		}
	}
}

func TestErrorIsOneLine(t *testing.T) {
	t.Parallel()
	d := finding(t, "ab\ncd", "d")
	d.Pointer, d.Hint = "/x", "hint"
	if got, want := d.Error(), "a.json:2:2: (/x) m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (source.Diagnostic{Message: "m"}).Error(), "m"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSortOrdersByFileLineColumnAndCode(t *testing.T) {
	t.Parallel()
	at := func(file string, line, column int, code string) source.Diagnostic {
		return source.Diagnostic{File: file, Line: line, Column: column, Code: code}
	}
	want := source.Diagnostics{
		at("", 0, 0, "Z"), at("a", 0, 0, "B"), at("a", 1, 2, "A"), at("a", 1, 2, "B"),
		at("a", 1, 10, "A"), at("a", 2, 1, "A"), at("b", 1, 1, "A"),
	}
	got := source.Diagnostics{want[5], want[3], want[6], want[0], want[2], want[4], want[1]}
	got.Sort()
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("at %d: got %v, want %v", i, got, want)
		}
	}
}

func TestSortKeepsTheOrderOfEqualPlaces(t *testing.T) {
	t.Parallel()
	var ds source.Diagnostics
	for i := range 40 {
		ds.Add(source.Diagnostic{File: "a", Line: 1 + i%2, Message: fmt.Sprint(i)})
	}
	ds.Sort()
	for i, d := range ds {
		if want := fmt.Sprint(2*i%40 + 2*i/40); d.Message != want {
			t.Fatalf("at %d: message %s, want %s", i, d.Message, want)
		}
	}
}

func TestErrIsNilWithoutErrors(t *testing.T) {
	t.Parallel()
	for _, ds := range []source.Diagnostics{nil, {}, {{Severity: source.Warning}, {Severity: source.Info}}} {
		if err := ds.Err(); err != nil {
			t.Errorf("%v.Err() = %v", ds, err)
		}
	}
}

func TestErrUnwrapsToTheErrors(t *testing.T) {
	t.Parallel()
	ds := source.Diagnostics{
		{Severity: source.Warning, Message: "w"},
		{Message: "one"},
		{Message: "two"},
	}
	err := fmt.Errorf("load: %w", ds.Err())
	if got, want := err.Error(), "load: one (and 1 more)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var list source.Diagnostics
	if !errors.As(err, &list) || len(list) != 2 || list[0].Message != "one" {
		t.Errorf("errors.As gave %v", list)
	}
	if errors.Is(err, os.ErrNotExist) {
		t.Error("the findings are an error of the file system")
	}
}

func TestErrorOfAListCounts(t *testing.T) {
	t.Parallel()
	for want, ds := range map[string]source.Diagnostics{
		"no findings":    {},
		"a":              {{Message: "a"}},
		"a (and 2 more)": {{Message: "a"}, {Message: "b"}, {Message: "c"}},
	} {
		if got := ds.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSeverityIsAWordInJSON(t *testing.T) {
	t.Parallel()
	give := source.Diagnostic{Severity: source.Warning, Code: "C", Message: "m", Line: 2, Excerpt: "x", Width: 3}
	text, err := json.Marshal(give)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"severity":"warning","code":"C","message":"m","line":2}`; string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	var got source.Diagnostic
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	give.Excerpt, give.Width = "", 0
	if got != give {
		t.Errorf("read back %+v, want %+v", got, give)
	}
	if err := json.Unmarshal([]byte(`{"severity":"fatal"}`), &got); err == nil || !strings.Contains(err.Error(), `unknown severity "fatal"`) {
		t.Errorf("unknown severity: %v", err)
	}
}

func TestSeverityOutOfRangeHasAName(t *testing.T) {
	t.Parallel()
	for s, want := range map[source.Severity]string{-1: "severity(-1)", 0: "error", 1: "warning", 2: "info", 3: "severity(3)"} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func ExampleDiagnostic() {
	text := "{\n \"url\": \"/x\", }\n"
	file := source.NewFile("modules/list.iml.json", []byte(text))
	d := source.Diagnostic{
		Code:    "FMT001",
		Message: "unexpected '}' where a member name is expected",
		Hint:    "take the comma away",
	}
	at := strings.Index(text, "}")
	fmt.Println(d.At(file, at, at+1).String())
	// Output:
	// modules/list.iml.json:2:15: error FMT001: unexpected '}' where a member name is expected
	//     "url": "/x", }
	//                  ^
	//   hint: take the comma away
}

func BenchmarkDiagnosticString(b *testing.B) {
	file := source.NewFile("f", []byte(strings.Repeat("{\"name\": \"value\"}, ", 20)))
	d := source.Diagnostic{Code: "X001", Message: "m"}.At(file, 200, 210)
	b.ReportAllocs()
	for b.Loop() {
		_ = d.String()
	}
}

// Findings in a file with secrets show its places only.
func TestConcealedFilesAreNotQuoted(t *testing.T) {
	t.Parallel()
	file := source.NewFile("common.json", []byte(`{"key" "the-secret"}`))
	file.Conceal()
	found := source.Diagnostic{Code: "X001", Message: `a colon is missing after "the-"secret"`, Hint: `write a colon`}.At(file, 7, 19)
	if got, want := found.String(), "common.json:1:8: error X001: a colon is missing after \"…\"\n  hint: write a colon"; got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if !file.Concealed() || source.NewFile("x", nil).Concealed() {
		t.Error("the wrong file is concealed")
	}
}
