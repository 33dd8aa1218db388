package lint

import (
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// text is an expression of an app.
type text struct {
	code    *app.Code
	node    *jsonc.Node
	program *iml.Program
	reads   []iml.Reference
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

// expressions compiles every expression of the code that makes requests, as strictly as
// Make reads it.
func (p *pass) expressions() {
	custom := func(name string) bool { return p.app.Function(name) != nil }
	for _, code := range p.app.Codes() {
		if shapeOf(code) == app.Requests && code.Root() != nil {
			p.compile(code, code.Root(), custom)
		}
	}
	known := map[owner]declared{}
	for _, t := range p.texts {
		p.called = append(p.called, t.program.Calls()...)
		of := ownerOf(t.code)
		if _, ok := known[of]; !ok {
			names, open := p.fieldsOf(t.code)
			known[of] = declared{names, open}
		}
		p.variables(t, known[of])
	}
}

func (p *pass) compile(code *app.Code, n *jsonc.Node, custom func(string) bool) {
	if s, ok := n.Str(); ok {
		if !strings.Contains(s, "{{") {
			return
		}
		program, found := iml.Compile(s, iml.Options{Custom: custom, Origin: code.Doc.Origin(n), Strict: true})
		p.found.Add(found...)
		t := text{code, n, program, program.References()}
		p.texts = append(p.texts, t)
		p.textsOf[code] = append(p.textsOf[code], t)
		p.owned[ownerOf(code)] = append(p.owned[ownerOf(code)], t)
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
	open  bool
}

// variables reports roots that no component has, and parameters that the component's
// forms do not declare.
func (p *pass) variables(t text, by declared) {
	for _, r := range t.reads {
		switch {
		case !slices.Contains(roots, r.Root):
			p.place("VAR001", t, r, "unknown variable "+quote(r.Root), source.DidYouMean(r.Root, roots))
		case r.Root == "parameters" && len(r.Path) > 0 && !by.open && !slices.Contains(by.names, r.Path[0]):
			p.place("VAR003", t, r, quote(r.Path[0])+" is no parameter of this component", source.DidYouMean(r.Path[0], by.names))
		}
	}
}

// place reports a finding at a variable of a text.
func (p *pass) place(id string, t text, r iml.Reference, message, hint string) {
	finding := source.Diagnostic{Severity: p.severities[id], Code: id, Message: message, Hint: hint}
	p.found.Add(t.code.Doc.Origin(t.node).Place(finding, r.Start, r.End))
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

// within returns the expressions of a code that stand inside a node.
func (p *pass) within(code *app.Code, below *jsonc.Node) []text {
	var all []text
	if below == nil {
		return nil
	}
	for _, t := range p.textsOf[code] {
		if t.node.Start >= below.Start && t.node.End <= below.End {
			all = append(all, t)
		}
	}
	return all
}
