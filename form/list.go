package form

import (
	"slices"

	"github.com/cleat-run/cleat/value"
)

func (l *list) add(i item) {
	l.items = append(l.items, i)
	l.plain = l.plain && i.field != nil
}

func (l *list) join(more *list) {
	for _, i := range more.items {
		l.add(i)
	}
}

// fields returns the fields that are no remote ones and no display.
func (l *list) fields() []*Field {
	var all []*Field
	for _, i := range l.items {
		if i.field != nil && !i.field.Type.Display {
			all = append(all, i.field)
		}
	}
	return all
}

// walk visits the fields and those nested in them, but not the children of collections,
// until visit returns false.
func (l *list) walk(visit func(*Field) bool) bool {
	if l == nil {
		return true
	}
	for _, i := range l.items {
		if f := i.field; f != nil && !f.Type.Display {
			if !visit(f) {
				return false
			}
			for _, n := range f.branches() {
				if !n.walk(visit) {
					return false
				}
			}
		}
	}
	return true
}

// branches are all lists of fields that f may show.
func (f *Field) branches() []*list {
	var all []*list
	add := func(n *nested) {
		if n != nil {
			all = append(all, n.list, n.on, n.off)
		}
	}
	add(f.nested)
	if o := f.options; o != nil {
		add(o.nested)
		add(o.placeholder)
		for i := range o.list {
			add(o.list[i].nested)
		}
	}
	return all
}

func (l *list) find(name string) (found *Field) {
	l.walk(func(f *Field) bool {
		if f.Name == name {
			found = f
		}
		return found == nil
	})
	return found
}

// open reports whether some of the fields are remote, or may be: an RPC may nest fields
// in its options.
func (l *list) open() bool {
	if l == nil {
		return false
	}
	if !l.plain {
		return true
	}
	for _, i := range l.items {
		for _, branch := range i.field.branches() {
			if branch.open() {
				return true
			}
		}
	}
	return false
}

func (l *list) asks() bool {
	if l == nil || l.plain && len(l.items) == 0 {
		return false
	}
	return !l.plain || slices.ContainsFunc(l.items, func(i item) bool { return i.field.asks() })
}

func (f *Field) asks() bool {
	return f.options != nil && f.options.remote != "" || f.spec.asks() || f.element != nil && f.element.asks() ||
		slices.ContainsFunc(f.branches(), (*list).asks)
}

// collectNames notes every name that belongs to this list, shown or not.
func (l *list) collectNames() {
	l.names = map[string]bool{}
	l.walk(func(f *Field) bool {
		l.names[f.Name] = true
		return true
	})
}

// lacks reports whether there is a value without a field in l.
func (l *list) lacks(values *value.Collection) bool {
	for name := range values.All() {
		if !l.names[name] {
			return true
		}
	}
	return false
}
