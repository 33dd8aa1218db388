package iml

import (
	"math"
	"strings"
	"time"

	"github.com/cleat-run/cleat/value"
)

// addFunction is one of the functions that move a date.
func addFunction(unit string, move func(time.Time, float64) time.Time, result string) Function {
	return Function{Name: "add" + unit, Summary: "Moves a date by a number of " + strings.ToLower(unit) + ".", passes: true,
		Params: []Param{{Name: "date"}, {Name: "number"}}, Examples: []Example{{"add" + unit + "('2016-01-31', 1)", result}},
		Call: func(env *Env, args []value.Value) (value.Value, error) {
			if arg(args, 1).IsNil() && !arg(args, 0).IsEmpty() {
				_, err := dateArg(env, args, 0)
				return value.Undefined, err // no number, no date: connections.md O2-25
			}
			return moveDate(env, args, move)
		}}
}

// setFunction is one of the functions that set a part of a date; what is too large
// carries over.
func setFunction(part, what string, set func(time.Time, float64) time.Time, result string) Function {
	return Function{Name: "set" + part, Summary: "Sets " + what + " of a date.", passes: true,
		Params: []Param{{Name: "date"}, {Name: strings.ToLower(part)}}, Examples: []Example{{"set" + part + "('2016-01-31', 5)", result}},
		Call: func(env *Env, args []value.Value) (value.Value, error) {
			n, err := partArg(args, part)
			if err != nil && !arg(args, 0).IsEmpty() {
				if _, wrong := dateArg(env, args, 0); wrong != nil {
					return value.Undefined, wrong
				}
				return value.Undefined, err
			}
			return moveDate(env, []value.Value{arg(args, 0), value.Number(n)}, set)
		}}
}

// partArg is the second argument of a setFunction, a number or the name of a month or a
// weekday.
func partArg(args []value.Value, part string) (float64, error) {
	n, err := numberArg(args, 1)
	if err == nil || !arg(args, 1).IsText() {
		return n, err
	}
	name := arg(args, 1).Str()
	switch part {
	case "Month":
		if i := wholeName(name, 1, 12, 3, func(i int) string { return time.Month(i).String() }); i >= 0 {
			return float64(i), nil
		}
		return 0, &argumentError{index: 1, value: arg(args, 1), what: "month", hint: "write a number from 1 to 12 or an English name"}
	case "Day":
		if i := wholeName(name, 0, 6, 2, func(i int) string { return time.Weekday(i).String() }); i >= 0 {
			return float64(i + 1), nil
		}
		return 0, &argumentError{index: 1, value: arg(args, 1), what: "day", hint: "write a number from 1 (Sunday) to 7 or an English name"}
	}
	return 0, err
}

// wholeName returns which name s is, in full or cut to least or three letters.
func wholeName(s string, from, to, least int, name func(int) string) int {
	for i := from; i <= to; i++ {
		full := name(i)
		if strings.EqualFold(s, full) || strings.EqualFold(s, full[:3]) || strings.EqualFold(s, full[:least]) {
			return i
		}
	}
	return -1
}

// moveDate applies move to the first argument in the default zone, and the number that
// is the second.
func moveDate(env *Env, args []value.Value, move func(time.Time, float64) time.Time) (value.Value, error) {
	if first := arg(args, 0); first.IsEmpty() {
		return first, nil
	}
	t, err := dateArg(env, args, 0)
	if err != nil {
		return value.Undefined, err
	}
	n, err := numberArg(args, 1)
	if err != nil {
		return value.Undefined, err
	}
	if !(math.Abs(n) <= maxMillis) {
		return value.Undefined, &argumentError{index: 1, value: arg(args, 1), what: "number"}
	}
	moved := move(t.In(env.location()), n)
	if y := moved.Year(); y < -271821 || y > 275760 || math.Abs(float64(moved.UnixMilli())) > maxMillis {
		return value.Undefined, &argumentError{index: 1, value: arg(args, 1), what: "number", hint: "dates end at the year 275760"}
	}
	return value.Time(moved), nil
}

