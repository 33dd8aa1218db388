package form

import (
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

var timezoneType = Type{Name: "timezone", Summary: "The IANA name of a time zone.", Stored: "string", convert: toText, accept: acceptTimezone, tool: toolText}

func acceptTimezone(p *pass, f *Field, v value.Value, at *place) {
	if iml.Zone(v.Str()) == nil {
		p.fail(f, at, CodeFormat, p.shown(f, v)+" is no time zone", "write an IANA name: Europe/Prague")
	}
	acceptText(p, f, v, at)
}
