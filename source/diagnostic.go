package source

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Severity says how bad a finding is.
type Severity int

// Error will not work or leaks, Warning is probably a mistake, Info is advice.
const (
	Error Severity = iota
	Warning
	Info
)

var severityNames = [...]string{"error", "warning", "info"}

// String returns error, warning or info.
func (s Severity) String() string {
	if s >= 0 && int(s) < len(severityNames) {
		return severityNames[s]
	}
	return "severity(" + itoa(int(s)) + ")"
}

// MarshalText writes the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word of a severity.
func (s *Severity) UnmarshalText(text []byte) error {
	for known, name := range severityNames {
		if name == string(text) {
			*s = Severity(known)
			return nil
		}
	}
	return fmt.Errorf("unknown severity %q", text)
}

// Diagnostic is one finding about an author's text.
type Diagnostic struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`
	Message  string   `json:"message"`
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Pointer  string   `json:"pointer,omitempty"` // JSON pointer (RFC 6901) inside the file
	Hint     string   `json:"hint,omitempty"`

	// Excerpt is the line of the finding, or the part around it of a long one, Before the
	// number of characters in front of that part, and Width the number of characters that
	// the caret underlines, at least one. All are for people only.
	Excerpt string `json:"-"`
	Before  int    `json:"-"`
	Width   int    `json:"-"`
}

// At returns d placed at the bytes from start to end of file, with the excerpt filled
// in. A nil file leaves the place unknown.
func (d Diagnostic) At(file *File, start, end int) Diagnostic {
	if file == nil {
		return d
	}
	from := file.Position(start)
	d.File, d.Line, d.Column = from.File, from.Line, from.Column
	d.Excerpt, d.Before = file.excerpt(from)
	d.Width = 1
	if end > start {
		to := file.Position(end)
		if to.Line == from.Line {
			d.Width = to.Column - from.Column
		} else {
			d.Width = max(1, d.Before+utf8.RuneCountInString(d.Excerpt)-from.Column+1)
		}
	}
	if file.concealed {
		d.Excerpt, d.Before, d.Width = "", 0, 0
		d.Message, d.Hint = unquoted(d.Message), unquoted(d.Hint)
	}
	return d
}

// unquoted replaces all between the first and the last quotation mark: what is quoted may
// hold some itself.
func unquoted(text string) string {
	first, last := strings.IndexByte(text, '"'), strings.LastIndexByte(text, '"')
	if first == last {
		return text
	}
	return text[:first+1] + "…" + text[last:]
}

// Position returns the place of the finding.
func (d Diagnostic) Position() Position {
	return Position{File: d.File, Line: d.Line, Column: d.Column}
}

// Error returns the finding in one line, so that a Diagnostic can be used as an error.
func (d Diagnostic) Error() string {
	var b strings.Builder
	if at := d.Position().String(); at != "" {
		b.WriteString(at + ": ")
	}
	if d.Pointer != "" {
		b.WriteString("(" + d.Pointer + ") ")
	}
	b.WriteString(d.Message)
	return b.String()
}

// String returns the finding as a person should see it: one line with place, severity,
// code and message, then the excerpt with a caret, then the hint.
func (d Diagnostic) String() string {
	var b strings.Builder
	if at := d.Position().String(); at != "" {
		b.WriteString(at + ": ")
	}
	b.WriteString(d.Severity.String())
	if d.Code != "" {
		b.WriteString(" " + d.Code)
	}
	b.WriteString(": " + d.Message)
	if d.Pointer != "" {
		b.WriteString(" (" + d.Pointer + ")")
	}
	if d.Excerpt != "" {
		line, caret := excerpt(d.Excerpt, d.Column-d.Before, max(d.Width, 1))
		b.WriteString("\n    " + line + "\n    " + caret)
	}
	if d.Hint != "" {
		b.WriteString("\n  hint: " + d.Hint)
	}
	return b.String()
}

// excerptWidth is the number of characters of a line that an excerpt shows.
const excerptWidth = 100

// excerpt cuts a long line around the column and draws the caret line below it. What has
// no width of its own is replaced, see [shown], so that the caret stands right.
func excerpt(line string, column, width int) (text, caret string) {
	runes := []rune(strings.Map(shown, line))
	column = max(0, min(column-1, len(runes)))
	from := 0
	if column > excerptWidth*2/3 {
		from = column - excerptWidth/2
	}
	to := min(len(runes), from+excerptWidth)
	width = max(1, min(width, to-column))
	text = string(runes[from:to])
	if indent := len(text) - len(strings.TrimLeft(text, " ")); from == 0 && indent <= column {
		text, column = text[indent:], column-indent
	}
	return text, strings.Repeat(" ", column-from) + "^" + strings.Repeat("~", width-1)
}

// shown returns what stands for r in an excerpt: a blank for a tab, and U+FFFD for
// characters that would move the cursor, colour the terminal or turn the reading order.
func shown(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return utf8.RuneError
	}
	return r
}

// Diagnostics is a list of findings.
type Diagnostics []Diagnostic

// Add appends findings.
func (ds *Diagnostics) Add(d ...Diagnostic) { *ds = append(*ds, d...) }

// Sort orders the findings by file, line, column and code.
func (ds Diagnostics) Sort() {
	sort.SliceStable(ds, func(i, j int) bool {
		a, b := ds[i], ds[j]
		switch {
		case a.File != b.File:
			return a.File < b.File
		case a.Line != b.Line:
			return a.Line < b.Line
		case a.Column != b.Column:
			return a.Column < b.Column
		}
		return a.Code < b.Code
	})
}

// Errors returns the findings of severity [Error].
func (ds Diagnostics) Errors() Diagnostics {
	var errs Diagnostics
	for _, d := range ds {
		if d.Severity == Error {
			errs = append(errs, d)
		}
	}
	return errs
}

// Err returns nil when there is no error among the findings, and otherwise an error
// that unwraps to the Diagnostics.
func (ds Diagnostics) Err() error {
	if errs := ds.Errors(); len(errs) > 0 {
		return errs
	}
	return nil
}

// Error returns the first finding and how many more there are.
func (ds Diagnostics) Error() string {
	switch len(ds) {
	case 0:
		return "no findings"
	case 1:
		return ds[0].Error()
	}
	return ds[0].Error() + " (and " + itoa(len(ds)-1) + " more)"
}

func itoa(n int) string { return strconv.Itoa(n) }
