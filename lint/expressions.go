package lint

import (
	"slices"
	"sort"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/jsonc"
)

// text is an expression of an app.
type text struct {
	code  *app.Code
	node  *jsonc.Node
	reads []iml.Reference
}

// owner is a component, or the app itself.
type owner struct {
	kind app.Kind
	id   string
}

func ownerOf(code *app.Code) owner { return owner{code.Kind, code.Owner} }

// roots are the variables that code of an app may read (communication.md 3,
// components.md 5 to 12). What a single component lacks of them is undefined there.
var roots = []string{
	"parameters", "connection", "common", "data", "temp", "item", "body", "headers", "statusCode", "pagination", "environment", "metadata",
	"oauth", "query", "webhook", "payload", "method", "rawBody", "output", "bundle", "input", "credentials", "response", "scenario",
}

// compiled compiles every expression of a code that makes requests, as strictly as Make
// reads it.
func (p *pass) compiled(code *app.Code) {
	if shapeOf(code) == app.Requests && code.Root() != nil {
		p.owned[ownerOf(code)] = append(p.owned[ownerOf(code)], code)
		p.owned[everyone] = append(p.owned[everyone], code)
		p.compile(code, code.Root(), func(name string) bool { return p.app.Function(name) != nil })
	}
}

func (p *pass) compile(code *app.Code, n *jsonc.Node, custom func(string) bool) {
	if s, ok := n.Str(); ok {
		if !strings.Contains(s, "{{") {
			return
		}
		program, found := iml.Compile(s, iml.Options{Custom: custom, Origin: code.Doc.Origin(n), Strict: true})
		p.add(found...)
		t := text{code, n, program.References()}
		p.textsOf[code] = append(p.textsOf[code], t)
		for _, name := range program.Calls() {
			p.called[name] = true
		}
		return
	}
	for _, m := range n.Members {
		if m.Name() != "{{...}}" {
			p.compile(code, m.Key, custom)
		}
		p.compile(code, m.Value, custom)
	}
	for _, element := range n.Elements {
		p.compile(code, element, custom)
	}
}

// declared are the names that the forms of a component declare; open forms have more.
type declared struct {
	names []string
	known map[string]bool
	open  bool
}

// variablesOf checks the variables of a code.
func (p *pass) variablesOf(code *app.Code) {
	of := ownerOf(code)
	for _, t := range p.textsOf[code] {
		by, ok := p.declares[of]
		if !ok {
			by.names, by.open = p.fieldsOf(code)
			by.known = setOf(by.names)
			p.declares[of] = by
		}
		p.variables(t, by)
	}
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// variables reports roots that no component has, and parameters that the component's
// forms do not declare.
func (p *pass) variables(t text, by declared) {
	for _, r := range t.reads {
		switch {
		case !slices.Contains(roots, r.Root):
			p.place("VAR001", t, r, "unknown variable "+quote(r.Root), p.didYouMean(r.Root, roots))
		case r.Root == "parameters" && len(r.Path) > 0 && !by.open && !by.known[r.Path[0]]:
			p.place("VAR003", t, r, quote(r.Path[0])+" is no parameter of this component", p.didYouMean(r.Path[0], by.names))
		}
	}
}

// place reports a finding at a variable of a text.
func (p *pass) place(id string, t text, r iml.Reference, message, hint string) {
	if !p.enough(id, t.code.File) {
		p.add(t.code.Doc.Origin(t.node).Place(p.finding(id, message, hint), r.Start, r.End))
	}
}

// fieldsOf returns the names that the forms of a code's component declare, nested ones
// included. The forms are open when an RPC adds fields, or other things may.
func (p *pass) fieldsOf(code *app.Code) (names []string, open bool) {
	var forms []*app.Code
	switch code.Kind {
	case app.ModuleKind:
		m := p.app.Module(code.Owner)
		forms = []*app.Code{m.Parameters, m.Expect}
		if m.Type == app.InstantTrigger {
			return nil, true // the parameters of its webhook count too
		}
	case app.ConnectionKind:
		forms = []*app.Code{p.app.Connection(code.Owner).Parameters}
	default:
		return nil, true // an RPC gets its parameters from who calls, a webhook from attach
	}
	for _, f := range forms {
		if f != nil && f.Root() != nil {
			open = collect(f.Root(), &names) || open
		}
	}
	return names, open
}

// collect gathers field names below a node and reports whether an RPC adds more.
func collect(n *jsonc.Node, names *[]string) (open bool) {
	if s, ok := n.Str(); ok {
		return strings.HasPrefix(s, "rpc://")
	}
	if name, ok := n.Get("name").Str(); ok {
		*names = append(*names, name)
	}
	for _, m := range n.Members {
		if m.Name() == "rpc" || m.Name() == "options" && !m.Value.Is(jsonc.Array) && !m.Value.Has("nested") {
			continue // an RPC that fills a select adds no fields
		}
		open = collect(m.Value, names) || open
	}
	for _, element := range n.Elements {
		open = collect(element, names) || open
	}
	return open
}

// reads reports whether an expression below a node reads root.path.
func (p *pass) reads(code *app.Code, below *jsonc.Node, root string, path ...string) bool {
	return slices.ContainsFunc(p.within(code, below), func(t text) bool {
		return slices.ContainsFunc(t.reads, func(r iml.Reference) bool {
			return r.Root == root && len(r.Path) >= len(path) && slices.Equal(r.Path[:len(path)], path)
		})
	})
}

// within returns the expressions of a code that stand inside a node: they are in the order
// of the text.
func (p *pass) within(code *app.Code, below *jsonc.Node) []text {
	if below == nil {
		return nil
	}
	all := p.textsOf[code]
	behind := func(offset int) int {
		return sort.Search(len(all), func(i int) bool { return all[i].node.Start >= offset })
	}
	from := behind(below.Start)
	return all[from:max(from, behind(below.End))]
}
