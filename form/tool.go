package form

import (
	"context"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// draft is the dialect of the exported schemas.
const draft = "https://json-schema.org/draft/2020-12/schema"

// ToolOptions say how to export. The zero Options work.
type ToolOptions struct {
	RPC    RPC               // lists options and fields; nil leaves values of theirs free
	Values *value.Collection // what is known already, for the RPCs
	Flat   bool              // no conditions: nested fields are optional, and say when they count
	Output bool              // the form is an interface: everything is optional and may be null
}

// Tool exports the form as a JSON Schema 2020-12 for callers that validate with it, such
// as MCP and the tools of language models: what it accepts, [Form.Convert] accepts.
// Passwords and hidden fields are left out. The problems are those of RPCs that failed.
func (f *Form) Tool(ctx context.Context, o ToolOptions) (value.Value, Problems) {
	x := &toolExport{o: o, pass: f.pass(ctx, o.Values, Options{RPC: o.RPC})}
	s := newSchema()
	s.text("$schema", draft)
	s.text("type", "object")
	x.fields(s, f.list, &level{in: o.Values})
	return s.value(), x.pass.problems
}

// toolExport is one export under way.
type toolExport struct {
	o     ToolOptions
	pass  *pass
	level *level
	open  bool // an RPC that was not asked gives more fields
}

// maxListedOptions is how many options of an RPC a schema lists.
const maxListedOptions = 100

// fields writes the fields of a collection into s: the ones that are needed first,
// advanced ones last, then what depends on the values.
func (x *toolExport) fields(s *schema, fields *list, l *level) {
	outerLevel, outerOpen := x.level, x.open
	x.level, x.open = l, false
	defer func() { x.level, x.open = outerLevel, outerOpen }()
	g := &toolFields{export: x, schema: s, properties: value.NewCollection(len(fields.items))}
	g.add(fields, "")
	s.set("properties", value.FromCollection(g.ordered()))
	for _, name := range g.required {
		s.append("required", value.Text(name))
	}
	for _, condition := range g.conditions {
		s.append("allOf", condition)
	}
	switch {
	case x.o.Output || x.open || len(fields.items) == 0:
		s.set("additionalProperties", value.True)
	case len(g.conditions) > 0:
		s.set("unevaluatedProperties", value.False)
	default:
		s.set("additionalProperties", value.False)
	}
}

// toolFields are the fields of one collection under way.
type toolFields struct {
	export     *toolExport
	schema     *schema
	properties *value.Collection
	advanced   []string
	required   []string
	conditions []value.Value
}

// add writes the fields of a list; when says under which condition they count, in a flat
// schema.
func (g *toolFields) add(fields *list, when string) {
	x := g.export
	x.open = x.open || x.o.RPC == nil && !fields.plain
	failed := len(x.pass.problems)
	defer func() { x.open = x.open || len(x.pass.problems) > failed }() // what the RPC would have given is not known
	x.pass.each(fields, x.level, func(f *Field) {
		if _, repeated := g.properties.Lookup(f.Name); repeated || f.Name == "" || f.Type.Display || f.withheld || f.hiddenFromTools() {
			return
		}
		made := x.field(f)
		if when != "" {
			made.text("description", strings.TrimSpace(when+" "+made.Get("description").Str()))
		}
		if f.Advanced {
			g.advanced = append(g.advanced, f.Name)
		}
		if f.Required && f.Standard().IsUndefined() && when == "" && !x.o.Output {
			g.required = append(g.required, f.Name)
		}
		g.properties.Set(f.Name, made.value())
		g.nested(f)
	})
}

// hiddenFromTools reports whether a caller must not be asked for the value.
func (f *Field) hiddenFromTools() bool {
	return f.is("password") || f.is("hidden")
}

// ordered are the properties with the advanced ones last.
func (g *toolFields) ordered() *value.Collection {
	all := value.NewCollection(g.properties.Len())
	for _, advanced := range []bool{false, true} {
		for name, v := range g.properties.All() {
			if slices.Contains(g.advanced, name) == advanced {
				all.Set(name, v)
			}
		}
	}
	return all
}

// nested writes what a field shows, each part under its condition.
func (g *toolFields) nested(f *Field) {
	for _, c := range g.export.conditions(f) {
		if g.export.o.Flat || g.export.o.Output {
			g.add(c.fields, "Only when "+f.Name+" "+c.words+".")
			continue
		}
		then := newSchema()
		outer := g.export.level
		g.export.level = outer.beside(f, c.value, nil)
		inner := &toolFields{export: g.export, schema: then, properties: value.NewCollection(4)}
		inner.add(c.fields, "")
		g.export.level = outer
		then.set("properties", value.FromCollection(inner.ordered()))
		for _, name := range inner.required {
			then.append("required", value.Text(name))
		}
		for _, deeper := range inner.conditions {
			then.append("allOf", deeper)
		}
		g.conditions = append(g.conditions, value.Object("if", c.when, "then", then.value()))
	}
}

// field is the schema of one field.
func (x *toolExport) field(f *Field) *schema {
	s := newSchema()
	if f.Type.Stored != "" {
		s.text("type", f.Type.Stored)
	}
	if f.Label != f.Name {
		s.text("title", f.Label)
	}
	s.text("description", plainText(f.Help))
	if f.Type.tool != nil {
		f.Type.tool(x, f, s)
	}
	if f.validate != nil && f.validate.enum != nil && f.Type.Stored == "string" {
		s.set("enum", value.List(f.validate.enum...))
	}
	if v := f.Standard(); !v.IsUndefined() && !x.o.Output {
		s.set("default", v)
	}
	if kind := s.Get("type"); x.o.Output && kind.Str() != "" {
		s.set("type", value.List(kind, value.Text("null")))
	}
	return s
}
