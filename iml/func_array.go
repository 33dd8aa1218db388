package iml

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/value"
)

var arrayFunctions = []Function{
	{Name: "merge", Summary: "Gives one array of the elements of several; what is no array is left out.",
		Params: []Param{{Name: "array", Variadic: true}}, Examples: []Example{{"merge(split('a,b', ','), null, split('c', ','))", `["a","b","c"]`}}, Call: mergeFunction},
	{Name: "first", Summary: "Gives the first element.", passes: true, Params: []Param{{Name: "array"}}, Examples: []Example{{"first(split('a,b', ','))", `"a"`}},
		Call: func(_ *Env, args []value.Value) (value.Value, error) {
			list, err := arrayArg(args, 0)
			return list.At(0), err
		}},
	{Name: "last", Summary: "Gives the last element.", passes: true, Params: []Param{{Name: "array"}}, Examples: []Example{{"last(split('a,b', ','))", `"b"`}},
		Call: func(_ *Env, args []value.Value) (value.Value, error) {
			list, err := arrayArg(args, 0)
			return list.At(list.Len() - 1), err
		}},
	{Name: "map", Summary: "Gives the member at a path of each element, of those alone whose filter member has one of the values.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "key"}, {Name: "filterKey", Optional: true}, {Name: "filterValues", Optional: true}},
		Examples: []Example{{`map(parseJSON('[{"a":1},{"a":2}]'), 'a')`, "[1,2]"}}, Call: mapFunction},
	{Name: "keys", Summary: "Gives the names of the members.", passes: true, Params: []Param{{Name: "collection"}},
		Examples: []Example{{`keys(parseJSON('{"a":1,"b":2}'))`, `["a","b"]`}}, Call: keysFunction},
	{Name: "distinct", Summary: "Gives the elements without repetitions, by a member if a key is given.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "key", Optional: true}},
		Examples: []Example{{"distinct(split('a,b,a', ','))", `["a","b"]`}}, Call: distinctFunction},
	{Name: "deduplicate", Summary: "Gives the elements without repetitions.", passes: true,
		Params: []Param{{Name: "array"}}, Examples: []Example{{"deduplicate(split('a,b,a', ','))", `["a","b"]`}}, Call: distinctFunction},
	{Name: "arrayDiff", Summary: "Gives the elements of the first array that are not in the second.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "other"}},
		Examples: []Example{{"arrayDiff(split('a,b,c', ','), split('b,d', ','))", `["a","c"]`}}, Call: arrayDiffFunction},
	{Name: "arrayIntersect", Summary: "Gives the elements of the first array that are in the second, each once.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "other"}},
		Examples: []Example{{"arrayIntersect(split('a,b,a', ','), split('a,d', ','))", `["a"]`}}, Call: arrayIntersectFunction},
	{Name: "toArray", Summary: "Gives the members of a collection as key and value pairs.", passes: true, Params: []Param{{Name: "collection"}},
		Examples: []Example{{`toArray(parseJSON('{"a":1}'))`, `[{"key":"a","value":1}]`}}, Call: toArrayFunction},
	{Name: "mergeCollections", Summary: "Gives the members of both collections; those of the second win.", own: true, gives: value.KindCollection,
		Params:   []Param{{Name: "collection"}, {Name: "other"}},
		Examples: []Example{{`mergeCollections(parseJSON('{"a":1,"b":2}'), parseJSON('{"b":3}'))`, `{"a":1,"b":3}`}}, Call: mergeCollectionsFunction},
	{Name: "toCollection", Summary: "Gives a collection made of the elements' key and value members.", passes: true, gives: value.KindCollection,
		Params:   []Param{{Name: "array"}, {Name: "key"}, {Name: "value"}},
		Examples: []Example{{`toCollection(parseJSON('[{"k":"a","v":1}]'), 'k', 'v')`, `{"a":1}`}}, Call: toCollectionFunction},
}

func mergeFunction(env *Env, args []value.Value) (value.Value, error) {
	all := value.NewArray()
	for _, v := range args {
		if list := v.Array(); list != nil {
			if err := env.Elements(all.Len() + list.Len()); err != nil {
				return value.Undefined, err
			}
			all.Append(list.Items()...)
		}
	}
	return value.FromArray(all), nil
}

func mapFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	if err := env.Elements(list.Len()); err != nil {
		return value.Undefined, err
	}
	key, filter := splitPath(arg(args, 1).ToText()), splitPath(arg(args, 2).ToText())
	wanted := filterValues(arg(args, 3))
	mapped := make([]value.Value, 0, list.Len())
	for _, item := range list.Items() {
		if len(filter) == 0 || slices.Contains(wanted, follow(item, filter).ToText()) {
			mapped = append(mapped, follow(item, key))
		}
	}
	return value.List(mapped...), nil
}

func filterValues(v value.Value) []string {
	var values []string
	if list := v.Array(); list != nil {
		for _, item := range list.Items() {
			values = append(values, item.ToText())
		}
		return values
	}
	for part := range strings.SplitSeq(v.ToText(), ",") {
		values = append(values, strings.TrimSpace(part))
	}
	return values
}

