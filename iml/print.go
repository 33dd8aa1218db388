package iml

import "strings"

// printer writes a tree in its canonical form: one spelling for each operator, single
// quotes, a comma and a blank between arguments (a semicolon in the designer dialect),
// no needless brackets.
type printer struct {
	strings.Builder
	separator string
}

func printTemplate(parts []part, dialect Dialect) string {
	p := printer{separator: ", "}
	if dialect == Designer {
		p.separator = "; "
	}
	for _, part := range parts {
		if part.expr == nil {
			p.WriteString(part.text)
			continue
		}
		p.WriteString("{{")
		var inner printer
		inner.separator = p.separator
		inner.node(part.expr)
		text := inner.String()
		if strings.HasPrefix(text, "{") || strings.HasSuffix(text, "}") {
			text = " " + text + " "
		}
		p.WriteString(text + "}}")
	}
	return p.String()
}

func (p *printer) node(n *node) {
	switch n.kind {
	case kindText:
		p.quote(n.text)
	case kindNumber, kindKeyword:
		p.WriteString(n.text)
	case kindName:
		p.name(n.text)
	case kindPath:
		p.path(n)
	case kindCall:
		p.WriteString(n.text)
		p.list("(", n.args, ")")
	case kindArray:
		p.list("[", n.args, "]")
	case kindUnary:
		p.WriteString(operators[n.ops[0]].text)
		p.grouped(n.args[0], n.args[0].kind == kindChain)
	case kindChain:
		p.chain(n)
	case kindObject:
		p.object(n)
	}
}

func (p *printer) grouped(n *node, group bool) {
	if !group {
		p.node(n)
		return
	}
	p.WriteByte('(')
	p.node(n)
	p.WriteByte(')')
}

func (p *printer) chain(n *node) {
	level := operators[n.ops[0]].level
	for i, arg := range n.args {
		if i > 0 {
			p.WriteString(" " + operators[n.ops[i-1]].text + " ")
		}
		p.grouped(arg, arg.kind == kindChain && operators[arg.ops[0]].level <= level)
	}
}

func (p *printer) list(open string, args []*node, closing string) {
	p.WriteString(open)
	for i, arg := range args {
		if i > 0 {
			p.WriteString(p.separator)
		}
		p.node(arg)
	}
	p.WriteString(closing)
}

func (p *printer) object(n *node) {
	p.WriteByte('{')
	for i, key := range n.keys {
		if i > 0 {
			p.WriteString(", ")
		}
		if isIdent(key) {
			p.WriteString(key)
		} else {
			p.quote(key)
		}
		p.WriteString(": ")
		p.node(n.args[i])
		if i == len(n.keys)-1 && strings.HasSuffix(p.String(), "}") {
			p.WriteByte(' ')
		}
	}
	p.WriteByte('}')
}

func (p *printer) path(n *node) {
	base := n.args[0]
	p.grouped(base, base.kind == kindNumber || base.kind == kindUnary || base.kind == kindChain)
	for _, seg := range n.segs {
		switch {
		case seg.expr != nil:
			p.WriteByte('[')
			p.grouped(seg.expr, seg.expr.isStaticIndex())
			p.WriteByte(']')
		case seg.isFirst:
			p.WriteString("[]")
		case seg.isIndex && seg.isCanonical():
			p.WriteString("[" + seg.name + "]")
		case isIdent(seg.name):
			p.WriteString("." + seg.name)
		case strings.Contains(seg.name, "`"):
			p.WriteByte('[')
			p.quote(seg.name)
			p.WriteByte(']')
		default:
			p.WriteString(".`" + seg.name + "`")
		}
	}
}

// isCanonical reports whether the name is the shortest spelling of the index.
func (s segment) isCanonical() bool {
	digits := strings.TrimPrefix(s.name, "-")
	return digits == "0" && s.name == "0" || digits[0] != '0'
}

// isStaticIndex reports whether n between brackets would be read as a constant step.
func (n *node) isStaticIndex() bool {
	return n.kind == kindText || n.kind == kindNumber ||
		n.kind == kindUnary && n.ops[0] == opNegate && n.args[0].kind == kindNumber
}

// name writes a root. Words that are operators keep their back ticks for the reader.
func (p *printer) name(name string) {
	if isIdent(name) && !isKeyword(name) && words[name] == opNone && name != "not" {
		p.WriteString(name)
		return
	}
	p.WriteString("`" + name + "`")
}

var escapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`)

func (p *printer) quote(text string) {
	p.WriteByte('\'')
	_, _ = escapes.WriteString(p, text)
	p.WriteByte('\'')
}
