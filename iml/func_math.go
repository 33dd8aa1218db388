package iml

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/value"
)

var mathFunctions = []Function{
	{Name: "round", Summary: "Rounds to the next whole number, halves upward.", passes: true,
		Params: []Param{{Name: "number"}}, Examples: []Example{{"round(1.5)", "2"}, {"round(-1.5)", "-1"}}, Call: onNumber(round)},
	{Name: "floor", Summary: "Rounds down.", passes: true, Params: []Param{{Name: "number"}}, Examples: []Example{{"floor(1.9)", "1"}}, Call: onNumber(math.Floor)},
	{Name: "ceil", Summary: "Rounds up.", passes: true, Params: []Param{{Name: "number"}}, Examples: []Example{{"ceil(1.1)", "2"}}, Call: onNumber(math.Ceil)},
	{Name: "abs", Summary: "Gives the number without its sign.", passes: true, Params: []Param{{Name: "number"}}, Examples: []Example{{"abs(-2)", "2"}}, Call: onNumber(math.Abs)},
	{Name: "trunc", Summary: "Cuts a number off after some decimals, none by default; negative ones make digits before the point zero.", passes: true,
		Params:   []Param{{Name: "number"}, {Name: "decimals", Optional: true}},
		Examples: []Example{{"trunc(-3.789, 1)", "-3.7"}, {"trunc(123.456, -2)", "100"}}, Call: truncFunction},
	aggregate("min", "Gives the smallest number of an array or of the arguments; null when there is none.", leastNumber, "1"),
	aggregate("max", "Gives the largest number of an array or of the arguments; null when there is none.", greatestNumber, "4"),
	aggregate("sum", "Gives the sum of an array or of the arguments; 0 when there are no numbers.", sumOf, "7"),
	aggregate("average", "Gives the mean of an array or of the arguments; null when there are no numbers.", averageOf, "2.3333333333333335"),
	aggregate("median", "Gives the middle number of an array or of the arguments; null when there is none.", medianOf, "2"),
	aggregate("stdevS", "Gives the standard deviation of a sample; null for less than two numbers.", sampleDeviation, "1.5275252316519468"),
	aggregate("stdevP", "Gives the standard deviation of a population; null when there are no numbers.", populationDeviation, "1.247219128924647"),
	{Name: "parseNumber", Summary: "Reads a number that is written with a decimal separator, a point by default.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "decimalSeparator", Optional: true}},
		Examples: []Example{{"parseNumber('1 756,456', ',')", "1756.456"}, {"parseNumber('1,756.456')", "1756.456"}}, Call: parseNumberFunction},
	{Name: "formatNumber", Summary: "Writes a number with decimals and separators.", passes: true,
		Params: []Param{{Name: "number"}, {Name: "decimals", Optional: true}, {Name: "decimalSeparator", Optional: true},
			{Name: "thousandsSeparator", Optional: true}},
		Examples: []Example{{"formatNumber(1234567.891, 1)", `"1.234.567,9"`}, {"formatNumber(-1234.5, 2, '.', ' ')", `"-1 234.50"`}}, Call: formatNumberFunction},
}

func onNumber(compute func(float64) float64) func(*Env, []value.Value) (value.Value, error) {
	return func(_ *Env, args []value.Value) (value.Value, error) {
		n, err := numberArg(args, 0)
		return value.Number(compute(n)), err
	}
}

// round is Math.round (ECMA-262 21.3.2.28): half goes towards plus infinity, and what is
// just below a half stays below.
func round(f float64) float64 {
	whole := math.Floor(f)
	if f-whole >= 0.5 {
		whole++
	}
	return whole
}

func truncFunction(_ *Env, args []value.Value) (value.Value, error) {
	n, err := numberArg(args, 0)
	if err != nil || arg(args, 1).IsNil() || math.IsNaN(n) || math.IsInf(n, 0) {
		return value.Number(math.Trunc(n)), err
	}
	decimals, err := numberArg(args, 1)
	return value.Number(truncate(n, int(max(-400, min(decimals, 400))))), err
}

// truncate cuts the shortest decimal form of n, so that trunc(4.35, 2) is 4.35.
func truncate(n float64, decimals int) float64 {
	text := strconv.FormatFloat(n, 'f', -1, 64)
	point := strings.IndexByte(text, '.')
	switch {
	case decimals > 0 && point < 0:
		return n
	case decimals > 0:
		n, _ = strconv.ParseFloat(text[:min(len(text), point+1+decimals)], 64)
		return n
	case point < 0:
		point = len(text)
	}
	kept := max(0, point+decimals)
	whole := text[:kept] + strings.Repeat("0", point-kept)
	if n, err := strconv.ParseFloat(whole, 64); err == nil {
		return n
	}
	return 0 // nothing but zeros, and perhaps a sign, is left
}

// aggregate is a function of an array of numbers, or of numbers given one by one. What is
// no number is passed over.
func aggregate(name, summary string, compute func([]float64) value.Value, ofExample string) Function {
	return Function{Name: name, Summary: summary, Params: []Param{{Name: "value", Variadic: true}},
		Examples: []Example{{name + "(4, 'x', 1, '2')", ofExample}},
		Call: func(env *Env, args []value.Value) (value.Value, error) {
			if list := arg(args, 0).Array(); list != nil && len(args) == 1 {
				args = list.Items()
			}
			if err := env.Step(len(args)); err != nil {
				return value.Undefined, err
			}
			return compute(numbersOf(args)), nil
		}}
}

