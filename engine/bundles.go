package engine

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// batch gathers what one request gives over all its pages.
type batch struct {
	req      *request
	out      *finish // nil: gather, otherwise hand out at once
	outputs  []value.Value
	marks    []Mark // of the outputs, when they are sorted
	pages    int
	count    int  // items given so far
	empty    bool // the last page was empty
	silent   bool // the last output was null, false or undefined
	answered bool
	items    []Item // of the page, for a polling trigger
}

func newBatch(req *request, out *finish) *batch { return &batch{req: req, out: out} }

// collect reads one answer: iterate, output, and what a connection stores.
func (r *Run) collect(ctx context.Context, b *batch, a *answer) error {
	b.pages, b.answered, b.silent = b.pages+1, true, false
	if err := r.keepState(b.req); err != nil {
		return err
	}
	if b.out != nil {
		b.out.began = true
		limit, err := r.limit(b.req)
		if err != nil {
			return err
		}
		b.out.limit = limit
	}
	if b.req.response.iterate == nil {
		return r.single(b, a)
	}
	return r.iterate(ctx, b)
}

// single evaluates output for a request without iterate.
func (r *Run) single(b *batch, a *answer) error {
	v := a.body
	if b.req.response.output != nil {
		var err error
		if v, err = r.evaluate(b.req, b.req.response.output); err != nil {
			return err
		}
		v = iml.Clean(v)
	}
	b.silent = v.IsNil() || v.Kind() == value.KindBool && !v.Truthy()
	b.empty = v.IsNil() || v.Array() != nil && v.Array().Len() == 0
	b.count += max(1, v.Array().Len())
	if r.keyed(b) {
		return r.identifyAll(b, v)
	}
	b.outputs = append(b.outputs, v)
	return nil
}

// iterate evaluates output once for each item of the container.
func (r *Run) iterate(ctx context.Context, b *batch) error {
	container, err := r.evaluate(b.req, b.req.response.iterate)
	if err != nil {
		return err
	}
	list := container.Array()
	if list == nil && !container.IsNil() {
		d := b.req.response.iterate
		return &Error{Type: DataError, Message: fmt.Sprintf("response.iterate needs an array, but found %s", container.Kind()),
			Step: b.req.step, Directive: d.name, Position: b.req.at[d.name]}
	}
	b.empty = list.Len() == 0
	r.scope.Delete("iterate")
	for _, item := range list.Items() {
		if err := ctx.Err(); err != nil {
			return err
		}
		r.scope.Set("item", item)
		if err := r.item(b, item); err != nil {
			return err
		}
	}
	r.scope.Set("iterate", iterateNames.Of(containerNames.Of(list.At(0), list.At(list.Len()-1))))
	return nil
}

var (
	iterateNames   = value.NewLayout([]string{"container"})
	containerNames = value.NewLayout([]string{"first", "last"})
)

func (r *Run) item(b *batch, item value.Value) error {
	keep, err := r.isTrue(b.req, b.req.response.keep)
	if err != nil || !keep {
		return err
	}
	if err := r.marks(b.req); err != nil {
		return err
	}
	if b.req.response.output != nil {
		if item, err = r.evaluate(b.req, b.req.response.output); err != nil {
			return err
		}
		item = iml.Clean(item)
	}
	if item.IsNil() || item.Kind() == value.KindBool && !item.Truthy() {
		return nil
	}
	b.count++
	if r.keyed(b) {
		return r.identify(b, item)
	}
	if b.out != nil {
		return b.out.emit(item)
	}
	b.outputs = append(b.outputs, item)
	if r.sorts() {
		b.marks = append(b.marks, r.mark)
	}
	return nil
}

// result is the value of the request: the items of iterate, or the output; outputs of
// several pages become one list.
func (b *batch) result() value.Value {
	if b.req.response.iterate != nil && b.answered {
		sortByMark(b.outputs, b.marks)
		return value.List(b.outputs...)
	}
	switch len(b.outputs) {
	case 0:
		return value.Undefined
	case 1:
		return b.outputs[0]
	}
	all := value.NewArray()
	for _, v := range b.outputs {
		if list := v.Array(); list != nil {
			all.Append(list.Items()...)
		} else if v.Truthy() {
			all.Append(v)
		}
	}
	return value.FromArray(all)
}

// keepState evaluates what a connection stores: data, uid, metadata, expires, scope.
// Undefined members do not erase, nor do empty texts (connections.md O2-20, O2-24).
func (r *Run) keepState(req *request) error {
	s := &r.state
	given, err := r.merge(req, req.response.data, &r.data)
	if err != nil {
		return err
	}
	s.Data = r.data.Value
	r.hide(given)
	for _, kept := range []struct {
		d    *directive
		into *value.Value
	}{{req.response.uid, &s.UID}, {req.response.metadata, &s.Metadata}, {req.response.expires, &s.Expires}, {req.response.oauth, &s.OAuth}, {req.response.scope, &s.Scope}} {
		v, err := r.evaluate(req, kept.d)
		if err != nil {
			return err
		}
		if !v.IsEmpty() {
			*kept.into = v
		}
	}
	return nil
}

// hide masks from now on what a connection or a hook has just been given.
func (r *Run) hide(v value.Value) {
	if r.stores() {
		r.mask.Learn(Leaves(v)...)
	}
}
