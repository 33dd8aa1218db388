package iml

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/value"
)

// Bounds of one template, checked while it is parsed.
const (
	maxTemplate  = 1 << 20 // bytes
	maxDepth     = 200
	maxArguments = 1000
)

// parser reads one template. It needs no separate tokens: what a character means depends
// on the place (a digit after a dot is a path step, a hyphen after "headers." a letter).
type parser struct {
	text    string
	pos     int
	depth   int
	dialect Dialect
	found   []finding
}

// finding is a problem or an advice at a range of the template.
type finding struct {
	code       string
	message    string
	hint       string
	start, end int
}

// stop is the panic that leaves the parser at the first fault of an expression.
type stop struct{ finding }

// parseTemplate splits text into its parts. Each faulty expression adds one finding of
// code [CodeSyntax] or [CodeLimit] and is left out.
func parseTemplate(text string, dialect Dialect) (parts []part, found []finding) {
	p := &parser{text: text, dialect: dialect}
	if len(text) > maxTemplate {
		p.report(CodeLimit, 0, 2, fmt.Sprintf("template is longer than %d bytes", maxTemplate), "")
		return nil, p.found
	}
	for p.pos < len(text) {
		at := strings.Index(text[p.pos:], "{{")
		if at < 0 {
			parts = append(parts, part{text: text[p.pos:]})
			break
		}
		open := p.pos + at
		if at > 0 {
			parts = append(parts, part{text: text[p.pos:open]})
			if text[open-1] == '\\' {
				p.report(CodeBackslash, open-1, open, "a back slash before {{ has no meaning", "for a literal {{ write {{'{{'}}")
			}
		}
		if expr := p.expression(open); expr != nil {
			parts = append(parts, part{expr: expr})
		}
	}
	return parts, p.found
}

// expression reads "{{ … }}" at open and returns nil after a fault.
func (p *parser) expression(open int) (expr *node) {
	p.pos, p.depth = open+2, 0
	defer func() {
		switch r := recover().(type) {
		case nil:
		case stop:
			p.found = append(p.found, r.finding)
			expr, p.pos = nil, p.recoveryPoint(open+2)
		default:
			panic(r)
		}
	}()
	p.space()
	if p.closes() {
		p.pos += 2
		return &node{kind: kindEmpty, start: open, end: p.pos}
	}
	expr = p.chain(levelOr)
	if p.space(); !p.closes() {
		p.failAfterExpression(open)
	}
	p.pos += 2
	return expr
}

// recoveryPoint returns where the text after a faulty expression begins.
func (p *parser) recoveryPoint(from int) int {
	quote := byte(0)
	for i := from; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case c == '}' && strings.HasPrefix(p.text[i:], "}}"):
			return i + 2
		}
	}
	if end := strings.Index(p.text[from:], "}}"); end >= 0 {
		return from + end + 2
	}
	return len(p.text)
}

// closes reports whether the expression ends here.
func (p *parser) closes() bool { return strings.HasPrefix(p.text[p.pos:], "}}") }

func (p *parser) report(code string, start, end int, message, hint string) {
	p.found = append(p.found, finding{code: code, message: message, hint: hint, start: start, end: end})
}

func (p *parser) fail(start, end int, message, hint string) {
	panic(stop{finding{code: CodeSyntax, message: message, hint: hint, start: start, end: max(end, start+1)}})
}

func (p *parser) limit(at int, message string) {
	panic(stop{finding{code: CodeLimit, message: message, start: at, end: at + 1}})
}

// peek returns the byte at the position, 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.text) {
		return p.text[p.pos]
	}
	return 0
}

func (p *parser) rune() (r rune, size int) { return utf8.DecodeRuneInString(p.text[p.pos:]) }

func (p *parser) space() {
	for p.pos < len(p.text) {
		r, size := p.rune()
		if !value.IsSpace(r) {
			return
		}
		p.pos += size
	}
}

func (p *parser) take(c byte) bool {
	if p.peek() == c && p.pos < len(p.text) {
		p.pos++
		return true
	}
	return false
}

func (p *parser) descend() {
	if p.depth++; p.depth > maxDepth {
		p.limit(p.pos, fmt.Sprintf("expression is nested deeper than %d levels", maxDepth))
	}
}
