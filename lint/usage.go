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
	read, whole := p.readers(code)
	if whole {
		return
	}
	used := namesIn(read)
	var fields []field
	gather(code, code.Root(), &fields, func(*jsonc.Node) {})
	for _, f := range fields {
		if f.name != "" && !slices.Contains(display, f.kind) && !f.node.Has("nested") && !f.switches() && !used[f.name] {
			p.report("PAR037", code, f.at("name"), "nothing reads "+quote(f.name), "use it in the request, or take it out")
		}
	}
}

// switches reports whether the options show further fields.
func (f field) switches() bool {
	options := f.node.Get("options")
	return options.Has("nested") || slices.ContainsFunc(elements(first(options.Get("store"), options)), func(n *jsonc.Node) bool { return n.Has("nested") })
}

// readers are the expressions that may read the values of a form; whole means that one of
// them takes all the values together.
func (p *pass) readers(form *app.Code) (all []text, whole bool) {
	if form.Kind != app.ModuleKind {
		// What a person enters for a connection, any code may read; what is entered for a
		// webhook, the instant triggers too.
		all = p.texts
	} else {
		all = slices.Concat(p.owned[owner{form.Kind, form.Owner}], p.owned[owner{}])
		for _, id := range rpcsBelow(form.Root()) {
			all = append(all, p.owned[owner{app.RPCKind, id}]...)
		}
	}
	for _, t := range all {
		own := t.code.Owner == form.Owner && t.code.Kind == form.Kind
		for _, r := range t.reads {
			together := slices.Contains([]string{"parameters", "connection", "data"}, r.Root) && len(r.Path) == 0
			if together && (own || t.code.Kind == app.General) || r.Root == "metadata" && own {
				return nil, true
			}
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

// namesIn are the names that occur in expressions, in paths or as texts.
func namesIn(all []text) map[string]bool {
	names := map[string]bool{}
	for _, t := range all {
		for _, r := range t.reads {
			for _, name := range r.Path {
				names[name] = true
			}
		}
		for _, found := range word.FindAllString(expressions(t.node.Text), -1) {
			names[found] = true
		}
	}
	return names
}
