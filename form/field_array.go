package form

import (
	"fmt"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

var arrayType = Type{Name: "array", Summary: "A list: of collections when spec is an array, of what spec says when it is an object, otherwise of texts.",
	Stored: "array", Keys: "spec sequence", compile: compileArray, check: checkArray, convert: toArray, accept: acceptArray, empty: emptyList,
	forman: formanArray, tool: toolArray}

func compileArray(c *compiler, f *Field) {
	switch spec := f.node.Get("spec"); {
	case spec.Is(jsonc.Object):
		c.item = true
		f.element = c.field(spec)
	case spec != nil && !spec.IsNull():
		f.spec = c.list(spec)
	}
}

func checkArray(p *pass, l *level, f *Field, v value.Value, at *place) {
	checkItems(p, l, f, v, at)
	p.items(f, v.Array().Len(), at)
}

func checkItems(p *pass, l *level, f *Field, v value.Value, at *place) {
	for i, item := range v.Array().Items() {
		here := &place{at, "", i}
		switch {
		case f.element != nil:
			inner := *l
			inner.asking = here
			p.check(&inner, f.element, item, here)
		case f.spec != nil && !item.IsEmpty():
			p.checkItem(l, f, item, here)
		}
	}
}

func (p *pass) checkItem(l *level, f *Field, item value.Value, here *place) {
	switch {
	case item.Collection() != nil:
		p.checkLevel(&level{in: item.Collection(), at: here, asking: here, above: l.above}, f.spec)
	case !isExpression(item):
		p.fail(f, here, CodeType, "object is expected, not "+storedType(item), "")
	case !p.o.Expressions:
		p.fail(f, here, CodeIML, "an expression is not allowed here", "")
	}
}

// toArray makes an array of a single value, and converts the items.
func toArray(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	items := []value.Value{v}
	if v.Array() != nil {
		items = v.Array().Items()
	}
	made := make([]value.Value, len(items))
	whole := true
	for i, item := range items {
		var ok bool
		made[i], ok = p.convertItem(f, item, &place{at, "", i})
		whole = whole && ok
	}
	return value.List(made...), whole
}

func (p *pass) convertItem(f *Field, item value.Value, here *place) (value.Value, bool) {
	switch {
	case f.spec != nil && item.Collection() == nil:
		if item.IsEmpty() {
			return item, true
		}
		return p.wrongType(f, item, here, "collection")
	case f.spec != nil:
		// runtime notes: required is not enforced inside the items of a complex array.
		l := &level{in: item.Collection(), at: here, asking: here, loose: true}
		return value.FromCollection(p.convertLevel(l, f.spec, f.sequence)), true
	case f.element == nil:
		return p.convertText(f, item, here)
	case item.IsEmpty() && !f.element.Required:
		return item, true
	}
	made, ok := p.convert(&level{at: here, asking: here}, f.element, item, here)
	if ok {
		made = p.chosen(f.element, made, here)
	}
	return made, ok
}

// convertText converts an item of an array without spec: such items are texts.
func (p *pass) convertText(f *Field, item value.Value, here *place) (value.Value, bool) {
	if item.IsEmpty() {
		return item, true
	}
	return toText(p, f, item, here)
}

func acceptArray(p *pass, f *Field, v value.Value, at *place) {
	items := v.Array().Items()
	p.items(f, len(items), at)
	limits := f.validate
	if limits == nil {
		return
	}
	if limits.enum != nil {
		for i, item := range items {
			if !contains(limits.enum, item) {
				p.fail(f, &place{at, "", i}, CodeEnum, p.shown(f, item)+" is none of those allowed", "it may be "+listed(limits.enum))
			}
		}
	}
	if limits.unique {
		p.unique(f, items, at)
	}
}

// unique finds items that occurred before: whole ones, or by the value of a key. Empty
// ones may repeat (runtime notes).
func (p *pass) unique(f *Field, items []value.Value, at *place) {
	seen := map[string]int{}
	for i, item := range items {
		if by := f.validate.uniqueBy; by != "" {
			item = item.Member(by)
		}
		if item.IsEmpty() {
			continue
		}
		key := string(item.AppendJSON(nil))
		if first, repeated := seen[key]; repeated {
			p.fail(f, &place{at, "", i}, CodeUnique, fmt.Sprintf("%s is already item %d", p.shown(f, item), first+1), "")
			continue
		}
		seen[key] = i
	}
}
