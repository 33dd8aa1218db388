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
	lines []int // offset of the start of each line

	concealed bool
}

// Concealed reports whether [File.Conceal] was called.
func (f *File) Concealed() bool { return f.concealed }

// Conceal keeps the text of a file that holds secrets out of the findings in it: they have
// no excerpt and quote nothing. It must be called before the first of them is made.
func (f *File) Conceal() { f.concealed = true }

// NewFile returns a file with the given name and content. The name is what a person
// would call it: usually a path relative to the app's root, with forward slashes.
func NewFile(name string, content []byte) *File {
	f := &File{name: name, text: string(content), lines: []int{0}}
	for i := range len(f.text) {
		if f.text[i] == '\n' {
			f.lines = append(f.lines, i+1)
		}
	}
	return f
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
	column := utf8.RuneCountInString(f.text[f.lines[line]:offset]) + 1
	return Position{File: f.name, Offset: offset, Line: line + 1, Column: column}
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
