package iml

import (
	"math"
	"time"

	"github.com/cleat-run/cleat/value"
)

var dateFunctions = []Function{
	{Name: "formatDate", Summary: "Writes a date in a format, in a time zone.", passes: true,
		Params:   []Param{{Name: "date"}, {Name: "format", Optional: true}, {Name: "timezone", Optional: true}},
		Examples: []Example{{"formatDate('2016-12-28T16:03:06Z', 'MM/DD/YYYY')", `"12/28/2016"`}}, call: formatDateFunction},
	{Name: "parseDate", Summary: "Reads a date, by a format if one is given.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "format", Optional: true}, {Name: "timezone", Optional: true}},
		Examples: []Example{{"parseDate('12/28/2016 16:03', 'MM/DD/YYYY HH:mm')", `"2016-12-28T16:03:00.000Z"`}}, call: parseDateFunction},
	addFunction("Seconds", exact(time.Second), `"2016-01-31T00:00:01.000Z"`),
	addFunction("Minutes", exact(time.Minute), `"2016-01-31T00:01:00.000Z"`),
	addFunction("Hours", exact(time.Hour), `"2016-01-31T01:00:00.000Z"`),
	addFunction("Days", calendar(0, 0, 1), `"2016-02-01T00:00:00.000Z"`),
	addFunction("Months", calendar(0, 1, 0), `"2016-02-29T00:00:00.000Z"`),
	addFunction("Years", calendar(1, 0, 0), `"2017-01-31T00:00:00.000Z"`),
}

// addFunction is one of the functions that move a date.
func addFunction(unit string, move func(time.Time, float64) time.Time, result string) Function {
	return Function{Name: "add" + unit, Summary: "Moves a date by a number of " + unit + ".", passes: true,
		Params: []Param{{Name: "date"}, {Name: "number"}}, Examples: []Example{{"add" + unit + "('2016-01-31', 1)", result}},
		call: func(env *Env, args []value.Value) (value.Value, error) {
			if first := arg(args, 0); first.IsEmpty() {
				return first, nil
			}
			t, err := dateArg(env, args, 0)
			if err != nil {
				return value.Undefined, err
			}
			if arg(args, 1).IsNil() {
				return value.Undefined, nil // no number, no date: connections.md O2-25
			}
			n, err := numberArg(args, 1)
			if err != nil {
				return value.Undefined, err
			}
			moved := move(t.In(env.location()), n)
			if y := moved.Year(); y < -200000 || y > 270000 {
				return value.Undefined, &argumentError{index: 1, value: arg(args, 1), what: "number"}
			}
			return value.Time(moved), nil
		}}
}

func exact(unit time.Duration) func(time.Time, float64) time.Time {
	return func(t time.Time, n float64) time.Time {
		ms := n * float64(unit/time.Millisecond)
		if math.Abs(ms) > 9e15 {
			return time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		return time.UnixMilli(t.UnixMilli() + int64(math.Round(ms)))
	}
}

// calendar moves on the wall clock of t's zone; the day is cut to the month's length.
func calendar(years, months, days int) func(time.Time, float64) time.Time {
	return func(t time.Time, number float64) time.Time {
		if math.Abs(number) > 1e8 {
			return time.Date(300000, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		n := int(math.Round(math.Abs(number)))
		if number < 0 {
			n = -n
		}
		year, month, day := t.Date()
		first := time.Date(year+years*n, month+time.Month(months*n), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		day = min(day, daysIn(first.Year(), int(first.Month()))) + days*n
		return wallClock(first.AddDate(0, 0, day-1), t.Location())
	}
}

// zoneArg is the zone of the argument i when it is one, otherwise the default zone.
func zoneArg(env *Env, args []value.Value, i int) *time.Location {
	if loc := zone(arg(args, i).Str()); loc != nil {
		return loc
	}
	return env.location()
}

// dateArg returns the argument i as an instant: a date, milliseconds, or a text that is
// one by itself.
func dateArg(env *Env, args []value.Value, i int) (time.Time, error) {
	v := arg(args, i)
	switch {
	case v.Kind() == value.KindDate:
		return v.AsTime(), nil
	case v.Kind() == value.KindNumber && math.Abs(v.Float()) <= 8.64e15:
		return time.UnixMilli(int64(v.Float())), nil
	case v.IsText():
		if t, ok := detect(v.Str(), env.location(), env.now()); ok {
			return t, nil
		}
	}
	wrong := &argumentError{index: i, value: v, what: "date"}
	if k, ok := keywords[v.Str()]; ok && k.eval != nil {
		wrong.hint = v.Str() + " is a variable; write it without quotes"
	}
	return time.Time{}, wrong
}

func formatDateFunction(env *Env, args []value.Value) (value.Value, error) {
	if first := arg(args, 0); first.IsEmpty() {
		return first, nil
	}
	t, err := dateArg(env, args, 0)
	if err != nil {
		return value.Undefined, err
	}
	format := arg(args, 1).ToText()
	if format == "" {
		format = defaultFormat
	}
	text := formatTime(t.In(zoneArg(env, args, 2)), format)
	return value.Text(text), env.Produce(len(text))
}

func parseDateFunction(env *Env, args []value.Value) (value.Value, error) {
	v, format := arg(args, 0), arg(args, 1).ToText()
	if v.IsEmpty() {
		return v, nil
	}
	loc := zoneArg(env, args, 2)
	if epoch := format == "X" || format == "x"; !epoch || v.Kind() == value.KindDate {
		switch v.Kind() {
		case value.KindDate:
			return v, nil
		case value.KindNumber:
			return value.Date(int64(v.Float())), nil
		}
	}
	var t time.Time
	ok := false
	if format == "" {
		t, ok = detect(v.ToText(), loc, env.now())
	} else {
		t, ok = parseTime(v.ToText(), format, loc, env.now())
	}
	if !ok {
		return value.Undefined, &argumentError{value: v, what: "date"}
	}
	return value.Time(t), nil
}
