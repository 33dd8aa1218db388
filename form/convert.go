package form

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// Convert makes of values, in which expressions are already evaluated, what reaches the
// variable parameters just before a module runs: each is converted to the type of its
// field and checked, empty ones follow the rules of the platform, absent ones take their
// default, and fields that are not shown are left out. Values without a field stay as
// they are, as do those of fields that an RPC should have given and did not, which is a
// warning. When there are problems the result is not fit to run with. Values are not
// changed, but the result shares arrays and collections with them.
func (f *Form) Convert(ctx context.Context, values *value.Collection, o Options) (*value.Collection, Report) {
	p := f.pass(ctx, values, o)
	p.running, p.foreign = true, f.list.lacks(values)
	made := p.convertLevel(&level{in: values}, f.list, false)
	return made, p.report()
}

// convertLevel converts the fields of one collection and returns the new one: members in
// the order of the given ones, or of the definition when sequence is set.
func (p *pass) convertLevel(l *level, fields *list, sequence bool) *value.Collection {
	l.out = value.NewCollection(max(l.in.Len(), len(fields.items)))
	p.convertList(l, fields)
	if sameMembers(l.out, l.in) {
		return l.out
	}
	made := value.NewCollection(l.out.Len())
	add := func(name string, v value.Value) {
		if !v.IsUndefined() {
			made.Set(name, v)
		}
	}
	if sequence {
		for name, v := range l.out.All() {
			add(name, v)
		}
	}
	for name, v := range l.in.All() {
		if converted, ok := l.out.Lookup(name); ok {
			add(name, converted)
		} else if !fields.names[name] { // a field that is not shown is not submitted
			add(name, v)
		}
	}
	for name, v := range l.out.All() {
		if _, given := l.in.Lookup(name); !given {
			add(name, v)
		}
	}
	return made
}

// sameMembers reports whether all members of in were converted, and in their order: the
// case that is fast.
func sameMembers(out, in *value.Collection) bool {
	if out.Len() != in.Len() {
		return false
	}
	for i, name := range in.Names() {
		if other, v := out.At(i); other != name || v.IsUndefined() {
			return false
		}
	}
	return true
}

func (p *pass) convertList(l *level, fields *list) {
	p.each(fields, l, func(f *Field) {
		if f.Type.Display || f.Name == "" || f.visible != nil && !p.visible(f) {
			return
		}
		if _, done := l.out.Lookup(f.Name); done {
			return // two fields with one name share one value
		}
		at := &place{l.at, f.Name, 0}
		v, given := l.in.Lookup(f.Name)
		if !given {
			v = f.Standard()
		}
		made, ok := p.convert(l, f, v, at)
		l.out.Set(f.Name, value.Undefined) // the place before those of nested fields
		if ok {
			p.convertNested(l, f, made, at)
			made = p.chosen(f, made, at)
		}
		if !f.withheld {
			l.out.Set(f.Name, made)
		}
	})
}

// Standard is the value of a field that is not given: its default, or the options that
// are chosen beforehand (parameters.md 8.4). It is undefined when there is none.
func (f *Field) Standard() value.Value {
	if !f.Default.IsUndefined() {
		return f.Default
	}
	return f.unchosen
}

// convert takes one value through the run stage; ok is false when a problem hides
// whatever else there is to say.
func (p *pass) convert(l *level, f *Field, v value.Value, at *place) (made value.Value, ok bool) {
	switch {
	case v.IsErase():
		return p.erase(f, at)
	case v.IsEmpty(), v.Kind() == value.KindEmptyString:
		if f.Required && !l.loose {
			p.fail(f, at, CodeRequired, "the field is mandatory", "")
			return value.Undefined, false
		}
		return f.emptied(v, p.o.Platform), true
	case f.rule() == emptyList && v.Array() != nil && v.Array().Len() == 0 && v.Array() != emptyArray:
		return f.emptied(value.Undefined, p.o.Platform), true
	}
	made, ok = v, true
	if f.Type.convert != nil {
		made, ok = f.Type.convert(p, f, v, at)
	}
	if ok && f.Type.accept != nil && !f.unchecked {
		f.Type.accept(p, f, made, at)
	}
	return made, ok
}

// visible evaluates the condition of a field over the values; empty text shows it.
func (p *pass) visible(f *Field) bool {
	v, err := f.visible.Eval(&iml.Env{Scope: scopeOf(p.all), Timezone: p.o.Timezone, Now: p.o.Now})
	return err == nil && (v.Truthy() || v.Kind() == value.KindText)
}

// convertNested converts the fields that f shows for its value.
func (p *pass) convertNested(l *level, f *Field, v value.Value, at *place) {
	for _, fields := range p.showing(l, f, v, at) {
		p.convertList(l.beside(f, v, at), fields)
	}
}

// showing returns the fields that f shows for a value (parameters.md 5).
func (p *pass) showing(l *level, f *Field, v value.Value, at *place) []*list {
	switch {
	case f.options != nil && f.Type.selects():
		return p.chosenNested(l, f, v, at)
	case f.nested == nil && f.shownNested() == nil:
		return nil
	case f.Type.Stored == "boolean":
		return f.booleanNested(v)
	case v.IsEmpty():
		return nil
	}
	return one(f.shownNested())
}

func one(n *nested) []*list {
	if n == nil || n.list == nil {
		return nil
	}
	return []*list{n.list}
}

// wrongType notes that a value cannot be converted.
func (p *pass) wrongType(f *Field, v value.Value, at *place, what string) (value.Value, bool) {
	shown := p.shown(f, v)
	if v.Kind() > value.KindDate { // long, and of no help
		shown = "a value of type " + v.Kind().String()
	}
	p.fail(f, at, CodeType, fmt.Sprintf("%s is no %s", shown, what), "")
	return value.Undefined, false
}
