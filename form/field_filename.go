package form

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/value"
)

var filenameType = Type{Name: "filename", Summary: "The name of a file, with its extension.", Stored: "string", Keys: textKeys + " extension", compile: compileFilename,
	convert: toText, accept: acceptFilename, tool: toolText}

func compileFilename(_ *compiler, f *Field) { f.extensions = texts(f.node.Get("extension")) }

// acceptFilename compares the extension without regard to case.
func acceptFilename(p *pass, f *Field, v value.Value, at *place) {
	fits := func(extension string) bool {
		suffix := "." + strings.TrimPrefix(extension, ".")
		return len(v.Str()) > len(suffix) && strings.EqualFold(v.Str()[len(v.Str())-len(suffix):], suffix)
	}
	if len(f.extensions) > 0 && !slices.ContainsFunc(f.extensions, fits) {
		p.fail(f, at, CodeFormat, fmt.Sprintf("the extension of %s is not %s", p.shown(f, v), strings.Join(f.extensions, ", ")), "")
	}
	acceptText(p, f, v, at)
}
