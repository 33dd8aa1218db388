package iml

import (
	"math"
	"time"

	"github.com/cleat-run/cleat/value"
)

var dateFunctions = []Function{
	{Name: "formatDate", Summary: "Writes a date in a format, in a time zone.", passes: true,
		Params:   []Param{{Name: "date"}, {Name: "format", Optional: true}, {Name: "timezone", Optional: true}},
		Examples: []Example{{"formatDate('2016-12-28T16:03:06Z', 'MM/DD/YYYY')", `"12/28/2016"`}, {"formatDate('2016-07-28T16:03:06Z', 'dddd [the] Do, h:mm A Z', 'Europe/Prague')", `"Thursday the 28th, 6:03 PM +02:00"`}}, Call: formatDateFunction},
	{Name: "parseDate", Summary: "Reads a date, by a format if one is given.", passes: true,
		Params:   []Param{{Name: "text"}, {Name: "format", Optional: true}, {Name: "timezone", Optional: true}},
		Examples: []Example{{"parseDate('12/28/2016 16:03', 'MM/DD/YYYY HH:mm')", `"2016-12-28T16:03:00.000Z"`}}, Call: parseDateFunction},
	addFunction("Seconds", exact(time.Second), `"2016-01-31T00:00:01.000Z"`),
	addFunction("Minutes", exact(time.Minute), `"2016-01-31T00:01:00.000Z"`),
	addFunction("Hours", exact(time.Hour), `"2016-01-31T01:00:00.000Z"`),
	addFunction("Days", calendar(0, 1), `"2016-02-01T00:00:00.000Z"`),
	addFunction("Months", calendar(1, 0), `"2016-02-29T00:00:00.000Z"`),
	addFunction("Years", calendar(12, 0), `"2017-01-31T00:00:00.000Z"`),
	setFunction("Second", "the second", setClock(time.Second, time.Time.Second), `"2016-01-31T00:00:05.000Z"`),
	setFunction("Minute", "the minute", setClock(time.Minute, time.Time.Minute), `"2016-01-31T00:05:00.000Z"`),
	setFunction("Hour", "the hour", setHour, `"2016-01-31T05:00:00.000Z"`),
	setFunction("Date", "the day of the month", setDayOfMonth, `"2016-01-05T00:00:00.000Z"`),
	setFunction("Day", "the day of the week, by its name or from 1 (Sunday) to 7,", setDay, `"2016-02-04T00:00:00.000Z"`),
	setFunction("Month", "the month, by its name or from 1 to 12,", setMonth, `"2016-05-31T00:00:00.000Z"`),
	setFunction("Year", "the year", setYear, `"0005-01-31T00:00:00.000Z"`),
	{Name: "dateDiff", Summary: "Gives the time between two dates in whole D, H, m or s; RH, Rm and Rs give what is left of it beside days, hours and minutes.", passes: true,
		Params:   []Param{{Name: "end"}, {Name: "start"}, {Name: "unit"}},
		Examples: []Example{{"dateDiff('2021-01-03T03:45:00Z', '2021-01-01', 'H')", "51"}, {"dateDiff('2021-01-03T03:45:00Z', '2021-01-01', 'RH')", "3"}},
		Call:     dateDiffFunction},
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
	if v.Kind() == value.KindDate {
		return v, nil
	}
	if v.Kind() == value.KindNumber && format != "X" && format != "x" {
		t, err := dateArg(env, args, 0)
		return value.Time(t), err
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
