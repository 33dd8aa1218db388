package form

import (
	"cmp"

	"github.com/cleat-run/cleat/value"
)

func formanCollection(x *formanExport, f *Field, s *schema, tail []string) {
	x.collection(s, f.spec, tail)
}

func formanArray(x *formanExport, f *Field, s *schema, tail []string) {
	if items := x.items(f, tail); items != nil {
		s.set("items", items.value())
	}
	s.limits(f)
}

// items is the schema of an array's items, nil when they may be anything.
func (x *formanExport) items(f *Field, tail []string) *schema {
	switch {
	case f.element != nil:
		return x.field(f.element, tail)
	case f.spec != nil:
		s := newSchema()
		s.text("type", "object")
		x.collection(s, f.spec, tail)
		return s
	}
	return nil
}

func formanJSON(_ *formanExport, f *Field, s *schema, _ []string) {
	own := f.node.Get("schema").Value().Collection()
	if own == nil {
		return
	}
	title, description := s.Get("title").Str(), s.Get("description").Str()
	s.Collection = value.NewCollection(own.Len() + 3)
	s.text("title", cmp.Or(own.Get("title").Str(), title))
	s.text("description", cmp.Or(own.Get("description").Str(), description))
	for name, v := range own.All() {
		s.set(name, v)
	}
	s.set("x-json", value.True)
}

func formanFilter(x *formanExport, f *Field, s *schema, tail []string) {
	operand, operator := x.operand(f, tail), x.operator(f)
	any := value.List(value.Text("null"), value.Text("boolean"), value.Text("number"), value.Text("string"))
	if operand.Get("type").IsUndefined() {
		operand.set("type", any)
	}
	second := newSchema()
	second.text("title", "Operand B")
	second.text("description", "The second operand of the filter.")
	second.set("type", any)
	kinds := value.NewArray(value.Object("type", value.Text("object"),
		"properties", value.Object("a", operand.value(), "o", operator.value(), "b", second.value()),
		"required", value.List(value.Text("a"), value.Text("b"), value.Text("o"))))
	if f.options.operators == nil {
		unary := &schema{operator.Clone()}
		unary.set("enum", textList(unaryOperators))
		kinds.Append(value.Object("type", value.Text("object"), "properties", value.Object("a", operand.value(), "o", unary.value()),
			"required", value.List(value.Text("a"), value.Text("o"))))
	}
	condition := value.Object("oneOf", value.FromArray(kinds))
	logic := f.options.logic
	if logic == "" {
		logic = "default"
	}
	if !filterLogics[logic] {
		condition = value.Object("type", value.Text("array"), "items", condition)
	}
	s.set("items", condition)
	s.text("x-filter", logic)
}

func (x *formanExport) operand(f *Field, tail []string) *schema {
	s := newSchema()
	s.text("title", "Operand A")
	s.text("description", "The first operand of the filter.")
	switch {
	case f.options.declared:
		s.text("type", "string")
		s.append("oneOf", titled(f.options.list)...)
	case f.options.remote != "":
		s.text("type", "string")
		s.text("x-fetch", withTail(f.options.remote, tail))
	}
	return s
}

func (x *formanExport) operator(f *Field) *schema {
	s := newSchema()
	s.text("title", "Operator")
	s.text("description", "The operator of the filter.")
	if f.options.operators == nil {
		s.set("enum", textList(binaryOperators()))
		return s
	}
	s.text("type", "string")
	s.append("oneOf", titled(f.options.operators)...)
	return s
}

func titled(options []Option) []value.Value {
	var all []value.Value
	for _, o := range options {
		title := o.Label
		if o.grouped {
			title = o.Group + ": " + title
		}
		all = append(all, value.Object("title", value.Text(title), "const", o.Value))
	}
	return all
}

func textList(words []string) value.Value {
	a := value.NewArray()
	for _, word := range words {
		a.Append(value.Text(word))
	}
	return value.FromArray(a)
}

// formanComposite refers to the one definition of a type that contains itself.
func formanComposite(x *formanExport, f *Field, s *schema, tail []string) {
	name := f.Type.Name
	if _, known := x.definitions.Lookup(name); !known {
		x.definitions.set(name, value.Undefined)
		bare := *f
		bare.Label, bare.Help = "", ""
		full := x.field(bare.expanded(x.types), tail)
		inner := full.Collection
		if name == "udtspec" {
			inner = full.Get("items").Collection()
		}
		if name == "udttype" {
			inner.Delete("title")
			inner.Delete("description")
		}
		inner.Set("x-composite", value.Text(name))
		x.definitions.set(name, value.FromCollection(inner))
	}
	ref := value.Object("$ref", value.Text("#/definitions/"+name))
	if name == "udtspec" {
		s.set("items", ref)
	} else {
		s.Delete("type")
		title, description := s.Get("title"), s.Get("description")
		s.Delete("title")
		s.Delete("description")
		s.append("allOf", ref)
		s.text("title", title.Str())
		s.text("description", description.Str())
		if !f.Default.IsEmpty() {
			s.set("default", f.Default)
		}
	}
	s.text("x-composite", name)
}
