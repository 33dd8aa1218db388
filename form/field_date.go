package form

import (
	"math"
	"strings"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

var dateType = Type{Name: "date", Summary: "A date, with or without a time of day.", Stored: "string", Keys: "time", compile: compileDate,
	convert: toDate, empty: emptyPlain, accept: acceptDate, tool: toolFormat("date-time")}

func compileDate(_ *compiler, f *Field) {
	timed, ok := f.node.Get("time").Bool()
	f.dateOnly = ok && !timed
}

// maxMillis is the last instant of ECMAScript (21.4.1.1).
const maxMillis = 8.64e15

// toDate reads a text as a date of the user's zone, a number as milliseconds since 1970.
func toDate(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	t, ok := p.instant(v)
	if !ok {
		return p.wrongType(f, v, at, "date")
	}
	if f.dateOnly {
		y, m, d := t.In(p.zone).Date()
		t = time.Date(y, m, d, 0, 0, 0, 0, p.zone)
	}
	return value.Time(t), true
}

func (p *pass) instant(v value.Value) (time.Time, bool) {
	switch v.Kind() {
	case value.KindDate:
		return v.AsTime(), true
	case value.KindNumber:
		return time.UnixMilli(int64(v.Float())), math.Abs(v.Float()) <= maxMillis
	case value.KindText:
		return fullDate(v.Str(), p.zone)
	}
	return time.Time{}, false
}

// fullDate reads what has a day, a month and a year, also in the form D. M. YYYY.
func fullDate(text string, zone *time.Location) (time.Time, bool) {
	text = strings.Replace(strings.TrimSpace(text), ". ", ".", 2)
	day := text
	if end := strings.IndexAny(text, "T "); end >= 0 {
		day = text[:end]
	}
	if strings.Count(day, "-") == 1 { // a year and a month
		return time.Time{}, false
	}
	return iml.ParseDate(text, zone)
}

func acceptDate(p *pass, f *Field, v value.Value, at *place) {
	limits := f.validate
	if limits == nil {
		return
	}
	if least, ok := p.instant(limits.min); ok && v.Millis() < least.UnixMilli() {
		p.fail(f, at, CodeMin, p.shown(f, v)+" is before "+limits.min.ToText(), "")
	}
	if last, ok := p.instant(limits.max); ok && v.Millis() > last.UnixMilli() {
		p.fail(f, at, CodeMax, p.shown(f, v)+" is after "+limits.max.ToText(), "")
	}
	if !limits.past && v.Millis() < p.now(f) {
		p.fail(f, at, CodeMin, p.shown(f, v)+" is in the past", "")
	}
}

// now is the instant before which a date is past: today counts when only the day does.
func (p *pass) now(f *Field) int64 {
	t := p.o.Now()
	if f.dateOnly {
		y, m, d := t.In(p.zone).Date()
		t = time.Date(y, m, d, 0, 0, 0, 0, p.zone)
	}
	return t.UnixMilli()
}
