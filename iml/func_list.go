package iml

import (
	"math"
	"slices"

	"github.com/cleat-run/cleat/value"
)

var listFunctions = []Function{
	{Name: "add", Summary: "Gives the array with values appended as they are.",
		Params:   []Param{{Name: "array"}, {Name: "value", Optional: true, Variadic: true}},
		Examples: []Example{{"add(split('a,b', ','), 3)", `["a","b",3]`}, {"add(null, 1)", "[1]"}}, Call: addFunctionOfList},
	{Name: "remove", Summary: "Gives the array without the elements that equal one of the values.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "value", Variadic: true}},
		Examples: []Example{{"remove(split('a,b,a', ','), 'a')", `["b"]`}}, Call: removeFunction},
	{Name: "sort", Summary: "Gives the elements in order: asc, desc, asc ci or desc ci (ignoring case), by a member if a key is given.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "order", Optional: true}, {Name: "key", Optional: true}},
		Examples: []Example{{"sort(split('b,A,a', ','), 'asc ci')", `["A","a","b"]`}, {"sort(parseJSON('[10,9,null]'), 'desc')", "[10,9,null]"}}, Call: sortFunction},
	{Name: "reverse", Summary: "Gives the elements in reverse order.", passes: true, Params: []Param{{Name: "array"}},
		Examples: []Example{{"reverse(split('a,b', ','))", `["b","a"]`}}, Call: onCopy(func(_ *Env, items []value.Value) { slices.Reverse(items) })},
	{Name: "shuffle", Summary: "Gives the elements in random order.", passes: true, Params: []Param{{Name: "array"}},
		Examples: []Example{{"length(shuffle(split('a,b', ',')))", "2"}}, Call: onCopy(shuffle)},
	{Name: "slice", Summary: "Gives the elements between two positions, which count from 0; negative ones from the end.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "start"}, {Name: "end", Optional: true}},
		Examples: []Example{{"slice(split('a,b,c', ','), 1)", `["b","c"]`}, {"slice(split('a,b,c', ','), -2, -1)", `["b"]`}}, Call: sliceFunction},
	{Name: "flatten", Summary: "Gives the elements with those of inner arrays in their place, to a depth, 1 by default.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "depth", Optional: true}},
		Examples: []Example{{"flatten(parseJSON('[1,[2,[3]]]'))", "[1,2,[3]]"}, {"flatten(parseJSON('[1,[2,[3]]]'), 2)", "[1,2,3]"}}, Call: flattenFunction},
}

// addFunctionOfList is add, which makes an array of the values when there is none.
func addFunctionOfList(env *Env, args []value.Value) (value.Value, error) {
	var items []value.Value
	if !arg(args, 0).IsNil() {
		list, err := arrayArg(args, 0)
		if err != nil {
			return value.Undefined, err
		}
		items = list.Items()
	}
	if err := env.Elements(len(items) + len(args)); err != nil {
		return value.Undefined, err
	}
	return value.List(append(slices.Clone(items), args[min(1, len(args)):]...)...), nil
}

func removeFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	if err := env.Elements(list.Len()); err != nil {
		return value.Undefined, err
	}
	if err := env.Step(list.Len() * len(args)); err != nil {
		return value.Undefined, err
	}
	kept := value.NewArray()
	for _, item := range list.Items() {
		equal := func(v value.Value) bool { return !isReference(item) && !isReference(v) && LooseEqual(item, v) }
		if !slices.ContainsFunc(args[1:], equal) {
			kept.Append(item)
		}
	}
	return value.FromArray(kept), nil
}

// onCopy makes a function that changes the order of an array's copy.
func onCopy(change func(*Env, []value.Value)) func(*Env, []value.Value) (value.Value, error) {
	return func(env *Env, args []value.Value) (value.Value, error) {
		list, err := arrayArg(args, 0)
		if err != nil {
			return value.Undefined, err
		}
		if err := env.Elements(list.Len()); err != nil {
			return value.Undefined, err
		}
		items := slices.Clone(list.Items())
		change(env, items)
		return value.List(items...), nil
	}
}

