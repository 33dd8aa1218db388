package connect

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Type is a connection type of an app, compiled. It is immutable and safe for
// concurrent use.
type Type struct {
	App       string // name of the app
	Root      string // absolute path of its folder or archive, "" when it has none
	ID        string
	Label     string
	Kind      Kind
	Fields    []Field
	Scope     []string          // default scope
	ScopeList map[string]string // scope to description
	issuer    string            // authorize.issuer, "" when the app names none (RFC 9207)
	common    value.Value
	functions *js.Library             // of the app
	plans     map[string]*engine.Plan // by section; "" is the check of a basic connection
	rootOAuth *engine.Plan            // holds the root oauth object alone
	address   map[string]bool         // fields that occur in an address
}

// Field is a parameter of a connection as far as this package needs to know it.
type Field struct {
	Name     string
	Label    string
	Type     string
	Required bool
	Editable bool
	Default  value.Value
}

// Compile compiles the connection type c of a. The findings hold every mistake of its
// code; the type is usable when none is an error.
func Compile(a *app.App, c *app.Connection) (*Type, source.Diagnostics) {
	t := &Type{App: a.Name, ID: c.ID, Label: c.Label, Kind: Kind(c.Kind()), plans: map[string]*engine.Plan{}, functions: engine.Library(a)}
	if a.Root != "" {
		t.Root, _ = filepath.Abs(a.Root) // fails only where there is no working directory
	}
	t.common = c.Common.Root().Value()
	var found source.Diagnostics
	t.scopes(c, &found)
	t.fields(c.Parameters)
	t.addresses(a, c)
	functions := func(name string) bool { return a.Function(name) != nil }
	root := c.API.Root()
	compile := func(section string, kind engine.Kind) *engine.Plan {
		plan, wrong := engine.Compile(engine.Source{Name: fmt.Sprintf("connection %q", c.ID), Kind: kind, Code: c.API, Section: section, Functions: functions})
		found.Add(wrong...)
		return plan
	}
	for _, section := range courses[t.Kind].sections() {
		switch directive := root.Get(section); {
		case section == "" && root != nil && len(root.Members)+len(root.Elements) > 0:
			t.plans[""] = compile("", engine.Connection)
		case section == authorize && directive.Is(jsonc.Array):
			found.Add(c.API.Doc.Diagnose(directive, source.Diagnostic{Code: "FMT004", Message: "authorize must be an object: it is one address", Hint: "keep one"})) // CN-5
		case section != "" && t.Kind != Basic && (directive.Is(jsonc.Object) || directive.Is(jsonc.Array)):
			t.plans[section] = compile(section, engine.Leg)
		}
	}
	t.issuer, _ = root.Get(authorize).Get("issuer").Str()
	if t.Kind == OAuth1 && root.Has("oauth") {
		t.rootOAuth = compile("oauth", engine.Leg)
	}
	return t, found
}

// maxScope is the longest scope, in characters (connections.md O1-56).
const maxScope = 512

// scopes reads the default scope and the scope list (connections.md O1-56, O1-57).
func (t *Type) scopes(c *app.Connection, found *source.Diagnostics) {
	if root := c.Scope.Root(); root != nil {
		if !root.Is(jsonc.Array) {
			found.Add(c.Scope.Doc.Diagnose(root, source.Diagnostic{Code: "CON011", Message: "the default scope must be an array of texts"}))
		}
		for _, element := range root.Elements {
			text, ok := element.Str()
			if n := utf8.RuneCountInString(text); !ok || n < 1 || n > maxScope {
				found.Add(c.Scope.Doc.Diagnose(element, source.Diagnostic{Code: "CON011", Message: fmt.Sprintf("a scope must be a text of 1 to %d characters", maxScope)}))
				continue
			}
			t.Scope = append(t.Scope, text)
		}
	}
	if root := c.Scopes.Root(); root != nil {
		if !root.Is(jsonc.Object) {
			found.Add(c.Scopes.Doc.Diagnose(root, source.Diagnostic{Code: "CON011", Message: "the scope list must be an object of scope to description"}))
		}
		t.ScopeList = map[string]string{}
		for _, m := range root.Members {
			t.ScopeList[m.Name()] = m.Value.Text
		}
	}
}

func (t *Type) fields(parameters *app.Code) {
	root := parameters.Root()
	if root == nil {
		return
	}
	for _, element := range root.Elements {
		text := func(name string) string { return element.Get(name).Value().ToText() }
		if text("name") == "" {
			continue
		}
		t.Fields = append(t.Fields, Field{Name: text("name"), Label: text("label"), Type: text("type"), Default: element.Get("default").Value(),
			Required: element.Get("required").Value().Truthy(), Editable: element.Get("editable").Value().Truthy()})
	}
}

// Field returns the parameter with the given name, or nil.
func (t *Type) Field(name string) *Field {
	for i := range t.Fields {
		if t.Fields[i].Name == name {
			return &t.Fields[i]
		}
	}
	return nil
}

// RequestedScope is the default scope with those of the component and of the person
// added, duplicates removed, order kept (connections.md O1-76).
func (t *Type) RequestedScope(more ...string) []string {
	return distinct(append(t.Scope[:len(t.Scope):len(t.Scope)], more...))
}

// distinct drops what stands before already.
func distinct(names []string) []string {
	var all []string
	for _, name := range names {
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// Secrets are the values of data and of the type's common data that must never be
// shown: everything but what a field that is no password holds.
func (t *Type) Secrets(data *value.Collection) []string {
	secrets := engine.Leaves(t.common)
	for name, v := range data.All() {
		if t.IsSecret(name) {
			secrets = append(secrets, engine.Leaves(v)...)
		}
	}
	return secrets
}

// Shown is data with its secrets replaced by [engine.Redacted], for a recording. What no
// field asked for, such as the number of an account, is one only when it is long enough
// to be masked in what is recorded (see [engine.Mask]).
func (t *Type) Shown(data *value.Collection) *value.Collection {
	mask := engine.NewMask(t.Secrets(data))
	shown := value.NewCollection(data.Len())
	for name, v := range data.All() {
		f := t.Field(name)
		shown.Set(name, hidden(v, mask, soundsSecret(name) || f != nil && f.Type == "password"))
	}
	return shown
}

// hidden is v with every text and number inside masked, or replaced when all of it is
// secret. A number that stays the same stays a number.
func hidden(v value.Value, mask *engine.Mask, secret bool) value.Value {
	switch v.Kind() {
	case value.KindText, value.KindNumber:
		if secret {
			return value.Text(engine.Redacted)
		}
		if text := mask.Text(v.ToText()); text != v.ToText() {
			return value.Text(text)
		}
	case value.KindArray:
		all := value.NewArray()
		for _, item := range v.Array().Items() {
			all.Append(hidden(item, mask, secret))
		}
		return value.FromArray(all)
	case value.KindCollection:
		all := value.NewCollection(v.Collection().Len())
		for name, item := range v.Collection().All() {
			all.Set(name, hidden(item, mask, secret || soundsSecret(name)))
		}
		return value.FromCollection(all)
	}
	return v
}

func soundsSecret(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"secret", "token", "key", "pass", "pem", "pin"}, func(word string) bool { return strings.Contains(name, word) })
}

// IsSecret reports whether the data of this name must not be shown: everything but what
// a field that is no password holds.
func (t *Type) IsSecret(name string) bool {
	f := t.Field(name)
	return f == nil || f.Type == "password" || soundsSecret(name)
}
