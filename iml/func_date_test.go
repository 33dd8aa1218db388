package iml

import "testing"

func TestFunctionsOfDates(t *testing.T) {
	t.Parallel()
	runCases(t, []evalCase{
		{`formatDate(d)`, `"2016-12-28T16:03:06.000+00:00"`},
		{`formatDate(d, 'D.M.YYYY H:mm', 'Europe/Prague')`, `"28.12.2016 17:03"`},
		{`formatDate(d, 'YYYY', 'Nowhere/City')`, `"2016"`},
		{`formatDate('', 'X')`, `""`},
		{`formatDate(1482940986000, 'YYYY')`, `"2016"`},
		{`formatDate('1482940986')`, `! '1482940986' is not a valid date.`},
		{`formatDate(true)`, `! 'true' is not a valid date.`},
		{`formatDate(emptyarray)`, `! '' is not a valid date.`},
		{`parseDate('28.12.2016', 'DD.MM.YYYY', 'Europe/Prague')`, `"2016-12-27T23:00:00.000Z"`},
		{`parseDate('nonsense', 'YYYY')`, `! 'nonsense' is not a valid date.`},
		{`parseDate('2016-02-30')`, `! '2016-02-30' is not a valid date.`},
		{`parseDate('2016-12-28 04:03 pm')`, `"2016-12-28T16:03:00.000Z"`},
		{`parseDate('12/28/2016 16:03 GMT+02:00')`, `"2016-12-28T14:03:00.000Z"`},
		{`parseDate('20161228T160306Z')`, `"2016-12-28T16:03:06.000Z"`},
		{`parseDate(1482940986, 'X')`, `"2016-12-28T16:03:06.000Z"`},
		{`parseDate('12345678')`, `! '12345678' is not a valid date.`},
		{`addDays('2021-03-27T02:30', 1)`, `"2021-03-28T02:30:00.000Z"`},
		{`addMonths('2016-01-31', 1.5)`, `"2016-03-31T00:00:00.000Z"`},
		{`addYears('2016-02-29', 1)`, `"2017-02-28T00:00:00.000Z"`},
		{`addHours(d, 'x')`, `! 'x' is not a valid number.`},
		{`addDays(d, 1e300)`, `! '1e+300' is not a valid number.`},
		{`addSeconds(d, missing)`, `undefined`},
		{`setDay(d, 'noday')`, `! 'noday' is not a valid day.`},
		{`setDay(d, 'we')`, `"2016-12-28T16:03:06.000Z"`},
		{`setMonth(d, 'Feb')`, `"2016-02-28T16:03:06.000Z"`},
		{`setMonth(d, 'x')`, `! 'x' is not a valid month.`},
		{`setHour(d, 'x')`, `! 'x' is not a valid number.`},
		{`setYear(d, 300000)`, `! '300000' is not a valid number.`},
		{`setDate('x', 'y')`, `! 'x' is not a valid date.`},
		{`dateDiff(d, d, 'D')`, `0`},
		{`dateDiff('2020-01-01', d, 'D')`, `1098`},
		{`dateDiff(d, '2016-12-01')`, `! '' is not a valid unit.`},
		{`dateDiff(d, '2016-12-01', 'W')`, `! 'W' is not a valid unit.`},
		{`dateDiff(d, missing, 'D')`, `! '' is not a valid date.`},
	})
}
