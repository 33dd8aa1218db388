package value

import (
	"fmt"
	"math"
	"slices"
	"unicode/utf8"
)

// MaxJSONDepth is the nesting that [ParseJSON] accepts.
const MaxJSONDepth = 512

// SyntaxError tells where a text stops being JSON.
type SyntaxError struct {
	Offset  int // in bytes
	Message string
}

// Error returns the message and the offset.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s at offset %d", e.Message, e.Offset)
}

// ParseJSON reads one JSON text (RFC 8259) and keeps the order of members. A repeated
// name keeps its first place and its last value. Invalid UTF-8 and lone surrogates
// become U+FFFD. A fault is a [*SyntaxError].
func ParseJSON(data []byte) (Value, error) { return new(JSONParser).Parse(data) }

// JSONParser reads one JSON text after another, and remembers the names of members and of
// whole objects in between: texts of one service are alike. The zero JSONParser works. It
// is not safe for concurrent use.
type JSONParser struct {
	data  []byte
	pos   int
	depth int

	// The members and elements of the containers that are still open, so that each
	// container is made once, in its size.
	names []string
	items []Value

	// recent holds short member names by their hash, layouts the names of whole objects:
	// most come again.
	recent  [64]string
	hash    uint32 // of the name that was read last
	layouts [32]*Layout

	blocks blocks
}

// The most that a parser remembers: members of an object, and containers that are open.
const (
	maxRemembered = 64
	maxRoom       = 256
)

// Parse reads one text as [ParseJSON] does.
func (p *JSONParser) Parse(data []byte) (Value, error) {
	p.data, p.pos, p.depth = data, 0, 0
	v, err := p.document()
	p.forget()
	if err != nil {
		return Undefined, err
	}
	return v, nil
}

// forget lets go of what belongs to the text.
func (p *JSONParser) forget() {
	p.data, p.blocks = nil, blocks{}
	if cap(p.items) > maxRoom || cap(p.names) > maxRoom {
		p.items, p.names = nil, nil
	}
	clear(p.items[:cap(p.items)])
	p.items, p.names = p.items[:0], p.names[:0]
}

func (p *JSONParser) fail(format string, args ...any) error {
	return &SyntaxError{Offset: p.pos, Message: fmt.Sprintf(format, args...)}
}

func (p *JSONParser) document() (Value, error) {
	p.space()
	v, err := p.value()
	if err != nil {
		return v, err
	}
	p.space()
	if p.pos < len(p.data) {
		return v, p.unexpected("after the value")
	}
	return v, nil
}

func (p *JSONParser) unexpected(where string) error {
	if p.pos >= len(p.data) {
		return p.fail("unexpected end of JSON %s", where)
	}
	r, _ := utf8.DecodeRune(p.data[p.pos:])
	return p.fail("unexpected %q %s", r, where)
}

