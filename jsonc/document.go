package jsonc

import (
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/source"
)

// Document is a text with its tree. It is immutable and safe for concurrent use.
type Document struct {
	File     *source.File
	Root     *Node // nil when the text holds no value
	Comments []Comment
}

// Comment is one comment of a text with its marks, // or /* */, but without the line end.
type Comment struct {
	Start int // byte offset of the first character
	End   int // byte offset behind the last character
	Text  string
}

// String returns the text exactly as it was read, faults included.
func (d *Document) String() string { return d.File.Text() }

// Position returns the place of n, and of the whole file when n is nil.
func (d *Document) Position(n *Node) source.Position {
	if d == nil {
		return source.Position{}
	}
	if n == nil {
		return source.Position{File: d.File.Name()}
	}
	return d.File.Position(n.Start)
}

// Diagnose returns finding placed on n, with its JSON pointer. An array or an object is
// pointed at by its bracket. When n is nil only the file is named.
func (d *Document) Diagnose(n *Node, finding source.Diagnostic) source.Diagnostic {
	switch {
	case d == nil:
		return finding
	case n == nil:
		finding.File = d.File.Name()
		return finding
	}
	end := n.End
	if n.Kind == Array || n.Kind == Object {
		end = n.Start + 1
	}
	finding.Pointer = d.Pointer(n)
	return finding.At(d.File, n.Start, end)
}

// Pointer returns the JSON pointer (RFC 6901) of n: "" for the root. A key has the
// pointer of its value.
func (d *Document) Pointer(n *Node) string {
	var steps []string
	for ; n != nil && n.parent != nil; n = n.parent {
		switch p := n.parent; {
		case n.index < 0:
		case p.Kind == Array && n.index < len(p.Elements):
			steps = append(steps, strconv.Itoa(n.index))
		case p.Kind == Object && n.index < len(p.Members):
			steps = append(steps, escapePointer.Replace(p.Members[n.index].Key.Text))
		}
	}
	var b strings.Builder
	for i := len(steps) - 1; i >= 0; i-- {
		b.WriteString("/" + steps[i])
	}
	return b.String()
}

var escapePointer = strings.NewReplacer("~", "~0", "/", "~1")