// never is beyond the range of dates.
var never = time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC)

// exact moves by a number of units, which may have a fraction.
func exact(unit time.Duration) func(time.Time, float64) time.Time {
	return func(t time.Time, n float64) time.Time {
		ms := math.Trunc(float64(t.UnixMilli()) + n*float64(unit/time.Millisecond))
		if math.Abs(ms) > maxMillis {
			return never
		}
		return time.UnixMilli(int64(ms))
	}
}

// calendar moves on the wall clock of t's zone; the day is cut to the month's length. A
// fraction is rounded, half away from zero; that of a year in months (Moment).
func calendar(months, days int) func(time.Time, float64) time.Time {
	return func(t time.Time, n float64) time.Time {
		if math.Abs(n) > 1e8 {
			return never
		}
		return onDay(t, t.Year(), month(t)+int(math.Round(n*float64(months))), t.Day(), int(math.Round(n*float64(days))))
	}
}

// onDay is the time of day of t on another day: that of a month, or the month's last
// when it has no such day, and days later.
func onDay(t time.Time, year, month, day, days int) time.Time {
	first := time.Date(year, time.Month(month), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	day = min(day, daysIn(first.Year(), int(first.Month())))
	return sameClock(first.AddDate(0, 0, day-1+days), t)
}

// setClock sets a part that is as long everywhere, so that an hour which daylight saving
// repeats stays the same one.
func setClock(unit time.Duration, part func(time.Time) int) func(time.Time, float64) time.Time {
	return func(t time.Time, n float64) time.Time { return exact(unit)(t, math.Trunc(n)-float64(part(t))) }
}

func setHour(t time.Time, n float64) time.Time {
	if math.Abs(n) > 1e8 {
		return never
	}
	return sameClock(time.Date(t.Year(), t.Month(), t.Day(), int(n), t.Minute(), t.Second(), t.Nanosecond(), time.UTC), t)
}

func setDayOfMonth(t time.Time, n float64) time.Time {
	if math.Abs(n) > 1e8 {
		return never
	}
	return onDay(t, t.Year(), month(t), 1, int(n)-1)
}

// setDay sets the day within the week from Sunday to Saturday.
func setDay(t time.Time, n float64) time.Time {
	return calendar(0, 1)(t, math.Trunc(n)-1-float64(weekday(t)))
}

func setMonth(t time.Time, n float64) time.Time {
	return calendar(1, 0)(t, math.Trunc(n)-float64(month(t)))
}

func setYear(t time.Time, n float64) time.Time {
	return calendar(12, 0)(t, math.Trunc(n)-float64(t.Year()))
}

// dateUnits are those of dateDiff, in milliseconds: the unit, and the larger one whose whole
// number is left out.
var dateUnits = map[string][2]int64{
	"D": {86_400_000, 0}, "H": {3_600_000, 0}, "m": {60_000, 0}, "s": {1000, 0},
	"RH": {3_600_000, 86_400_000}, "Rm": {60_000, 3_600_000}, "Rs": {1000, 60_000},
}

func dateDiffFunction(env *Env, args []value.Value) (value.Value, error) {
	if first := arg(args, 0); first.IsEmpty() {
		return first, nil
	}
	end, err := dateArg(env, args, 0)
	if err != nil {
		return value.Undefined, err
	}
	start, err := dateArg(env, args, 1)
	if err != nil {
		return value.Undefined, err
	}
	unit, ok := dateUnits[arg(args, 2).ToText()]
	if !ok {
		return value.Undefined, &argumentError{index: 2, value: arg(args, 2), what: "unit", hint: "units are D, H, m, s, RH, Rm and Rs"}
	}
	ms := end.UnixMilli() - start.UnixMilli()
	if ms < 0 {
		return value.Undefined, &argumentError{index: 1, value: arg(args, 1), what: "start", hint: "the end comes first: dateDiff(end, start, unit)"}
	}
	if unit[1] > 0 {
		ms %= unit[1]
	}
	return value.Number(float64(ms / unit[0])), nil
}
