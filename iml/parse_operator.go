package iml

import (
	"strings"

	"github.com/cleat-run/cleat/value"
)

// chain reads operands joined by operators of the given level.
func (p *parser) chain(level int) *node {
	if level == levelUnary {
		return p.unary()
	}
	first := p.chain(level + 1)
	var n *node
	for {
		p.space()
		at := p.pos
		op, spelling := p.infix()
		if op == opNone || operators[op].level != level {
			return orNode(n, first)
		}
		p.pos += len(spelling)
		p.space()
		operandAt := p.pos
		next := p.operand(level + 1)
		if n == nil {
			n = &node{kind: kindChain, start: first.start, args: []*node{first}}
		}
		n.ops, n.args, n.end = append(n.ops, op), append(n.args, next), next.end
		p.adviseOperator(spelling, at, operandAt, n.args[len(n.args)-2], next)
	}
}

func orNode(n, otherwise *node) *node {
	if n != nil {
		return n
	}
	return otherwise
}

// operand reads what follows an operator.
func (p *parser) operand(level int) *node {
	switch c := p.peek(); {
	case p.pos >= len(p.text) || c == '}' || c == ')' || c == ']' || c == ',' || c == ';' || c == ':':
		p.fail(p.pos, p.pos+1, "Operator on end of an expression", "an operand is missing after the operator")
	case c == '!' || c == '-':
	default:
		if op, spelling := p.infix(); op != opNone && !isLetterByte(spelling[0]) {
			p.failOperator(spelling)
		}
	}
	return p.chain(level)
}

func (p *parser) failOperator(spelling string) {
	hint := ""
	before := strings.TrimRightFunc(p.text[:p.pos], value.IsSpace)
	switch {
	case spelling[0] == '>' && strings.HasSuffix(before, "="):
		hint = "there are no lambdas; use map(array, 'key')"
	case spelling == "/" && strings.HasSuffix(before, "/"):
		hint = "there are no comments inside an expression"
	case spelling[0] == '=' && strings.HasSuffix(before, "+"):
		hint = "there is no assignment; set a member of temp instead"
	}
	p.fail(p.pos, p.pos+len(spelling), "Operator next to operator", hint)
}

// infix returns the operator at the position and how it is written there.
func (p *parser) infix() (operator, string) {
	c := p.peek()
	if c == 'a' || c == 'o' || c == 'm' {
		word := p.text[p.pos:p.identEnd(p.pos)]
		return words[word], word
	}
	if c < '!' || c > '|' {
		return opNone, ""
	}
	for _, s := range spellings {
		if s.text[0] == c && strings.HasPrefix(p.text[p.pos:], s.text) {
			return s.op, s.text
		}
	}
	return opNone, ""
}

// adviseOperator reports spellings that work but surprise.
func (p *parser) adviseOperator(spelling string, at, operandAt int, left, right *node) {
	switch {
	case spelling == "===" || spelling == "!==":
		p.report(CodeStrictEquality, at, at+len(spelling), spelling+" compares loosely, as = does: '1' equals 1", "")
	case isLetterByte(spelling[0]):
		p.report(CodeWordOperator, at, at+len(spelling), "the operator "+spelling+" is not portable to Make",
			"write "+operators[words[spelling]].text)
	case spelling == "-" && right.kind == kindName && at == left.end && operandAt == at+1 && left.isNamed():
		p.report(CodeHyphen, left.start, right.end, "the hyphen subtracts "+right.text,
			"for a name with a hyphen write back ticks: "+p.backticked(left, right))
	}
}

// isNamed reports whether n ends in a plain name.
func (n *node) isNamed() bool {
	if n.kind == kindPath {
		last := n.segs[len(n.segs)-1]
		return last.name != "" && !last.isIndex
	}
	return n.kind == kindName
}

func (p *parser) backticked(left, right *node) string {
	whole := p.text[left.start:right.end]
	dot := strings.LastIndexByte(p.text[left.start:left.end], '.') + 1
	return whole[:dot] + "`" + whole[dot:] + "`"
}

// unary reads prefix operators and what they apply to.
func (p *parser) unary() *node {
	p.space()
	p.descend()
	defer func() { p.depth-- }()
	start, op := p.pos, opNone
	switch {
	case p.peek() == '!':
		op = opNot
		p.pos++
	case p.peek() == '-':
		op = opNegate
		p.pos++
	case p.negatesByWord():
		op = opNot
		p.pos += len("not")
		p.report(CodeWordOperator, start, p.pos, "the operator not is not portable to Make", "write !")
	default:
		return p.postfix()
	}
	p.space()
	operand := p.operand(levelUnary)
	return &node{kind: kindUnary, start: start, end: operand.end, ops: []operator{op}, args: []*node{operand}}
}

// negatesByWord reports whether the word not at the position is the operator: an operand
// follows, and not directly an opening bracket, which would be a call.
func (p *parser) negatesByWord() bool {
	if !strings.HasPrefix(p.text[p.pos:], "not") || p.identEnd(p.pos) != p.pos+3 {
		return false
	}
	rest := strings.TrimLeftFunc(p.text[p.pos+3:], value.IsSpace)
	if rest == "" || rest[0] == '(' && p.text[p.pos+3] == '(' {
		return false
	}
	if strings.IndexByte("('\"`!{", rest[0]) >= 0 {
		return !strings.HasPrefix(rest, "!=")
	}
	at := len(p.text) - len(rest)
	end := p.identEnd(at)
	if _, isWord := words[p.text[at:end]]; isWord {
		return false
	}
	return end > at || rest[0] >= '0' && rest[0] <= '9'
}
