package iml

import (
	"fmt"
	"strings"
	"unicode/utf16"
)

// This file words the faults of the parser. The wordings "Unexpected [ at 24", "Operator
// next to operator" and "Operator on end of an expression" are those of the original
// engine, so that people find them.

// unexpected fails at the character at the position.
func (p *parser) unexpected(hint string) {
	if p.pos >= len(p.text) {
		p.fail(p.pos, p.pos+1, "Unexpected end of an expression", hint)
	}
	end := p.pos
	if _, size := p.rune(); size > 0 {
		end += size
	}
	if ident := p.identEnd(p.pos); ident > end {
		end = ident
	}
	p.fail(p.pos, end, fmt.Sprintf("Unexpected %s at %d", p.text[p.pos:end], p.column(p.pos)), hint)
}

// column counts the UTF-16 units before the offset, as the original engine does.
func (p *parser) column(offset int) int {
	n := 0
	for _, r := range p.text[:offset] {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// missing fails because the bracket that was opened at open is not closed here.
func (p *parser) missing(open int, closing string) {
	if p.pos >= len(p.text) || p.closes() || strings.IndexByte(")]}", p.peek()) >= 0 {
		p.fail(open, open+1, fmt.Sprintf("%s is not closed", p.text[open:open+1]), "close it with "+closing)
	}
	p.unexpected(p.hintAfterOperand("an operator, a separator or " + closing + " is missing here"))
}

// failAfterExpression fails because the expression that was opened at open goes on where
// it could end.
func (p *parser) failAfterExpression(open int) {
	if p.pos >= len(p.text) || p.peek() == '}' {
		p.fail(open, open+2, "{{ is not closed", "close the expression with }}")
	}
	p.unexpected(p.hintAfterOperand("an operator is missing here"))
}

// hintAfterOperand returns the advice for a known mistake that shows behind an operand.
func (p *parser) hintAfterOperand(otherwise string) string {
	r, _ := p.rune()
	switch r {
	case '?', ':':
		if before := p.text[:p.pos]; r == ':' && (strings.HasSuffix(before, "HH") || strings.HasSuffix(before, "hh")) {
			return "write a date format as a text: 'YYYY-MM-DD HH:mm'"
		}
		return "there is no ternary operator; write if(condition, a, b)"
	case '(':
		return "values have no methods; write a function such as map(array, 'key')"
	case ',', ';':
		return "a separator stands between the arguments of a function only"
	case ')', ']':
		return "no bracket is open here"
	case '“', '”', '‘', '’', '„':
		return curlyHint
	}
	return otherwise
}

const curlyHint = "curly quotes are no quotes; write ' or \""

// failOperand fails at a character that begins no operand.
func (p *parser) failOperand() {
	r, _ := p.rune()
	switch r {
	case '/':
		p.failRegex()
	case '“', '”', '‘', '’', '„':
		p.unexpected(curlyHint)
	case '}':
		p.fail(p.pos, p.pos+1, "Unexpected end of an expression", "an operand is missing")
	case '.':
		p.unexpected("a number begins with a digit; there is no spread inside an expression")
	case '{':
		p.unexpected("an expression holds no second {{; write the name alone")
	}
	if op, spelling := p.infix(); op != opNone {
		p.fail(p.pos, p.pos+len(spelling), fmt.Sprintf("Unexpected %s at %d", spelling, p.column(p.pos)),
			"an operand is missing before the operator")
	}
	p.unexpected("")
}

// failRegex fails at an unquoted regular expression. The original engine stumbles over
// its second operator or over its "[".
func (p *parser) failRegex() {
	start := p.pos
	line, _, _ := strings.Cut(p.text[start+1:], "\n")
	end := strings.IndexByte(line, '/')
	if end < 0 {
		p.fail(start, start+1, fmt.Sprintf("Unexpected / at %d", p.column(start)), "an operand is missing before the operator")
	}
	stop := start + 1 + end + 1
	for stop < len(p.text) && isNameByte(p.text[stop]) {
		stop++
	}
	hint := "write a regular expression as a text: '" + p.text[start:stop] + "'"
	if strings.HasPrefix(line, "[") {
		p.fail(start, stop, fmt.Sprintf("Unexpected [ at %d", p.column(start+1)), hint)
	}
	p.fail(start, stop, "Operator next to operator", hint)
}
