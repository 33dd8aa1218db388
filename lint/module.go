package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// moduleKinds are the letters and the names of the types of modules.
var moduleKinds = map[app.ModuleType]struct {
	at   slot
	name string
}{
	app.Action: {'a', "an action"}, app.Search: {'s', "a search"}, app.Universal: {'u', "a universal module"},
	app.Trigger: {'t', "a polling trigger"}, app.InstantTrigger: {'i', "an instant trigger"}, app.Responder: {'r', "a responder"},
}

// module checks a module: what its type may have, must have and should have.
func (p *pass) module(m *app.Module) {
	kind := moduleKinds[m.Type]
	p.directives(m.API, kind.at, kind.name)
	if filled(m.API) == nil && m.Type != app.InstantTrigger {
		p.meta("MOD001", m.Meta, "codeFiles", "the module "+quote(m.ID)+" has no communication", "")
		return
	}
	for _, request := range requestsOf(m.API.Root()) {
		p.moduleRequest(m, request)
	}
	if static := filled(m.Parameters); static != nil && (m.Type == app.Action || m.Type == app.Search) {
		p.report("MOD015", m.Parameters, static, "static parameters of "+kind.name, "make them mappable: they can then hold what comes from other modules")
	}
	switch m.Type {
	case app.Search:
		p.search(m)
	case app.Trigger:
		p.trigger(m)
	case app.Universal:
		p.bound(m)
	case app.Responder:
		p.responder(m)
	}
	if m.Description == "" {
		p.meta("NAM003", m.Meta, "label", "the module "+quote(m.ID)+" has no description", "say what it does, in the third person")
	}
	if m.Type != app.Responder && filled(m.Interface) == nil && !isText(m.Interface) {
		p.meta("INT001", m.Meta, "label", "the interface of "+quote(m.ID)+" is empty", "declare what comes out, so that it can be mapped")
	}
	p.output(m)
	p.several(m)
	if filled(p.app.Groups) != nil && !p.grouped[m.ID] {
		p.meta("MOD020", m.Meta, "label", "the module "+quote(m.ID)+" is in no group", "it is shown under Other")
	}
}

func isText(code *app.Code) bool { _, ok := code.Root().Str(); return ok }

var pageCompared = regexp.MustCompile(`pagination\.page\s*[<>]`)

func (p *pass) moduleRequest(m *app.Module, request *jsonc.Node) {
	response := request.Get("response")
	p.calls(m.API, request)
	p.requestShape(m, request)
	p.exposed(m.API, request, m.Type == app.Universal)
	if m.Type == app.Action {
		if node := first(response.Get("iterate"), request.Get("pagination")); node != nil {
			p.report("MOD002", m.API, node, "an action gives one bundle: it neither iterates nor turns pages", "make it a search")
		}
	}
	if response.Has("iterate") && isWholeBody(response.Get("output")) {
		p.report("MOD011", m.API, response.Get("output"), "output is the whole body, for each item", "write {{item}}")
	}
	if condition := request.Get("pagination").Get("condition"); condition != nil && pageCompared.MatchString(condition.Text) {
		p.report("MOD008", m.API, condition, "pagination.page compared with < or >: the last page is lost", "use <= or >=, or ask the answer whether there is more")
	}
	base, _ := p.app.Base.Root().Get("baseUrl").Str()
	if address, ok := request.Get("url").Str(); ok && base != "" && !strings.Contains(base, "{{") && strings.HasPrefix(address, base) {
		p.report("MOD010", m.API, request.Get("url"), "the address repeats the base URL", "write "+quote(strings.TrimPrefix(address, base)))
	}
	p.items(m, request)
}

// items reports item where nothing is iterated.
func (p *pass) items(m *app.Module, request *jsonc.Node) {
	if request.Get("response").Has("iterate") || p.app.Base.Root().Get("response").Has("iterate") || m.Type == app.InstantTrigger {
		return
	}
	for _, t := range p.within(m.API, request) {
		for _, r := range t.reads {
			if r.Root == "item" {
				p.place("VAR002", t, r, "item is read without iterate", "say with response.iterate where the items are")
				return
			}
		}
	}
}

