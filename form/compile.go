package form

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// compiler turns the tree of a definition into fields. It collects every mistake.
type compiler struct {
	types typeTable
	doc   *jsonc.Document
	found source.Diagnostics
	depth int
	below int  // fields that show the ones under way
	item  bool // the field is the spec of an array: it needs no name
}

// maxNesting is how deep fields may stand in fields.
const maxNesting = 64

func (c *compiler) fault(severity source.Severity, node *jsonc.Node, code, message, hint string) {
	c.found.Add(c.doc.Diagnose(node, source.Diagnostic{Severity: severity, Code: code, Message: message, Hint: hint}))
}

func (c *compiler) wrong(node *jsonc.Node, code, message, hint string) {
	c.fault(source.Error, node, code, message, hint)
}

// list reads an array of fields and of texts rpc://…, one of either, or nothing.
func (c *compiler) list(node *jsonc.Node) *list {
	l := &list{plain: true}
	c.depth++
	defer func() { c.depth-- }()
	switch {
	case node == nil || node.IsNull():
	case c.depth > maxNesting:
		c.wrong(node, "PAR039", fmt.Sprintf("fields are nested more than %d levels deep", maxNesting), "")
	case node.Is(jsonc.Array):
		for _, element := range node.Elements {
			c.element(l, element)
		}
	default:
		l.text = node.Is(jsonc.String)
		c.element(l, node)
	}
	l.collectNames()
	c.repeatedNames(l)
	return l
}

func (c *compiler) element(l *list, node *jsonc.Node) {
	switch node.Kind {
	case jsonc.String:
		if c.remote(node) {
			l.add(item{remote: node.Text, at: c.doc.Position(node)})
		}
	case jsonc.Object:
		l.add(item{field: c.field(node), at: c.doc.Position(node)})
	case jsonc.Invalid:
	default:
		c.wrong(node, "PAR001", fmt.Sprintf("%s instead of a field", node.Kind), `a field is {"name": …, "type": …}, fields from an RPC are "rpc://name"`)
	}
}

// remote reports whether a text names a source that can be asked.
func (c *compiler) remote(node *jsonc.Node) bool {
	if err := checkURL(node.Text); err != nil {
		c.wrong(node, "PAR025", err.Error(), "write rpc://name, or rpc://name?key=value")
		return false
	}
	return true
}

// field reads one field: first the keys that all types have, then the type's own.
func (c *compiler) field(node *jsonc.Node) *Field {
	text := func(key string) string { s, _ := node.Get(key).Str(); return s }
	truth := func(key string) bool { return node.Get(key).Value().Truthy() }
	anonymous := c.item
	c.item = false
	f := &Field{node: node, doc: c.doc, Position: c.doc.Position(node),
		Name: text("name"), Label: text("label"), Help: strings.TrimSpace(text("help")),
		Required: truth("required"), Advanced: truth("advanced"), ReadOnly: truth("readonly"), Multiple: truth("multiple"),
		Default: node.Get("default").Value(), expressions: true, withheld: truth("disabled") || truth("omit"),
		dynamic: truth("dynamic"), sequence: truth("sequence"), grouped: truth("grouped"), reversed: truth("reversedNested"),
		tags: text("tags"), codepage: text("codepage")}
	if f.Label == "" {
		f.Label = f.Name
	}
	c.typeOf(f)
	if f.Name == "" && !f.Type.Display && !anonymous {
		c.wrong(node, "PAR002", "field without name", "")
	}
	c.mapping(f)
	c.validation(f)
	f.nested = c.nestedIn(node.Get("nested"), f)
	f.button = c.search(node.Get("rpc"))
	if v := node.Get("visible"); v.Is(jsonc.String) {
		program, found := iml.Compile(v.Text, iml.Options{Origin: c.doc.Origin(v)})
		c.found.Add(found...)
		f.visible = program
	}
	if f.Type.compile != nil {
		f.Type.compile(c, f)
	}
	c.standard(f)
	c.advise(f, anonymous)
	return f
}

