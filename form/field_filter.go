package form

import (
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

var filterType = Type{Name: "filter", Summary: "Conditions {a, o, b}: a list of alternatives, each a list that all hold, or one flat list.",
	Stored: "array", Keys: "options logic", compile: compileFilter, check: checkItems, convert: toFilter, empty: emptyList, forman: formanFilter, tool: toolFilter}

// filterLogics are the values of logic; those that are true have one flat list.
var filterLogics = map[string]bool{"": false, "default": false, "both": false, "reverse": false, "and": true, "or": true}

// unaryOperators have no operand b.
var unaryOperators = []string{"exist", "notexist"}

// binaryOperators returns the built-in operators that have an operand b.
func binaryOperators() []string {
	var all []string
	for _, o := range strings.Fields("equal notequal contain notcontain startwith notstartwith endwith notendwith pattern notpattern") {
		all = append(all, "text:"+o, "text:"+o+":ci")
	}
	order := strings.Fields("equal notequal greater less greaterorequal lessorequal")
	for _, of := range []string{"number", "date", "time", "semver"} {
		for _, o := range order {
			all = append(all, of+":"+o)
		}
	}
	all = append(all, "array:contain", "array:contain:ci", "array:notcontain", "array:notcontain:ci")
	for _, o := range order {
		all = append(all, "array:"+o)
	}
	return append(all, "boolean:equal", "boolean:notequal")
}

// compileFilter turns a filter into what it is: an array, or an array of arrays, of
// collections.
func compileFilter(c *compiler, f *Field) {
	c.optionsOf(f)
	flat, known := filterLogics[f.options.logic]
	if !known {
		c.wrong(f.node, "PAR027", "unknown logic "+f.options.logic, "it may be and, or, both, reverse")
	}
	condition := &Field{Type: c.typeNamed("collection"), node: f.node, doc: f.doc, Position: f.Position, expressions: f.expressions,
		spec: c.filterSpec(f)}
	condition.spec.collectNames()
	f.element = condition
	if !flat {
		f.element = &Field{Type: c.typeNamed("array"), node: f.node, doc: f.doc, Position: f.Position, expressions: f.expressions, element: condition}
	}
	if operators := f.node.Get("options").Get("operators"); operators != nil && !grouped(operators) {
		c.fault(source.Error, operators, "PAR027", "operators stand in no groups", `write [{"label": …, "options": […]}]`)
	}
}

func grouped(node *jsonc.Node) bool {
	for _, element := range node.Elements {
		if !element.Has("options") {
			return false
		}
	}
	return node.Is(jsonc.Array)
}

// filterSpec are the fields of one condition.
func (c *compiler) filterSpec(f *Field) *list {
	part := func(name, kind string, required bool, choices []Option) item {
		made := &Field{Name: name, Label: name, Type: c.typeNamed(kind), Required: required, node: f.node, doc: f.doc, Position: f.Position, expressions: f.expressions, grouped: true}
		if choices != nil {
			made.Type, made.options = c.typeNamed("select"), &options{declared: true, list: choices}
		}
		return item{field: made}
	}
	spec := &list{plain: true}
	spec.add(part("a", "any", true, f.options.list))
	operator := part("o", "any", true, f.options.operators)
	if f.options.operators == nil {
		operator = part("o", "text", true, nil)
		operator.field.validate = &validate{minItems: -1, maxItems: -1}
		for _, name := range append(unaryOperators[:len(unaryOperators):len(unaryOperators)], binaryOperators()...) {
			operator.field.validate.enum = append(operator.field.validate.enum, value.Text(name))
		}
	}
	spec.add(operator)
	spec.add(part("b", "any", false, nil))
	return spec
}

// toFilter leaves a filter as it is, once its shape is right.
func toFilter(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	if v.Array() == nil {
		return p.wrongType(f, v, at, "filter")
	}
	before, expressions := len(p.problems), p.o.Expressions
	p.o.Expressions = true // texts with braces are texts by now
	checkItems(p, &level{asking: at}, f, v, at)
	p.o.Expressions = expressions
	return v, len(p.problems) == before
}
