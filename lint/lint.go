package lint

import (
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
// touches no network.
func App(a *app.App, loaded source.Diagnostics, o Options) source.Diagnostics {
	p := &pass{app: a, strict: o.MakeStrict, severities: map[string]source.Severity{}, textsOf: map[*app.Code][]text{}, owned: map[owner][]text{}}
	for _, r := range Rules() {
		p.severities[r.Code] = r.Severity
	}
	p.found.Add(loaded...)
	p.expressions()
	p.forms()
	p.base()
	for _, c := range a.Connections {
		p.found.Add(Connection(a, c)...)
		p.connection(c)
	}
	for _, w := range a.Webhooks {
		p.webhook(w)
	}
	for _, m := range a.Modules {
		p.module(m)
	}
	p.universal()
	p.names()
	p.repeatedHeaders()
	p.deepPaths()
	for _, r := range a.RPCs {
		p.rpc(r)
	}
	for _, f := range a.Functions {
		p.function(f)
	}
	for _, e := range a.Endpoints {
		p.endpoint(e)
	}
	return p.result()
}

// pass is one check of an app.
type pass struct {
	app        *app.App
	strict     bool
	severities map[string]source.Severity
	found      source.Diagnostics

	texts   []text // every expression of the code that makes requests
	textsOf map[*app.Code][]text
	owned   map[owner][]text
	called  []string // functions that are called
	fed     []string // RPCs that forms ask
	asked   []string // the same, as they are written
	choices []string // those that give options of a select
}

// report adds a finding of a rule at a node of a code; a nil node means the whole.
func (p *pass) report(id string, code *app.Code, node *jsonc.Node, message, hint string) {
	if code == nil || code.Doc == nil {
		return
	}
	p.found.Add(code.Doc.Diagnose(node, source.Diagnostic{Severity: p.severities[id], Code: id, Message: message, Hint: hint}))
}

// meta adds a finding about the metadata of a component.
func (p *pass) meta(id string, m app.Meta, key, message, hint string) {
	p.found.Add(m.Diagnose(key, source.Diagnostic{Severity: p.severities[id], Code: id, Message: message, Hint: hint}))
}

// result sorts the findings, drops repetitions and what is silenced.
func (p *pass) result() source.Diagnostics {
	p.found.Sort()
	silenced := p.silenced()
	var kept source.Diagnostics
	for i, d := range p.found {
		if p.strict && d.Severity == source.Warning && notPortable(d) {
			d.Severity = source.Error
		}
		repeated := i > 0 && d.Code == p.found[i-1].Code && d.Position() == p.found[i-1].Position() && d.Message == p.found[i-1].Message
		if !repeated && !silenced[ignore{d.File, d.Line, d.Code}] && !silenced[ignore{d.File, d.Line - 1, d.Code}] {
			kept = append(kept, d)
		}
	}
	return kept
}

// notPortable reports whether a finding is about what cleat accepts and Make does not.
func notPortable(d source.Diagnostic) bool {
	return strings.Contains(d.Message, "not portable") || strings.Contains(d.Hint, "not portable")
}

// ignore is a rule silenced on a line of a file.
type ignore struct {
	file string
	line int
	code string
}

// silenced reads the comments of every code.
func (p *pass) silenced() map[ignore]bool {
	silenced := map[ignore]bool{}
	for _, code := range p.app.Codes() {
		if code.Doc == nil {
			continue
		}
		for _, comment := range code.Doc.Comments {
			words := strings.Fields(strings.Trim(comment.Text, "/* "))
			if len(words) >= 2 && words[0] == "cleat-ignore" {
				silenced[ignore{code.File.Name(), code.File.Position(comment.Start).Line, words[1]}] = true
			}
		}
	}
	return silenced
}

// forms compiles every form, which finds the mistakes PAR001 to PAR040.
func (p *pass) forms() {
	for _, code := range p.app.Codes() {
		if shapeOf(code) != app.Form || code.Root() == nil {
			continue
		}
		_, found := form.Compile(form.Section{Doc: code.Doc, Root: code.Root()})
		p.found.Add(found...)
		p.feeds(code, code.Root())
		p.parameters(code)
	}
}

// feeds collects the RPCs below a node, and reports those that do not exist.
func (p *pass) feeds(code *app.Code, n *jsonc.Node) {
	if text, ok := n.Str(); ok {
		if name, isRPC := rpcName(text); isRPC {
			p.fed, p.asked = append(p.fed, name), append(p.asked, text)
			if p.app.RPC(name) == nil {
				p.report("RPC001", code, n, "the app has no RPC "+quote(name), source.DidYouMean(name, p.app.IDs(app.RPCKind)))
			}
		}
		return
	}
	for _, m := range n.Members {
		if name, ok := rpcName(m.Value.Value().ToText()); ok && m.Value.Is(jsonc.String) && (m.Name() == "options" || m.Name() == "store") && literal(n.Get("type")) == "select" {
			p.choices = append(p.choices, name)
		}
		p.feeds(code, m.Value)
	}
	for _, element := range n.Elements {
		p.feeds(code, element)
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
