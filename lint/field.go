package lint

import (
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// field is a field of a form as the rules about single fields look at it.
type field struct {
	code *app.Code
	node *jsonc.Node
	kind string // its type

	name, label, help string
}

// fieldOf reads a field; what is no text is "".
func fieldOf(code *app.Code, node *jsonc.Node) field {
	text := func(key string) string {
		s, _ := node.Get(key).Str()
		return s
	}
	return field{code: code, node: node, kind: text("type"), name: text("name"), label: text("label"), help: text("help")}
}

// at is the node of a key, the whole field where the key is missing.
func (f field) at(key string) *jsonc.Node { return first(f.node.Get(key), f.node) }

func (f field) required() bool { return f.node.Get("required").Value().Truthy() }

// fed reports whether an RPC gives the options.
func (f field) fed() bool {
	options := first(f.node.Get("options").Get("store"), f.node.Get("options"))
	text, _ := options.Str()
	return strings.HasPrefix(text, "rpc://")
}

// level calls do for every group of fields below a node whose values stand beside each
// other: nested fields belong to those that show them, those of a spec do not
// (parameters.md 1).
func level(code *app.Code, node *jsonc.Node, do func(siblings []field)) {
	var siblings []field
	gather(code, node, &siblings, func(spec *jsonc.Node) { level(code, spec, do) })
	if len(siblings) > 0 {
		do(siblings)
	}
}

// gather adds the fields below a node to siblings, and hands out their specs.
func gather(code *app.Code, node *jsonc.Node, siblings *[]field, spec func(*jsonc.Node)) {
	if node == nil {
		return
	}
	if node.Has("type") {
		*siblings = append(*siblings, fieldOf(code, node))
	}
	for _, m := range node.Members {
		switch m.Name() {
		case "spec":
			spec(m.Value)
		case "rpc", "default", "metadata": // a form of its own, and no forms at all
		default:
			gather(code, m.Value, siblings, spec)
		}
	}
	for _, element := range node.Elements {
		gather(code, element, siblings, spec)
	}
}
