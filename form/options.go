package form

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/value"
)

// Option is one choice of a field.
type Option struct {
	Label   string // the value as text when the source gives no label
	About   string // description, "" for most
	Group   string // label of the group that it stands in
	Value   value.Value
	Default bool // chosen beforehand
	File    bool // of a file field: a file, not a folder
	nested  *nested
	named   bool // the source gives a label
	node    *jsonc.Node
	grouped bool
}

// options say what may be chosen, and which fields that shows.
type options struct {
	list        []Option
	declared    bool   // there is a static list, maybe an empty one
	remote      string // source of the list
	valueKey    string
	labelKey    string
	nested      *nested
	placeholder *nested // fields while nothing is chosen
	prompt      string  // label of the placeholder
	operators   []Option
	logic       string
	showRoot    bool
	singleLevel bool
}

// optionsOf reads the key options: a list, a URL, or {store, …}.
func (c *compiler) optionsOf(f *Field) {
	node := f.node.Get("options")
	o := &options{valueKey: "value", labelKey: "label", showRoot: true}
	o.logic, _ = f.node.Get("logic").Str()
	f.options = o
	store := node
	if node.Is(jsonc.Object) {
		store = node.Get("store")
		c.wrapper(f, node)
	}
	switch {
	case store.Is(jsonc.String):
		if c.remote(store) {
			o.remote = store.Text
		}
	case store.Is(jsonc.Array):
		o.declared = true
		o.list = c.choices(store, o, f)
	case f.Type.Remote != "":
		o.remote = f.Type.Remote
		if f.Kind != "" {
			o.remote += "/" + f.Kind
		}
	}
}

// wrapper reads what stands beside store.
func (c *compiler) wrapper(f *Field, node *jsonc.Node) {
	o := f.options
	text := func(key string, into *string) {
		if s, ok := node.Get(key).Str(); ok && s != "" {
			*into = s
		}
	}
	text("value", &o.valueKey)
	text("label", &o.labelKey)
	text("logic", &o.logic)
	o.nested = c.nestedIn(node.Get("nested"), nil)
	if p := node.Get("placeholder"); p.Is(jsonc.Object) {
		o.prompt, _ = p.Get("label").Str()
		o.placeholder = c.nestedIn(p.Get("nested"), nil)
	} else {
		o.prompt, _ = p.Str()
	}
	if operators := node.Get("operators"); operators.Is(jsonc.Array) {
		o.operators = c.choices(operators, &options{valueKey: "value", labelKey: "label"}, nil)
	}
	if b, ok := node.Get("showRoot").Bool(); ok {
		o.showRoot = b
	}
	o.singleLevel = node.Get("singleLevel").Value().Truthy()
	f.dynamic = f.dynamic || node.Get("dynamic").Value().Truthy()
}

// choices reads options and groups of options.
func (c *compiler) choices(store *jsonc.Node, o *options, f *Field) []Option {
	var all []Option
	for _, node := range store.Elements {
		group := node.Get("options")
		if !group.Is(jsonc.Array) {
			all = append(all, c.choice(node, o, f))
			continue
		}
		label, _ := node.Get("label").Str()
		for _, member := range group.Elements {
			choice := c.choice(member, o, f)
			choice.Group, choice.grouped = label, true
			all = append(all, choice)
		}
	}
	return all
}

func (c *compiler) choice(node *jsonc.Node, o *options, f *Field) Option {
	choice := Option{node: node, Value: node.Get(o.valueKey).Value(), Default: node.Get("default").Value().Truthy(), File: node.Get("file").Value().Truthy()}
	switch label := node.Get(o.labelKey).Value(); {
	case label.IsEmpty():
		choice.Label = choice.Value.ToText()
	default:
		choice.Label, choice.named = label.ToText(), true
	}
	choice.About, _ = node.Get("description").Str()
	choice.nested = c.nestedIn(node.Get("nested"), nil)
	if f != nil && choice.Value.IsNil() {
		message := "option without value"
		if choice.Value.Kind() == value.KindNull {
			message = "the value of an option is null"
		}
		c.wrong(node, "PAR007", message, fmt.Sprintf("give it a %q that is text, number or boolean", o.valueKey))
	}
	return choice
}

// option returns the option with exactly this value, or nil. Groups count only when the
// field is declared as grouped.
func (o *options) option(f *Field, v value.Value) *Option {
	for _, grouped := range []bool{true, false} {
		if grouped && !f.grouped {
			continue
		}
		for i := range o.list {
			if o.list[i].grouped == grouped && same(o.list[i].Value, v) {
				return &o.list[i]
			}
		}
	}
	return nil
}

// number is the label as a number; what is none comes last.
func (o *Option) number() float64 {
	if n := value.Text(o.Label).ToNumber(); !math.IsNaN(n) {
		return n
	}
	return math.Inf(1)
}

// sorted are the options as a person meets them: in the order of the source, or of their
// labels as sort says, within their groups (parameters.md 4).
func (o *options) sorted(by string) []Option {
	compare := map[string]func(a, b Option) int{
		"text":   func(a, b Option) int { return strings.Compare(strings.ToLower(a.Label), strings.ToLower(b.Label)) },
		"number": func(a, b Option) int { return cmp.Compare(a.number(), b.number()) },
	}[by]
	if compare == nil {
		return o.list
	}
	groups := map[string]int{}
	for _, option := range o.list {
		if _, known := groups[option.Group]; !known {
			groups[option.Group] = len(groups)
		}
	}
	list := slices.Clone(o.list)
	slices.SortStableFunc(list, func(a, b Option) int {
		return cmp.Or(cmp.Compare(groups[a.Group], groups[b.Group]), compare(a, b))
	})
	return list
}

// same compares strictly: "1" is not 1. Objects and arrays are the same when their JSON
// texts are.
func same(a, b value.Value) bool {
	if a.IsText() && b.IsText() {
		return a.Str() == b.Str()
	}
	if a.Kind() != b.Kind() {
		return false
	}
	switch a.Kind() {
	case value.KindUndefined, value.KindNull:
		return false
	case value.KindNumber:
		return a.Float() == b.Float() && a.LongDigits() == b.LongDigits()
	}
	return string(a.AppendJSON(nil)) == string(b.AppendJSON(nil))
}

func contains(all []value.Value, v value.Value) bool {
	for _, candidate := range all {
		if same(candidate, v) {
			return true
		}
	}
	return false
}

// maxListed is the number of choices that a hint names.
const maxListed = 12

func listed(all []value.Value) string {
	var words []string
	for i, v := range all {
		if i == maxListed {
			words = append(words, fmt.Sprintf("%d more", len(all)-i))
			break
		}
		words = append(words, string(v.AppendJSON(nil)))
	}
	return strings.Join(words, ", ")
}

func (o *options) listed() string {
	all := make([]value.Value, len(o.list))
	for i := range o.list {
		all[i] = o.list[i].Value
	}
	return listed(all)
}
