package jsonc

import (
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/source"
)

// The limits of what is read.
const (
	MaxDepth  = 512
	MaxSize   = 8 << 20
	MaxErrors = 100
)

// Parse reads the text of f. The document is never nil; its tree holds what could be
// read, with nodes of kind [Invalid] where something could not.
func Parse(f *source.File) (*Document, source.Diagnostics) {
	p := &parser{doc: &Document{File: f}, text: f.Text(), lastError: -1}
	if p.readable() {
		p.document()
	}
	return p.doc, p.findings()
}

type parser struct {
	doc  *Document
	text string
	pos  int

	depth   int
	arrays  int   // open ones
	objects int   // open ones
	parent  *Node // of the next node
	index   int   // of the next node in parent
	slab    []Node

	found     []finding
	errors    int
	warnings  int
	lastError int  // its offset
	stopped   bool // too many errors: the text ends here
	ended     bool // an unexpected end was reported
}

// readable deals with texts that are not read at all, and with the byte order mark.
func (p *parser) readable() bool {
	const mark = "\uFEFF"
	switch text := p.text; {
	case len(text) > MaxSize:
		p.fail(0, 0, fmt.Sprintf("the file is longer than %d MiB", MaxSize>>20), "")
	case strings.HasPrefix(text, "\xFE\xFF"), strings.HasPrefix(text, "\xFF\xFE"):
		p.fail(0, 0, "the file is UTF-16", "save it as UTF-8")
	case strings.HasPrefix(text, mark):
		p.warn("FMT001", 0, len(mark), "byte order mark at the start of the file", "save it as UTF-8 without a byte order mark")
		p.pos = len(mark)
		return true
	default:
		return true
	}
	p.doc.Root = &Node{Kind: Invalid, End: len(p.text)}
	p.pos = len(p.text)
	return false
}

func (p *parser) document() {
	p.blanks()
	if p.pos == len(p.text) {
		return
	}
	if strings.HasPrefix(p.text[p.pos:], "rpc://") {
		p.doc.Root = p.bareRPC()
	} else {
		p.doc.Root = p.value()
	}
	p.blanks()
	if p.pos < len(p.text) {
		p.unexpected("after the end of the value", "")
	}
}

// bareRPC reads the text rpc://name, which Make's exports hold without quotes.
func (p *parser) bareRPC() *Node {
	n := p.node(String)
	line, _, _ := strings.Cut(p.text[p.pos:], "\n")
	n.Text = strings.TrimRight(line, " \t\r")
	p.pos += len(n.Text)
	n.End = p.pos
	p.warn("FMT005", n.Start, n.End, "rpc:// without quotes", "write "+quoted(n.Text))
	return n
}

// value reads one value. Where there is none it reports that and returns an invalid node
// without consuming anything.
func (p *parser) value() *Node {
	p.blanks()
	for p.at(':') {
		p.unexpected("where a value is expected", "take one colon away")
		p.pos++
		p.blanks()
	}
	switch c := p.peek(); c {
	case '{':
		if end := p.bareExpression(); end > 0 {
			return p.expression(end)
		}
		return p.nested(Object, '}')
	case '[':
		return p.nested(Array, ']')
	case '"', '\'':
		return p.str()
	case 0, ',', '}', ']':
		n := p.node(Invalid)
		p.unexpected("where a value is expected", "")
		return n
	}
	return p.word()
}

// nested reads an object or an array. The innermost levels of a text that is nested too
// deep are skipped.
func (p *parser) nested(kind Kind, closing byte) *Node {
	n := p.node(kind)
	if p.depth == MaxDepth {
		n.Kind = Invalid
		p.fail(p.pos, p.pos+1, fmt.Sprintf("nested deeper than %d levels", MaxDepth), "")
		p.skipNested()
		n.End = p.pos
		return n
	}
	p.depth++
	parent, index := p.parent, p.index
	p.parent = n
	p.pos++
	if kind == Object {
		p.objects++
		p.members(n)
		p.objects--
	} else {
		p.arrays++
		p.elements(n)
		p.arrays--
	}
	p.parent, p.index = parent, index
	p.depth--
	if p.at(closing) {
		p.pos++
	}
	n.End = p.pos
	return n
}

// skipNested moves behind the bracket that closes the one at pos.
func (p *parser) skipNested() {
	for level := 0; p.pos < len(p.text); p.blanks() {
		c := p.text[p.pos]
		if c == '"' || c == '\'' {
			end, _ := closingQuote(p.text, p.pos+1, c)
			p.pos = min(end+1, len(p.text))
			continue
		}
		p.pos++
		switch c {
		case '{', '[':
			level++
		case '}', ']':
			if level--; level == 0 {
				return
			}
		}
	}
}

