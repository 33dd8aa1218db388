package lint

import (
	"regexp"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// trigger checks a polling trigger (components.md 6).
func (p *pass) trigger(m *app.Module) {
	requests := requestsOf(m.API.Root())
	last := requests[len(requests)-1]
	p.ordering(m.API, last)
	p.since(m, last)
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
	p.epochLimit(m.Epoch, epoch)
	output := epoch.Get("response").Get("output")
	if output.Is(jsonc.Object) && (!output.Has("label") || !output.Has("date")) {
		p.report("TRG006", m.Epoch, output, "the output of an epoch needs label and date", "")
	} else if output == nil {
		p.report("TRG006", m.Epoch, epoch, "the epoch has no response.output", "write label and date")
	}
}

// epochLimit: the limit of an epoch is a number of at most 500 (components.md 6).
func (p *pass) epochLimit(code *app.Code, epoch *jsonc.Node) {
	requests := requestsOf(epoch)
	switch limit := first(requests[len(requests)-1].Get("response").Get("limit")); {
	case limit == nil:
		p.report("TRG006", code, epoch, "the epoch has no limit", `write "limit": 500 or less in response`)
	case !limit.Is(jsonc.Number):
		p.report("TRG006", code, limit, "the limit of an epoch is no number", "nobody has filled in the parameters when the choices are shown: write 500 or less")
	case limit.Value().Float() > maxOptions:
		p.report("TRG006", code, limit, "the limit is above 500", "a form shows no more")
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

var (
	// bareDate is data.lastDate by itself: on a first run it is empty.
	bareDate = regexp.MustCompile(`\{\{\s*data\.last(?:Date|ID)\s*\}\}`)
	dateBox  = regexp.MustCompile(`(?i)^(?:from|to|since|until|(?:start|end|from|to)_?(?:date|time))$`)
)

// since checks how a trigger asks for what is new.
func (p *pass) since(m *app.Module, request *jsonc.Node) {
	order := literal(request.Get("response").Get("trigger").Get("order"))
	if order != "" && order != "desc" && !p.reads(m.API, request, "data", "lastDate") && !p.reads(m.API, request, "data", "lastID") {
		p.report("TRG002", m.API, request.Get("response").Get("trigger").Get("order"), "all pages are read each time: the order is "+order+" and nothing asks for what is new", `ask with {{data.lastDate || undefined}}, or for the newest first`)
	}
	for _, part := range []string{"url", "qs", "body"} {
		texts(request.Get(part), func(n *jsonc.Node) {
			if bareDate.MatchString(n.Text) {
				p.report("TRG003", m.API, n, "a trigger that begins has no last date and no last id", "write {{data.lastDate || undefined}}, which leaves it out then")
			}
		})
	}
	for _, node := range elements(m.Parameters.Root()) {
		if f := fieldOf(m.Parameters, node); f.kind == "date" && dateBox.MatchString(f.name) {
			p.report("TRG008", f.code, f.at("name"), "people type where a trigger begins: "+quote(f.name), "the epoch lets them choose")
		}
	}
}
