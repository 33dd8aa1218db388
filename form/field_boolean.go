package form

import "github.com/cleat-run/cleat/value"

var (
	booleanType = Type{Name: "boolean", Summary: "Yes, no, or nothing.", Stored: "boolean", Keys: "reversedNested", convert: toBoolean, empty: emptyNone}
	// runtime notes: a checkbox has no third state.
	checkboxType = Type{Name: "checkbox", Summary: "Yes or no.", Stored: "boolean", Keys: "reversedNested", convert: toBoolean, empty: emptyNone}
)

// toBoolean follows help.make.com/type-coercion: a number is true, even 0; the text false
// is false; whatever else is there is true.
func toBoolean(_ *pass, _ *Field, v value.Value, _ *place) (value.Value, bool) {
	switch v.Kind() {
	case value.KindBool:
		return v, true
	case value.KindText:
		return value.Bool(v.Str() != "false"), true
	}
	return value.True, true
}

// booleanNested is what a boolean shows: its nested fields when it is true, when it is
// false with reversedNested, or those of {true, false}.
func (f *Field) booleanNested(v value.Value) []*list {
	n := f.nested
	if v.Kind() != value.KindBool || n == nil {
		return nil
	}
	shown := n.off
	if v.Truthy() {
		shown = n.on
	}
	if n.list != nil && v.Truthy() != f.reversed {
		shown = n.list
	}
	if shown == nil {
		return nil
	}
	return []*list{shown}
}
