package cleat

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// App is a loaded app. It is immutable and safe for concurrent use.
type App struct {
	*app.App
	// Findings are what is wrong with the definition; the parts without errors work.
	Findings source.Diagnostics

	common    value.Value
	installed map[string]*value.Collection // common data of connection types, by id
	functions *js.Library
}

// Load reads the app at path: a folder or anything inside it, makecomapp.json, or a ZIP.
// The error is that of a definition that cannot be read at all; every smaller fault is
// in Findings.
func Load(path string) (*App, error) {
	definition, found, err := app.Load(path)
	if err != nil {
		return nil, err
	}
	return NewApp(definition, found), nil
}

// NewApp returns the app of a definition that was loaded in another way, such as from an
// [io/fs.FS].
func NewApp(definition *app.App, found source.Diagnostics) *App {
	return &App{App: definition, Findings: found, common: definition.Common.Root().Value(), functions: engine.Library(definition)}
}

// hasFunction reports whether the app has a custom function of this name.
func (a *App) hasFunction(name string) bool { return a.Function(name) != nil }

// UnknownError says that an app has no such component.
type UnknownError struct {
	Kind app.Kind
	ID   string
	Near []string // ids that resemble it, the best first
	All  []string // every id of the kind
}

// Error names what is missing.
func (e *UnknownError) Error() string { return fmt.Sprintf("the app has no %s %q", e.Kind, e.ID) }

// TypeError says that a module is of a type that is not used so.
type TypeError struct {
	Module *app.Module
	Reason string
}

// Error names the module and its type.
func (e *TypeError) Error() string {
	return fmt.Sprintf("module %q is of type %s: %s", e.Module.ID, e.Module.Type, e.Reason)
}

func (a *App) unknown(kind app.Kind, id string) error {
	return &UnknownError{kind, id, a.Suggest(kind, id), a.IDs(kind)}
}

// ConnectionType compiles the connection type with the given id. The error is an
// [*UnknownError], an [*AliasError], or the findings in the connection's code.
func (a *App) ConnectionType(id string) (*connect.Type, error) {
	c := a.Connection(id)
	if c == nil {
		return nil, a.unknown(app.ConnectionKind, id)
	}
	if c.AliasTo != "" {
		return nil, &AliasError{id, c.AliasTo} // its own files count for nothing
	}
	if err := a.readable(app.ConnectionKind, id, c.API, c.Parameters, c.Common, c.Scope, c.Scopes); err != nil {
		return nil, err
	}
	t, found := connect.Compile(a.App, c)
	return t.WithCommon(a.installed[id]), found.Err()
}

// unread are the codes of findings which mean that a part of the definition is not there
// or was read in part only.
var unread = []string{"FMT001", "MAN007", "MAN009"}

// readable returns the findings that keep a component from being what its author wrote:
// its files, or those that every component uses, are missing or broken. Running the rest
// would send other requests than the author meant.
func (a *App) readable(kind app.Kind, id string, codes ...*app.Code) error {
	files := map[string]bool{}
	for _, code := range append(codes, a.Base, a.Common) {
		if code != nil && code.File != nil {
			files[code.File.Name()] = true
		}
	}
	named := "/components/" + string(kind) + "/" + id + "/codeFiles/"
	var found source.Diagnostics
	for _, d := range a.Findings.Errors() {
		concerns := files[d.File] || strings.HasPrefix(d.Pointer, named) ||
			d.Pointer == "/generalCodeFiles/base" || d.Pointer == "/generalCodeFiles/common"
		if concerns && slices.Contains(unread, d.Code) {
			found.Add(d)
		}
	}
	return found.Err()
}

// Component is a module, an RPC, a webhook or an endpoint of an app, compiled. It is immutable and safe for
// concurrent use.
type Component struct {
	App         *App
	Kind        app.Kind
	ID          string
	Connections []string    // ids of the connection types that it accepts, none when it needs no connection
	Scope       []string    // that the connection must have been granted
	Forms       []*app.Code // of the parameters: static, then mappable

	plan    *engine.Plan  // nil for a webhook and for a polling trigger
	trigger *poll.Trigger // nil for everything else
	hook    *webhook.Type // nil for everything else
	form    *form.Form
	replies bool // a responder
}

// moduleKinds are the types of modules that run when they are asked to; a responder then
// says how it would answer. The others wait for something: a poll, or a webhook.
var moduleKinds = map[app.ModuleType]engine.Kind{
	app.Action: engine.Action, app.Search: engine.Search, app.Universal: engine.Universal, app.Responder: engine.Responder,
}

