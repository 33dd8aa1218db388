package iml

import (
	"bytes"
	"math"

	"github.com/cleat-run/cleat/value"
)

// operator is an operator of the language; aliases share one.
type operator uint8

const (
	opNone operator = iota
	opOr
	opAnd
	opEqual
	opNotEqual
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opAdd
	opAddNumbers
	opSubtract
	opMultiply
	opDivide
	opRemainder
	opNot
	opNegate
)

// Precedence levels; the figures of the real library are 5, 6, 10, 11, 13, 14 and 16.
const (
	levelOr = iota
	levelAnd
	levelEquality
	levelRelation
	levelSum
	levelProduct
	levelUnary
)

// operators gives level and canonical spelling.
var operators = [...]struct {
	level int
	text  string
}{
	opOr: {levelOr, "|"}, opAnd: {levelAnd, "&"},
	opEqual: {levelEquality, "="}, opNotEqual: {levelEquality, "!="},
	opLess: {levelRelation, "<"}, opLessEqual: {levelRelation, "<="},
	opGreater: {levelRelation, ">"}, opGreaterEqual: {levelRelation, ">="},
	opAdd: {levelSum, "+"}, opAddNumbers: {levelSum, "++"}, opSubtract: {levelSum, "-"},
	opMultiply: {levelProduct, "*"}, opDivide: {levelProduct, "/"}, opRemainder: {levelProduct, "%"},
	opNot: {levelUnary, "!"}, opNegate: {levelUnary, "-"},
}

// spellings lists every infix spelling, longer ones before their prefixes.
var spellings = [...]struct {
	text string
	op   operator
}{
	{"===", opEqual}, {"!==", opNotEqual}, {"==", opEqual}, {"!=", opNotEqual},
	{"<=", opLessEqual}, {">=", opGreaterEqual}, {"||", opOr}, {"&&", opAnd}, {"++", opAddNumbers},
	{"=", opEqual}, {"<", opLess}, {">", opGreater}, {"|", opOr}, {"&", opAnd},
	{"+", opAdd}, {"-", opSubtract}, {"*", opMultiply}, {"/", opDivide}, {"%", opRemainder},
}

// words are the infix operators written as words, an alias of cleat.
var words = map[string]operator{"and": opAnd, "or": opOr, "mod": opRemainder}

// apply computes a op b; and & or are evaluated by the chain itself.
func apply(op operator, a, b value.Value) value.Value {
	switch op {
	case opEqual:
		return value.Bool(LooseEqual(a, b))
	case opNotEqual:
		return value.Bool(!LooseEqual(a, b))
	case opLess, opLessEqual, opGreater, opGreaterEqual:
		return value.Bool(relates(op, a, b))
	case opAdd:
		return Add(a, b)
	case opAddNumbers:
		return value.Number(a.ToNumber() + b.ToNumber())
	case opSubtract:
		return value.Number(a.ToNumber() - b.ToNumber())
	}
	return value.Number(calculate(op, a.ToNumber(), b.ToNumber()))
}

func relates(op operator, a, b value.Value) bool {
	order, ok := Compare(a, b)
	switch op {
	case opLess:
		return ok && order < 0
	case opLessEqual:
		return ok && order <= 0
	case opGreater:
		return ok && order > 0
	}
	return ok && order >= 0
}

// Add returns a + b: undefined and null give way to the other side, a text on either
// side makes a text, numbers are added as decimals (0.1 + 0.2 is 0.3).
func Add(a, b value.Value) value.Value {
	switch {
	case a.Kind() == value.KindNumber && b.Kind() == value.KindNumber:
		return value.Number(calculate(opAdd, a.Float(), b.Float()))
	case a.IsNil():
		return otherSide(b)
	case b.IsNil():
		return otherSide(a)
	case a.IsText() || b.IsText() || !isCountable(a) || !isCountable(b):
		return value.Text(a.ToText() + b.ToText())
	}
	return value.Number(a.ToNumber() + b.ToNumber())
}

// otherSide is v + null.
func otherSide(v value.Value) value.Value {
	if v.IsText() || isCountable(v) {
		return v
	}
	return value.Null
}

// isCountable reports whether v is a number, a boolean or a date.
func isCountable(v value.Value) bool {
	switch v.Kind() {
	case value.KindNumber, value.KindBool, value.KindDate:
		return true
	}
	return false
}

// Compare orders a and b as < does: two texts by UTF-16 code units, anything else as
// numbers. It reports false when one of them is not a number, so that no relation holds.
func Compare(a, b value.Value) (order int, ok bool) {
	if a.IsText() && b.IsText() {
		return compareText(a.Str(), b.Str()), true
	}
	x, y := a.Float(), b.Float()
	if a.Kind() != value.KindNumber || b.Kind() != value.KindNumber {
		x, y = a.ToNumber(), b.ToNumber()
	}
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, x == y
}

// compareText orders by UTF-16 code units, which differs from the order of code points
// only where a surrogate pair meets U+E000 to U+FFFF.
func compareText(a, b string) int {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	if i == len(a) || i == len(b) {
		return len(a) - len(b)
	}
	x, y := a[i], b[i]
	// A byte from 0xF0 begins a surrogate pair, one from 0xEE on U+E000 and beyond.
	if x >= 0xF0 && (y == 0xEE || y == 0xEF) {
		return -1
	}
	if y >= 0xF0 && (x == 0xEE || x == 0xEF) {
		return 1
	}
	return int(x) - int(y)
}

// LooseEqual reports whether a = b, in the loose sense of JavaScript's == (the language
// reference lists the cases): null equals undefined, '1' equals 1, true equals '1'.
// Dates are compared by instant, buffers by bytes, arrays and collections by identity.
func LooseEqual(a, b value.Value) bool {
	if a.IsNil() || b.IsNil() {
		return a.IsNil() && b.IsNil()
	}
	if a.IsText() && b.IsText() {
		return a.Str() == b.Str()
	}
	if a.Kind() == b.Kind() {
		return sameKindEqual(a, b)
	}
	switch {
	case a.Kind() == value.KindBool:
		return LooseEqual(value.Number(a.ToNumber()), b)
	case b.Kind() == value.KindBool:
		return LooseEqual(a, value.Number(b.ToNumber()))
	case isReference(a) && isReference(b):
		return false
	case isReference(a) || isReference(b):
		return a.ToText() == b.ToText()
	case a.Kind() == value.KindDate && b.IsText() || b.Kind() == value.KindDate && a.IsText():
		return a.ToText() == b.ToText()
	}
	return a.ToNumber() == b.ToNumber()
}

func sameKindEqual(a, b value.Value) bool {
	switch a.Kind() {
	case value.KindArray:
		return a.Array() == b.Array()
	case value.KindCollection:
		return a.Collection() == b.Collection()
	case value.KindBuffer:
		return bytes.Equal(a.Bytes(), b.Bytes())
	case value.KindError:
		return a.Err() == b.Err()
	case value.KindNumber:
		return a.Float() == b.Float() && a.LongDigits() == b.LongDigits()
	}
	return a.ToNumber() == b.ToNumber()
}

func isReference(v value.Value) bool {
	switch v.Kind() {
	case value.KindArray, value.KindCollection, value.KindBuffer, value.KindError:
		return true
	}
	return false
}

// maxExact is 2^53, up to which every integer is a double.
const maxExact = 1 << 53

func isExact(f float64) bool { return f == math.Trunc(f) && math.Abs(f) < maxExact }
