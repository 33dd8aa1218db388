package iml

import (
	"slices"

	"github.com/cleat-run/cleat/value"
)

var generalFunctions = []Function{
	{Name: "if", Summary: "Gives the second argument when the first counts as true, otherwise the third.",
		Params:   []Param{{Name: "condition"}, {Name: "then"}, {Name: "else", Optional: true}},
		Examples: []Example{{"if(1 > 2, 'a', 'b')", `"b"`}, {"if('false', 1, 2)", "1"}}, lazy: ifFunction},
	{Name: "ifempty", Summary: "Gives the first argument unless it is undefined, null or an empty text; then the second.",
		Params:   []Param{{Name: "value"}, {Name: "otherwise", Optional: true}},
		Examples: []Example{{"ifempty('', 'x')", `"x"`}, {"ifempty(0, 'x')", "0"}}, lazy: ifEmptyFunction},
	{Name: "switch", Summary: "Gives the result beside the first value that equals the first argument; a last single argument otherwise.",
		Params:   []Param{{Name: "value"}, {Name: "case"}, {Name: "result", Optional: true, Variadic: true}},
		Examples: []Example{{"switch('B', 'A', 1, 'B', 2, 3)", "2"}, {"switch('X', 'A', 1, 3)", "3"}}, lazy: switchFunction},
	{Name: "get", Summary: "Gives the value at a path; arrays count from 1.",
		Params:   []Param{{Name: "object"}, {Name: "path"}},
		Examples: []Example{{"get(split('a,b', ','), 2)", `"b"`}, {`get(parseJSON('{"a":[{"b":1}]}'), 'a[1].b')`, "1"}}, Call: getFunction},
	{Name: "set", Summary: "Gives a copy of a collection with the value at a path; arrays count from 1.", gives: value.KindCollection,
		Params:   []Param{{Name: "object"}, {Name: "path"}, {Name: "value"}},
		Examples: []Example{{`set(parseJSON('{"a":1}'), 'b.c', 2)`, `{"a":1,"b":{"c":2}}`}}, Call: setPathFunction},
	{Name: "pick", Summary: "Gives a collection of the named members only.", passes: true, gives: value.KindCollection,
		Params:   []Param{{Name: "object"}, {Name: "key", Variadic: true}},
		Examples: []Example{{`pick(parseJSON('{"a":1,"b":2}'), 'b')`, `{"b":2}`}}, Call: pickFunction},
	{Name: "omit", Summary: "Gives a collection without the named members.", passes: true, gives: value.KindCollection,
		Params:   []Param{{Name: "object"}, {Name: "key", Variadic: true}},
		Examples: []Example{{`omit(parseJSON('{"a":1,"b":2}'), 'b')`, `{"a":1}`}}, Call: omitFunction},
	{Name: "equal", Summary: "Reports whether two values are equal, as = does.",
		Params:   []Param{{Name: "a"}, {Name: "b"}},
		Examples: []Example{{"equal(1, '1')", "true"}},
		Call: func(_ *Env, args []value.Value) (value.Value, error) {
			return value.Bool(LooseEqual(arg(args, 0), arg(args, 1))), nil
		}},
}

func ifFunction(env *Env, args []evalFn) (value.Value, error) {
	condition, err := lazyArg(env, args, 0)
	if err != nil {
		return value.Undefined, err
	}
	if condition.Truthy() {
		return lazyArg(env, args, 1)
	}
	return lazyArg(env, args, 2)
}

func lazyArg(env *Env, args []evalFn, i int) (value.Value, error) {
	if i >= len(args) {
		return value.Undefined, nil
	}
	return args[i](env)
}

func ifEmptyFunction(env *Env, args []evalFn) (value.Value, error) {
	v, err := lazyArg(env, args, 0)
	if err != nil || !v.IsEmpty() {
		return v, err
	}
	return lazyArg(env, args, 1)
}

func switchFunction(env *Env, args []evalFn) (value.Value, error) {
	v, err := lazyArg(env, args, 0)
	if err != nil {
		return value.Undefined, err
	}
	text := scriptText(v)
	for i := 1; i+1 < len(args); i += 2 {
		candidate, err := args[i](env)
		if err != nil {
			return value.Undefined, err
		}
		if scriptText(candidate) == text {
			return args[i+1](env)
		}
	}
	if len(args)%2 == 0 {
		return args[len(args)-1](env)
	}
	return value.Undefined, nil
}

// scriptText is String(v) in JavaScript: undefined and null are words.
func scriptText(v value.Value) string {
	switch v.Kind() {
	case value.KindUndefined:
		return "undefined"
	case value.KindNull:
		return "null"
	}
	return v.ToText()
}

func getFunction(_ *Env, args []value.Value) (value.Value, error) {
	object, path := arg(args, 0), arg(args, 1)
	if path.Kind() == value.KindNumber {
		return at(object, path), nil
	}
	return GetPath(object, path.ToText()), nil
}

// keyArgs are the names of members given one by one or as an array.
func keyArgs(args []value.Value) []string {
	var keys []string
	for _, v := range args[min(1, len(args)):] {
		if list := v.Array(); list != nil {
			for _, item := range list.Items() {
				keys = append(keys, item.ToText())
			}
			continue
		}
		keys = append(keys, v.ToText())
	}
	return keys
}

func pickFunction(env *Env, args []value.Value) (value.Value, error) {
	return filterMembers(env, args, true)
}

func omitFunction(env *Env, args []value.Value) (value.Value, error) {
	return filterMembers(env, args, false)
}

func filterMembers(env *Env, args []value.Value, wanted bool) (value.Value, error) {
	c := arg(args, 0).Collection()
	if c == nil {
		if arg(args, 0).IsEmpty() {
			return arg(args, 0), nil
		}
		return value.Undefined, &argumentError{value: arg(args, 0), what: "collection"}
	}
	if err := env.Elements(c.Len()); err != nil {
		return value.Undefined, err
	}
	keys := keyArgs(args)
	if err := env.Step(c.Len() * len(keys)); err != nil {
		return value.Undefined, err
	}
	kept := value.NewCollection(c.Len())
	for name, v := range c.All() {
		if slices.Contains(keys, name) == wanted {
			kept.Set(name, v)
		}
	}
	return value.FromCollection(kept), nil
}
