package iml

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cleat-run/cleat/value"
)

// number reads a number, or the digits that begin a path such as 1.email.
func (p *parser) number() *node {
	start := p.pos
	p.digits()
	if p.peek() == '.' {
		next, _ := utf8.DecodeRuneInString(p.text[p.pos+1:])
		switch {
		case next >= '0' && next <= '9':
			p.pos++
			p.digits()
		case next == '`' || isIdentStart(next):
			return &node{kind: kindName, start: start, end: p.pos, text: p.text[start:p.pos]}
		}
	}
	p.exponent()
	n := &node{kind: kindNumber, start: start, end: p.pos, text: p.text[start:p.pos]}
	n.val, _ = value.Digits(n.text)
	return n
}

func (p *parser) digits() {
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.pos++
	}
}

func (p *parser) exponent() {
	if c := p.peek(); c != 'e' && c != 'E' {
		return
	}
	mark := p.pos
	p.pos++
	if c := p.peek(); c == '+' || c == '-' {
		p.pos++
	}
	digits := p.pos
	if p.digits(); p.pos == digits {
		p.pos = mark
	}
}

// quoted reads a text in quotes. A back slash before a delimiter or a back slash gives
// that character, \n \r \t a control character; before anything else it is kept, so that
// '/\d+/g' needs no doubling.
func (p *parser) quoted() string {
	open, quote := p.pos, p.text[p.pos]
	p.pos++
	start := p.pos
	for ; p.pos < len(p.text); p.pos++ {
		switch p.text[p.pos] {
		case quote:
			p.pos++
			return p.text[start : p.pos-1]
		case '\\':
			return p.escaped(open, quote)
		}
	}
	p.fail(open, open+1, "text is not closed", "close it with "+string(rune(quote)))
	return ""
}

func (p *parser) escaped(open int, quote byte) string {
	text := []byte(p.text[open+1 : p.pos])
	for ; p.pos < len(p.text); p.pos++ {
		c := p.text[p.pos]
		if c == quote {
			p.pos++
			return string(text)
		}
		if c != '\\' || p.pos+1 == len(p.text) {
			text = append(text, c)
			continue
		}
		p.pos++
		switch e := p.text[p.pos]; e {
		case 'n':
			text = append(text, '\n')
		case 'r':
			text = append(text, '\r')
		case 't':
			text = append(text, '\t')
		case quote, '\\':
			text = append(text, e)
		default:
			text = append(text, '\\', e)
		}
	}
	p.fail(open, open+1, "text is not closed", "close it with "+string(rune(quote)))
	return ""
}

// backtick reads a name in back ticks.
func (p *parser) backtick() string {
	open := p.pos
	end := strings.IndexByte(p.text[open+1:], '`')
	if end < 0 {
		p.fail(open, open+1, "back-ticked name is not closed", "close it with `")
	}
	p.pos = open + 1 + end + 1
	name := p.text[open+1 : p.pos-1]
	if strings.Contains(name, "${") {
		p.report(CodeTemplateLiteral, open, p.pos, "back ticks enclose a name; there are no template literals",
			"join texts with +")
	}
	return name
}

// identEnd returns the end of the identifier at the position at, or at.
func (p *parser) identEnd(at int) int {
	for i := at; i < len(p.text); {
		c := p.text[i]
		if c < utf8.RuneSelf {
			if !isNameByte(c) || i == at && c >= '0' && c <= '9' {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(p.text[i:])
		if !unicode.IsLetter(r) && (i == at || !unicode.IsDigit(r) && !unicode.IsMark(r)) {
			return i
		}
		i += size
	}
	return len(p.text)
}

func isIdentStart(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || r == '_' || r == '$')
}

// isIdent reports whether name can be written without back ticks.
func isIdent(name string) bool {
	p := parser{text: name}
	return name != "" && p.identEnd(0) == len(name)
}
