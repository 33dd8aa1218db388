package form

import (
	"regexp"

	"github.com/cleat-run/cleat/value"
)

var colorType = Type{Name: "color", Summary: "A colour: # and three or six hexadecimal digits.", Stored: "string", convert: toText, accept: acceptColor, tool: toolColor}

const colorPattern = "^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"

var color = regexp.MustCompile(colorPattern)

func acceptColor(p *pass, f *Field, v value.Value, at *place) {
	if !color.MatchString(v.Str()) {
		p.fail(f, at, CodeFormat, p.shown(f, v)+" is no colour", "write # and three or six hexadecimal digits")
	}
	acceptText(p, f, v, at)
}

func toolColor(_ *toolExport, _ *Field, s *schema) { s.set("pattern", value.Text(colorPattern)) }
