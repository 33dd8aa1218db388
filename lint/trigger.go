package lint

import (
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// trigger checks a polling trigger (components.md 6).
func (p *pass) trigger(m *app.Module) {
	requests := requestsOf(m.API.Root())
	last := requests[len(requests)-1]
	p.ordering(m.API, last)
	if m.Expect.Root() != nil && len(m.Expect.Root().Elements) > 0 {
		p.report("TRG004", m.Expect, m.Expect.Root(), "a trigger has no mappable parameters", "nothing comes before it: make them static")
	}
	if !last.Get("response").Has("limit") {
		p.report("TRG005", m.API, last, "the trigger has no limit: one item a run", `write "limit": "{{parameters.limit}}" in response`)
	}
	p.directives(m.Epoch, 'X', "an epoch")
	epoch := filled(m.Epoch)
	if epoch == nil {
		p.meta("TRG006", m.Meta, "codeFiles", "the trigger "+quote(m.ID)+" has no epoch", "without one the user cannot choose where to begin")
		return
	}
	output := epoch.Get("response").Get("output")
	if output.Is(jsonc.Object) && (!output.Has("label") || !output.Has("date")) {
		p.report("TRG006", m.Epoch, output, "the output of an epoch needs label and date", "")
	} else if output == nil {
		p.report("TRG006", m.Epoch, epoch, "the epoch has no response.output", "write label and date")
	}
}

func (p *pass) ordering(code *app.Code, request *jsonc.Node) {
	trigger := request.Get("response").Get("trigger")
	if !trigger.Is(jsonc.Object) {
		p.report("TRG001", code, request, "response.trigger is missing", `write {"type": "date", "order": "desc", "id": "{{item.id}}", "date": "{{item.created}}"}`)
		return
	}
	for _, key := range []string{"type", "order", "id"} {
		if !trigger.Has(key) {
			p.report("TRG001", code, trigger, "response.trigger lacks "+key, "")
		}
	}
	if trigger.Get("type").Value().ToText() == "date" && !trigger.Has("date") {
		p.report("TRG001", code, trigger, "response.trigger of type date lacks date", "")
	}
	if order, ok := trigger.Get("order").Str(); ok && order != "asc" && order != "desc" && order != "unordered" {
		p.report("TRG001", code, trigger.Get("order"), "the order is asc, desc or unordered, not "+quote(order), "")
	}
}