func keysFunction(_ *Env, args []value.Value) (value.Value, error) {
	names := value.NewArray()
	switch v := arg(args, 0); {
	case v.Collection() != nil:
		for name := range v.Collection().All() {
			names.Append(value.Text(name))
		}
	case v.Array() != nil:
		for i := range v.Array().Len() {
			names.Append(value.Text(strconv.Itoa(i)))
		}
	default:
		return value.Undefined, &argumentError{value: v, what: "collection"}
	}
	return value.FromArray(names), nil
}

func distinctFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	if err := env.Elements(list.Len()); err != nil {
		return value.Undefined, err
	}
	seen := map[string]bool{}
	kept := value.NewArray()
	key := splitPath(arg(args, 1).ToText())
	for _, item := range list.Items() {
		if mark := identity(follow(item, key)); !seen[mark] {
			seen[mark] = true
			kept.Append(item)
		}
	}
	return value.FromArray(kept), nil
}

// identity is a text that two values share when they count as the same element: scalars
// with the same text, collections and arrays that are equal in depth.
func identity(v value.Value) string {
	if !isReference(v) {
		return "=" + scriptText(v)
	}
	return string(appendIdentity(nil, v))
}

// appendIdentity writes the members of collections in the order of their names.
func appendIdentity(dst []byte, v value.Value) []byte {
	switch {
	case v.Collection() != nil:
		names := slices.Sorted(slices.Values(v.Collection().Names()))
		dst = append(dst, '{')
		for _, name := range names {
			dst = append(value.AppendQuoted(dst, name), ':')
			dst = append(appendIdentity(dst, v.Member(name)), ',')
		}
		return append(dst, '}')
	case v.Array() != nil:
		dst = append(dst, '[')
		for _, item := range v.Array().Items() {
			dst = append(appendIdentity(dst, item), ',')
		}
		return append(dst, ']')
	}
	return v.AppendJSON(dst)
}

func arrayDiffFunction(env *Env, args []value.Value) (value.Value, error) {
	list, other, err := twoArrays(env, args)
	if err != nil {
		return value.Undefined, err
	}
	kept := value.NewArray()
	for _, item := range list.Items() {
		if !other[identity(item)] {
			kept.Append(item)
		}
	}
	return value.FromArray(kept), nil
}

func arrayIntersectFunction(env *Env, args []value.Value) (value.Value, error) {
	list, other, err := twoArrays(env, args)
	if err != nil {
		return value.Undefined, err
	}
	kept := value.NewArray()
	for _, item := range list.Items() {
		if mark := identity(item); other[mark] {
			other[mark] = false
			kept.Append(item)
		}
	}
	return value.FromArray(kept), nil
}

// twoArrays returns the first argument, and what the second one holds; nothing when it
// is undefined or null.
func twoArrays(env *Env, args []value.Value) (list *value.Array, other map[string]bool, err error) {
	list, err = arrayArg(args, 0)
	if err != nil {
		return nil, nil, err
	}
	var second *value.Array
	if !arg(args, 1).IsNil() {
		if second, err = arrayArg(args, 1); err != nil {
			return nil, nil, err
		}
	}
	other = make(map[string]bool, second.Len())
	for _, item := range second.Items() {
		other[identity(item)] = true
	}
	return list, other, env.Elements(list.Len() + second.Len())
}

func toArrayFunction(env *Env, args []value.Value) (value.Value, error) {
	v := arg(args, 0)
	if v.Collection() == nil && v.Array() == nil {
		return value.Undefined, &argumentError{value: v, what: "collection"}
	}
	if err := env.Elements(v.Collection().Len() + v.Array().Len()); err != nil {
		return value.Undefined, err
	}
	pairs := value.NewArray()
	for name, member := range v.Collection().All() {
		pairs.Append(value.Object("key", value.Text(name), "value", member))
	}
	for i, item := range v.Array().Items() {
		pairs.Append(value.Object("key", value.Int(i), "value", item))
	}
	return value.FromArray(pairs), nil
}

func mergeCollectionsFunction(env *Env, args []value.Value) (value.Value, error) {
	merged := value.NewCollection(0)
	for i := range 2 {
		v := arg(args, i)
		if v.Collection() == nil && !v.IsEmpty() {
			return value.Undefined, &argumentError{index: i, value: v, what: "collection"}
		}
		if err := env.Elements(v.Collection().Len()); err != nil {
			return value.Undefined, err
		}
		for name, member := range v.Collection().All() {
			merged.Set(name, member)
		}
	}
	return value.FromCollection(merged), nil
}

func toCollectionFunction(env *Env, args []value.Value) (value.Value, error) {
	list, err := arrayArg(args, 0)
	if err != nil {
		return value.Undefined, err
	}
	if err := env.Elements(list.Len()); err != nil {
		return value.Undefined, err
	}
	made := value.NewCollection(list.Len())
	key, member := splitPath(arg(args, 1).ToText()), splitPath(arg(args, 2).ToText())
	for _, item := range list.Items() {
		if name := follow(item, key); !name.IsNil() {
			made.Set(name.ToText(), follow(item, member))
		}
	}
	return value.FromCollection(made), nil
}
