package iml

import (
	"strings"

	"github.com/cleat-run/cleat/value"
)

func (c *compiler) path(n *node) evalFn {
	base, _ := c.node(n.args[0])
	steps := make([]evalFn, len(n.segs))
	dynamic := false
	for i, seg := range n.segs {
		if seg.expr != nil {
			steps[i], _ = c.node(seg.expr)
			dynamic = true
		}
	}
	segs := n.segs
	if root := rootIndex(n.args[0].text); !dynamic && root >= 0 && n.args[0].kind == kindName {
		return func(env *Env) (value.Value, error) {
			if env.Scope == nil {
				return value.Undefined, nil
			}
			v := env.Scope.known[root]
			for i := range segs {
				v = segs[i].of(v)
			}
			return v, nil
		}
	}
	if !dynamic {
		return func(env *Env) (value.Value, error) {
			v, err := base(env)
			if err != nil {
				return value.Undefined, err
			}
			for i := range segs {
				v = segs[i].of(v)
			}
			return v, nil
		}
	}
	return func(env *Env) (value.Value, error) {
		v, err := base(env)
		if err != nil {
			return value.Undefined, err
		}
		for i := range segs {
			if steps[i] == nil {
				v = segs[i].of(v)
				continue
			}
			key, err := steps[i](env)
			if err != nil {
				return value.Undefined, err
			}
			v = at(v, key)
		}
		return v, nil
	}
}

// of takes one static step (language reference 3.7).
func (s *segment) of(v value.Value) value.Value {
	switch v.Kind() {
	case value.KindCollection:
		switch {
		case s.isFirst && v.Collection().Single(): // communication.md 10.1: the root of XML
			return v
		case s.isFirst:
			return value.Undefined
		case s.fold:
			return foldedMember(v.Collection(), s.name)
		}
		return v.Collection().Get(s.name)
	case value.KindArray:
		if s.isFirst {
			return v.Array().At(0)
		}
		if s.isIndex {
			return element(v.Array(), s.index)
		}
	}
	return value.Undefined
}

// foldedMember finds a header by its exact name, or without regard to case.
func foldedMember(c *value.Collection, name string) value.Value {
	if v, ok := c.Lookup(name); ok {
		return v
	}
	for own, v := range c.All() {
		if strings.EqualFold(own, name) {
			return v
		}
	}
	return value.Undefined
}

// element returns the element with a 1-based index; a negative one counts from the end.
func element(a *value.Array, index int) value.Value {
	switch {
	case index > 0:
		return a.At(index - 1)
	case index < 0:
		return a.At(a.Len() + index)
	}
	return value.Undefined
}

// at takes a step to a computed place.
func at(v, key value.Value) value.Value {
	if a := v.Array(); a != nil {
		if key.Kind() == value.KindNumber {
			return element(a, int(key.Float()))
		}
		if n, ok := wholeNumber(key.ToText()); ok {
			return element(a, n)
		}
		return value.Undefined
	}
	if key.IsNil() {
		return value.Undefined
	}
	return v.Member(key.ToText())
}