// elements reads the inside of the array n up to its closing bracket.
func (p *parser) elements(n *Node) {
	comma := -1 // offset of a comma that awaits its element
	for {
		p.index = -1
		p.blanks()
		switch c := p.peek(); {
		case c == 0:
			p.unclosed(n)
			return
		case c == ']':
			p.trailingComma(comma)
			return
		case c == '}':
			if p.mismatch(n, p.objects) {
				return
			}
			continue
		case c == ',':
			if comma >= 0 || len(n.Elements) == 0 {
				p.unexpected("where an element is expected", "take the comma away")
			}
			comma = p.pos
			p.pos++
			continue
		}
		if p.at(':') {
			p.unexpected("in an array", "only objects have keys")
			p.pos++
			continue
		}
		if comma < 0 && len(n.Elements) > 0 {
			p.missingComma(n.Elements[len(n.Elements)-1].End)
		}
		p.index, comma = len(n.Elements), -1
		n.Elements = append(n.Elements, p.value())
	}
}

// members reads the inside of the object n up to its closing bracket.
func (p *parser) members(n *Node) {
	comma, last := -1, -1 // offsets of a comma that awaits its member, and of the last end
	keys := keySet{object: n}
	for {
		p.index = -1
		p.blanks()
		switch c := p.peek(); {
		case c == 0:
			p.unclosed(n)
			return
		case c == '}':
			p.trailingComma(comma)
			return
		case c == ']':
			if p.mismatch(n, p.arrays) {
				return
			}
			continue
		case c == ',':
			if comma >= 0 || last < 0 {
				p.unexpected("where a key is expected", "take the comma away")
			}
			comma = p.pos
			p.pos++
			continue
		}
		if comma < 0 && last >= 0 {
			p.missingComma(last)
		}
		p.index, comma = len(n.Members), -1
		if key := p.key(); key != nil {
			value := p.member(key)
			n.Members = append(n.Members, Member{key, value})
			if first := keys.add(key); first != nil {
				p.duplicate(key, first)
			}
		}
		last = p.pos
	}
}

// key reads a key. What is no key is reported and skipped with its nested content, and
// the result is nil.
func (p *parser) key() *Node {
	switch p.peek() {
	case '"', '\'':
		return p.str()
	case '{', '[', ':':
		p.unexpected("where a key is expected", "")
		p.value()
		return nil
	}
	n := p.node(String)
	n.Text = p.bareWord()
	n.End = p.pos
	if isName(n.Text) {
		p.warn("FMT001", n.Start, n.End, "key without quotes", "write "+quoted(n.Text))
	} else {
		p.fail(n.Start, n.End, "unexpected "+quoted(n.Text)+" where a key is expected", wordHint(n.Text))
	}
	return n
}

// member reads the colon and the value behind key.
func (p *parser) member(key *Node) *Node {
	p.blanks()
	if p.at(':') {
		p.pos++
		return p.value()
	}
	p.fail(key.End, key.End, "a colon is missing after the key "+quoted(key.Text), "")
	switch p.peek() {
	case 0, ',', '}', ']':
		return p.node(Invalid)
	}
	return p.value()
}

// bareExpression returns the end of an IML expression that stands outside of quotes at
// pos and ends on its line, or 0.
func (p *parser) bareExpression() int {
	rest := p.text[p.pos:]
	if !strings.HasPrefix(rest, "{{") {
		return 0
	}
	line, _, _ := strings.Cut(rest, "\n")
	if end := strings.Index(line, "}}"); end > 0 {
		return p.pos + end + 2
	}
	return 0
}

func (p *parser) expression(end int) *Node {
	n := p.node(Invalid)
	n.End, n.Text = end, p.text[p.pos:end]
	p.fail(n.Start, n.End, "expression outside of quotes", "write "+quoted(n.Text))
	p.pos = end
	return n
}

func (p *parser) node(kind Kind) *Node {
	if len(p.slab) == 0 {
		p.slab = make([]Node, min(64, (len(p.text)-p.pos)/16+1))
	}
	n := &p.slab[0]
	p.slab = p.slab[1:]
	*n = Node{Kind: kind, Start: p.pos, End: p.pos, parent: p.parent, index: p.index}
	return n
}

// peek returns the byte at pos, and 0 at the end of the text.
func (p *parser) peek() byte {
	if p.stopped || p.pos >= len(p.text) {
		return 0
	}
	if c := p.text[p.pos]; c != 0 {
		return c
	}
	return 1 // a NUL is garbage like any other control character
}

func (p *parser) at(c byte) bool {
	return !p.stopped && p.pos < len(p.text) && p.text[p.pos] == c
}
