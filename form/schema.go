package form

import (
	"strings"

	"github.com/cleat-run/cleat/value"
)

// schema is a JSON Schema under construction; its keywords keep their order.
type schema struct{ *value.Collection }

func newSchema() *schema { return &schema{value.NewCollection(6)} }

func (s *schema) set(name string, v value.Value) { s.Set(name, v) }

// text sets a keyword unless the text is blank.
func (s *schema) text(name, text string) {
	if text = strings.TrimSpace(text); text != "" {
		s.Set(name, value.Text(text))
	}
}

func (s *schema) value() value.Value { return value.FromCollection(s.Collection) }

// append adds to a keyword that is an array.
func (s *schema) append(name string, v ...value.Value) {
	a := s.Get(name).Array()
	if a == nil {
		a = value.NewArray()
		s.Set(name, value.FromArray(a))
	}
	a.Append(v...)
}

// limits sets the numbers of items.
func (s *schema) limits(f *Field) {
	if f.validate == nil {
		return
	}
	if f.validate.minItems >= 0 {
		s.set("minItems", value.Int(f.validate.minItems))
	}
	if f.validate.maxItems >= 0 {
		s.set("maxItems", value.Int(f.validate.maxItems))
	}
}

// typed is the schema of a simple type.
func typed(name string) *value.Collection {
	c := value.NewCollection(1)
	c.Set("type", value.Text(name))
	return c
}

// label is the label as the definition has it.
func (f *Field) label() string { return f.node.Get("label").Value().ToText() }

// each visits fields and remote ones alike.
func (l *list) each(visit func(item)) {
	if l != nil {
		for _, i := range l.items {
			visit(i)
		}
	}
}
