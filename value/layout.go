package value

import (
	"maps"
	"slices"
)

// indexAbove is the number of names above which a layout keeps an index.
const indexAbove = 8

// Layout is the names of collections that are made alike, such as the objects of one
// array or the values of one literal: they share it until one of them changes its names.
// It is immutable and safe for concurrent use.
type Layout struct {
	names []string
	index map[string]int // exactly while there are more than indexAbove names
}

// NewLayout returns the layout of the given names, which are copied. It is nil when a
// name is repeated.
func NewLayout(names []string) *Layout {
	l := &Layout{names: make([]string, 0, len(names))}
	for _, name := range names {
		if l.find(name, false) >= 0 {
			return nil
		}
		l.add(name, false)
	}
	return l
}

// Of returns a new collection of values, one for each name; it panics when their numbers
// differ.
func (l *Layout) Of(values ...Value) Value {
	if len(values) != len(l.names) {
		panic("value.Layout: a value without a name, or a name without a value")
	}
	c := l.New()
	copy(c.values, values)
	return FromCollection(c)
}

// New returns a new collection whose values are undefined, for [Collection.Put].
func (l *Layout) New() *Collection {
	switch n := len(l.names); n { // as in NewCollection, one allocation in place of two
	case 1:
		c := &struct {
			Collection
			values [1]Value
		}{}
		return l.fill(&c.Collection, c.values[:])
	case 2:
		c := &struct {
			Collection
			values [2]Value
		}{}
		return l.fill(&c.Collection, c.values[:])
	case 3:
		c := &struct {
			Collection
			values [3]Value
		}{}
		return l.fill(&c.Collection, c.values[:])
	case 4:
		c := &struct {
			Collection
			values [4]Value
		}{}
		return l.fill(&c.Collection, c.values[:])
	default:
		return l.fill(&Collection{}, make([]Value, n))
	}
}

// fill makes c the collection of values, which are not copied.
func (l *Layout) fill(c *Collection, values []Value) *Collection {
	*c = Collection{layout: l, values: values[:len(values):len(values)], shared: true}
	return c
}

func (l *Layout) clone() *Layout {
	return &Layout{names: append(make([]string, 0, len(l.names)+1), l.names...), index: maps.Clone(l.index)}
}

// find returns the position of name or -1; fold is without regard to case.
func (l *Layout) find(name string, fold bool) int {
	if l.index != nil {
		if i, ok := l.index[key(name, fold)]; ok {
			return i
		}
		return -1
	}
	for i, n := range l.names {
		if n == name || fold && equalFold(n, name) {
			return i
		}
	}
	return -1
}

// add adds a name that is not there.
func (l *Layout) add(name string, fold bool) {
	l.names = append(l.names, name)
	switch {
	case l.index != nil:
		l.index[key(name, fold)] = len(l.names) - 1
	case len(l.names) > indexAbove:
		l.index = make(map[string]int, max(2*len(l.names), cap(l.names)))
		l.reindex(0, fold)
	}
}

// remove removes the name with the position i.
func (l *Layout) remove(i int, fold bool) {
	if l.index != nil {
		delete(l.index, key(l.names[i], fold))
	}
	l.names = slices.Delete(l.names, i, i+1)
	if len(l.names) <= indexAbove {
		l.index = nil
		return
	}
	l.reindex(i, fold)
}

// reindex notes the places from a position on.
func (l *Layout) reindex(from int, fold bool) {
	for i := from; i < len(l.names); i++ {
		l.index[key(l.names[i], fold)] = i
	}
}

// key is name as the index has it.
func key(name string, fold bool) string {
	if !fold {
		return name
	}
	for i := range len(name) {
		if name[i] != lower(name[i]) {
			folded := []byte(name)
			for j := range folded {
				folded[j] = lower(folded[j])
			}
			return string(folded)
		}
	}
	return name
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
