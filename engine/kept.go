package engine

import (
	"fmt"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// The most that a run keeps in temp, and in response.data. Files count by themselves, up
// to [Options.MaxFile]: a file that may be downloaded may be kept.
const (
	maxKept      = 64 << 20 // bytes
	maxKeptDepth = 1000
)

// perValue is what a value takes beside its text.
const perValue = 64

// kept is a collection that grows by merging. A run may merge into it as often as it
// likes: what is merged is measured before it is copied.
type kept struct {
	value.Value
	size weight // an upper bound: what was replaced still counts until it matters
}

// merge evaluates d and merges it as a whole, so that its members see the values from
// before (communication.md 8). It returns what was merged, undefined for nothing.
func (r *Run) merge(req *request, d *directive, into *kept) (value.Value, error) {
	v, err := r.evaluate(req, d)
	if err != nil || v.Collection() == nil {
		return value.Undefined, err
	}
	most := weight{maxKept, r.engine.options.MaxFile}
	added, fits := weigh(v, most)
	if !fits {
		return value.Undefined, r.overweight(req, d)
	}
	into.Value = iml.Merge(into.Value, v)
	into.size = weight{into.size.bytes + added.bytes, into.size.files + added.files}
	if into.size.bytes > most.bytes || into.size.files > most.files {
		if into.size, fits = weigh(into.Value, most); !fits {
			return value.Undefined, r.overweight(req, d)
		}
	}
	return v, nil
}

func (r *Run) overweight(req *request, d *directive) error {
	return &Error{Type: DataError, Message: fmt.Sprintf("%s makes more than %d MiB to keep, or nests it more than %d levels deep", d.name, maxKept>>20, maxKeptDepth),
		Hint: "keep only what later requests need", Step: req.step, Directive: d.name, Position: req.at[d.name]}
}

// weight is what a value takes when nothing in it is shared.
type weight struct{ bytes, files int64 }

// weigh measures v and reports whether it is within most; it stops as soon as it is not.
func weigh(v value.Value, most weight) (weight, bool) {
	s := scale{left: most}
	fits := s.add(v, 0)
	return weight{most.bytes - s.left.bytes, most.files - s.left.files}, fits
}

type scale struct{ left weight }

func (s *scale) add(v value.Value, depth int) bool {
	s.left.bytes -= perValue + int64(len(v.Str()))
	s.left.files -= int64(len(v.Bytes()))
	if s.left.bytes < 0 || s.left.files < 0 || depth > maxKeptDepth {
		return false
	}
	for _, item := range v.Array().Items() {
		if !s.add(item, depth+1) {
			return false
		}
	}
	for name, member := range v.Collection().All() {
		s.left.bytes -= int64(len(name))
		if !s.add(member, depth+1) {
			return false
		}
	}
	return true
}
