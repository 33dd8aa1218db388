package lint

import (
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// webhook checks a webhook: its code, and what registers it.
func (p *pass) webhook(w *app.Webhook) {
	p.directives(w.API, 'W', "the code of a webhook")
	for name, code := range map[string]*app.Code{"attach": w.Attach, "detach": w.Detach, "update": w.Update} {
		p.directives(code, 'A', name)
	}
	p.registration(w)
	root := w.API.Root()
	if w.Shared() && root.Is(jsonc.Object) && !root.Has("uid") {
		p.report("HOO004", w.API, root, "a shared webhook needs uid", "tell for whom a request is, as response.uid of the connection does")
	}
	if c := p.app.Connection(w.Connection); w.Shared() && c == nil {
		p.meta("HOO004", w.Meta, "label", "the shared webhook "+quote(w.ID)+" has no connection", "it tells whose requests they are")
	} else if w.Shared() && filled(c.API) != nil && !anyHas(c.API.Root(), "uid") {
		p.report("HOO005", c.API, c.API.Root(), "the connection of a shared webhook sets no response.uid", "store what the webhook compares its uid with")
	}
	if v := root.Get("verification"); v != nil && !v.Has("condition") {
		p.report("HOO006", w.API, v, "verification without a condition takes every request", "write a condition that holds for the check of the service alone")
	}
	if root.Has("iterate") && isWholeBody(root.Get("output")) {
		p.report("HOO008", w.API, root.Get("output"), "output is the whole body, for each item", "write {{item}}")
	}
	if !p.hooked[w.ID] {
		p.meta("HOO009", w.Meta, "label", "no instant trigger uses the webhook "+quote(w.ID), "")
	}
}

// registration checks attach and detach.
func (p *pass) registration(w *app.Webhook) {
	attach, detach := filled(w.Attach), filled(w.Detach)
	if detach != nil && attach == nil {
		p.report("HOO001", w.Detach, detach, "detach without attach", "nothing was registered that could be taken back")
	}
	if attach == nil {
		return
	}
	if detach == nil && !w.Shared() {
		p.add(w.Attach.Doc.Diagnose(attach, p.warning("HOO001", "attach without detach", "the service keeps calling after the webhook is deleted")))
	}
	if !p.reads(w.Attach, attach, "webhook", "url") {
		p.report("HOO003", w.Attach, attach, "attach does not send webhook.url", "the service must know which address to call")
	}
	stored, any := stores(attach)
	for _, t := range p.within(w.Detach, detach) {
		for _, r := range t.reads {
			if r.Root == "webhook" && len(r.Path) > 0 && r.Path[0] != "url" && r.Path[0] != "id" && !any && !stored[r.Path[0]] {
				p.place("HOO002", t, r, "detach reads webhook."+r.Path[0]+", which attach does not store", "store it with response.data of attach")
			}
		}
	}
}

// stores are the members that response.data of a request sets; any means that they cannot
// be told.
func stores(attach *jsonc.Node) (names map[string]bool, any bool) {
	names = map[string]bool{}
	for _, request := range requestsOf(attach) {
		data := request.Get("response").Get("data")
		any = any || data != nil && !data.Is(jsonc.Object) || data.Has("{{...}}")
		for _, m := range membersOf(data) {
			names[m.Name()] = true
		}
	}
	return names, any
}

// filled is the root of a code that holds something.
func filled(code *app.Code) *jsonc.Node {
	if root := code.Root(); root != nil && len(root.Members)+len(root.Elements) > 0 {
		return root
	}
	return nil
}

func isWholeBody(n *jsonc.Node) bool {
	s, _ := n.Str()
	return s == "{{body}}"
}