func shuffle(env *Env, items []value.Value) {
	for i := len(items) - 1; i > 0; i-- {
		j := int(env.random() * float64(i+1))
		items[i], items[j] = items[j], items[i]
	}
}

// sorting is what sort goes by.
type sorting struct {
	descending, fold bool
	key              []pathStep
}

// sortingOf reads order and key; a second argument that is no order is the key.
func sortingOf(args []value.Value) sorting {
	order, key := arg(args, 1).ToText(), arg(args, 2).ToText()
	by := sorting{key: splitPath(key)}
	switch order {
	case "", "asc":
	case "desc":
		by.descending = true
	case "asc ci":
		by.fold = true
	case "desc ci":
		by.descending, by.fold = true, true
	default:
		if key == "" {
			by.key = splitPath(order)
		}
	}
	return by
}

func sortFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	if err := env.Elements(list.Len()); err != nil {
		return value.Undefined, err
	}
	by := sortingOf(args)
	type entry struct{ item, by value.Value }
	entries := make([]entry, list.Len())
	for i, item := range list.Items() {
		entries[i] = entry{item, by.of(item)}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return by.compare(a.by, b.by) })
	items := make([]value.Value, len(entries))
	for i, e := range entries {
		items[i] = e.item
	}
	return value.List(items...), nil
}

// of returns what item is sorted by.
func (s sorting) of(item value.Value) value.Value {
	item = follow(item, s.key)
	if s.fold && item.IsText() {
		return value.Text(changeCase(item.ToText(), false))
	}
	return item
}

// compare puts undefined and null last in both directions.
func (s sorting) compare(a, b value.Value) int {
	switch {
	case a.IsNil() && b.IsNil():
		return 0
	case a.IsNil():
		return 1
	case b.IsNil():
		return -1
	case s.descending:
		a, b = b, a
	}
	if a.Kind() == b.Kind() && isCountable(a) {
		order, _ := Compare(a, b)
		return order
	}
	return compareText(a.ToText(), b.ToText())
}

func sliceFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	start, err := relativeArg(args, 1, list.Len(), 0)
	if err != nil {
		return value.Undefined, err
	}
	end, err := relativeArg(args, 2, list.Len(), list.Len())
	if err != nil {
		return value.Undefined, err
	}
	if start >= end {
		return value.List(), nil
	}
	return value.List(slices.Clone(list.Items()[start:end])...), env.Elements(end - start)
}

// relativeArg returns the argument i as a position in an array; a negative one counts
// from the end (ECMA-262 23.1.3.28).
func relativeArg(args []value.Value, i, length, otherwise int) (int, error) {
	if arg(args, i).IsUndefined() {
		return otherwise, nil
	}
	n, err := numberArg(args, i)
	switch n = math.Trunc(n); {
	case math.IsNaN(n):
		n = 0
	case n < 0:
		n += float64(length)
	}
	return int(max(0, min(n, float64(length)))), err
}

func flattenFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	depth := 1.0
	if !arg(args, 1).IsNil() {
		if depth, err = numberArg(args, 1); err != nil {
			return value.Undefined, err
		}
	}
	flat := value.NewArray()
	err = flatten(env, flat, list, depth)
	return value.FromArray(flat), err
}

func flatten(env *Env, into, list *value.Array, depth float64) error {
	if err := env.Step(list.Len()); err != nil {
		return err
	}
	for _, item := range list.Items() {
		if into.Len() >= env.limits.Elements {
			return env.Elements(into.Len() + 1)
		}
		inner := item.Array()
		if inner == nil || !(depth >= 1) {
			into.Append(item)
		} else if err := flatten(env, into, inner, depth-1); err != nil {
			return err
		}
	}
	return nil
}
