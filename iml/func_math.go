package iml

import (
	"math"

	"github.com/cleat-run/cleat/value"
)

var mathFunctions = []Function{
	{Name: "round", Summary: "Rounds to the next whole number, halves upward.", passes: true,
		Params: []Param{{Name: "number"}}, Examples: []Example{{"round(-1.5)", "-1"}}, call: onNumber(func(f float64) float64 { return math.Floor(f + 0.5) })},
	{Name: "floor", Summary: "Rounds down.", passes: true, Params: []Param{{Name: "number"}}, Examples: []Example{{"floor(1.9)", "1"}}, call: onNumber(math.Floor)},
	{Name: "ceil", Summary: "Rounds up.", passes: true, Params: []Param{{Name: "number"}}, Examples: []Example{{"ceil(1.1)", "2"}}, call: onNumber(math.Ceil)},
	{Name: "abs", Summary: "Gives the number without its sign.", passes: true, Params: []Param{{Name: "number"}}, Examples: []Example{{"abs(-2)", "2"}}, call: onNumber(math.Abs)},
}

func onNumber(compute func(float64) float64) func(*Env, []value.Value) (value.Value, error) {
	return func(_ *Env, args []value.Value) (value.Value, error) {
		n, err := numberArg(args, 0)
		return value.Number(compute(n)), err
	}
}
