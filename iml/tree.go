package iml

import "github.com/cleat-run/cleat/value"

// kind says what a node is.
type kind uint8

const (
	kindEmpty   kind = iota // nothing between two separators, or {{ }}
	kindText                // 'text'
	kindNumber              // 12
	kindKeyword             // true, now, …
	kindName                // a member of the scope
	kindPath                // args[0] followed by segs
	kindCall                // text(args…)
	kindUnary               // ops[0] applied to args[0]
	kindChain               // args joined by ops of one precedence level
	kindObject              // {keys[0]: args[0], …}
	kindArray               // [args…], which is null
)

// node is one node of the tree that the parser makes. A chain holds all operands of one
// precedence level, so that "a + b + c + …" is evaluated by a loop and not by recursion.
type node struct {
	kind       kind
	start, end int         // bytes of the template
	text       string      // content of a text, digits of a number, name of anything named
	val        value.Value // of a text or a number
	ops        []operator
	args       []*node
	keys       []string
	segs       []segment
}

// segment is one step of a path: a name, an index, [] for the first element, or an
// expression in brackets.
type segment struct {
	name    string
	index   int // 1-based; negative counts from the end
	isIndex bool
	isFirst bool
	fold    bool // the name of a header, found without regard to case
	expr    *node
}

// named returns the step to name, which is also an index when it is a whole number.
func named(name string) segment {
	n, ok := wholeNumber(name)
	return segment{name: name, index: n, isIndex: ok}
}

// wholeNumber reads an optional minus and up to nine digits.
func wholeNumber(s string) (n int, ok bool) {
	digits := s
	if len(s) > 1 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 9 {
		return 0, false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return 0, false
		}
		n = n*10 + int(digits[i]-'0')
	}
	if len(digits) < len(s) {
		n = -n
	}
	return n, true
}

// part is a piece of a template: literal text, or an expression when expr is set.
type part struct {
	text string
	expr *node
}

// walk calls visit for n and every node below it, parents first.
func (n *node) walk(visit func(*node)) {
	visit(n)
	for _, arg := range n.args {
		arg.walk(visit)
	}
	for _, seg := range n.segs {
		if seg.expr != nil {
			seg.expr.walk(visit)
		}
	}
}

// sameTree reports whether two trees are equal but for positions.
func sameTree(a, b *node) bool {
	if a.kind != b.kind || a.text != b.text || len(a.args) != len(b.args) ||
		len(a.ops) != len(b.ops) || len(a.keys) != len(b.keys) || len(a.segs) != len(b.segs) {
		return false
	}
	for i := range a.ops {
		if a.ops[i] != b.ops[i] {
			return false
		}
	}
	for i := range a.keys {
		if a.keys[i] != b.keys[i] {
			return false
		}
	}
	for i := range a.args {
		if !sameTree(a.args[i], b.args[i]) {
			return false
		}
	}
	for i := range a.segs {
		if !sameSegment(a.segs[i], b.segs[i]) {
			return false
		}
	}
	return true
}

func sameSegment(a, b segment) bool {
	if (a.expr == nil) != (b.expr == nil) || a.expr != nil && !sameTree(a.expr, b.expr) {
		return false
	}
	a.expr, b.expr = nil, nil
	return a == b
}
