package form

import (
	"regexp"
	"strings"

	"github.com/cleat-run/cleat/value"
)

const textKeys = "multiline rows tags prefix postfix"

var (
	textType     = Type{Name: "text", Summary: "A text.", Stored: "string", Keys: textKeys, convert: toText, accept: acceptText, tool: toolText}
	passwordType = Type{Name: "password", Summary: "A text that is kept secret.", Stored: "string", Keys: textKeys, Secret: true, convert: toText, accept: acceptText, tool: toolText}
	pathType     = Type{Name: "path", Summary: "A text; an alias that checks nothing.", Stored: "string", Keys: textKeys, convert: toText, accept: acceptText, tool: toolText}
	uuidType     = Type{Name: "uuid", Summary: "A text; an alias that checks nothing.", Stored: "string", Keys: textKeys, convert: toText, accept: acceptText, tool: toolText}
	editorType   = Type{Name: "editor", Summary: "Rich text.", Stored: "string", Keys: textKeys, convert: toText, accept: acceptText, tool: toolText}
	certType     = Type{Name: "cert", Summary: "A certificate in PEM.", Stored: "string", Secret: true, convert: toText, accept: acceptText, tool: toolText}
	pkeyType     = Type{Name: "pkey", Summary: "A private key in PEM.", Stored: "string", Secret: true, convert: toText, accept: acceptText, tool: toolText}
)

// toText converts as help.make.com/type-coercion has it: collections and arrays have no
// text, buffers only when their codepage is known.
func toText(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	switch v.Kind() {
	case value.KindText:
	case value.KindBool, value.KindNumber, value.KindDate:
		v = value.Text(v.ToText())
	case value.KindBuffer:
		text, ok := decodeText(v.Bytes(), v.Codepage())
		if !ok {
			return p.wrongType(f, v, at, "text: its codepage is not known")
		}
		v = value.Text(text)
	default:
		return p.wrongType(f, v, at, "text")
	}
	if f.tags != "" {
		v = value.Text(withoutTags(v.Str(), f.tags))
	}
	return v, true
}

func acceptText(p *pass, f *Field, v value.Value, at *place) { p.text(f, v.Str(), at) }

var (
	closedTags = regexp.MustCompile(`<[^<>]*>`)
	allTags    = regexp.MustCompile(`<[^<>]*>?`)
	escapeTags = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
)

// withoutTags does with the tags of HTML what the key tags says: strip, stripall (also
// unclosed ones), escape.
func withoutTags(s, tags string) string {
	switch tags {
	case "strip":
		return closedTags.ReplaceAllString(s, "")
	case "stripall":
		return allTags.ReplaceAllString(s, "")
	case "escape":
		return escapeTags.Replace(s)
	}
	return s
}
