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
	read := p.readers(code)
	if read == nil {
		return
	}
	var fields []field
	gather(code, code.Root(), &fields, func(*jsonc.Node) {})
	for _, f := range fields {
		if f.name != "" && !slices.Contains(display, f.kind) && !f.node.Has("nested") && !f.switches() && !mentions(read, f.name) {
			p.report("PAR037", code, f.at("name"), "nothing reads "+quote(f.name), "use it in the request, or take it out")
		}
	}
}

// switches reports whether the options show further fields.
func (f field) switches() bool {
	options := f.node.Get("options")
	return options.Has("nested") || slices.ContainsFunc(elements(first(options.Get("store"), options)), func(n *jsonc.Node) bool { return n.Has("nested") })
}

// readers are the expressions that may read the values of a form, nil when one of them
// takes the values as a whole.
func (p *pass) readers(form *app.Code) []text {
	asked := rpcsBelow(form.Root())
	all := []text{}
	for _, t := range p.texts {
		own := t.code.Owner == form.Owner && t.code.Kind == form.Kind
		// What a person enters for a connection, any code may read; what is entered for a
		// webhook, the instant triggers too.
		wide := form.Kind == app.ConnectionKind || form.Kind == app.WebhookKind && t.code.Kind == app.ModuleKind
		if !own && !wide && t.code.Kind != app.General && (t.code.Kind != app.RPCKind || !slices.Contains(asked, t.code.Owner)) {
			continue
		}
		for _, r := range t.program.References() {
			whole := slices.Contains([]string{"parameters", "connection", "data"}, r.Root) && len(r.Path) == 0
			if whole && (own || t.code.Kind == app.General) || r.Root == "metadata" && own {
				return nil
			}
		}
		all = append(all, t)
	}
	return all
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

// mentions reports whether the name occurs in an expression.
func mentions(all []text, name string) bool {
	word := regexp.MustCompile(`(?:^|[^\w$])` + regexp.QuoteMeta(name) + `(?:$|[^\w$])`)
	return slices.ContainsFunc(all, func(t text) bool { return word.MatchString(expressions(t.node.Text)) })
}
