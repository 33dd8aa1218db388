package form

import (
	"slices"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

// emptyDescription is what the official converter says of an optional select.
const emptyDescription = "Optional field, can be left empty."

func formanSelect(x *formanExport, f *Field, s *schema, tail []string) {
	if !f.Required && f.Help == "" {
		s.text("description", emptyDescription)
	}
	o := f.options
	path := f.is("folder") || f.is("file")
	if path {
		s.set("x-path", value.Object("type", value.Text(f.Type.Name), "showRoot", value.Bool(o.showRoot),
			"singleLevel", value.Bool(o.singleLevel), "ownName", value.Text(f.Name)))
	}
	if o.remote != "" {
		s.text("x-fetch", withTail(o.remote, tail))
		if fetch := fetchOptions(f, path); fetch.Len() > 0 {
			s.set("x-fetch-options", fetch.value())
		}
	} else {
		x.choices(f, s, tail)
	}
	if !f.Required {
		s.set("default", value.Text(""))
	}
	n := f.nested
	if f.node.Get("options").Is(jsonc.Object) {
		n = o.nested
	}
	x.nested(f, n, s, tail)
	x.search(f, s, tail)
}

// fetchOptions say how to read what the source gives.
func fetchOptions(f *Field, path bool) *schema {
	s := newSchema()
	if wrapper := f.node.Get("options"); wrapper.Is(jsonc.Object) {
		s.text("label", wrapper.Get("label").Value().ToText())
		s.text("value", wrapper.Get("value").Value().ToText())
	}
	if !f.is("select") && !path && f.Type.Remote == "" {
		s.text("type", f.Type.Name)
	}
	return s
}

// choices writes the options: with labels or nested fields as oneOf, otherwise as enum.
func (x *formanExport) choices(f *Field, s *schema, tail []string) {
	all := slices.Clone(f.options.list)
	for i := range all {
		o := &all[i]
		// The official converter does not heed options.label here.
		if label, ok := o.node.Get("label").Str(); ok && label != "" {
			o.Label, o.named = label, true
		} else {
			o.Label, o.named = o.Value.ToText(), false
		}
		if o.grouped {
			o.Label, o.named = o.Group+": "+o.Label, true
		}
	}
	if f.is("select") && !f.Required && f.options.placeholder != nil {
		all = append(all, Option{Value: value.Text(""), Label: f.options.prompt, named: true, nested: f.options.placeholder})
	}
	blank := !f.Required && !slices.ContainsFunc(all, func(o Option) bool { return o.Value.Kind() == value.KindText && o.Value.Str() == "" })
	if !slices.ContainsFunc(all, func(o Option) bool { return o.named || o.nested != nil }) {
		s.append("enum")
		if blank {
			s.append("enum", value.Text(""))
		}
		for _, o := range all {
			s.append("enum", o.Value)
		}
		return
	}
	if blank {
		s.append("oneOf", value.Object("title", value.Text("Empty"), "const", value.Text("")))
	}
	for i := range all {
		s.append("oneOf", x.choice(f, &all[i], tail))
	}
}

func (x *formanExport) choice(f *Field, o *Option, tail []string) value.Value {
	n := o.nested
	if n == nil {
		if n = f.nested; f.node.Get("options").Is(jsonc.Object) {
			n = f.options.nested
		}
	}
	if n != nil && n.list != nil && x.holder != nil {
		shown := x.shown(n.list, append(slices.Clip(tail), f.Name))
		x.holder.append("allOf", value.Object(
			"if", value.Object("properties", value.Object(f.Name, value.Object("const", o.Value))),
			"then", shown))
	}
	s := newSchema()
	if o.named {
		s.text("title", o.Label)
	}
	s.set("const", o.Value)
	return s.value()
}
