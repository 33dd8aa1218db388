package form

import (
	"slices"

	"github.com/cleat-run/cleat/value"
)

// condition is when a field shows other ones.
type condition struct {
	when   value.Value // a schema of the values around
	words  string      // the same for people, behind the name of the field
	value  value.Value // of the field, for RPCs
	fields *list
}

// conditions are all that a field may show (parameters.md 5).
func (x *toolExport) conditions(f *Field) []condition {
	switch {
	case f.options != nil && f.Type.selects():
		return x.chosenConditions(f)
	case f.Type.Stored == "boolean":
		return f.booleanConditions()
	}
	return filledCondition(f, f.shownNested())
}

func filledCondition(f *Field, n *nested) []condition {
	if n == nil || n.list == nil {
		return nil
	}
	return []condition{{f.when(filled(), true), "is given", value.Undefined, n.list}}
}

// filled is the schema of a value that is not empty.
func filled() value.Value {
	return value.Object("not", value.Object("enum", value.List(value.Null, value.Text(""), value.List())))
}

// when is the condition that the value of f matches a schema. A field that is left out has
// its default (parameters.md 8.4); byDefault says whether that matches.
func (f *Field) when(schema value.Value, byDefault bool) value.Value {
	properties := value.Object(f.Name, schema)
	if byDefault && !f.Standard().IsEmpty() {
		return value.Object("properties", properties)
	}
	return value.Object("properties", properties, "required", value.List(value.Text(f.Name)))
}

func (f *Field) booleanConditions() []condition {
	var all []condition
	for _, v := range []value.Value{value.True, value.False} {
		for _, fields := range f.booleanNested(v) {
			all = append(all, condition{f.when(value.Object("const", v), same(f.Standard(), v)), "is " + v.ToText(), v, fields})
		}
	}
	return all
}

// chosenConditions are one for each option with fields of its own, one for all others,
// and one for no choice at all.
func (x *toolExport) chosenConditions(f *Field) []condition {
	o, known, _ := x.pass.quietChoices(f, x.level, nil)
	if !known {
		o = f.options
	}
	var all []condition
	var own []value.Value
	chosen := f.values(f.Standard())
	for i := range o.list {
		option := &o.list[i]
		if option.nested == nil || option.nested.list == nil || option.grouped && !f.grouped {
			continue
		}
		own = append(own, option.Value)
		is := value.Object("const", option.Value)
		if f.Multiple {
			is = value.Object("contains", is)
		}
		all = append(all, condition{f.when(is, contains(chosen, option.Value)), "is " + string(option.Value.AppendJSON(nil)), option.Value, option.nested.list})
	}
	if n := f.shownNested(); n != nil && n.list != nil {
		all = append(all, f.otherwise(n, own, chosen))
	}
	if n := f.options.placeholder; n != nil && n.list != nil && f.Standard().IsEmpty() {
		all = append(all, condition{value.Object("not", value.Object("required", value.List(value.Text(f.Name)))), "is left out", value.Undefined, n.list})
	}
	return all
}

// otherwise is the condition for the fields of all options: a choice that has none of its
// own.
func (f *Field) otherwise(n *nested, own, chosen []value.Value) condition {
	if len(own) == 0 {
		return filledCondition(f, n)[0]
	}
	isOwn := value.Object("enum", value.List(own...))
	if f.Multiple {
		isOwn = value.Object("contains", isOwn)
	}
	other := value.Object("allOf", value.List(filled(), value.Object("not", isOwn)))
	byDefault := !slices.ContainsFunc(chosen, func(v value.Value) bool { return contains(own, v) })
	return condition{f.when(other, byDefault), "has another value", value.Undefined, n.list}
}
