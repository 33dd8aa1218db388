package form

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// commonKeys are the keys that fields of all types may have: those of the editor's schema,
// and those that apps use all the same (parameters.md 2).
var commonKeys = strings.Fields(`name type label help required default advanced mappable editable mode validate pattern nested rpc semantic
	disabled readonly omit placeholder visible dynamic convert metadata coder labels`)

// The longest names and labels of the editor's schema.
const (
	maxName  = 128
	maxLabel = 256
)

// advise finds what works, but not as its author meant it, or not at Make.
func (c *compiler) advise(f *Field, anonymous bool) {
	c.keys(f)
	warn := func(node *jsonc.Node, code, message, hint string) { c.fault(source.Warning, node, code, message, hint) }
	if utf8.RuneCountInString(f.Name) > maxName {
		warn(f.node.Get("name"), "PAR004", fmt.Sprintf("the name is longer than %d characters", maxName), "")
	}
	if utf8.RuneCountInString(f.Label) > maxLabel {
		warn(f.node.Get("label"), "PAR004", fmt.Sprintf("the label is longer than %d characters", maxLabel), "")
	}
	if anonymous && f.node.Has("name") && !f.is("select") {
		warn(f.node.Get("name"), "PAR013", "the name of an array's spec is ignored", "leave it out")
	}
	if anonymous && f.node.Has("spec") && f.Type.Stored != "object" && f.Type.Stored != "array" && !f.Type.selects() {
		c.wrong(f.node.Get("spec"), "PAR012", "items of type "+f.Type.Name+" have no spec", "write the fields of the items as the spec of the array")
	}
	if f.is("array") && !f.node.Has("spec") {
		warn(f.node, "PAR011", "array without spec: its items are texts", `say what the items are: "spec": {"type": "text"}, or an array of fields`)
	}
	if f.Advanced && f.Required && f.Standard().IsEmpty() {
		c.wrong(f.node.Get("advanced"), "PAR016", "a required field without a default is advanced", "nobody sees it: show it, or give it a default")
	}
	if f.Advanced && c.below > 0 {
		warn(f.node.Get("advanced"), "PAR017", "a nested field is advanced", "leave it out: the form does not hide nested fields")
	}
}

// keys finds keys that mean nothing here.
func (c *compiler) keys(f *Field) {
	own := strings.Fields(f.Type.Keys)
	for _, m := range f.node.Members {
		name := m.Name()
		if slices.Contains(commonKeys, name) || slices.Contains(own, name) || strings.HasPrefix(name, "x-") {
			continue
		}
		c.fault(source.Warning, m.Key, "PAR005", fmt.Sprintf("%q means nothing in a field of type %s", name, f.Type.Name), c.keyHint(name, own))
	}
}

// keyHint says where a key belongs, or which one may be meant.
func (c *compiler) keyHint(name string, own []string) string {
	switch name {
	case "min", "max", "minItems", "maxItems", "enum", "unique", "minimum", "maximum":
		return `write it inside "validate"`
	case "lable":
		return "did you mean label?"
	}
	for _, t := range c.types {
		if slices.Contains(strings.Fields(t.Keys), name) {
			return "other types have it"
		}
	}
	return ""
}

// repeatedNames finds two fields of one level with one name: they share one value.
func (c *compiler) repeatedNames(l *list) {
	seen := map[string]*Field{}
	for _, i := range l.items {
		f := i.field
		if f == nil || f.Name == "" {
			continue
		}
		first := seen[f.Name]
		switch {
		case first == nil:
			seen[f.Name] = f
		case first.Type != f.Type:
			c.wrong(f.node.Get("name"), "PAR003", fmt.Sprintf("two fields of different types have the name %q", f.Name), "they share one value: give them different names")
		default:
			c.fault(source.Warning, f.node.Get("name"), "PAR003", fmt.Sprintf("two fields have the name %q", f.Name), "they share one value")
		}
	}
}
