package form

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// toolText writes the limits of a text.
func toolText(_ *toolExport, f *Field, s *schema) {
	v := f.validate
	if v == nil {
		return
	}
	for _, limit := range []struct {
		keyword string
		value   value.Value
	}{{"minLength", v.min}, {"maxLength", v.max}} {
		if n := limit.value; n.Kind() == value.KindNumber && n.Float() >= 0 && n.Float() == float64(int(n.Float())) {
			s.set(limit.keyword, n)
		}
	}
	if v.patternText != "" {
		s.text("pattern", v.patternText)
	}
}

// toolFormat names the format of a text; it is an annotation.
func toolFormat(name string) func(*toolExport, *Field, *schema) {
	return func(x *toolExport, f *Field, s *schema) {
		s.text("format", name)
		if name != "date-time" {
			toolText(x, f, s)
		}
	}
}

// numberRules are the JSON Schema types of numbers, and their own limits.
var numberRules = map[string]struct {
	kind     string
	min, max value.Value
}{
	"number":   {kind: "number"},
	"integer":  {kind: "integer"},
	"uinteger": {kind: "integer", min: value.Int(0)},
	"port":     {kind: "integer", min: value.Int(1), max: value.Int(maxPort)},
}

func toolNumber(_ *toolExport, f *Field, s *schema) {
	rule := numberRules[f.Type.Name]
	s.text("type", rule.kind)
	least, most := rule.min, rule.max
	if v := f.validate; v != nil {
		if v.min.Kind() == value.KindNumber && (least.IsUndefined() || v.min.Float() > least.Float()) {
			least = v.min
		}
		if v.max.Kind() == value.KindNumber && (most.IsUndefined() || v.max.Float() < most.Float()) {
			most = v.max
		}
	}
	if !least.IsUndefined() {
		s.set("minimum", least)
	}
	if !most.IsUndefined() {
		s.set("maximum", most)
	}
}

// toolSelect lists the options when they are known.
func toolSelect(x *toolExport, f *Field, s *schema) {
	one := s
	if f.Multiple {
		s.text("type", "array")
		one = newSchema()
	}
	o, known, _ := x.pass.quietChoices(f, x.level, nil)
	switch {
	case f.dynamic || f.unchecked, !known, len(o.list) == 0, o.remote != "" && len(o.list) > maxListedOptions:
		x.describe(f, s)
	default:
		x.enumerate(o, one)
	}
	if f.Multiple {
		s.set("items", one.value())
		s.set("uniqueItems", value.True)
		s.limits(f)
	}
}

// describe says where values come from that are not listed.
func (x *toolExport) describe(f *Field, s *schema) {
	if o := f.options; o != nil && o.remote != "" {
		call := Call{URL: o.remote}
		s.text("description", strings.TrimSpace(s.Get("description").Str()+fmt.Sprintf("\nThe RPC %s lists the values.", call.Name())))
	}
}

// enumerate lists values, with titles when there are labels.
func (x *toolExport) enumerate(o *options, s *schema) {
	list := slices.DeleteFunc(slices.Clone(o.list), func(choice Option) bool { return choice.Value.IsNil() }) // parameters.md 4: invalid
	labelled := false
	kind := ""
	for _, choice := range list {
		labelled = labelled || choice.named
		if own := storedType(choice.Value); kind == "" || kind == own {
			kind = own
		} else {
			kind = "mixed"
		}
	}
	if kind == "string" || kind == "number" || kind == "boolean" {
		s.text("type", kind)
	}
	if !labelled {
		for _, choice := range list {
			s.append("enum", choice.Value)
		}
		return
	}
	for _, option := range titled(list) {
		s.append("oneOf", value.Object("const", option.Member("const"), "title", option.Member("title")))
	}
}

func toolArray(x *toolExport, f *Field, s *schema) {
	switch {
	case f.element != nil:
		s.set("items", x.field(f.element).value())
	case f.spec != nil:
		items := newSchema()
		items.text("type", "object")
		loose := *x
		loose.o.Output = x.o.Output
		loose.fields(items, f.spec, &level{above: x.level.above})
		items.Delete("required") // runtime notes: not enforced inside complex items
		s.set("items", items.value())
	case !x.o.Output:
		s.set("items", value.FromCollection(typed("string")))
	}
	s.limits(f)
	if v := f.validate; v != nil && v.unique && v.uniqueBy == "" {
		s.set("uniqueItems", value.True)
	}
}

func toolCollection(x *toolExport, f *Field, s *schema) {
	x.fields(s, f.spec, &level{above: x.level.above})
}

// toolFilter writes the conditions in the shape that logic asks for.
func toolFilter(x *toolExport, f *Field, s *schema) {
	element := f.element
	items := newSchema()
	if element.is("array") {
		items.text("type", "array")
		items.set("items", x.condition(element.element))
	} else {
		items = &schema{x.condition(element).Collection()}
	}
	s.set("items", items.value())
}

func (x *toolExport) condition(f *Field) value.Value {
	s := newSchema()
	s.text("type", "object")
	x.fields(s, f.spec, &level{above: x.level.above})
	return s.value()
}

func toolJSON(_ *toolExport, f *Field, s *schema) {
	s.text("type", "string")
	s.text("contentMediaType", "application/json")
	if own := f.node.Get("schema").Value(); own.Collection() != nil {
		s.set("contentSchema", own)
	}
}

func toolComposite(_ *toolExport, _ *Field, s *schema) {
	s.set("items", value.FromCollection(typed("object")))
}

var (
	markdownLink = regexp.MustCompile(`\[([^\]\[]*)\]\(([^()\s]*)\)`)
	markdownMark = regexp.MustCompile("(\\*\\*|__|`)")
)

// plainText is the text of Markdown: links become text and address, marks go.
func plainText(s string) string {
	return markdownMark.ReplaceAllString(markdownLink.ReplaceAllString(s, "$1 ($2)"), "")
}
