package lint

import (
	"regexp"
	"slices"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// unused reports the fields of a form that no code reads which gets their values: that of
// the component, the base, and the RPCs that the form asks.
func (p *pass) unused(code *app.Code) {
	if code.Kind != app.ModuleKind && code.Kind != app.ConnectionKind && code.Kind != app.WebhookKind {
		return
	}
	readers, whole := p.readers(code)
	if whole {
		return
	}
	reads := func(name string) bool {
		return slices.ContainsFunc(readers, func(u usage) bool { return u.names[name] })
	}
	var fields []field
	gather(code, code.Root(), &fields, func(*jsonc.Node) {})
	for _, f := range fields {
		if f.name != "" && !slices.Contains(display, f.kind) && !f.node.Has("nested") && !f.switches() && !reads(f.name) {
			p.report("PAR037", code, f.at("name"), "nothing reads "+quote(f.name), "use it in the request, or take it out")
		}
	}
}

// switches reports whether the options show further fields.
func (f field) switches() bool {
	options := f.node.Get("options")
	return options.Has("nested") || slices.ContainsFunc(elements(first(options.Get("store"), options)), func(n *jsonc.Node) bool { return n.Has("nested") })
}

// usage is what the expressions of a component read.
type usage struct {
	names map[string]bool
	whole bool // all the values of a form together
	self  bool // metadata, which holds them too
}

// everyone owns all expressions of an app.
var everyone = owner{kind: "*"}

// usageOf returns what the expressions of an owner read; for what many forms ask it is
// gathered once.
func (p *pass) usageOf(of owner) usage {
	u, ok := p.used[of]
	if ok {
		return u
	}
	u.names = map[string]bool{}
	for _, code := range p.owned[of] {
		for _, t := range p.textsOf[code] {
			u.add(t)
		}
	}
	if of.kind != app.ModuleKind {
		p.used[of] = u
	}
	return u
}

// readers are those that may read the values of a form; whole means that one of them takes
// all the values together.
func (p *pass) readers(form *app.Code) (all []usage, whole bool) {
	own, base := p.usageOf(ownerOf(form)), p.usageOf(owner{})
	if own.whole || own.self || base.whole {
		return nil, true
	}
	if form.Kind != app.ModuleKind {
		// What a person enters for a connection, any code may read; what is entered for a
		// webhook, the instant triggers too.
		return []usage{p.usageOf(everyone)}, false
	}
	all = []usage{own, base}
	asked := map[string]bool{}
	for _, id := range rpcsBelow(form.Root()) {
		if !asked[id] {
			asked[id] = true
			all = append(all, p.usageOf(owner{app.RPCKind, id}))
		}
	}
	return all, false
}

// rpcsBelow are the RPCs that a form asks.
func rpcsBelow(n *jsonc.Node) (names []string) {
	texts(n, func(s *jsonc.Node) {
		if name, ok := rpcName(s.Text); ok {
			names = append(names, name)
		}
	})
	return names
}

// word is what may be a name, or part of one.
var word = regexp.MustCompile(`[\w$-]+`)

// add takes in the names that occur in an expression, in paths or as texts.
func (u *usage) add(t text) {
	for _, r := range t.reads {
		for _, name := range r.Path {
			u.names[name] = true
		}
		u.whole = u.whole || len(r.Path) == 0 && slices.Contains([]string{"parameters", "connection", "data"}, r.Root)
		u.self = u.self || r.Root == "metadata"
	}
	for _, found := range word.FindAllString(expressions(t.node.Text), -1) {
		u.names[found] = true
	}
}