func (p *JSONParser) space() {
	for p.pos < len(p.data) {
		switch p.data[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *JSONParser) value() (Value, error) {
	if p.pos >= len(p.data) {
		return Undefined, p.unexpected("where a value is expected")
	}
	switch c := p.data[p.pos]; c {
	case '{', '[':
		return p.nested(c)
	case '"':
		s, err := p.str()
		return Text(s), err
	case 't':
		return p.word("true", True)
	case 'f':
		return p.word("false", False)
	case 'n':
		return p.word("null", Null)
	default:
		if c == '-' || c >= '0' && c <= '9' {
			return p.number()
		}
	}
	return Undefined, p.unexpected("where a value is expected")
}

func (p *JSONParser) nested(open byte) (v Value, err error) {
	if p.depth++; p.depth > MaxJSONDepth {
		return Undefined, p.fail("nested deeper than %d levels", MaxJSONDepth)
	}
	p.pos++
	if open == '{' {
		v, err = p.object()
	} else {
		v, err = p.array()
	}
	p.depth--
	return v, err
}

// name reads a member name, and returns the same string for a name that came before.
func (p *JSONParser) name() (string, error) {
	from := p.pos + 1
	p.hash = 0
	for i := from; i < len(p.data) && i < from+32; i++ {
		c := p.data[i]
		if c == '"' {
			slot := &p.recent[p.hash>>8%uint32(len(p.recent))]
			if string(p.data[from:i]) == *slot {
				p.pos = i + 1
				return *slot, nil
			}
			name, err := p.str()
			*slot = name
			return name, err
		}
		if c < 0x20 || c == '\\' || c >= utf8.RuneSelf {
			break
		}
		p.hash = (p.hash ^ uint32(c)) * 16777619
	}
	return p.str()
}

func (p *JSONParser) word(word string, v Value) (Value, error) {
	if len(p.data)-p.pos >= len(word) && string(p.data[p.pos:p.pos+len(word)]) == word {
		p.pos += len(word)
		return v, nil
	}
	return Undefined, p.unexpected("where a value is expected")
}

func (p *JSONParser) object() (Value, error) {
	p.space()
	if p.take('}') {
		return FromCollection(&Collection{}), nil
	}
	names, items, hash := len(p.names), len(p.items), uint32(0)
	for {
		p.space()
		if p.pos >= len(p.data) || p.data[p.pos] != '"' {
			return Undefined, p.unexpected("where a member name is expected")
		}
		name, err := p.name()
		if err != nil {
			return Undefined, err
		}
		hash = hash*31 + p.hash
		p.space()
		if !p.take(':') {
			return Undefined, p.unexpected("where a colon is expected")
		}
		p.space()
		p.names = append(p.names, name)
		v, err := p.value()
		if err != nil {
			return Undefined, err
		}
		p.items = append(p.items, v)
		p.space()
		if p.take('}') {
			c := p.collection(p.names[names:], p.items[items:], hash)
			p.names, p.items = p.names[:names], p.items[:items]
			return FromCollection(c), nil
		}
		if !p.take(',') {
			return Undefined, p.unexpected("after a member")
		}
	}
}

// collection makes the collection of members. Of a repeated name the first place and the
// last value count.
func (p *JSONParser) collection(names []string, values []Value, hash uint32) *Collection {
	layout := p.layout(names, hash)
	if layout == nil {
		c := NewCollection(len(names))
		for i, name := range names {
			c.Set(name, values[i])
		}
		return c
	}
	return layout.fill(p.blocks.collection(p.left()), p.blocks.values(values, p.left()))
}

// layout returns the layout of names, and nil when one is repeated.
func (p *JSONParser) layout(names []string, hash uint32) *Layout {
	known := &p.layouts[hash>>8%uint32(len(p.layouts))]
	if *known != nil && slices.Equal((*known).names, names) {
		return *known
	}
	layout := NewLayout(names)
	if len(names) <= maxRemembered {
		*known = layout
	}
	return layout
}

func (p *JSONParser) array() (Value, error) {
	p.space()
	if p.take(']') {
		return FromArray(&Array{}), nil
	}
	from := len(p.items)
	for {
		p.space()
		v, err := p.value()
		if err != nil {
			return Undefined, err
		}
		p.items = append(p.items, v)
		p.space()
		if p.take(']') {
			a := p.blocks.array(p.left())
			a.items = p.blocks.values(p.items[from:], p.left())
			p.items = p.items[:from]
			return FromArray(a), nil
		}
		if !p.take(',') {
			return Undefined, p.unexpected("after an element")
		}
	}
}

// left is how many bytes are still to be read.
func (p *JSONParser) left() int { return len(p.data) - p.pos }

func (p *JSONParser) take(c byte) bool {
	if p.pos < len(p.data) && p.data[p.pos] == c {
		p.pos++
		return true
	}
	return false
}

func (p *JSONParser) digits() bool {
	from := p.pos
	for p.pos < len(p.data) && p.data[p.pos] >= '0' && p.data[p.pos] <= '9' {
		p.pos++
	}
	return p.pos > from
}

func (p *JSONParser) number() (Value, error) {
	from := p.pos
	p.take('-')
	if !p.take('0') && !p.digits() {
		return Undefined, p.unexpected("in a number")
	}
	if p.take('.') && !p.digits() {
		return Undefined, p.unexpected("in a number")
	}
	if p.take('e') || p.take('E') {
		_ = p.take('+') || p.take('-')
		if !p.digits() {
			return Undefined, p.unexpected("in a number")
		}
	}
	if n := p.pos - from; n < 16 && !hasDotOrExponent(p.data[from:p.pos]) {
		return smallInteger(p.data[from:p.pos]), nil
	}
	return Digits(string(p.data[from:p.pos]))
}

func hasDotOrExponent(b []byte) bool {
	for _, c := range b {
		if c == '.' || c == 'e' || c == 'E' {
			return true
		}
	}
	return false
}

func smallInteger(b []byte) Value {
	n, negative := int64(0), b[0] == '-'
	if negative {
		b = b[1:]
	}
	for _, c := range b {
		n = n*10 + int64(c-'0')
	}
	if negative {
		if n == 0 {
			return Number(math.Copysign(0, -1))
		}
		n = -n
	}
	return Number(float64(n))
}
