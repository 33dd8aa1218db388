package form

import (
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"

	"github.com/cleat-run/cleat/jsonc"
)

// The editors of data structures stand for longer definitions, which refer to each other.
var (
	udttypeType = Type{Name: "udttype", Summary: "The type of a field of a data structure.", Stored: "string", check: checkExpanded, convert: convertExpanded,
		forman: formanComposite, tool: toolText}
	udtspecType = Type{Name: "udtspec", Summary: "The fields of a data structure.", Stored: "array", check: checkExpanded, convert: convertExpanded, empty: emptyList,
		forman: formanComposite, tool: toolComposite}
)

const required = `{"name":"required","label":"Required","type":"boolean","required":true,"default":false,"mappable":false}`

// expansions are the definitions that the two types stand for (reference).
var expansions = map[string]string{
	"udtspec": `{"type":"array","spec":[{"name":"name","label":"Name","type":"text","required":true},
		{"name":"label","label":"Label","help":"Display name for better readability.","type":"text","advanced":true},
		{"name":"help","label":"Description","type":"text","multiline":true},
		{"name":"type","label":"Type","type":"udttype","required":true,"default":"text"}]}`,
	"udttype": `{"type":"select","options":{"store":[
		{"label":"Array","value":"array","nested":[{"name":"spec","type":"collection","label":"Array Item Specification","mappable":false,
			"spec":[{"name":"type","label":"Type","type":"udttype","required":true,"default":"text"}]},` + required + `]},
		{"label":"Collection","value":"collection","nested":[{"name":"spec","label":"Specification","type":"udtspec"},
			{"name":"sequence","label":"Preserve the order of object keys","type":"boolean","mappable":false},` + required + `]},
		{"label":"Date","value":"date","nested":[` + required + `]},
		{"label":"Text","value":"text","nested":[{"name":"default","label":"Default value","type":"text"},` + required + `,
			{"name":"multiline","label":"Multi-line","type":"boolean","required":true,"default":false,"mappable":false}]},
		{"label":"Number","value":"number","nested":[{"name":"default","label":"Default value","type":"number"},` + required + `]},
		{"label":"Boolean","value":"boolean","nested":[{"name":"default","label":"Default value","type":"boolean","mappable":false},` + required + `]},
		{"label":"Binary Data","value":"buffer","nested":[` + required + `,
			{"name":"codepage","label":"Codepage","type":"text","help":"Possible values: ` + "`binary`, `utf8`" + `. Leave empty if you're not sure."}]}]}}`,
}

// expanded is f with the definition that its type stands for.
func (f *Field) expanded(types typeTable) *Field {
	doc, _ := jsonc.Parse(source.NewFile(f.Type.Name, []byte(expansions[f.Type.Name])))
	c := &compiler{types: types, doc: doc, item: true}
	made := c.field(doc.Root)
	made.Name, made.Label, made.Required, made.Default, made.expressions, made.validate, made.button = f.Name, f.Label, f.Required, f.Default, f.expressions, f.validate, f.button
	return made
}

func checkExpanded(p *pass, l *level, f *Field, v value.Value, at *place) {
	made := p.expanded[f]
	if made == nil {
		made = f.expanded(p.types)
		if p.expanded == nil {
			p.expanded = map[*Field]*Field{}
		}
		p.expanded[f] = made
	}
	p.check(l, made, v, at)
}

// convertExpanded leaves the description of a field as it is, once its shape is right.
func convertExpanded(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) {
	if storedType(v) != f.Type.Stored {
		return p.wrongType(f, v, at, f.Type.Stored)
	}
	return v, true
}
