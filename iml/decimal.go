package iml

import (
	"math"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// calculate computes + * / % in decimal: each operand becomes its shortest decimal
// form, the result has 20 significant digits and becomes a double again (the settings of
// decimal.js that the original uses). NaN, infinities and division by zero follow the
// doubles.
func calculate(op operator, a, b float64) float64 {
	plain := calculatePlain(op, a, b)
	if isExact(a) && isExact(b) && isExact(plain) && op != opDivide {
		return plain
	}
	if a == 0 || b == 0 || math.IsNaN(a) || math.IsNaN(b) || math.IsInf(a, 0) || math.IsInf(b, 0) {
		return plain
	}
	return calculateDecimal(op, a, b)
}

func calculatePlain(op operator, a, b float64) float64 {
	switch op {
	case opAdd:
		return a + b
	case opMultiply:
		return a * b
	case opDivide:
		return a / b
	}
	return math.Mod(a, b)
}

// Twenty digits for results; the remainder of two doubles needs every digit of their
// integer quotient, which may have more than 600.
var (
	twentyDigits = apd.Context{Precision: 20, Rounding: apd.RoundHalfUp, MaxExponent: 2000, MinExponent: -2000}
	allDigits    = apd.Context{Precision: 1000, Rounding: apd.RoundHalfUp, MaxExponent: 2000, MinExponent: -2000}
)

func calculateDecimal(op operator, a, b float64) float64 {
	x, y := decimal(a), decimal(b)
	var result apd.Decimal
	switch op {
	case opAdd:
		_, _ = twentyDigits.Add(&result, x, y)
	case opMultiply:
		_, _ = twentyDigits.Mul(&result, x, y)
	case opDivide:
		_, _ = twentyDigits.Quo(&result, x, y)
	default:
		_, _ = allDigits.Rem(&result, x, y)
	}
	return toFloat(&result)
}

// decimal returns the shortest decimal that reads back as the finite number f.
func decimal(f float64) *apd.Decimal {
	d, _, err := apd.NewFromString(strconv.FormatFloat(f, 'e', -1, 64))
	if err != nil {
		return apd.New(0, 0) // cannot happen for a finite double
	}
	return d
}

// toFloat returns the double nearest to d, infinite when d is beyond the range.
func toFloat(d *apd.Decimal) float64 {
	f, _ := strconv.ParseFloat(d.Text('e'), 64)
	return f
}
