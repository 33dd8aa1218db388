package value

import (
	"iter"
	"slices"
)

// Collection is a list of named values in the order in which they were first set,
// shared by reference. Names are exact, unless the collection was made by
// [NewHeaders]. The zero Collection is empty. Reading is safe for concurrent use,
// changing is not.
type Collection struct {
	layout *Layout // nil: no members
	values []Value
	shared bool // layout belongs to other collections too
	fold   bool
	single bool
}

// NewCollection returns an empty collection with room for n members.
func NewCollection(n int) *Collection {
	switch { // most are small: the members then lie in the collection itself, one allocation in place of four
	case n == 0:
		return &Collection{}
	case n <= 2:
		c := &struct {
			Collection
			own    Layout
			names  [2]string
			values [2]Value
		}{}
		c.own.names, c.layout, c.Collection.values = c.names[:0], &c.own, c.values[:0]
		return &c.Collection
	case n <= 4:
		c := &struct {
			Collection
			own    Layout
			names  [4]string
			values [4]Value
		}{}
		c.own.names, c.layout, c.Collection.values = c.names[:0], &c.own, c.values[:0]
		return &c.Collection
	}
	return &Collection{layout: &Layout{names: make([]string, 0, n)}, values: make([]Value, 0, n)}
}

// NewHeaders returns an empty collection with room for n members, whose names are looked
// up without regard to case, as HTTP header names are (RFC 9110 5.1; only the letters of
// ASCII have a case).
func NewHeaders(n int) *Collection {
	c := NewCollection(n)
	c.fold = true
	return c
}

// NewSingle returns an empty collection that is its own first element: x[] is x. The root
// of an XML document is one, so that it can be written with [] as every other element.
func NewSingle() *Collection { return &Collection{single: true} }

// Single reports whether the collection is its own first element.
func (c *Collection) Single() bool { return c != nil && c.single }

// Object returns a new collection from alternating names and values; it panics when a
// name is no string, a value no [Value] or a value is missing. It is meant for tests and
// literals in code.
func Object(pairs ...any) Value {
	if len(pairs)%2 != 0 {
		panic("value.Object: a name without a value")
	}
	c := NewCollection(len(pairs) / 2)
	for i := 0; i < len(pairs); i += 2 {
		c.Set(pairs[i].(string), pairs[i+1].(Value))
	}
	return FromCollection(c)
}

// Len returns the number of members, undefined ones included.
func (c *Collection) Len() int {
	if c == nil {
		return 0
	}
	return len(c.values)
}

// Get returns the member name, or undefined.
func (c *Collection) Get(name string) Value {
	v, _ := c.Lookup(name)
	return v
}

// Lookup returns the member name and whether it exists, also when it is undefined.
func (c *Collection) Lookup(name string) (Value, bool) {
	if i := c.find(name); i >= 0 {
		return c.values[i], true
	}
	return Undefined, false
}

// Set sets the member name. An existing member keeps its place.
func (c *Collection) Set(name string, v Value) {
	if i := c.find(name); i >= 0 {
		c.values[i] = v
		return
	}
	c.own()
	c.layout.add(name, c.fold)
	c.values = append(c.values, v)
}

// Put sets the value of the member with the 0-based position i.
func (c *Collection) Put(i int, v Value) { c.values[i] = v }

// Delete removes the member name.
func (c *Collection) Delete(name string) {
	i := c.find(name)
	if i < 0 {
		return
	}
	c.own()
	c.layout.remove(i, c.fold)
	c.values = slices.Delete(c.values, i, i+1)
}

// own gives c a layout of its own, before its names change.
func (c *Collection) own() {
	switch {
	case c.layout == nil:
		c.layout = &Layout{}
	case c.shared:
		c.layout = c.layout.clone()
	}
	c.shared = false
}

// Names returns the member names in order, shared: valid until the next change.
func (c *Collection) Names() []string {
	if c == nil || c.layout == nil {
		return nil
	}
	return c.layout.names
}

// At returns the name and the value of the member with the 0-based position i.
func (c *Collection) At(i int) (string, Value) { return c.layout.names[i], c.values[i] }

// All yields the members in order. Members may be set while it runs: a new one is
// yielded at its turn. Deleting is safe too, but the member that moves up to the place of
// a deleted one is passed over.
func (c *Collection) All() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if c == nil {
			return
		}
		for i := 0; i < len(c.values); i++ {
			if !yield(c.layout.names[i], c.values[i]) {
				return
			}
		}
	}
}

// Clone returns a deep copy.
func (c *Collection) Clone() *Collection {
	if c.Len() == 0 {
		return NewCollection(0)
	}
	d := &Collection{layout: c.layout, values: make([]Value, len(c.values)), shared: c.shared, fold: c.fold, single: c.single}
	if !d.shared { // c may change its names later
		d.layout = c.layout.clone()
	}
	for i, v := range c.values {
		d.values[i] = v.Clone()
	}
	return d
}

// find returns the position of name or -1. It never changes c, so that many goroutines
// may read one collection; the index is built while members are set.
func (c *Collection) find(name string) int {
	if c == nil || c.layout == nil {
		return -1
	}
	return c.layout.find(name, c.fold)
}
