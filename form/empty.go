package form

import "github.com/cleat-run/cleat/value"

// emptyRule says what becomes of a field that is left empty, and of an erased one
// (docs: other/processing-of-empty-values):
//
//	                platform 1   platform 2   erased
//	emptyText       null         undefined    null         (forced by an expression: "")
//	emptyPlain      null         undefined    null
//	emptyNone       undefined    undefined    undefined
//	emptyList       []           undefined    []
//	emptyFields     undefined    undefined    a collection of erased members
type emptyRule uint8

const (
	emptyText emptyRule = iota
	emptyPlain
	emptyNone
	emptyList
	emptyFields
)

// emptyArray stands for what JSON cannot say. It is recognised by identity.
var emptyArray = &value.Array{}

// EmptyArray returns an array without items that is meant; any other one counts as
// nothing entered.
func EmptyArray() value.Value { return value.FromArray(emptyArray) }

// rule is the rule of f: that of its type, but a select of several is a list.
func (f *Field) rule() emptyRule {
	if f.Multiple && f.Type.selects() {
		return emptyList
	}
	return f.Type.empty
}

// emptied is what becomes of a field without a value.
func (f *Field) emptied(v value.Value, platform int) value.Value {
	switch rule := f.rule(); {
	case v.Kind() == value.KindEmptyString && rule == emptyText:
		return v
	case f.is("checkbox"):
		return value.False // runtime notes: it has two states
	case platform != 1:
		return value.Undefined
	case rule == emptyText, rule == emptyPlain:
		return value.Null
	case rule == emptyList:
		return value.List()
	}
	return value.Undefined
}

// erase empties a field, where that is allowed.
func (p *pass) erase(f *Field, at *place) (value.Value, bool) {
	switch {
	case !p.o.Erase:
		p.fail(f, at, CodeErase, "the field cannot be erased here", "only modules that update can erase")
		return value.Undefined, false
	case f.Required:
		p.fail(f, at, CodeRequired, "the field is mandatory and cannot be erased", "")
		return value.Undefined, false
	}
	switch f.rule() {
	case emptyNone:
		return value.Undefined, true
	case emptyList:
		return value.List(), true
	case emptyFields:
		return p.eraseMembers(f, at), true
	}
	return value.Null, true
}

// eraseMembers empties every field of a collection (docs:
// other/processing-of-empty-values).
func (p *pass) eraseMembers(f *Field, at *place) value.Value {
	l := &level{in: value.NewCollection(len(f.spec.items)), at: at, asking: at}
	p.each(f.spec, l, func(member *Field) {
		if member.Name != "" && !member.Type.Display {
			l.in.Set(member.Name, value.Erase)
		}
	})
	return value.FromCollection(p.convertLevel(l, f.spec, f.sequence))
}
