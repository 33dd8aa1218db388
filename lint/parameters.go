package lint

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// parameters checks a form that people fill in by the rules that need to know where it
// stands (parameters.md 10); what a form alone shows package form finds.
func (p *pass) parameters(code *app.Code) {
	if !slices.Contains([]string{"parameters", "expect"}, code.Name) {
		return
	}
	p.order(code)
	p.walk(code, code.Root(), nil)
	level(code, code.Root(), p.siblings)
	p.unused(code)
}

// walk visits the fields below a node; holder is the collection or array whose children
// they are.
func (p *pass) walk(code *app.Code, node, holder *jsonc.Node) {
	if node == nil {
		return
	}
	for _, element := range node.Elements {
		p.walk(code, element, holder)
	}
	if node.Has("type") {
		p.field(code, node, holder)
		holder = nil
	}
	for _, m := range node.Members {
		below := holder
		if m.Name() == "spec" {
			below = node
		}
		p.walk(code, m.Value, below)
	}
}

// pageNames are parameters that turn pages, which is the module's work.
var pageNames = strings.Fields("page offset pageSize page_size perPage per_page")

// The length of a banner's text that people read.
const (
	shortBanner = 50
	longBanner  = 300
)

func (p *pass) field(code *app.Code, node, holder *jsonc.Node) {
	kind, name := node.Get("type").Value().ToText(), node.Get("name").Value().ToText()
	if code.Kind != app.RPCKind { // those are filled in by hand, for a test
		f := fieldOf(code, node)
		p.fieldType(f)
		p.wording(f)
		p.labelOf(f)
	}
	if code.Name == "expect" {
		p.mappable(code, node)
	}
	if required := node.Get("required"); required.Value().Truthy() && holder != nil {
		switch {
		case holder.Get("type").Value().ToText() == "array" && holder.Get("spec").Is(jsonc.Array):
			p.report("PAR022", code, required, "required is not enforced inside the items of an array", "let the request of the module check it")
		case !holder.Get("required").Value().Truthy() && holder.Get("type").Value().ToText() == "collection":
			p.report("PAR023", code, required, "a required field inside an optional collection", "make the collection required, or the field optional")
		}
	}
	switch kind {
	case "password":
		if code.Kind != app.ConnectionKind {
			p.report("PAR028", code, node.Get("type"), "a password outside a connection is kept as plain text", "put secrets into the connection")
		}
	case "html":
		p.report("PAR035", code, node.Get("type"), "HTML in a form", "use a banner")
	case "banner":
		if n := utf8.RuneCountInString(node.Get("text").Value().ToText()); n < shortBanner || n > longBanner {
			p.report("PAR035", code, node, "the text of a banner has 50 to 300 characters", "")
		}
	}
	if m := p.app.Module(code.Owner); slices.Contains(pageNames, name) && code.Kind == app.ModuleKind && m != nil && m.Type == app.Search {
		p.report("PAR036", code, node.Get("name"), "people do not turn pages: "+quote(name), "use pagination and a limit")
	}
}

// mappable checks a field of an expect file, which is read without its values.
func (p *pass) mappable(code *app.Code, node *jsonc.Node) {
	if editable := node.Member("editable"); editable != nil {
		p.report("PAR020", code, editable.Key, "editable is the old name of mappable", `write "mappable"`)
	}
	for _, m := range node.Members {
		text, ok := m.Value.Str()
		if ok && strings.Contains(text, "{{") && !slices.Contains([]string{"type", "tags", "mode"}, m.Name()) {
			p.report("PAR019", code, m.Value, "expressions are not evaluated in mappable parameters", "")
		}
	}
}

// order wants the fields in the order in which people need them: required ones, optional
// ones, advanced ones.
func (p *pass) order(code *app.Code) {
	reached := 0
	for _, node := range code.Root().Elements {
		rank := 1
		switch {
		case !node.Has("name"):
			continue
		case node.Get("advanced").Value().Truthy():
			rank = 2
		case node.Get("required").Value().Truthy():
			rank = 0
		}
		if rank < reached {
			p.report("PAR018", code, node, "fields stand in the order required, optional, advanced", "")
			return
		}
		reached = rank
	}
}
