package iml

import (
	"maps"
	"slices"

	"github.com/cleat-run/cleat/value"
)

// knownRoots are the names that the components give a meaning; each has a fixed place in
// a Scope, so that looking it up is an array access.
var knownRoots = [...]string{"parameters", "connection", "common", "data", "body", "headers",
	"statusCode", "temp", "item", "output", "pagination", "iterate", "oauth", "webhook", "query",
	"method", "payload", "scenario", "environment", "metadata", "input", "rawBody", "response",
	"request", "error", "epoch"}

const (
	rootUnknown     = -1
	rootEnvironment = 18 // checked by a test
)

// rootIndex returns the place of a known root.
func rootIndex(name string) int { return slices.Index(knownRoots[:], name) }

// Scope holds the roots that expressions see by name. The zero Scope is empty. Reading
// it is safe for concurrent use; setting is not.
type Scope struct {
	known [len(knownRoots)]value.Value
	set   uint32 // which of known are set, also to undefined
	other map[string]value.Value
}

// NewScope returns an empty scope.
func NewScope() *Scope { return &Scope{} }

// Set makes v the root name. The value is shared, not copied.
func (s *Scope) Set(name string, v value.Value) {
	if i := rootIndex(name); i >= 0 {
		s.known[i] = v
		s.set |= 1 << i
		return
	}
	if s.other == nil {
		s.other = make(map[string]value.Value)
	}
	s.other[name] = v
}

// Get returns the root name, or undefined.
func (s *Scope) Get(name string) value.Value {
	if i := rootIndex(name); i >= 0 {
		return s.known[i]
	}
	return s.other[name]
}

// Has reports whether the root name is set, also when it is undefined.
func (s *Scope) Has(name string) bool {
	if i := rootIndex(name); i >= 0 {
		return s.set&(1<<i) != 0
	}
	_, ok := s.other[name]
	return ok
}

// Delete removes the root name.
func (s *Scope) Delete(name string) {
	if i := rootIndex(name); i >= 0 {
		s.known[i] = value.Undefined
		s.set &^= 1 << i
		return
	}
	delete(s.other, name)
}

// Clone returns a scope with the same roots; the values are shared.
func (s *Scope) Clone() *Scope {
	c := *s
	c.other = maps.Clone(s.other)
	return &c
}

// Names returns the names that are set, sorted.
func (s *Scope) Names() []string {
	names := slices.Collect(maps.Keys(s.other))
	for i, name := range knownRoots {
		if s.set&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
