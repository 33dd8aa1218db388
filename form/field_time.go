package form

import (
	"regexp"

	"github.com/cleat-run/cleat/value"
)

var timeType = Type{Name: "time", Summary: "A time of day: hh:mm, hh:mm:ss or hh:mm:ss.nnn.", Stored: "string", convert: toTime, empty: emptyPlain, accept: acceptTime, tool: toolTime}

const clockPattern = `^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,3})?)?$`

var clock = regexp.MustCompile(clockPattern)

// toTime takes texts alone: nothing else is a time of day.
func toTime(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	if v.Kind() != value.KindText {
		return p.wrongType(f, v, at, "time of day")
	}
	return v, true
}

func acceptTime(p *pass, f *Field, v value.Value, at *place) {
	if !clock.MatchString(v.Str()) {
		p.fail(f, at, CodeFormat, p.shown(f, v)+" is no time of day", "write hh:mm, hh:mm:ss or hh:mm:ss.nnn")
	}
}

func toolTime(_ *toolExport, _ *Field, s *schema) { s.set("pattern", value.Text(clockPattern)) }
