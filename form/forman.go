package form

import (
	"net/url"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

// FormanOptions say how to export. The zero Options work.
type FormanOptions struct {
	ExcludeAdvanced bool // leave fields out that are advanced
}

// Forman exports the form as the JSON Schema that Make's own tools exchange, with their
// extensions (x-fetch, x-nested, x-search, …) and their weaknesses: formats and the
// lengths of texts are not in it. For callers that validate with it see [Form.Tool].
func (f *Form) Forman(o FormanOptions) value.Value {
	x := &formanExport{o: o, types: f.types, definitions: newSchema()}
	s := newSchema()
	s.text("type", "object")
	x.collection(s, f.list, nil)
	if x.definitions.Len() > 0 {
		s.set("definitions", x.definitions.value())
	}
	return s.value()
}

// formanExport is one export under way.
type formanExport struct {
	o           FormanOptions
	types       typeTable
	holder      *schema // of the collection under way: conditions are put there
	definitions *schema
}

// formanTypes are the types of JSON that differ from those of stored values.
var formanTypes = map[string]string{"json": "object", "select": "string", "list": "string", "radio": "string"}

// collection writes the fields of a collection into s. tail are the names of the fields
// above, which RPCs get.
func (x *formanExport) collection(s *schema, fields *list, tail []string) {
	properties := value.NewCollection(len(fields.items))
	s.set("properties", value.FromCollection(properties))
	s.append("required")
	outer := x.holder
	x.holder = s
	defer func() { x.holder = outer }()
	fields.each(func(i item) {
		if i.field == nil {
			s.append("allOf", value.Object("$ref", value.Text(withTail(i.remote, tail))))
			return
		}
		x.property(s, properties, i.field, tail)
	})
}

func (x *formanExport) property(s *schema, properties *value.Collection, f *Field, tail []string) {
	if _, repeated := properties.Lookup(f.Name); repeated || f.Type.Display || f.Name == "" || f.Advanced && x.o.ExcludeAdvanced {
		return
	}
	if f.Required {
		s.append("required", value.Text(f.Name))
	}
	made := x.field(f, tail)
	if f.Advanced {
		made.set("x-advanced", value.True)
	}
	properties.Set(f.Name, made.value())
}

func (x *formanExport) field(f *Field, tail []string) *schema {
	s := newSchema()
	kind := f.Type.Stored
	if other, ok := formanTypes[f.Type.Name]; ok {
		kind = other
	}
	s.text("type", kind)
	s.text("title", f.label())
	s.text("description", f.Help)
	if f.Type.forman != nil && !f.is("udt") { // udt is plain for the official converter
		f.Type.forman(x, f, s, tail)
		return s
	}
	if !f.Default.IsEmpty() {
		s.set("default", f.Default)
	}
	formanValidate(f, s)
	x.search(f, s, tail)
	x.nested(f, f.nested, s, tail)
	return s
}

// formanValidate copies limits as they are written, whatever they mean for the type.
func formanValidate(f *Field, s *schema) {
	node := f.node.Get("validate")
	pattern := node.Get("pattern")
	if pattern.Is(jsonc.Object) {
		pattern = pattern.Get("regexp")
	}
	if v := pattern.Value(); v.Truthy() {
		s.set("pattern", v)
	}
	for _, keyword := range [][2]string{{"min", "minimum"}, {"max", "maximum"}, {"enum", "enum"}} {
		if v := node.Get(keyword[0]).Value(); !v.IsUndefined() {
			s.set(keyword[1], v)
		}
	}
}

func (x *formanExport) search(f *Field, s *schema, tail []string) {
	b := f.button
	if b == nil {
		return
	}
	input := newSchema()
	switch {
	case b.remote != "":
		input.text("$ref", b.remote)
	case b.Form != nil:
		input.text("type", "object")
		x.collection(input, b.Form.list, tail)
	default:
		input.text("type", "object")
		x.collection(input, &list{}, tail)
	}
	search := newSchema()
	search.text("url", withTail(b.URL, tail))
	search.text("label", b.Label)
	search.set("inputSchema", input.value())
	s.set("x-search", search.value())
}

// nested writes the fields that the whole field shows. Those of another domain stand in
// another schema.
func (x *formanExport) nested(f *Field, n *nested, s *schema, tail []string) {
	if n != nil && n.list != nil && n.domain == "" {
		s.set("x-nested", x.shown(n.list, append(slices.Clip(tail), f.Name)))
	}
}

// shown is the schema of nested fields: one RPC, RPCs and fields, or fields alone.
func (x *formanExport) shown(fields *list, tail []string) value.Value {
	s := newSchema()
	switch {
	case fields.text && len(fields.items) == 1:
		s.text("$ref", withTail(fields.items[0].remote, tail))
	case fields.plain:
		s.text("type", "object")
		x.collection(s, fields, tail)
	default:
		s.text("type", "object")
		fields.each(func(i item) {
			part := newSchema()
			if i.field == nil {
				part.text("$ref", withTail(i.remote, tail))
			} else {
				part.text("type", "object")
				x.collection(part, &list{items: []item{i}, plain: true}, tail)
			}
			s.append("allOf", part.value())
		})
	}
	return s.value()
}

// withTail adds the names of the fields above to the query of an RPC, as templates, but
// for those that it has.
func withTail(address string, tail []string) string {
	if strings.HasPrefix(address, "api://") {
		return address
	}
	_, query, has := strings.Cut(address, "?")
	given, _ := url.ParseQuery(query)
	for _, name := range tail {
		if given.Has(name) {
			continue
		}
		separator := "?"
		if has {
			separator = "&"
		}
		has = true
		address += separator + strings.ReplaceAll(url.QueryEscape(name), "+", "%20") + "={{" + name + "}}"
	}
	return address
}
