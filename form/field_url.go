package form

import (
	"net/url"

	"github.com/cleat-run/cleat/value"
)

var urlType = Type{Name: "url", Summary: "A URL with a scheme and a host.", Stored: "string", Keys: textKeys, convert: toText, accept: acceptURL, tool: toolFormat("uri")}

func acceptURL(p *pass, f *Field, v value.Value, at *place) {
	if u, err := url.Parse(v.Str()); err != nil || u.Scheme == "" || u.Host == "" {
		p.fail(f, at, CodeFormat, p.shown(f, v)+" is no URL", "write it in full: https://example.com/path")
	}
	acceptText(p, f, v, at)
}
