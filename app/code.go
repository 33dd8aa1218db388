package app

import (
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// Code is one section of an app or a component: a file of JSON with comments.
type Code struct {
	Name  string // as Make's API has it: api, parameters, expect, …; see Sections
	Kind  Kind   // of the component
	Owner string // id of the component
	File  *source.File
	Doc   *jsonc.Document
}

// Root returns the content, and nil when c is nil, the file is empty, or its text is
// null, which stands for empty.
func (c *Code) Root() *jsonc.Node {
	if c == nil || c.Doc == nil || c.Doc.Root.IsNull() {
		return nil
	}
	return c.Doc.Root
}

// Section describes a code section of a kind of component.
type Section struct {
	Key   string // in codeFiles of makecomapp.json
	Name  string // in Make's API and in exports
	Shape Shape
	// Required sections are missed when the manifest names no file.
	Required bool
}

// Shape is what the content of a section has to be.
type Shape uint8

// The shapes.
const (
	Requests Shape = iota // an object, or an array of objects
	Object                // an object
	List                  // an array
	Form                  // an array, or a text rpc://name
	Sample                // an object, or a text rpc://name
	Script                // JavaScript
	Markdown              // a text for people
)

// Sections returns the table of the code sections of a kind, in the order of the
// manifest. It is the one place that maps the manifest's keys to the API's names. The
// table must not be changed.
func Sections(kind Kind) []Section { return sections[kind] }

var sections = map[Kind][]Section{
	General: {
		{Key: "base", Name: "base", Shape: Requests},
		{Key: "common", Name: "common", Shape: Object},
		{Key: "readme", Name: "readme", Shape: Markdown},
		{Key: "groups", Name: "groups", Shape: List},
		{Name: "installSpec", Shape: Form}, // exports only
		{Name: "install", Shape: Object},   // exports only
	},
	ConnectionKind: {
		{Key: "communication", Name: "api", Shape: Requests, Required: true},
		{Key: "params", Name: "parameters", Shape: Form},
		{Key: "common", Name: "common", Shape: Object},
		{Key: "scopeList", Name: "scopes", Shape: Object},
		{Key: "defaultScope", Name: "scope", Shape: List},
		{Key: "installSpec", Name: "installSpec", Shape: Form},
		{Key: "installDirectives", Name: "install", Shape: Object},
	},
	WebhookKind: {
		{Key: "communication", Name: "api", Shape: Requests, Required: true},
		{Key: "params", Name: "parameters", Shape: Form},
		{Key: "attach", Name: "attach", Shape: Requests},
		{Key: "detach", Name: "detach", Shape: Requests},
		{Key: "update", Name: "update", Shape: Requests},
		{Key: "requiredScope", Name: "scope", Shape: List},
	},
	ModuleKind: {
		{Key: "communication", Name: "api", Shape: Requests, Required: true},
		{Key: "epoch", Name: "epoch", Shape: Requests},
		{Key: "staticParams", Name: "parameters", Shape: Form},
		{Key: "mappableParams", Name: "expect", Shape: Form},
		{Key: "interface", Name: "interface", Shape: Form},
		{Key: "samples", Name: "samples", Shape: Sample},
		{Key: "scope", Name: "scope", Shape: List},
	},
	RPCKind: {
		{Key: "communication", Name: "api", Shape: Requests, Required: true},
		{Key: "params", Name: "parameters", Shape: Form},
	},
	FunctionKind: {
		{Key: "code", Name: "code", Shape: Script, Required: true},
		{Key: "test", Name: "test", Shape: Script},
	},
	EndpointKind: {
		{Key: "communication", Name: "api", Shape: Requests, Required: true},
		{Key: "scope", Name: "scope", Shape: List},
		{Key: "inputParameters", Name: "inputParameters", Shape: Form},
		{Key: "outputParameters", Name: "outputParameters", Shape: Form},
		{Key: "context", Name: "context", Shape: Markdown},
	},
}

// fits reports whether root has the shape. Nothing at all fits, and so does an empty
// object or array: both mean empty.
func (s Shape) fits(root *jsonc.Node) bool {
	if root == nil || root.Kind == jsonc.Invalid {
		return true
	}
	object, array, text := root.Kind == jsonc.Object, root.Kind == jsonc.Array, root.Kind == jsonc.String
	if (object || array) && len(root.Members)+len(root.Elements) == 0 {
		return true
	}
	switch s {
	case Requests:
		return object || array
	case Object:
		return object
	case List:
		return array
	case Form:
		return array || text
	case Sample:
		return object || text
	}
	return true
}

// String tells what the content has to be.
func (s Shape) String() string {
	return [...]string{"an object or an array of objects", "an object", "an array",
		`an array or a text "rpc://name"`, `an object or a text "rpc://name"`, "JavaScript", "text"}[s]
}
