package engine

import (
	"fmt"
	"math"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// finish checks the shape of bundles by kind, cuts them to the limit and hands them out.
type finish struct {
	run   *Run
	yield func(value.Value) bool
	given int
	limit int  // of response.limit; 0 while unknown
	began bool // a streaming request has given something, be it an empty list
}

// streaming returns out when the request may hand out its bundles page by page, and nil
// when its result is needed as a whole: an earlier request, a wrapper, or a kind whose
// result is one value.
func (f *finish) streaming(req *request, last bool) *finish {
	if !last || !rules[f.run.plan.Kind].list || f.run.sorts() || f.run.handOut != nil || req.response.iterate == nil || req.response.wrapper != nil || req.repeat != nil {
		return nil
	}
	return f
}

// emit hands out one bundle.
func (f *finish) emit(v value.Value) error {
	if v, err := f.check(v); err != nil || !v.Truthy() {
		return err
	}
	f.given++
	if !f.yield(v) {
		return errStop
	}
	if cap := f.cap(); cap > 0 && f.given >= cap {
		return errStop
	}
	return nil
}

// cap is the smaller of response.limit and the caller's own.
func (f *finish) cap() int {
	if own := f.run.in.Limit; own > 0 && (f.limit == 0 || own < f.limit) {
		return own
	}
	return f.limit
}

// finish hands out the result of the whole communication, unless it was streamed.
func (f *finish) finish(result value.Value) error {
	if f.began {
		return nil
	}
	if last := f.run.plan.requests; len(last) > 0 && f.limit == 0 && result.Array() != nil {
		limit, err := f.run.limit(last[len(last)-1])
		if err != nil {
			return err
		}
		f.limit = limit
	}
	if list := result.Array(); list != nil && rules[f.run.plan.Kind].list {
		for _, item := range list.Items() {
			if err := f.emit(item); err != nil {
				return err
			}
		}
		return nil
	}
	if !result.Truthy() {
		return nil // null, false and undefined are no output (communication.md 3.2)
	}
	return f.emit(result)
}

// check is the filter of communication.md 3.2.
func (f *finish) check(v value.Value) (value.Value, error) {
	object, text := v.Kind() == value.KindCollection, v.IsText()
	shape := rules[f.run.plan.Kind].shape
	if !v.Truthy() && !text || object || shape == anything || text && shape == objectOrTexts {
		return v, nil
	}
	what := "module output"
	if shape == objects {
		what = "item in module output"
	}
	return v, newError(DataError, fmt.Sprintf("Invalid %s. Expected Object, but found %s.", what, makeName(v)))
}

// makeName is the word for a kind in Make's messages.
func makeName(v value.Value) string {
	switch v.Kind() {
	case value.KindText, value.KindEmptyString:
		return "String"
	case value.KindBool:
		return "Boolean"
	}
	name := v.Kind().String()
	return strings.ToUpper(name[:1]) + name[1:]
}

// limit evaluates response.limit: 0 when there is none.
func (r *Run) limit(req *request) (int, error) {
	rule := rules[r.plan.Kind]
	if !rule.limited {
		return 0, nil
	}
	n, err := r.limitOf(req)
	if n == 0 && r.handOut == nil {
		n = rule.limit
	}
	return n, err
}

func (r *Run) limitOf(req *request) (int, error) {
	d := req.response.limit
	v, err := r.evaluate(req, d)
	if err != nil || v.IsNil() || v.IsText() && v.ToText() == "" {
		return 0, err
	}
	n := v.ToNumber()
	if math.IsNaN(n) || n < 1 {
		return 0, &Error{Type: InvalidConfigurationError, Message: fmt.Sprintf("response.limit must be a number above 0, not '%s'", v.ToText()),
			Step: req.step, Directive: d.name, Position: req.at[d.name]}
	}
	return int(min(n, math.MaxInt32)), nil
}

// wrap evaluates response.wrapper over everything that the pages gave.
func (r *Run) wrap(b *batch) (value.Value, error) {
	switch {
	case b.req.response.wrapper == nil || !b.answered:
		return b.result(), nil
	case r.keyed(b):
		return value.Undefined, r.giveWrapped(b)
	}
	return r.evaluateWrapper(b.req, b.result())
}

func (r *Run) evaluateWrapper(req *request, output value.Value) (value.Value, error) {
	r.scope.Set("output", output)
	defer r.scope.Delete("output")
	return r.evaluate(req, req.response.wrapper)
}