// Module compiles the module with the given id. The error is an [*UnknownError], a
// [*TypeError] for triggers, or the findings in the module's code and in the base.
func (a *App) Module(id string) (*Component, error) {
	m := a.App.Module(id)
	if m == nil {
		return nil, a.unknown(app.ModuleKind, id)
	}
	kind, ok := moduleKinds[m.Type]
	if !ok {
		return nil, &TypeError{m, "it does not run alone"}
	}
	c := a.component(m)
	c.replies = kind == engine.Responder
	if err := a.readable(app.ModuleKind, id, m.API, m.Parameters, m.Expect, m.Scope); err != nil {
		return nil, err
	}
	return c, c.compile(kind, m.API)
}

// component returns a module that is not yet compiled.
func (a *App) component(m *app.Module) *Component {
	return &Component{App: a, Kind: app.ModuleKind, ID: m.ID, Connections: accepted(m.Connection, m.AltConnection, m.AttachedAccounts),
		Scope: texts(m.Scope), Forms: []*app.Code{m.Parameters, m.Expect}}
}

// RPC compiles the RPC with the given id. The error is an [*UnknownError], or the
// findings in the code of the RPC and in the base.
func (a *App) RPC(id string) (*Component, error) {
	r := a.App.RPC(id)
	if r == nil {
		return nil, a.unknown(app.RPCKind, id)
	}
	c := &Component{App: a, Kind: app.RPCKind, ID: id, Connections: accepted(r.Connection, r.AltConnection, r.AttachedAccounts),
		Forms: []*app.Code{r.Parameters}}
	if err := a.readable(app.RPCKind, id, r.API, r.Parameters); err != nil {
		return nil, err
	}
	return c, c.compile(engine.RPC, r.API)
}

// Endpoint compiles the endpoint with the given id, to run it by itself. What it gives is
// a list of bundles; [engine.Run.Value] unwraps it as callers inside the app see it. The
// error is an [*UnknownError], or the findings in the endpoint's code and in the base.
func (a *App) Endpoint(id string) (*Component, error) {
	e := a.App.Endpoint(id)
	if e == nil {
		return nil, a.unknown(app.EndpointKind, id)
	}
	c := &Component{App: a, Kind: app.EndpointKind, ID: id, Connections: e.AttachedAccounts, Scope: texts(e.Scope), Forms: []*app.Code{e.InputParameters}}
	if err := a.readable(app.EndpointKind, id, e.API, e.InputParameters, e.Scope); err != nil {
		return nil, err
	}
	return c, c.compile(engine.Endpoint, e.API)
}

func (c *Component) compile(kind engine.Kind, code *app.Code) error {
	plan, found := engine.Compile(c.source(kind, code))
	c.plan = plan
	c.form, _ = FormOf(c.Forms...)
	return found.Err()
}

func (c *Component) source(kind engine.Kind, code *app.Code) engine.Source {
	return engine.Source{Name: fmt.Sprintf("%s %q", c.Kind, c.ID), Kind: kind, Code: code,
		Base: c.App.Base, Functions: c.App.hasFunction, Endpoint: c.App.endpoint}
}

// endpoint compiles a sibling endpoint; nil means that there is none without errors.
func (a *App) endpoint(id string) *engine.Plan {
	e := a.App.Endpoint(id)
	if e == nil || e.API == nil {
		return nil
	}
	plan, found := engine.Compile(engine.Source{Name: fmt.Sprintf("endpoint %q", id), Kind: engine.Endpoint, Code: e.API,
		Base: a.Base, Functions: a.hasFunction, Convert: a.endpointInput(e)})
	if found.Err() != nil {
		return nil
	}
	return plan
}

// List reports whether the component gives a list; otherwise it gives one value.
func (c *Component) List() bool { return c.trigger != nil || c.plan.List() }

// Answers reports whether the app says itself how a request to the webhook is answered.
func (c *Component) Answers() bool { return c.hook != nil && c.hook.Answers() }

// Replies reports whether the component is a responder: its only bundle is an answer.
func (c *Component) Replies() bool { return c.replies }

// accepted joins the connection, the alternative one and the attached accounts
// (connections.md CN-9).
func accepted(connection, alternative string, attached []string) []string {
	var all []string
	for _, id := range append([]string{connection, alternative}, attached...) {
		if id != "" {
			all = append(all, id)
		}
	}
	return all
}

// texts reads an array of texts.
func texts(code *app.Code) []string {
	root := code.Root()
	if root == nil {
		return nil
	}
	var all []string
	for _, element := range root.Elements {
		if text, ok := element.Str(); ok {
			all = append(all, text)
		}
	}
	return all
}
