package iml

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/value"
)

var arrayFunctions = []Function{
	{Name: "merge", Summary: "Gives one array of the elements of several; what is no array is left out.",
		Params: []Param{{Name: "array", Variadic: true}}, Examples: []Example{{"merge(split('a,b', ','), null, split('c', ','))", `["a","b","c"]`}}, call: mergeFunction},
	{Name: "first", Summary: "Gives the first element.", passes: true, Params: []Param{{Name: "array"}}, Examples: []Example{{"first(split('a,b', ','))", `"a"`}},
		call: func(_ *Env, args []value.Value) (value.Value, error) {
			list, err := arrayArg(args, 0)
			return list.At(0), err
		}},
	{Name: "last", Summary: "Gives the last element.", passes: true, Params: []Param{{Name: "array"}}, Examples: []Example{{"last(split('a,b', ','))", `"b"`}},
		call: func(_ *Env, args []value.Value) (value.Value, error) {
			list, err := arrayArg(args, 0)
			return list.At(list.Len() - 1), err
		}},
	{Name: "map", Summary: "Gives the member at a path of each element, of those alone whose filter member has one of the values.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "key"}, {Name: "filterKey", Optional: true}, {Name: "filterValues", Optional: true}},
		Examples: []Example{{`map(parseJSON('[{"a":1},{"a":2}]'), 'a')`, "[1,2]"}}, call: mapFunction},
	{Name: "keys", Summary: "Gives the names of the members.", passes: true, Params: []Param{{Name: "collection"}},
		Examples: []Example{{`keys(parseJSON('{"a":1,"b":2}'))`, `["a","b"]`}}, call: keysFunction},
	{Name: "distinct", Summary: "Gives the elements without repetitions, by a member if a key is given.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "key", Optional: true}},
		Examples: []Example{{"distinct(split('a,b,a', ','))", `["a","b"]`}}, call: distinctFunction},
	{Name: "toCollection", Summary: "Gives a collection made of the elements' key and value members.", passes: true,
		Params:   []Param{{Name: "array"}, {Name: "key"}, {Name: "value"}},
		Examples: []Example{{`toCollection(parseJSON('[{"k":"a","v":1}]'), 'k', 'v')`, `{"a":1}`}}, call: toCollectionFunction},
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
	key, filter := arg(args, 1).ToText(), arg(args, 2)
	wanted := filterValues(arg(args, 3))
	mapped := value.NewArray()
	for _, item := range list.Items() {
		if !filter.IsEmpty() && !slices.Contains(wanted, GetPath(item, filter.ToText()).ToText()) {
			continue
		}
		if strings.ContainsAny(key, ".[`") {
			mapped.Append(GetPath(item, key))
		} else {
			mapped.Append(at(item, value.Text(key)))
		}
	}
	return value.FromArray(mapped), nil
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
	for _, item := range list.Items() {
		by := item
		if key := arg(args, 1); !key.IsEmpty() {
			by = GetPath(item, key.ToText())
		}
		mark := by.ToText()
		if by.Collection() != nil || by.Array() != nil {
			mark = string(by.AppendJSON(nil))
		}
		if !seen[mark] {
			seen[mark] = true
			kept.Append(item)
		}
	}
	return value.FromArray(kept), nil
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
	for _, item := range list.Items() {
		if name := GetPath(item, arg(args, 1).ToText()); !name.IsNil() {
			made.Set(name.ToText(), GetPath(item, arg(args, 2).ToText()))
		}
	}
	return value.FromCollection(made), nil
}
