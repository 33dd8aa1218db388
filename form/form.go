package form

import (
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Form is a compiled form: of parameters, of an interface. It is immutable and safe for
// concurrent use.
type Form struct {
	list  *list
	types typeTable
}

// Field is one field of a form. It must not be changed.
type Field struct {
	Name     string
	Label    string // the name when the definition gives no label
	Help     string // Markdown
	Type     *Type
	Kind     string // behind the colon of the type: github of account:github
	Required bool
	Advanced bool
	Multiple bool        // a select whose value is an array
	ReadOnly bool        // shown and submitted, but not to be changed
	Default  value.Value // undefined when there is none
	Position source.Position

	node *jsonc.Node
	doc  *jsonc.Document

	expressions bool // mappable: expressions may be given
	custom      bool // declared mappable or editable: values beyond the options of an RPC
	withheld    bool // disabled or omit: not submitted
	unchecked   bool // validate: false
	dynamic     bool
	sequence    bool
	grouped     bool
	reversed    bool
	dateOnly    bool
	tags        string
	codepage    string
	extensions  []string
	validate    *validate
	options     *options
	nested      *nested
	spec        *list  // fields of a collection, or of each item of an array
	element     *Field // each item of an array
	convertTo   *Field // what the chosen value of a select becomes
	button      *Button
	schema      schemaChecker
	visible     *iml.Program
	unchosen    value.Value // the default that an option sets
}

// Options returns the options that the definition itself lists, none for those of an RPC.
// The slice must not be changed.
func (f *Field) Options() []Option {
	if f.options == nil {
		return nil
	}
	return f.options.list
}

// Key returns what the definition has under a key of the field, undefined for nothing: for
// what only matters to those who show it, such as placeholder, multiline or labels.
func (f *Field) Key(name string) value.Value { return f.node.Get(name).Value() }

// Item returns what each item of an array is whose spec is one field; nil for other
// fields, and for arrays whose items are collections or, without spec, texts.
func (f *Field) Item() *Field {
	if !f.is("array") {
		return nil
	}
	return f.element
}

// Secret reports whether values of f must not be shown to anybody.
func (f *Field) Secret() bool { return f.Type.Secret || secretName(f.Name) }

// is reports whether f is of the type with this name.
func (f *Field) is(name string) bool { return f.Type.Name == name }

// list is a list of fields, some of which an RPC gives.
type list struct {
	items []item
	plain bool            // no item is remote
	text  bool            // written as one text rpc://…
	names map[string]bool // of all fields here and nested in them, shown or not
}

// item is a field, or the URL of an RPC that gives fields.
type item struct {
	field  *Field
	remote string
	at     source.Position
}

// nested are the fields that a field shows, as its siblings.
type nested struct {
	list   *list // under the field's condition
	on     *list // of a boolean {true, false}
	off    *list
	domain string // of other values, in which the fields stand
}

// Section is the text of a form, or a part of a larger document that is one.
type Section struct {
	Doc  *jsonc.Document
	Root *jsonc.Node // an array of fields, one field, or a text rpc://…; nil for no fields
}

// Compile compiles the sections of one form, such as the static and the mappable
// parameters of a module. The form is never nil: a field with a mistake is left out, or
// taken as plain as it can be. The codes of the findings are those of [source.Diagnostic]
// rules PAR001 to PAR040.
func Compile(sections ...Section) (*Form, source.Diagnostics) {
	return CompileWith(Types(), sections...)
}

// CompileWith compiles with a table of types of the caller's own.
func CompileWith(types []Type, sections ...Section) (*Form, source.Diagnostics) {
	c := &compiler{types: tableOf(types)}
	whole := &list{plain: true}
	for _, s := range sections {
		c.doc = s.Doc
		whole.join(c.list(s.Root))
	}
	whole.collectNames()
	c.found.Sort()
	return &Form{whole, c.types}, c.found
}

// Parse compiles the text of a form. The findings of the text itself are among the
// findings.
func Parse(file *source.File) (*Form, source.Diagnostics) {
	doc, found := jsonc.Parse(file)
	f, more := Compile(Section{doc, doc.Root})
	found.Add(more...)
	return f, found
}

// Fields returns the fields that the definition itself declares at the top, without
// nested ones and without those of RPCs.
func (f *Form) Fields() []*Field { return f.list.fields() }

// Open reports whether an RPC decides about some of the fields, nested ones included, so
// that only [Form.Resolve] tells which there are.
func (f *Form) Open() bool { return f.list.open() }

// Asks reports whether an RPC is asked for anything in the form: for fields or options.
func (f *Form) Asks() bool { return f.list.asks() }

// Field returns the field with a name that stands at the top or is nested in one there,
// the first one if there are several, or nil.
func (f *Form) Field(name string) *Field { return f.list.find(name) }

// Names returns the names of all fields at the top and nested in those, shown or not, in
// the order of the definition.
func (f *Form) Names() []string {
	var names []string
	seen := map[string]bool{}
	f.list.walk(func(field *Field) bool {
		if field.Name != "" && !seen[field.Name] {
			seen[field.Name] = true
			names = append(names, field.Name)
		}
		return true
	})
	return names
}
