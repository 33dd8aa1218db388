package iml

import "testing"

func TestFunctionsOfNumbers(t *testing.T) {
	t.Parallel()
	runCases(t, []evalCase{
		{`round(2.5)`, `3`},
		{`round(-2.5)`, `-2`},
		{`round('3.6')`, `4`},
		{`round('abc')`, `! 'abc' is not a valid number.`},
		{`round(o)`, `! '{object}' is not a valid number.`},
		{`round(true)`, `1`},
		{`round(missing)`, `undefined`},
		{`floor(-1.5)`, `-2`},
		{`trunc(1234.567, -2)`, `1200`},
		{`trunc(-0.5)`, `0`},
		{`trunc(1e21, 2)`, `1e+21`},
		{`trunc(0.1234567, 3)`, `0.123`},
		{`trunc(1.5, 'x')`, `! 'x' is not a valid number.`},
		{`min(3, '1', 2)`, `1`},
		{`min('x')`, `null`},
		{`max(arr)`, `3`},
		{`max(1, arr)`, `1`},
		{`sum(0.1, 0.2, 0.3)`, `0.6`},
		{`sum(arr)`, `6`},
		{`average(1, 2)`, `1.5`},
		{`average(emptyarray)`, `null`},
		{`median(1, 2, 3, 4)`, `2.5`},
		{`stdevS(2)`, `null`},
		{`stdevP(2)`, `0`},
		{`parseNumber('1’234.5')`, `1234.5`},
		{`parseNumber('-1e3')`, `-1000`},
		{`parseNumber('')`, `! '' is not a valid number.`},
		{`parseNumber('1-2')`, `! '1-2' is not a valid number.`},
		{`parseNumber('1.234,5', ';')`, `! ';' is not a valid decimal separator.`},
		{`parseNumber(o)`, `! '{object}' is not a valid number.`},
		{`formatNumber(1234567.005, 2)`, `"1.234.567,00"`},
		{`formatNumber(2.5)`, `"3"`},
		{`formatNumber(-1234.5, 1, '.', '')`, `"-1234.5"`},
		{`formatNumber(1e21, 2)`, `"1e+21"`},
		{`formatNumber(1, 101)`, `! '101' is not a valid number of decimals.`},
		{`formatNumber(1, 'x')`, `! 'x' is not a valid number.`},
		{`formatNumber('x')`, `! 'x' is not a valid number.`},
	})
}
