package form

import (
	"fmt"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

const selectKeys = "options grouped multiple dynamic sort spec"

var (
	selectType = Type{Name: "select", Summary: "One of some options, or several of them.", Keys: selectKeys, compile: compileSelect,
		check: checkSelect, convert: toSelected, empty: emptyPlain, accept: acceptSelected, forman: formanSelect, tool: toolSelect}
	listType = Type{Name: "list", Summary: "A select that looks like a list.", Keys: selectKeys, compile: compileSelect,
		check: checkSelect, convert: toSelected, empty: emptyPlain, accept: acceptSelected, forman: formanSelect, tool: toolSelect}
	radioType = Type{Name: "radio", Summary: "A select that shows all its options.", Keys: selectKeys, compile: compileSelect,
		check: checkSelect, convert: toSelected, empty: emptyPlain, accept: acceptSelected, forman: formanSelect, tool: toolSelect}
)

// selects reports whether fields of the type are chosen from a list of options.
func (t *Type) selects() bool {
	return t.Name == "select" || t.Name == "list" || t.Name == "radio" || t.Remote != ""
}

func compileSelect(c *compiler, f *Field) {
	c.optionsOf(f)
	o := f.options
	if !o.declared && o.remote == "" && f.Type.Remote == "" {
		c.wrong(f.node, "PAR006", f.Type.Name+" without options", `write "options": [{"label": …, "value": …}], or "options": "rpc://name"`)
	}
	for i := range o.list {
		if o.list[i].grouped && !f.grouped {
			c.wrong(f.node.Get("options"), "PAR009", "groups of options without grouped", `write "grouped": true`)
			break
		}
	}
	c.repeated(f)
	if spec := f.node.Get("spec"); spec.Is(jsonc.Object) {
		c.item = true
		f.convertTo = c.field(spec)
	}
}

// repeated finds two options with one value.
func (c *compiler) repeated(f *Field) {
	seen := map[string]bool{}
	for i := range f.options.list {
		v := f.options.list[i].Value
		key := v.Kind().String() + string(v.AppendJSON(nil))
		if seen[key] && !v.IsNil() {
			c.wrong(f.node.Get("options"), "PAR007", fmt.Sprintf("two options have the value %s", v.AppendJSON(nil)), "")
		}
		seen[key] = true
	}
}

// checkSelect compares stored values with the options, asking an RPC for them.
func checkSelect(p *pass, l *level, f *Field, v value.Value, at *place) {
	o, known, failed := p.choices(f, l, at)
	if failed {
		return
	}
	shown := f.shownNested()
	if f.Multiple {
		if v.Array() == nil {
			p.fail(f, at, CodeType, "array is expected, not "+storedType(v), "")
			return
		}
		for _, one := range v.Array().Items() {
			if known && o.option(f, one) == nil {
				p.notAnOption(f, o, one, at)
			}
		}
		p.items(f, v.Array().Len(), at)
	} else if known {
		chosen := o.option(f, v)
		if chosen == nil && !p.notAnOption(f, o, v, at) {
			return
		}
		if chosen != nil && chosen.nested != nil {
			shown = chosen.nested
		}
	}
	p.checkNested(l, f, shown, v, at)
}

// notAnOption notes a value that is none of the options. It may be all right when an RPC
// gave them, and the form or the field takes other values too.
func (p *pass) notAnOption(f *Field, o *options, v value.Value, at *place) (fine bool) {
	message := p.shown(f, v) + " is none of the options"
	if o.remote != "" && (p.o.Expressions || f.custom) {
		p.warn(f, at, CodeOption, message, "")
		return true
	}
	hint := ""
	if len(o.list) > 0 {
		hint = "it may be " + o.listed()
	}
	p.fail(f, at, CodeOption, message, hint)
	return false
}

// toSelected converts nothing but the number of values: an option is what it is until it
// was found.
func toSelected(_ *pass, f *Field, v value.Value, _ *place) (value.Value, bool) {
	if f.Multiple && v.Array() == nil {
		return value.List(v), true
	}
	return v, true
}

// acceptSelected compares with the options of the definition, unless they are dynamic:
// what RPCs give is not compared when a module runs (parameters.md 4).
func acceptSelected(p *pass, f *Field, v value.Value, at *place) {
	if o := f.options; o != nil && o.remote == "" && !f.dynamic && len(o.list) > 0 {
		for _, one := range f.values(v) {
			if o.option(f, one) == nil && !one.IsEmpty() {
				p.notAnOption(f, o, one, at)
			}
		}
	}
	if f.Multiple {
		p.items(f, v.Array().Len(), at)
	}
}

// chosen gives the value that was found among the options the type that spec asks for.
func (p *pass) chosen(f *Field, v value.Value, at *place) value.Value {
	switch {
	case f.convertTo == nil || v.IsEmpty():
		return v
	case !f.Multiple:
		v, _ = p.convert(&level{at: at, asking: at}, f.convertTo, v, at)
		return v
	}
	made := value.NewArray()
	for _, one := range v.Array().Items() {
		converted, _ := p.convert(&level{at: at, asking: at}, f.convertTo, one, at)
		made.Append(converted)
	}
	return value.FromArray(made)
}

// chosenNested is what a select shows (parameters.md 4): the first that there is of the
// fields of the chosen option, those of all options, those of the placeholder.
func (p *pass) chosenNested(l *level, f *Field, v value.Value, at *place) []*list {
	o := f.options
	var chosen []*list
	matched := false
	if !v.IsEmpty() {
		if resolved, known, _ := p.nestingChoices(f, l, at); known {
			o = resolved
		}
		for i := range o.list {
			option := &o.list[i]
			if !contains(f.values(v), option.Value) || option.grouped && !f.grouped {
				continue
			}
			matched = true
			chosen = append(chosen, one(option.nested)...)
		}
	}
	switch {
	case len(chosen) > 0:
		return chosen
	case !v.IsEmpty() && f.shownNested() != nil:
		return one(f.shownNested())
	case !matched:
		return one(f.options.placeholder)
	}
	return nil
}

// nestingChoices is choices for the fields that they nest. What RPCs give is not compared
// when a module runs (parameters.md 4), so that a run asks for options only when there are
// values that they alone can explain.
func (p *pass) nestingChoices(f *Field, l *level, at *place) (o *options, known, failed bool) {
	if p.running && !p.foreign && f.options.remote != "" {
		return f.options, false, false
	}
	return p.quietChoices(f, l, at)
}

// quietChoices is choices where an RPC that fails is no problem of the value.
func (p *pass) quietChoices(f *Field, l *level, at *place) (o *options, known, failed bool) {
	p.quietly(true, func() { o, known, failed = p.choices(f, l, at) })
	return o, known, failed
}

// quietly makes warnings of the problems that do notes.
func (p *pass) quietly(quiet bool, do func()) {
	before := len(p.problems)
	do()
	if quiet {
		p.warnings = append(p.warnings, p.problems[before:]...)
		p.problems = p.problems[:before]
	}
}
