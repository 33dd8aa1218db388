package engine

import (
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// spreadKey is the key that inserts the members of a collection at its place.
const spreadKey = "{{...}}"

// definition is a piece of JSON after the base was merged under it: a node with its
// document, or an object or array made of pieces from several documents.
type definition struct {
	code    *app.Code
	node    *jsonc.Node
	members []member      // of an object
	items   []*definition // of an array
}

type member struct {
	name  string
	key   *jsonc.Node
	code  *app.Code // where the key stands
	value *definition
}

func define(code *app.Code, node *jsonc.Node) *definition {
	if node == nil {
		return nil
	}
	d := &definition{code: code, node: node}
	for _, m := range node.Members {
		d.put(member{m.Key.Text, m.Key, code, define(code, m.Value)})
	}
	for _, element := range node.Elements {
		d.items = append(d.items, define(code, element))
	}
	return d
}

// put adds m. A repeated name keeps its place and takes the later value, spreads excepted.
func (d *definition) put(m member) {
	if m.name != spreadKey {
		for i := range d.members {
			if d.members[i].name == m.name {
				d.members[i] = m
				return
			}
		}
	}
	d.members = append(d.members, m)
}

func (d *definition) is(kind jsonc.Kind) bool { return d != nil && d.node.Is(kind) }

// get returns the member name, or nil.
func (d *definition) get(name string) *definition {
	if d == nil {
		return nil
	}
	for _, m := range d.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// path returns the member reached by names, or nil.
func (d *definition) path(names ...string) *definition {
	for _, name := range names {
		d = d.get(name)
	}
	return d
}

// inherit merges base under own, unevaluated (communication.md 4): objects key by key,
// base keys first, own values win; anything else replaces. Header names merge without
// regard to case, and log.sanitize is a union, so that a module never unmasks what the
// base masks.
func inherit(base, own *definition) *definition { return inheritAt(base, own, "") }

func inheritAt(base, own *definition, at string) *definition {
	switch {
	case own == nil:
		return base
	case base == nil:
		return own
	case at == "log.sanitize" && base.is(jsonc.Array) && own.is(jsonc.Array):
		return &definition{code: own.code, node: own.node, items: append(base.items[:len(base.items):len(base.items)], own.items...)}
	case !base.is(jsonc.Object) || !own.is(jsonc.Object):
		return own
	}
	merged := &definition{code: own.code, node: own.node, members: append([]member(nil), base.members...)}
	for _, m := range own.members {
		merged.override(m, at)
	}
	return merged
}

// override sets m over an inherited member. It takes over that member's place unless a
// spread stands behind it, which would otherwise win over the own value.
func (d *definition) override(m member, at string) {
	i := d.inherited(m.name, at)
	if i < 0 {
		d.members = append(d.members, m)
		return
	}
	m.value = inheritAt(d.members[i].value, m.value, strings.TrimPrefix(at+"."+m.name, "."))
	for _, later := range d.members[i+1:] {
		if later.name == spreadKey {
			d.members = append(append(d.members[:i:i], d.members[i+1:]...), m)
			return
		}
	}
	d.members[i] = m
}

func (d *definition) inherited(name, at string) int {
	if name == spreadKey {
		return -1
	}
	for i, m := range d.members {
		if m.name == name || at == "headers" && strings.EqualFold(m.name, name) {
			return i
		}
	}
	return -1
}
