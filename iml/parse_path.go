package iml

import (
	"strings"

	"github.com/cleat-run/cleat/value"
)

// postfix reads a primary and the path behind it.
func (p *parser) postfix() *node {
	base := p.primary()
	var segs []segment
	headers := base.kind == kindName && base.text == "headers"
	for {
		at := p.pos
		p.space()
		var seg segment
		switch p.peek() {
		case '.':
			p.pos++
			seg = p.dotSegment(headers)
		case '[':
			p.pos++
			seg = p.index(headers)
		default:
			p.pos = at
			if segs == nil {
				return base
			}
			return &node{kind: kindPath, start: base.start, end: at, args: []*node{base}, segs: segs}
		}
		seg.fold = headers
		segs = append(segs, seg)
		headers = seg.name == "headers" && seg.expr == nil
	}
}

// dotSegment reads the name after a dot.
func (p *parser) dotSegment(headers bool) segment {
	p.space()
	start := p.pos
	c := p.peek()
	switch {
	case c == '`':
		return named(p.backtick())
	case c >= '0' && c <= '9':
		for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
			p.pos++
		}
		return named(p.text[start:p.pos])
	}
	end := p.identEnd(start)
	if end == start {
		p.failSegment()
	}
	p.pos = end
	if headers {
		p.headerName(start)
	}
	return segment{name: p.text[start:p.pos]}
}

// headerName extends the name that began at start over hyphens without blanks around
// them, which after "headers." belong to the name.
func (p *parser) headerName(start int) {
	end := p.pos
	for p.peek() == '-' {
		rest := p.pos + 1
		for rest < len(p.text) && isNameByte(p.text[rest]) {
			rest++
		}
		if rest == p.pos+1 {
			break
		}
		p.pos = rest
	}
	if p.pos > end {
		name := p.text[start:p.pos]
		p.report(CodeHyphen, start, p.pos, "the name "+name+" holds a hyphen", "write back ticks: headers.`"+name+"`")
	}
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '$'
}

func (p *parser) failSegment() {
	if p.pos >= len(p.text) || p.closes() {
		p.fail(p.pos, p.pos+1, "Unexpected end of an expression", "a name is missing after the dot")
	}
	p.unexpected("a name, a number or a back-ticked name follows a dot")
}

// index reads what follows "[".
func (p *parser) index(headers bool) segment {
	open := p.pos - 1
	p.space()
	if p.take(']') {
		return segment{isFirst: true}
	}
	if seg, ok := p.staticIndex(open, headers); ok {
		return seg
	}
	nested := strings.HasPrefix(p.text[p.pos:], "{{")
	if nested {
		p.pos += 2
	}
	p.descend()
	expr := p.chain(levelOr)
	p.depth--
	p.space()
	if nested {
		if !p.closes() {
			p.failAfterExpression(open)
		}
		p.pos += 2
		p.space()
	}
	if !p.take(']') {
		p.missing(open, "]")
	}
	return segment{expr: expr}
}

// staticIndex reads a whole number or a text that is all there is between the brackets.
func (p *parser) staticIndex(open int, headers bool) (segment, bool) {
	start := p.pos
	if c := p.peek(); c == '\'' || c == '"' {
		name := p.quoted()
		if p.space(); p.take(']') {
			if headers {
				p.report(CodeQuotedName, open, p.pos, "a quoted name in brackets", "write back ticks: headers.`"+name+"`")
			}
			return named(name), true
		}
		p.pos = start
		return segment{}, false
	}
	p.take('-')
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
	n, ok := wholeNumber(p.text[start:p.pos])
	if p.space(); ok && p.take(']') {
		if n == 0 {
			p.report(CodeZeroIndex, open, p.pos, "[0] is always undefined: arrays count from 1", "write [1], or [] for the first element")
		}
		return named(value.FormatNumber(float64(n))), true
	}
	p.pos = start
	return segment{}, false
}
