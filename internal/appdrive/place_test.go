package appdrive

import (
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// generic is a bundle of an app that shows none.
func generic() value.Value {
	return value.Object("id", value.Text("42"), "name", value.Text("Alice"), "label", value.Text("Alice"), "value", value.Text("42"),
		"email", value.Text("alice@example.com"), "status", value.Text("completed"), "success", value.True, "created_at", value.Text("2026-01-02T03:04:05.000Z"))
}

// leaf is a value for something that is read but not in the sample: one of the same name,
// or a text.
func leaf(like *value.Collection, name string) value.Value {
	if v, ok := like.Lookup(name); ok {
		return v
	}
	if v, ok := generic().Collection().Lookup(name); ok {
		return v
	}
	return value.Text(fmt.Sprintf("some %s", name))
}

// place puts v at a path such as data.items.
func place(in *value.Collection, path []string, v value.Value) {
	for _, name := range path[:len(path)-1] {
		next := in.Get(name).Collection()
		if next == nil {
			next = value.NewCollection(1)
			in.Set(name, value.FromCollection(next))
		}
		in = next
	}
	in.Set(path[len(path)-1], v)
}

// ensure makes what is missing at a path; a number in it stands for a list.
func ensure(in *value.Collection, path []string, missing func(name string) value.Value) {
	if in == nil || isIndex(path[0]) {
		return
	}
	v, there := in.Lookup(path[0])
	rest := path[1:]
	if !there || v.IsNil() {
		switch {
		case len(rest) == 0:
			v = missing(path[0])
		case isIndex(rest[0]) && len(rest) == 1:
			v = value.List(missing(path[0]))
		case isIndex(rest[0]):
			v = value.List(value.Object())
		default:
			v = value.Object()
		}
		in.Set(path[0], v)
	}
	for len(rest) > 0 && isIndex(rest[0]) {
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return
	}
	for _, item := range v.Array().Items() {
		ensure(item.Collection(), rest, missing)
	}
	ensure(v.Collection(), rest, missing)
}

func isIndex(name string) bool { return strings.Trim(name, "[]0123456789") == "" }
