package form

import (
	"strings"

	"github.com/cleat-run/cleat/value"
)

// Type is a type of field: one entry of the table [Types].
type Type struct {
	Name    string
	Summary string
	Stored  string // JavaScript type of a stored value: string, number, boolean, array, object; "" for any
	Keys    string // options of its own, blank-separated
	Display bool   // shows something and holds no value
	Secret  bool   // values must not be shown
	Remote  string // source of the options unless the field names one, such as api://hooks

	compile func(c *compiler, f *Field)                                           // reads the type's own keys
	check   func(p *pass, l *level, f *Field, v value.Value, at *place)           // design stage; nil for the common checks
	convert func(p *pass, f *Field, v value.Value, at *place) (value.Value, bool) // run stage; nil leaves values alone
	accept  func(p *pass, f *Field, v value.Value, at *place)                     // run stage, after convert
	empty   emptyRule
	forman  func(x *formanExport, f *Field, s *schema, tail []string) // nil for simple types
	tool    func(x *toolExport, f *Field, s *schema)
}

// Types returns the table of types, in the order of the reference. It is new at every
// call: a caller may change and extend it, and compile with it.
func Types() []Type {
	return []Type{
		textType, emailType, urlType, passwordType, filenameType, pathType, uuidType, editorType, colorType, certType, pkeyType,
		numberType, integerType, uintegerType, portType,
		booleanType, checkboxType,
		dateType, timeType, timestampType, timezoneType,
		selectType, listType, radioType,
		arrayType, collectionType, dynamicCollectionType,
		filterType, folderType, fileType, bufferType, jsonType, anyType, hiddenType,
		udtType, udttypeType, udtspecType, uploadType, filestorageType,
		accountType, hookType, keychainType, deviceType, datastoreType, aiagentType, scenarioType,
		bannerType, htmlType, markdownType, separatorType,
	}
}

// typeTable finds types by name.
type typeTable map[string]*Type

func tableOf(types []Type) typeTable {
	table := make(typeTable, len(types))
	for i := range types {
		table[types[i].Name] = &types[i]
	}
	return table
}

// lookup returns the type of a field's key type, and what stands behind the colon.
func (t typeTable) lookup(name string) (found *Type, kind string) {
	name, kind, _ = strings.Cut(name, ":")
	return t[name], kind
}
