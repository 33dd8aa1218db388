package form

import (
	"math"

	"github.com/cleat-run/cleat/value"
)

var timestampType = Type{Name: "timestamp", Summary: "An instant in seconds since 1970.", Stored: "string", convert: toTimestamp, empty: emptyPlain, accept: acceptNumber, tool: toolTimestamp}

// toTimestamp takes whole seconds, as a number or as digits; anything else fails.
func toTimestamp(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	n := v
	if v.Kind() == value.KindText {
		n, _ = decimal(v.Str())
	}
	if n.Kind() != value.KindNumber || n.Float() != math.Trunc(n.Float()) || math.Abs(n.Float()) > maxMillis {
		p.fail(f, at, CodeFormat, p.shown(f, v)+" is no timestamp", "write the seconds since 1970")
		return value.Undefined, false
	}
	return n, true
}

func toolTimestamp(_ *toolExport, _ *Field, s *schema) { s.set("type", value.Text("integer")) }
