package lint

import (
	"slices"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// maxOptions is the most items that an RPC may fetch (components.md 9).
const maxOptions = 500

// rpc checks an RPC.
func (p *pass) rpc(r *app.RPC) {
	p.directives(r.API, 'Q', "an RPC")
	if !slices.Contains(p.fed, r.ID) {
		p.meta("RPC002", r.Meta, "label", "no form uses the RPC "+quote(r.ID), "")
	}
	for _, request := range requestsOf(r.API.Root()) {
		response := request.Get("response")
		if !response.Has("iterate") {
			continue
		}
		switch limit := response.Get("limit"); {
		case limit == nil && request.Has("pagination"):
			p.report("RPC004", r.API, request, "the RPC turns pages without a limit", `write "limit": 500 or less`)
		case limit.Is(jsonc.Number) && limit.Value().Float() > maxOptions:
			p.report("RPC004", r.API, limit, "the limit is above 500", "a form shows no more")
		}
	}
}

// endpoint checks an endpoint (components.md 12).
func (p *pass) endpoint(e *app.Endpoint) {
	p.directives(e.API, 'E', "an endpoint")
	root := e.API.Root()
	if root.Is(jsonc.Array) || root.Has("endpoint") {
		p.report("END001", e.API, root, "an endpoint is one request of its own", "")
	}
	if e.Description == "" {
		p.meta("END003", e.Meta, "label", "the endpoint "+quote(e.ID)+" has no description", "those who call it know nothing else")
	}
}
