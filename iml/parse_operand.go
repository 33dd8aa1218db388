package iml

import (
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// primary reads one operand without what follows it.
func (p *parser) primary() *node {
	p.space()
	start := p.pos
	switch c := p.peek(); {
	case p.pos >= len(p.text) || p.closes():
		p.fail(start, start+1, "Unexpected end of an expression", "an operand is missing")
	case c == '\'' || c == '"':
		text := p.quoted()
		return &node{kind: kindText, start: start, end: p.pos, text: text, val: value.Text(text)}
	case c >= '0' && c <= '9':
		return p.number()
	case c == '`':
		name := p.backtick()
		if p.spaceBefore('(') {
			p.fail(start, p.pos, "a back-ticked name is no function", "write the name without back ticks")
		}
		return &node{kind: kindName, start: start, end: p.pos, text: name}
	case c == '(':
		return p.group()
	case c == '[':
		return p.array()
	case c == '{' && !strings.HasPrefix(p.text[p.pos:], "{{"):
		return p.object()
	}
	if end := p.identEnd(start); end > start {
		p.pos = end
		return p.name(start)
	}
	p.failOperand()
	return nil
}

func (p *parser) spaceBefore(c byte) bool {
	rest := strings.TrimLeftFunc(p.text[p.pos:], value.IsSpace)
	return rest != "" && rest[0] == c
}

// name makes a keyword, a call or a name of the identifier that has just been read.
func (p *parser) name(start int) *node {
	n := &node{kind: kindName, start: start, end: p.pos, text: p.text[start:p.pos]}
	if p.spaceBefore('(') {
		p.space()
		open := p.pos
		p.pos++
		n.kind = kindCall
		n.args = p.arguments(open, ')')
		n.end = p.pos
	} else if isKeyword(n.text) {
		n.kind = kindKeyword
	}
	return n
}

// group reads "( expr )".
func (p *parser) group() *node {
	open := p.pos
	p.pos++
	p.descend()
	n := p.chain(levelOr)
	p.depth--
	if p.space(); !p.take(')') {
		p.missing(open, ")")
	}
	return n
}

// array reads "[ … ]", which is no literal of the language: Make makes null of it.
func (p *parser) array() *node {
	start := p.pos
	p.pos++
	n := &node{kind: kindArray, start: start, args: p.arguments(start, ']')}
	n.end = p.pos
	p.report(CodeArrayLiteral, start, p.pos, "an array literal is null",
		"write split('a,b', ','), emptyarray, or merge(…)")
	return n
}

// arguments reads expressions up to the closing bracket. An empty one is undefined.
func (p *parser) arguments(open int, closing byte) []*node {
	p.descend()
	defer func() { p.depth-- }()
	var args []*node
	for {
		p.space()
		start := p.pos
		switch c := p.peek(); {
		case c == closing && len(args) == 0:
			p.pos++
			return nil
		case c == closing || c == ',' || c == ';':
			args = append(args, &node{kind: kindEmpty, start: start, end: start})
		default:
			args = append(args, p.chain(levelOr))
		}
		if len(args) > maxArguments {
			p.limit(start, fmt.Sprintf("more than %d arguments", maxArguments))
		}
		p.space()
		if p.take(closing) {
			return args
		}
		p.separator(open, closing)
	}
}

func (p *parser) separator(open int, closing byte) {
	switch c := p.peek(); {
	case c == ',' && p.dialect == Designer:
		p.unexpected("scenario mappings separate arguments with a semicolon")
	case c == ';' && p.dialect == App:
		p.report(CodeSemicolon, p.pos, p.pos+1, "a semicolon separates arguments in scenario mappings only", "write a comma")
	case c != ',' && c != ';':
		p.missing(open, string(rune(closing)))
	}
	p.pos++
}

// object reads "{ key: expr, … }".
func (p *parser) object() *node {
	open := p.pos
	p.pos++
	p.descend()
	defer func() { p.depth-- }()
	n := &node{kind: kindObject, start: open}
	for p.space(); !p.take('}'); p.space() {
		if len(n.keys) > 0 {
			if !p.take(',') {
				p.missing(open, "}")
			}
			p.space()
		}
		n.keys = append(n.keys, p.objectKey())
		if p.space(); !p.take(':') {
			p.unexpected("a colon follows the key of an object")
		}
		n.args = append(n.args, p.chain(levelOr))
		if len(n.args) > maxArguments {
			p.limit(p.pos, fmt.Sprintf("more than %d arguments", maxArguments))
		}
	}
	n.end = p.pos
	p.report(CodeObjectLiteral, open, p.pos, "an object literal is not portable to Make",
		"set the members of a temp object, or write parseJSON('{\"k\":\"v\"}')")
	return n
}

func (p *parser) objectKey() string {
	start := p.pos
	switch p.peek() {
	case '\'', '"':
		return p.quoted()
	case '`':
		return p.backtick()
	}
	if p.pos = p.identEnd(start); p.pos == start {
		p.unexpected("the key of an object is a name, a back-ticked name or a text")
	}
	return p.text[start:p.pos]
}
