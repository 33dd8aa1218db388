package source

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// File is a text with a name. Make one with [NewFile]; a File is immutable and safe for
// concurrent use.
type File struct {
	name  string
	text  string
	lines []int  // offset of the start of each line
	marks []mark // places inside long lines

	concealed bool
}

// mark is a place whose column is known, so that a long line is counted once and not for
// each place in it.
type mark struct{ offset, column int }

// markStep is about how many bytes of a line two marks stand apart.
const markStep = 1024

// Concealed reports whether [File.Conceal] was called.
func (f *File) Concealed() bool { return f.concealed }

// Conceal keeps the text of a file that holds secrets out of the findings in it: they have
// no excerpt and quote nothing. It must be called before the first of them is made.
func (f *File) Conceal() { f.concealed = true }

// NewFile returns a file with the given name and content. The name is what a person
// would call it: usually a path relative to the app's root, with forward slashes.
func NewFile(name string, content []byte) *File {
	f := &File{name: name, text: string(content), lines: []int{0}}
	for start := 0; ; {
		size := strings.IndexByte(f.text[start:], '\n')
		if size < 0 {
			f.mark(start, len(f.text))
			return f
		}
		f.mark(start, start+size)
		start += size + 1
		f.lines = append(f.lines, start)
	}
}

// mark sets the marks of the line from start to end.
func (f *File) mark(start, end int) {
	for column := 1; end-start > markStep; {
		next := f.character(start + markStep)
		column += utf8.RuneCountInString(f.text[start:next])
		f.marks = append(f.marks, mark{next, column})
		start = next
	}
}

// character returns the first offset from there on at which a character may begin: one
// has at most three further bytes (RFC 3629 3).
func (f *File) character(offset int) int {
	for end := min(offset+utf8.UTFMax, len(f.text)); offset < end && !utf8.RuneStart(f.text[offset]); {
		offset++
	}
	return offset
}

// Name returns the name of the file.
func (f *File) Name() string { return f.name }

// Text returns the whole content.
func (f *File) Text() string { return f.text }

// Position is a place in a file. Line and Column count from 1, Column in characters;
// Offset counts bytes from 0. The zero Position means that the place is not known.
type Position struct {
	File   string
	Offset int
	Line   int
	Column int
}

// IsValid reports whether the position names a line.
func (p Position) IsValid() bool { return p.Line > 0 }

// String returns file:line:column, or what is known of it.
func (p Position) String() string {
	if !p.IsValid() {
		return p.File
	}
	at := itoa(p.Line) + ":" + itoa(p.Column)
	if p.File == "" {
		return at
	}
	return p.File + ":" + at
}

// Position returns the place of the byte offset, which is cut to the file's size.
func (f *File) Position(offset int) Position {
	if f == nil {
		return Position{}
	}
	offset = max(0, min(offset, len(f.text)))
	line := sort.SearchInts(f.lines, offset+1) - 1
	from := mark{f.lines[line], 1}
	if i := sort.Search(len(f.marks), func(i int) bool { return f.marks[i].offset > offset }) - 1; i >= 0 && f.marks[i].offset > from.offset {
		from = f.marks[i]
	}
	column := from.column + utf8.RuneCountInString(f.text[from.offset:offset])
	return Position{File: f.name, Offset: offset, Line: line + 1, Column: column}
}

// excerptReach is how many bytes of a long line are kept on each side of a finding: more
// than an excerpt shows, whatever its characters.
const excerptReach = 8 * excerptWidth

// excerpt returns the line of a place, or the part of a long one around it, and how many
// characters of the line stand in front of that.
func (f *File) excerpt(at Position) (text string, before int) {
	text = f.Line(at.Line)
	start := f.lines[at.Line-1]
	if to := at.Offset - start + excerptReach; to < len(text) {
		text = text[:f.character(start+to)-start]
	}
	if from := at.Offset - excerptReach; from > start {
		from = f.character(from)
		text, before = text[from-start:], f.Position(from).Column-1
	}
	return text, before
}

// Line returns the text of the line with the given number, without its line end.
func (f *File) Line(number int) string {
	if f == nil || number < 1 || number > len(f.lines) {
		return ""
	}
	end := len(f.text)
	if number < len(f.lines) {
		end = f.lines[number]
	}
	return strings.TrimRight(f.text[f.lines[number-1]:end], "\r\n")
}
