package form

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Report is what a look at values found.
type Report struct {
	Problems Problems
	Warnings Problems // what may be meant: a value that an RPC does not list
}

// Check looks at values as they are stored when a form is saved: nothing is converted,
// and an expression stands for whatever it may give. It follows the official validator,
// so that formats (addresses, ranges, whole numbers) are not looked at; [Form.Convert]
// does. Values are not changed.
func (f *Form) Check(ctx context.Context, values *value.Collection, o Options) Report {
	p := f.pass(ctx, values, o)
	p.checkLevel(&level{in: values}, f.list)
	return p.report()
}

func (p *pass) report() Report {
	if err := p.ctx.Err(); err != nil {
		p.problems = append(p.problems, Problem{nil, CodeRemote, err.Error(), "", source.Position{}})
	}
	return Report{p.problems, p.warnings}
}

// checkLevel checks the fields of one collection, and in strict mode that it holds no
// others.
func (p *pass) checkLevel(l *level, fields *list) {
	if p.o.Strict {
		l.out = value.NewCollection(l.in.Len()) // notes the names that were seen
	}
	p.checkList(l, fields)
	if !p.o.Strict {
		return
	}
	for name := range l.in.All() {
		if _, seen := l.out.Lookup(name); !seen {
			p.fail(nil, l.at, CodeUnknown, fmt.Sprintf("there is no field %q", name), "")
		}
	}
}

func (p *pass) checkList(l *level, fields *list) {
	p.each(fields, l, func(f *Field) {
		if f.Type.Display {
			return
		}
		if f.Name == "" {
			p.fail(f, l.asking, CodeName, "a field has no name", "")
			return
		}
		if p.o.Strict {
			l.out.Set(f.Name, value.True)
		}
		p.check(l, f, l.in.Get(f.Name), &place{l.at, f.Name, 0})
	})
}

// check follows parameters.md 7, design stage, step by step.
func (p *pass) check(l *level, f *Field, v value.Value, at *place) {
	switch {
	case f.Type.Display:
	case v.IsEmpty():
		p.checkEmpty(l, f, v, at)
	case f.Type.Stored != "" && f.Type.Stored != storedType(v) && !isExpression(v):
		p.fail(f, at, CodeType, fmt.Sprintf("%s is expected, not %s", f.Type.Stored, storedType(v)), "")
	case hasExpression(v):
		if !f.expressions || !p.o.Expressions {
			p.fail(f, at, CodeIML, "an expression is not allowed here", "")
			return
		}
		p.checkNested(l, f, f.shownNested(), v, at)
	case f.Type.check != nil:
		f.Type.check(p, l, f, v, at)
	default:
		p.checkPlain(l, f, v, at)
	}
}

func (p *pass) checkEmpty(l *level, f *Field, v value.Value, at *place) {
	if f.Required {
		p.fail(f, at, CodeRequired, "the field is mandatory", "")
		return
	}
	if f.options == nil || f.options.placeholder == nil || !f.is("select") {
		return
	}
	if _, _, failed := p.choices(f, l, at); !failed {
		p.checkNested(l, f, f.options.placeholder, v, at)
	}
}

// checkPlain checks limits by what the value is, whatever the type.
func (p *pass) checkPlain(l *level, f *Field, v value.Value, at *place) {
	switch v.Kind() {
	case value.KindText:
		p.text(f, v.Str(), at)
	case value.KindNumber:
		p.number(f, v.Float(), at)
	}
	p.checkNested(l, f, f.shownNested(), v, at)
}

// shownNested are the fields under the whole field: its own nested, or that of its
// options.
func (f *Field) shownNested() *nested {
	if f.nested != nil {
		return f.nested
	}
	if f.options != nil {
		return f.options.nested
	}
	return nil
}

// checkNested checks the fields that f shows: they stand beside it.
func (p *pass) checkNested(l *level, f *Field, n *nested, v value.Value, at *place) {
	if n != nil && n.list != nil {
		p.checkList(l.beside(f, v, at), n.list)
	}
}

// storedType is the name of a value's type in JavaScript.
func storedType(v value.Value) string {
	switch v.Kind() {
	case value.KindNumber:
		return "number"
	case value.KindBool:
		return "boolean"
	case value.KindArray:
		return "array"
	case value.KindCollection:
		return "object"
	}
	return "string"
}
