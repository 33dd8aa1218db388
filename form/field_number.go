package form

import (
	"fmt"
	"math"
	"strings"

	"github.com/cleat-run/cleat/value"
)

var (
	numberType   = Type{Name: "number", Summary: "A number.", Stored: "number", convert: toNumber, empty: emptyPlain, accept: acceptNumber, tool: toolNumber}
	integerType  = Type{Name: "integer", Summary: "A whole number.", Stored: "number", convert: toWhole(math.Inf(-1)), empty: emptyPlain, accept: acceptNumber, tool: toolNumber}
	uintegerType = Type{Name: "uinteger", Summary: "A whole number that is not negative.", Stored: "number", convert: toWhole(0), empty: emptyPlain, accept: acceptNumber, tool: toolNumber}
	portType     = Type{Name: "port", Summary: "The number of a port, 1 to 65535.", Stored: "number", convert: toWhole(math.Inf(-1)), empty: emptyPlain, accept: acceptPort, tool: toolNumber}
)

const maxPort = 65535

// toNumber reads a text as a decimal number with an optional exponent; nothing else
// becomes a number (help.make.com/type-coercion).
func toNumber(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	if v.Kind() == value.KindNumber {
		if math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0) {
			return p.wrongType(f, v, at, "number")
		}
		return v, true
	}
	if v.Kind() == value.KindText {
		if n, ok := decimal(strings.TrimFunc(v.Str(), value.IsSpace)); ok {
			return n, true
		}
	}
	return p.wrongType(f, v, at, "number")
}

// decimal reads digits with a point and an exponent: no other notation of JavaScript.
func decimal(s string) (value.Value, bool) {
	if s == "" || strings.Trim(s, "0123456789.eE+-") != "" || !strings.ContainsAny(s, "0123456789") {
		return value.Undefined, false
	}
	n, err := value.Digits(strings.TrimPrefix(s, "+"))
	if err != nil || math.IsInf(n.Float(), 0) {
		return value.Undefined, false
	}
	return n, true
}

// toWhole makes a number without a fraction that is not below least.
func toWhole(least float64) func(*pass, *Field, value.Value, *place) (value.Value, bool) {
	return func(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
		n, ok := toNumber(p, f, v, at)
		switch {
		case !ok:
			return n, false
		case n.Float() != math.Trunc(n.Float()):
			return p.wrongType(f, n, at, "whole number")
		case n.Float() < least:
			return p.wrongType(f, n, at, "whole number from 0 on")
		}
		return n, true
	}
}

func acceptNumber(p *pass, f *Field, v value.Value, at *place) { p.number(f, v.Float(), at) }

func acceptPort(p *pass, f *Field, v value.Value, at *place) {
	switch n := v.Float(); {
	case n < 1:
		p.fail(f, at, CodeMin, fmt.Sprintf("%s is no port: the first is 1", v.ToText()), "")
	case n > maxPort:
		p.fail(f, at, CodeMax, fmt.Sprintf("%s is no port: the last is %d", v.ToText(), maxPort), "")
	}
	acceptNumber(p, f, v, at)
}
