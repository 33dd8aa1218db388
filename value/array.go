package value

// Array is an ordered list of values, shared by reference. The zero Array is empty.
type Array struct{ items []Value }

// NewArray returns an array of items; the slice is not copied.
func NewArray(items ...Value) *Array { return &Array{items: items} }

// Len returns the number of elements.
func (a *Array) Len() int {
	if a == nil {
		return 0
	}
	return len(a.items)
}

// At returns the element with the 0-based index i, and undefined out of range.
func (a *Array) At(i int) Value {
	if a == nil || i < 0 || i >= len(a.items) {
		return Undefined
	}
	return a.items[i]
}

// Items returns the elements, shared.
func (a *Array) Items() []Value {
	if a == nil {
		return nil
	}
	return a.items
}

// Append adds elements at the end.
func (a *Array) Append(items ...Value) { a.items = append(a.items, items...) }

// Set replaces the element with the 0-based index i and grows the array as needed with
// undefined elements.
func (a *Array) Set(i int, v Value) {
	for len(a.items) <= i {
		a.items = append(a.items, Undefined)
	}
	a.items[i] = v
}

// Pop removes and returns the last element, undefined when there is none.
func (a *Array) Pop() Value {
	if a.Len() == 0 {
		return Undefined
	}
	last := a.items[len(a.items)-1]
	a.items = a.items[:len(a.items)-1]
	return last
}

// Shift removes and returns the first element, undefined when there is none.
func (a *Array) Shift() Value {
	if a.Len() == 0 {
		return Undefined
	}
	first := a.items[0]
	a.items = a.items[1:]
	return first
}

// Clone returns a deep copy.
func (a *Array) Clone() *Array {
	items := make([]Value, a.Len())
	for i, v := range a.Items() {
		items[i] = v.Clone()
	}
	return &Array{items: items}
}
