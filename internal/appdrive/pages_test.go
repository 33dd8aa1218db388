package appdrive

import (
	"net/http"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
)

// pages tells the requests for further pages from those for the first.
type pages struct {
	asked bool     // the communication pages at all
	names []string // of the query, which only change from page to page; none when they cannot be told
}

// pagination reads how a request asks for further pages.
func (e *expected) pagination(request *jsonc.Node) {
	next := request.Get("pagination")
	e.pages.asked = e.pages.asked || next != nil
	if !next.Get("qs").Is(jsonc.Object) {
		return
	}
	for _, m := range next.Get("qs").Members {
		template, _ := m.Value.Str()
		first, _ := request.Get("qs").Get(m.Name()).Str()
		if strings.Contains(template, "{{") && (template != first || strings.Contains(template, "pagination.")) {
			e.pages.names = append(e.pages.names, m.Name())
		}
	}
}

// further reports whether a request asks for a page behind the first; seen says that the
// same resource was asked for before.
func (p pages) further(r *http.Request, seen bool) bool {
	if !p.asked || len(p.names) == 0 {
		return p.asked && seen
	}
	_, query, _ := strings.Cut(addressOf(r), "?")
	for _, pair := range strings.Split(query, "&") {
		name, v, _ := strings.Cut(pair, "=")
		for _, known := range p.names {
			if name == known && v != "" && v != "0" && v != "1" {
				return true
			}
		}
	}
	return false
}