// typeOf sets the type: text when there is none (as the oldest documentation has it), any
// when there is no such type.
func (c *compiler) typeOf(f *Field) {
	node := f.node.Get("type")
	name, ok := node.Str()
	switch {
	case !ok:
		c.wrong(f.node, "PAR001", "field without type", `write "type": "text", or what the value is`)
		name = "text"
	case strings.Contains(name, "{{"): // schema: the type may be an expression
		name = "any"
	}
	if f.Type, f.Kind = c.types.lookup(name); f.Type == nil {
		if f.Type, f.Kind = c.types.lookup(strings.ToLower(name)); f.Type != nil {
			c.wrong(node, "PAR001", fmt.Sprintf("the type %q is not in lower case", name), fmt.Sprintf("write %q", strings.ToLower(name)))
			return
		}
		c.wrong(node, "PAR001", fmt.Sprintf("unknown type %q", name), "")
	}
	if f.Type == nil {
		f.Type = c.typeNamed("any")
	}
}

// typeNamed returns a type that the definition does not name; a caller's own table may
// lack it.
func (c *compiler) typeNamed(name string) *Type {
	if t := c.types[name]; t != nil {
		return t
	}
	return &Type{Name: name}
}

// mapping reads mappable, and editable, which is its old name.
func (c *compiler) mapping(f *Field) {
	if m := f.node.Get("mappable"); m != nil {
		f.custom = m.Is(jsonc.Bool) && m.Text == "true"
		f.expressions = !m.Is(jsonc.Bool) || f.custom
	}
	if e, ok := f.node.Get("editable").Bool(); ok && e {
		f.custom = true
	}
}

// nestedIn reads the fields that a field or an option shows: a list, one RPC,
// {store, domain}, or for booleans {true, false}.
func (c *compiler) nestedIn(node *jsonc.Node, f *Field) *nested {
	c.below++
	defer func() { c.below-- }()
	switch {
	case node == nil || node.IsNull():
		return nil
	case node.Has("store"):
		domain, _ := node.Get("domain").Str()
		return &nested{list: c.list(node.Get("store")), domain: domain}
	case f != nil && f.Type.Stored == "boolean" && (node.Has("true") || node.Has("false")):
		return &nested{on: c.list(node.Get("true")), off: c.list(node.Get("false"))}
	}
	return &nested{list: c.list(node)}
}

func (c *compiler) search(node *jsonc.Node) *Button {
	if !node.Is(jsonc.Object) {
		return nil
	}
	url, ok := node.Get("url").Str()
	if !ok {
		c.wrong(node, "PAR025", "search button without url", `write "url": "rpc://name"`)
		return nil
	}
	if !c.remote(node.Get("url")) {
		return nil
	}
	b := &Button{URL: url}
	b.Label, _ = node.Get("label").Str()
	if p := node.Get("parameters"); p != nil {
		b.remote, _ = p.Str()
		b.Form = &Form{c.list(p), c.types}
	}
	return b
}

// standard checks the default, and finds the option that is chosen beforehand.
func (c *compiler) standard(f *Field) {
	if f.options == nil {
		return
	}
	var chosen []value.Value
	for _, o := range f.options.list {
		if o.Default {
			chosen = append(chosen, o.Value)
		}
	}
	switch {
	case len(chosen) == 0:
	case f.Multiple:
		f.unchosen = value.List(chosen...)
	default:
		f.unchosen = chosen[0]
	}
	if f.Default.IsEmpty() || f.options.remote != "" || f.dynamic || f.unchecked || len(f.options.list) == 0 || hasExpression(f.Default) {
		return
	}
	for _, v := range f.values(f.Default) {
		if f.options.option(f, v) == nil {
			c.wrong(f.node.Get("default"), "PAR008", fmt.Sprintf("the default %s is none of the options", v.AppendJSON(nil)), "")
		}
	}
}

// values are the chosen ones: those of an array when several may be chosen.
func (f *Field) values(v value.Value) []value.Value {
	if f.Multiple && v.Array() != nil {
		return v.Array().Items()
	}
	return []value.Value{v}
}

// texts reads a text or an array of texts.
func texts(node *jsonc.Node) []string {
	if s, ok := node.Str(); ok {
		return []string{s}
	}
	var all []string
	if node.Is(jsonc.Array) {
		for _, element := range node.Elements {
			if s, ok := element.Str(); ok {
				all = append(all, s)
			}
		}
	}
	return all
}

// secretWords are parts of names that promise a secret.
var secretWords = []string{"password", "passwd", "secret", "token", "apikey", "api_key", "privatekey", "private_key", "credential"}

func secretName(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(secretWords, func(word string) bool { return strings.Contains(name, word) })
}
