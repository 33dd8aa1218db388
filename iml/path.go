package iml

import "github.com/cleat-run/cleat/value"

// GetPath returns the value at a path of names and indexes with dots, brackets and back
// ticks, such as users[2].name; arrays count from 1. Undefined when a step leads nowhere.
func GetPath(v value.Value, path string) value.Value { return follow(v, splitPath(path)) }

// follow returns the value at the end of the path.
func follow(v value.Value, path []pathStep) value.Value {
	for i := range path {
		switch step := &path[i]; {
		case step.isFirst:
			v = v.Array().At(0)
		case v.Collection() != nil:
			v = v.Collection().Get(step.name)
		default:
			v = at(v, value.Text(step.name))
		}
	}
	return v
}

type pathStep struct {
	name    string
	isFirst bool // []
}

// splitPath splits at dots and brackets outside back ticks and quotes.
func splitPath(path string) (steps []pathStep) {
	for i := 0; i < len(path); {
		switch c := path[i]; c {
		case '.':
			i++
		case '`':
			end := i + 1
			for end < len(path) && path[end] != '`' {
				end++
			}
			steps = append(steps, pathStep{name: path[i+1 : end]})
			i = end + 1
		case '[':
			end := i + 1
			for end < len(path) && path[end] != ']' {
				end++
			}
			inner := path[i+1 : end]
			if n := len(inner); n > 1 && (inner[0] == '\'' || inner[0] == '"' || inner[0] == '`') && inner[n-1] == inner[0] {
				inner = inner[1 : n-1]
			}
			steps = append(steps, pathStep{name: inner, isFirst: inner == ""})
			i = end + 1
		default:
			end := i
			for end < len(path) && path[end] != '.' && path[end] != '[' {
				end++
			}
			steps = append(steps, pathStep{name: path[i:end]})
			i = end
		}
	}
	return steps
}

// setPathFunction copies what lies on the path and shares the rest.
func setPathFunction(env *Env, args []value.Value) (value.Value, error) {
	object := arg(args, 0)
	if !object.IsEmpty() && object.Collection() == nil && object.Array() == nil {
		return value.Undefined, &argumentError{value: object, what: "collection"}
	}
	return setPath(env, object, splitPath(arg(args, 1).ToText()), arg(args, 2))
}

func setPath(env *Env, in value.Value, path []pathStep, v value.Value) (value.Value, error) {
	if len(path) == 0 {
		return v, nil
	}
	step := path[0]
	if list := in.Array(); list != nil {
		return setElement(env, list, step, path[1:], v)
	}
	old := in.Collection()
	if err := env.Elements(old.Len() + 1); err != nil {
		return value.Undefined, err
	}
	made := value.NewCollection(old.Len() + 1)
	for name, member := range old.All() {
		made.Set(name, member)
	}
	member, err := setPath(env, made.Get(step.name), path[1:], v)
	made.Set(step.name, member)
	return value.FromCollection(made), err
}

// setElement sets an element of a copy, which grows as needed. A step that is no index,
// or one before the first element, changes nothing.
func setElement(env *Env, list *value.Array, step pathStep, path []pathStep, v value.Value) (value.Value, error) {
	index, ok := wholeNumber(step.name)
	switch {
	case step.isFirst:
		index, ok = 1, true
	case index < 0:
		index += list.Len() + 1
	}
	if !ok || index < 1 {
		return value.FromArray(list), nil
	}
	if err := env.Elements(max(index, list.Len())); err != nil {
		return value.Undefined, err
	}
	made := value.NewArray(append([]value.Value(nil), list.Items()...)...)
	element, err := setPath(env, made.At(index-1), path, v)
	if err != nil {
		return value.Undefined, err
	}
	made.Set(index-1, element)
	return value.FromArray(made), nil
}
