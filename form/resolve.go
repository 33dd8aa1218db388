package form

import (
	"context"

	"github.com/cleat-run/cleat/value"
)

// Shown is a field as a person meets it.
type Shown struct {
	*Field
	Options []Option // what may be chosen; nil when nothing is known
	Value   value.Value
	Given   bool     // the value was entered; otherwise it is the default
	Fields  []*Shown // of a collection, and of each item of an array
	Depth   int      // number of fields that show this one
}

// Resolve returns the fields that are shown for the values: nested ones behind the field
// that shows them, those of RPCs in their place, and the options that RPCs give. The
// problems are those of RPCs that failed; without [Options.RPC] what they give is left
// out.
func (f *Form) Resolve(ctx context.Context, values *value.Collection, o Options) ([]*Shown, Problems) {
	p := f.pass(ctx, values, o)
	r := &resolver{pass: p}
	r.list(f.list, &level{in: values, out: value.NewCollection(0)})
	return r.shown, p.report().Problems
}

// resolver gathers the fields of one collection.
type resolver struct {
	*pass
	shown []*Shown
	depth int
}

func (r *resolver) list(fields *list, l *level) {
	r.each(fields, l, func(f *Field) {
		if f.Type.Display {
			r.shown = append(r.shown, &Shown{Field: f, Depth: r.depth})
			return
		}
		if _, repeated := l.out.Lookup(f.Name); repeated || f.visible != nil && !r.visible(f) {
			return
		}
		l.out.Set(f.Name, value.True)
		r.field(f, l)
	})
}

func (r *resolver) field(f *Field, l *level) {
	at := &place{l.at, f.Name, 0}
	made := &Shown{Field: f, Depth: r.depth}
	if made.Value, made.Given = l.in.Lookup(f.Name); !made.Given {
		made.Value = f.Standard()
	}
	r.shown = append(r.shown, made)
	if o, known, _ := r.choices(f, l, at); known && !f.is("filter") {
		made.Options = o.sorted(f.Key("sort").ToText())
	}
	made.Fields = r.children(f, made.Value, at)
	r.depth++
	for _, nested := range r.showing(l, f, r.likely(f, made.Value, at), at) {
		r.list(nested, l.beside(f, made.Value, at))
	}
	r.depth--
}

// likely is what the value becomes when it is converted, so that a text typed for a
// boolean shows the right fields.
func (r *resolver) likely(f *Field, v value.Value, at *place) value.Value {
	if v.IsEmpty() || f.Type.Stored != "boolean" {
		return v
	}
	made, _ := f.Type.convert(r.pass, f, v, at)
	return made
}

// children are the fields of a collection's spec.
func (r *resolver) children(f *Field, v value.Value, at *place) []*Shown {
	spec := f.spec
	if f.element != nil && f.is("array") {
		spec = f.element.spec
	}
	if spec == nil || f.is("filter") {
		return nil
	}
	inner := &resolver{pass: r.pass}
	inner.list(spec, &level{in: v.Collection(), out: value.NewCollection(0), at: at, asking: at})
	return inner.shown
}
