package jsonc

import (
	"unicode/utf8"

	"github.com/cleat-run/cleat/source"
)

// Origin says where the decoded text of a string stands in its document. It maps places
// inside the decoded text back to the text as written, where escapes are longer.
type Origin struct {
	doc  *Document
	node *Node
}

// Origin returns the origin of the string n, which may be a key. For a node of another
// kind every place is the node itself.
func (d *Document) Origin(n *Node) Origin { return Origin{d, n} }

// Place returns finding placed at the bytes from start to end of the decoded text, with
// the JSON pointer of the string.
func (o Origin) Place(finding source.Diagnostic, start, end int) source.Diagnostic {
	if o.doc == nil || !o.node.Is(String) {
		return o.doc.Diagnose(o.node, finding)
	}
	finding.Pointer = o.doc.Pointer(o.node)
	from, to := o.raw(start, max(start, end))
	return finding.At(o.doc.File, from, to)
}

// raw maps the decoded range from start to end to offsets in the document. Offsets beyond
// the text are cut to its end; one inside an escape goes to the start of the escape.
func (o Origin) raw(start, end int) (from, to int) {
	text, n := o.doc.File.Text(), o.node
	pos, stop := n.Start, n.End
	if quote := text[pos]; quote == '"' || quote == '\'' {
		pos++
		if stop > pos && text[stop-1] == quote {
			stop--
		}
	} else {
		return n.runeStart(text, pos+start), n.runeStart(text, pos+end)
	}
	from, to = -1, -1
	for decoded := 0; pos < stop; {
		u := nextUnit(text[:stop], pos)
		next := decoded + len(u.text)
		if from < 0 && start < next {
			from = pos
		}
		if to < 0 && end <= decoded {
			to = pos
			break
		}
		pos, decoded = pos+u.size, next
	}
	if from < 0 {
		from = stop
	}
	if to < 0 {
		to = stop
	}
	return from, to
}

// runeStart moves pos back to the start of its character, and into n.
func (n *Node) runeStart(text string, pos int) int {
	pos = min(pos, n.End)
	for pos > n.Start && pos < n.End && !utf8.RuneStart(text[pos]) {
		pos--
	}
	return pos
}