func (p *pass) search(m *app.Module) {
	limited, paged := false, false
	for _, request := range requestsOf(m.API.Root()) {
		limited = limited || request.Get("response").Has("limit")
		paged = paged || request.Has("pagination")
	}
	p.limited(m)
	p.oneItem(m)
	if !limited {
		p.report("MOD004", m.API, m.API.Root(), "the search has no limit", `add a parameter limit and "limit": "{{parameters.limit}}" in response`)
	}
	if !paged && !p.app.Base.Root().Has("pagination") {
		p.report("MOD005", m.API, m.API.Root(), "the search turns no pages", "what is behind the first page is never found")
	}
}

// limited checks the parameter limit of a search, and what it is used for.
func (p *pass) limited(m *app.Module) {
	list := elements(m.Expect.Root())
	last := len(list) - 1
	for last >= 0 && !(list[last].Has("name") && !list[last].Get("advanced").Value().Truthy()) {
		last--
	}
	for i, node := range list {
		if literal(node.Get("name")) != "limit" {
			continue
		}
		var wrong []string
		for _, key := range []string{"required", "advanced"} {
			if node.Get(key).Value().Truthy() {
				wrong = append(wrong, "is "+key)
			}
		}
		if !node.Has("default") {
			wrong = append(wrong, "has no default")
		}
		if i < last {
			wrong = append(wrong, "is not the last one")
		}
		if len(wrong) > 0 {
			p.report("MOD006", m.Expect, node, "the limit "+strings.Join(wrong, ", and "), "the limit stands last, is optional and has a default")
		}
	}
	for _, request := range requestsOf(m.API.Root()) {
		for _, part := range []*jsonc.Node{request.Get("qs"), request.Get("body")} {
			if found := reading(part, limitRead); len(found) > 0 && request.Has("pagination") {
				p.report("MOD007", m.API, found[0], "the limit is also the size of a page", "ask for pages of a constant size: they are cut where the limit is reached")
			}
		}
	}
}

var limitRead = regexp.MustCompile(`\bparameters\.limit\b`)

// oneItem: a search whose only field is a list gives the list as one bundle.
func (p *pass) oneItem(m *app.Module) {
	fields := elements(filled(m.Interface))
	requests := requestsOf(m.API.Root())
	last := requests[len(requests)-1].Get("response")
	if len(fields) == 1 && literal(fields[0].Get("type")) == "array" && !last.Has("iterate") && !p.app.Base.Root().Get("response").Has("iterate") && !last.Has("wrapper") {
		p.report("MOD003", m.API, first(last, m.API.Root()), "the search gives a list as one bundle", "say with response.iterate where the items are")
	}
}

// bound: a universal module must not send the credentials anywhere (SEC of Make's review).
func (p *pass) bound(m *app.Module) {
	for _, request := range requestsOf(m.API.Root()) {
		if address, ok := request.Get("url").Str(); ok && strings.HasPrefix(address, "{{") && !strings.HasPrefix(address, "{{connection.") && p.reads(m.API, request.Get("url"), "parameters") {
			p.report("MOD013", m.API, request.Get("url"), "the address may be any: the credentials go wherever the user says", `write "/{{parameters.url}}" and ask for a relative path`)
		}
	}
}

func (p *pass) responder(m *app.Module) {
	if !p.instant {
		p.meta("RES002", m.Meta, "label", "a responder in an app without an instant trigger", "there is no request to answer")
	}
}

// universal: Make's review asks for a module that can make any call.
func (p *pass) universal() {
	is := func(m *app.Module) bool { return m.Type == app.Universal }
	if len(p.app.Modules) > 0 && !slices.ContainsFunc(p.app.Modules, is) {
		p.meta("MOD012", p.app.Meta, "components", "the app has no universal module", "add one, so that users reach what has no module of its own")
	}
}

// first returns the first node that is there.
func first(nodes ...*jsonc.Node) *jsonc.Node {
	for _, n := range nodes {
		if n != nil && !n.IsNull() {
			return n
		}
	}
	return nil
}

// warning is a finding of a rule that is only a warning in this case.
func (p *pass) warning(id, message, hint string) source.Diagnostic {
	return source.Diagnostic{Severity: source.Warning, Code: id, Message: message, Hint: hint}
}
