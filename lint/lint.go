package lint

import (
	"context"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// Options choose how an app is checked. The zero value checks what cleat runs.
type Options struct {
	// MakeStrict makes an error of what works here and not at Make.
	MakeStrict bool
}

// App returns everything that is wrong with a definition, sorted by place: loaded, the
// findings of the loader, and those of every rule. A comment `// cleat-ignore CODE reason`
// on the line above a finding, or on its own line, silences it. App evaluates nothing and
// touches no network. Of findings beyond what a person reads, see [MaxAlike],
// [MaxOfRule] and [MaxFindings], only the number is told.
func App(a *app.App, loaded source.Diagnostics, o Options) source.Diagnostics {
	found, _ := Check(context.Background(), a, loaded, o)
	return found
}

// Check is [App] that stops when the context ends, with its error and without findings.
func Check(ctx context.Context, a *app.App, loaded source.Diagnostics, o Options) (source.Diagnostics, error) {
	p := newPass(a, o)
	p.add(loaded...)
	for _, step := range p.checks() {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		step()
	}
	return p.result(), nil
}

// checks are all that is looked at, a component each, so that none takes long.
func (p *pass) checks() []func() {
	var steps []func()
	codes := p.app.Codes()
	each(&steps, codes, p.compiled)
	each(&steps, codes, p.variablesOf)
	each(&steps, p.app.Functions, p.callsOf)
	each(&steps, codes, p.form)
	steps = append(steps, p.base)
	each(&steps, p.app.Connections, func(c *app.Connection) {
		p.add(Connection(p.app, c)...)
		p.connection(c)
	})
	each(&steps, p.app.Webhooks, p.webhook)
	each(&steps, p.app.Modules, p.module)
	steps = append(steps, p.universal, p.names, p.repeatedHeaders)
	each(&steps, codes, p.deepPaths)
	each(&steps, p.app.RPCs, p.rpc)
	each(&steps, p.app.Functions, p.function)
	each(&steps, p.app.Endpoints, p.endpoint)
	return steps
}

// each adds a step for every item.
func each[T any](steps *[]func(), list []T, do func(T)) {
	for _, item := range list {
		*steps = append(*steps, func() { do(item) })
	}
}

// notPortable reports whether a finding is about what cleat accepts and Make does not.
func notPortable(d source.Diagnostic) bool {
	return strings.Contains(d.Message, "not portable") || strings.Contains(d.Hint, "not portable")
}

// form compiles a form, which finds the mistakes PAR001 to PAR040.
func (p *pass) form(code *app.Code) {
	if shapeOf(code) != app.Form || code.Root() == nil {
		return
	}
	_, found := form.Compile(form.Section{Doc: code.Doc, Root: code.Root()})
	p.add(found...)
	p.feeds(code, code.Root())
	p.parameters(code)
}

// feeds collects the RPCs below a node, and reports those that do not exist.
func (p *pass) feeds(code *app.Code, n *jsonc.Node) {
	if text, ok := n.Str(); ok {
		if name, isRPC := rpcName(text); isRPC {
			p.fed[name] = append(p.fed[name], text)
			if p.app.RPC(name) == nil {
				p.report("RPC001", code, n, "the app has no RPC "+quote(name), p.didYouMean(name, p.app.IDs(app.RPCKind)))
			}
		}
		return
	}
	for _, m := range n.Members {
		if m.Name() == "options" {
			p.chosen(literal(n.Get("type")), first(m.Value.Get("store"), m.Value))
		}
		p.feeds(code, m.Value)
	}
	for _, element := range n.Elements {
		p.feeds(code, element)
	}
}

// chosen notes what the RPC that gives the options of a field of a type has to return.
func (p *pass) chosen(kind string, options *jsonc.Node) {
	text, _ := options.Str()
	name, ok := rpcName(text)
	switch {
	case !ok:
	case kind == "select":
		p.choices[name] = true
	case kind == "file":
		p.fileChoices[name] = true
	}
}

// rpcName is the name in rpc://name?query.
func rpcName(text string) (string, bool) {
	name, isRPC := strings.CutPrefix(text, "rpc://")
	name, _, _ = strings.Cut(name, "?")
	return name, isRPC && !strings.Contains(name, "{{")
}

func shapeOf(code *app.Code) app.Shape {
	for _, s := range app.Sections(code.Kind) {
		if s.Name == code.Name {
			return s.Shape
		}
	}
	return app.Markdown
}

func quote(text string) string { return `"` + text + `"` }