// numbersOf returns the numbers among values; numeric texts count, NaN does not.
func numbersOf(values []value.Value) []float64 {
	numbers := make([]float64, 0, len(values))
	for _, v := range values {
		n := v.ToNumber()
		isText := v.IsText() && strings.TrimFunc(v.Str(), value.IsSpace) != ""
		if (v.Kind() == value.KindNumber || isText) && !math.IsNaN(n) {
			numbers = append(numbers, n)
		}
	}
	return numbers
}

func leastNumber(numbers []float64) value.Value {
	if len(numbers) == 0 {
		return value.Null
	}
	return value.Number(slices.Min(numbers))
}

func greatestNumber(numbers []float64) value.Value {
	if len(numbers) == 0 {
		return value.Null
	}
	return value.Number(slices.Max(numbers))
}

func sumOf(numbers []float64) value.Value { return value.Number(total(numbers)) }

func total(numbers []float64) float64 {
	sum := 0.0
	for _, n := range numbers {
		sum = calculate(opAdd, sum, n)
	}
	return sum
}

func averageOf(numbers []float64) value.Value {
	if len(numbers) == 0 {
		return value.Null
	}
	return value.Number(calculate(opDivide, total(numbers), float64(len(numbers))))
}

func medianOf(numbers []float64) value.Value {
	if len(numbers) == 0 {
		return value.Null
	}
	slices.Sort(numbers)
	middle := len(numbers) / 2
	if len(numbers)%2 == 1 {
		return value.Number(numbers[middle])
	}
	return averageOf(numbers[middle-1 : middle+1])
}

func sampleDeviation(numbers []float64) value.Value { return deviation(numbers, len(numbers)-1) }

func populationDeviation(numbers []float64) value.Value { return deviation(numbers, len(numbers)) }

func deviation(numbers []float64, divisor int) value.Value {
	if divisor < 1 {
		return value.Null
	}
	mean := 0.0
	for _, n := range numbers {
		mean += n
	}
	mean /= float64(len(numbers))
	squares := 0.0
	for _, n := range numbers {
		squares += (n - mean) * (n - mean)
	}
	return value.Number(math.Sqrt(squares / float64(divisor)))
}

func parseNumberFunction(_ *Env, args []value.Value) (value.Value, error) {
	v, separator := arg(args, 0), "."
	if v.Kind() == value.KindNumber {
		return v, nil
	}
	if given := arg(args, 1); !given.IsNil() {
		separator = given.ToText()
	}
	if separator != "." && separator != "," {
		return value.Undefined, &argumentError{index: 1, value: arg(args, 1), what: "decimal separator", hint: "write '.' or ','"}
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case string(r) == separator:
			return '.'
		case r == '.', r == ',', r == '\'', r == '’', value.IsSpace(r):
			return -1
		}
		return r
	}, v.ToText())
	n, err := strconv.ParseFloat(plain, 64)
	if strings.Trim(plain, "0123456789.eE+-") != "" || err != nil && !math.IsInf(n, 0) {
		return value.Undefined, &argumentError{value: v, what: "number"}
	}
	return value.Number(n), nil
}

func formatNumberFunction(_ *Env, args []value.Value) (value.Value, error) {
	n, err := numberArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	decimals := 0.0
	if !arg(args, 1).IsNil() {
		if decimals, err = numberArg(args, 1); err != nil {
			return value.Undefined, err
		}
	}
	if decimals = math.Trunc(decimals); !(decimals >= 0 && decimals <= 100) {
		return value.Undefined, &argumentError{index: 1, value: arg(args, 1), what: "number of decimals", hint: "0 to 100 are possible"}
	}
	text := toFixed(n, int(decimals))
	return value.Text(separate(text, textArg(args, 2, ","), textArg(args, 3, "."))), nil
}

// textArg is the text of the argument i, otherwise when it is not given.
func textArg(args []value.Value, i int, otherwise string) string {
	if v := arg(args, i); !v.IsNil() {
		return v.ToText()
	}
	return otherwise
}

// toFixed is Number.prototype.toFixed (ECMA-262 21.1.3.3): it rounds the exact binary
// value, ties away from zero.
func toFixed(n float64, decimals int) string {
	if math.IsNaN(n) || math.Abs(n) >= 1e21 {
		return value.FormatNumber(n)
	}
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	scale := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
	scaled := new(big.Rat).SetFloat64(n)
	scaled.Mul(scaled, new(big.Rat).SetInt(scale))
	scaled.Add(scaled, big.NewRat(1, 2))
	digits := new(big.Int).Quo(scaled.Num(), scaled.Denom()).String()
	if decimals == 0 {
		return sign + digits
	}
	digits = strings.Repeat("0", max(0, decimals+1-len(digits))) + digits
	return sign + digits[:len(digits)-decimals] + "." + digits[len(digits)-decimals:]
}

// separate puts separators into a number that toFixed wrote.
func separate(text, point, thousands string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "-", text[1:]
	}
	whole, fraction, hasFraction := strings.Cut(text, ".")
	if strings.Trim(whole+fraction, "0123456789") != "" {
		return sign + text // NaN, Infinity or an exponent
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + thousands + whole[i:]
	}
	if hasFraction {
		whole += point + fraction
	}
	return sign + whole
}
