package form

import (
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

var (
	collectionType = Type{Name: "collection", Summary: "Named values, each with a field of its own.", Stored: "object", Keys: "spec sequence", compile: compileCollection,
		check: checkCollection, convert: toCollection, empty: emptyFields, forman: formanCollection, tool: toolCollection}
	dynamicCollectionType = Type{Name: "dynamicCollection", Summary: "Named values with names of the user's choice.", Stored: "object", Keys: "spec", compile: compileCollection,
		check: checkCollection, convert: toCollection, empty: emptyFields, forman: formanCollection, tool: toolCollection}
)

func compileCollection(c *compiler, f *Field) {
	spec := f.node.Get("spec")
	f.spec = c.list(spec)
	switch {
	case f.Type.Name != "collection" || spec.Is(jsonc.Array) || spec.Is(jsonc.String):
	case spec == nil:
		c.fault(source.Warning, f.node, "PAR010", "collection without spec", `list its fields in "spec", or use dynamicCollection`)
	default:
		c.wrong(spec, "PAR010", "the spec of a collection is no array", "write an array of fields")
	}
}

func checkCollection(p *pass, l *level, f *Field, v value.Value, at *place) {
	p.checkLevel(&level{in: v.Collection(), at: at, asking: at, above: l.above}, f.spec)
}

// toCollection converts the children; those without a field stay (inferred).
func toCollection(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	if v.Collection() == nil {
		return p.wrongType(f, v, at, "collection")
	}
	l := &level{in: v.Collection(), at: at, asking: at}
	return value.FromCollection(p.convertLevel(l, f.spec, f.sequence)), true
}
