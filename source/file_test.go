package source_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/cleat-run/cleat/source"
)

func TestPositionCountsLinesAndCharacters(t *testing.T) {
	t.Parallel()
	file := source.NewFile("f", []byte("a\nžž\r\n\n😀b"))
	tests := []struct{ offset, line, column, cut int }{
		{-1, 1, 1, 0}, {0, 1, 1, 0}, {1, 1, 2, 1}, // a and its line end
		{2, 2, 1, 2}, {4, 2, 2, 4}, {6, 2, 3, 6}, {7, 2, 4, 7}, // žž CR LF
		{8, 3, 1, 8}, // empty line
		{9, 4, 1, 9}, {13, 4, 2, 13}, {14, 4, 3, 14}, {15, 4, 3, 14},
	}
	for _, tt := range tests {
		got := file.Position(tt.offset)
		want := source.Position{File: "f", Offset: tt.cut, Line: tt.line, Column: tt.column}
		if got != want {
			t.Errorf("Position(%d) = %+v, want %+v", tt.offset, got, want)
		}
	}
}

func TestLineHasNoLineEnd(t *testing.T) {
	t.Parallel()
	file := source.NewFile("f", []byte("a\nb\r\n\nc"))
	for number, want := range map[int]string{-1: "", 0: "", 1: "a", 2: "b", 3: "", 4: "c", 5: ""} {
		if got := file.Line(number); got != want {
			t.Errorf("Line(%d) = %q, want %q", number, got, want)
		}
	}
}

func TestFileKeepsItsNameAndText(t *testing.T) {
	t.Parallel()
	content := []byte("abc")
	file := source.NewFile("dir/f.json", content)
	content[0] = 'X'
	if file.Name() != "dir/f.json" || file.Text() != "abc" {
		t.Errorf("name %q, text %q", file.Name(), file.Text())
	}
}

func TestNilFileHasNoPlaces(t *testing.T) {
	t.Parallel()
	var file *source.File
	if got := file.Position(3); got != (source.Position{}) || got.IsValid() {
		t.Errorf("got %+v", got)
	}
	if got := file.Line(1); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestPositionPrintsWhatIsKnown(t *testing.T) {
	t.Parallel()
	for want, give := range map[string]source.Position{
		"":      {},
		"f":     {File: "f"},
		"f:2:3": {File: "f", Line: 2, Column: 3},
		"2:3":   {Line: 2, Column: 3},
	} {
		if got := give.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// FuzzPosition holds that line and column lead back to the offset, and that rendering a
// finding anywhere in any text ends without a panic and with a caret inside the excerpt.
func FuzzPosition(f *testing.F) {
	f.Add("a\nb", 2, 1)
	f.Add("\t\"ž\": 1,\r\n  }", 5, 3)
	f.Add(strings.Repeat("x", 300)+"\n", 250, 80)
	f.Add("\xff\xfe\n\xe2\x82", 3, 9)
	f.Add("a\n"+strings.Repeat("é𝄞", 900), 4321, 5) // behind marks inside a line
	f.Add(strings.Repeat("\xa9", 3000)+"\n", 2999, 5)
	f.Fuzz(func(t *testing.T, text string, offset, width int) {
		file := source.NewFile("f", []byte(text))
		p := file.Position(offset)
		line := file.Line(p.Line)
		column := 1
		start := lineStart(text, p.Line)
		for at := start; at < p.Offset; column++ {
			_, size := utf8.DecodeRuneInString(text[at:p.Offset])
			at += size
		}
		if column != p.Column {
			t.Errorf("offset %d has column %d, counted %d", p.Offset, p.Column, column)
		}
		if !strings.HasPrefix(text[start:], line) {
			t.Errorf("line %d is %q, the text there %q", p.Line, line, text[start:])
		}
		d := source.Diagnostic{Message: "m"}.At(file, offset, offset+width%1000)
		rendered := strings.Split(d.String(), "\n")
		if d.Excerpt == "" {
			return
		}
		if len(rendered) != 3 {
			t.Fatalf("%d lines: %q", len(rendered), rendered)
		}
		shown, caret := utf8.RuneCountInString(rendered[1]), len(rendered[2])
		if caret > shown+1 || shown > 104 {
			t.Errorf("caret to %d, excerpt of %d characters", caret, shown)
		}
	})
}

// lineStart returns the offset at which the line with the given number starts.
func lineStart(text string, number int) int {
	start := 0
	for range number - 1 {
		start += strings.IndexByte(text[start:], '\n') + 1
	}
	return start
}

func TestExcerptsOfLongLinesShowWhatWholeOnesDo(t *testing.T) {
	t.Parallel()
	for _, letter := range []string{"x", "é", "𝄞", "\xa9"} {
		line := strings.Repeat(letter, 5000)
		file := source.NewFile("f", []byte("first\n"+line+"\nlast"))
		for _, at := range []int{0, 60, 70, 1024, 2500, 4990, 4999} {
			start := len("first\n") + at*len(letter)
			d := source.Diagnostic{Message: "m"}.At(file, start, start+3*len(letter))
			whole := d
			whole.Excerpt, whole.Before = line, 0
			if d.String() != whole.String() {
				t.Errorf("column %d of %q:\n%v\nof the whole line:\n%v", at+1, letter, d, whole)
			}
			if len(d.Excerpt) > 2048 {
				t.Errorf("column %d of %q: the excerpt has %d bytes", at+1, letter, len(d.Excerpt))
			}
		}
	}
}

// BenchmarkFindingsInOneLine is what the findings in a file without line ends cost.
func BenchmarkFindingsInOneLine(b *testing.B) {
	file := source.NewFile("f", []byte(strings.Repeat(`"name": "value", `, 100_000)))
	b.ReportAllocs()
	for b.Loop() {
		for at := range 100 {
			_ = source.Diagnostic{Message: "m"}.At(file, at*17_000, at*17_000+6).String()
		}
	}
}

func BenchmarkPosition(b *testing.B) {
	text := []byte(strings.Repeat("  \"name\": \"value\",\n", 10_000))
	file := source.NewFile("f", text)
	b.ReportAllocs()
	for b.Loop() {
		_ = file.Position(123_456)
	}
}
