package form

import "github.com/cleat-run/cleat/value"

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
	return []condition{{whenProperty(f, value.Object("not", value.Object("enum", value.List(value.Null, value.Text(""), value.List())))),
		"is given", value.Undefined, n.list}}
}

// whenProperty is the condition that the field is there and matches.
func whenProperty(f *Field, schema value.Value) value.Value {
	return value.Object("properties", value.Object(f.Name, schema), "required", value.List(value.Text(f.Name)))
}

func (f *Field) booleanConditions() []condition {
	var all []condition
	for _, v := range []value.Value{value.True, value.False} {
		for _, fields := range f.booleanNested(v) {
			all = append(all, condition{whenProperty(f, value.Object("const", v)), "is " + v.ToText(), v, fields})
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
	own := value.NewArray()
	for i := range o.list {
		option := &o.list[i]
		if option.nested == nil || option.nested.list == nil || option.grouped && !f.grouped {
			continue
		}
		own.Append(option.Value)
		is := value.Object("const", option.Value)
		if f.Multiple {
			is = value.Object("contains", is)
		}
		all = append(all, condition{whenProperty(f, is), "is " + string(option.Value.AppendJSON(nil)), option.Value, option.nested.list})
	}
	for _, c := range filledCondition(f, f.shownNested()) {
		if own.Len() > 0 {
			c.when = value.Object("allOf", value.List(c.when, value.Object("not", whenProperty(f, value.Object("enum", value.FromArray(own))))))
			c.words = "has another value"
		}
		all = append(all, c)
	}
	if n := f.options.placeholder; n != nil && n.list != nil {
		all = append(all, condition{value.Object("not", value.Object("required", value.List(value.Text(f.Name)))), "is left out", value.Undefined, n.list})
	}
	return all
}
