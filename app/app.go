package app

import (
	"slices"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// App is the definition of an app. It is immutable once loaded and safe for concurrent use.
type App struct {
	Name            string // id; the folder's name when the definition does not tell
	Label           string
	Version         int // major version, 1 when the definition does not tell
	Description     string
	Theme           string // colour, such as #0066ff
	Language        string
	Audience        string // global or countries
	Countries       []string
	ManifestVersion int // of the platform's rules, 2 when the definition does not tell

	Layout Layout
	Root   string // the folder or archive it was loaded from, "" when it has no path
	Meta   Meta   // makecomapp.json, or metadata.json of an export

	Base, Common, Groups *Code
	InstallSpec, Install *Code
	Readme               string

	Connections []*Connection
	Webhooks    []*Webhook
	Modules     []*Module
	RPCs        []*RPC
	Functions   []*Function
	Endpoints   []*Endpoint

	Origins []*Origin

	places map[Kind]map[string]int // in the lists above, by id
}

// Layout says how a definition lies on disk.
type Layout string

// The layouts.
const (
	Project Layout = "project" // makecomapp.json
	Export  Layout = "export"  // ZIP
	Folder  Layout = "folder"  // an unpacked export
)

// Kind is a kind of component, spelled as makecomapp.json does.
type Kind string

// The kinds in the order of the manifest. General stands for the app itself.
const (
	General        Kind = ""
	ConnectionKind Kind = "connection"
	WebhookKind    Kind = "webhook"
	ModuleKind     Kind = "module"
	RPCKind        Kind = "rpc"
	FunctionKind   Kind = "function"
	EndpointKind   Kind = "endpoint"
)

// Kinds returns the kinds of components in the order of the manifest.
func Kinds() []Kind {
	return []Kind{ConnectionKind, WebhookKind, ModuleKind, RPCKind, FunctionKind, EndpointKind}
}

// Meta says where the metadata of an app or a component stand: an entry of
// makecomapp.json, or a metadata.json. The zero Meta means that there are none.
type Meta struct {
	Doc  *jsonc.Document
	Node *jsonc.Node
}

// Diagnose returns finding placed on the value of key, or on the whole when there is no
// such key.
func (m Meta) Diagnose(key string, finding source.Diagnostic) source.Diagnostic {
	if value := m.Node.Get(key); value != nil {
		return m.Doc.Diagnose(value, finding)
	}
	return m.Doc.Diagnose(m.Node, finding)
}

// Connection returns the connection with the given id, or nil.
func (a *App) Connection(id string) *Connection { return find(a, ConnectionKind, a.Connections, id) }

// Webhook returns the webhook with the given id, or nil.
func (a *App) Webhook(id string) *Webhook { return find(a, WebhookKind, a.Webhooks, id) }

// Module returns the module with the given id, or nil.
func (a *App) Module(id string) *Module { return find(a, ModuleKind, a.Modules, id) }

// RPC returns the RPC with the given id, or nil.
func (a *App) RPC(id string) *RPC { return find(a, RPCKind, a.RPCs, id) }

// Function returns the function with the given id, or nil.
func (a *App) Function(id string) *Function { return find(a, FunctionKind, a.Functions, id) }

// Endpoint returns the endpoint with the given id, or nil.
func (a *App) Endpoint(id string) *Endpoint { return find(a, EndpointKind, a.Endpoints, id) }

// find returns the component of a kind with an id, the zero value when there is none. An
// app that was not loaded, but put together, has no places.
func find[T component](a *App, kind Kind, list []T, id string) (none T) {
	if places := a.places[kind]; len(places) == len(list) {
		if i, ok := places[id]; ok {
			return list[i]
		}
		return none
	}
	if i := slices.IndexFunc(list, func(c T) bool { return c.id() == id }); i >= 0 {
		return list[i]
	}
	return none
}

// index notes where each component stands in the list of its kind.
func (a *App) index() {
	a.places = map[Kind]map[string]int{}
	for _, kind := range Kinds() {
		list := a.components(kind)
		a.places[kind] = make(map[string]int, len(list))
		for i, c := range list {
			a.places[kind][c.id()] = i
		}
	}
}

// IDs returns the ids of all components of a kind, in order.
func (a *App) IDs(kind Kind) []string {
	var ids []string
	for _, c := range a.components(kind) {
		ids = append(ids, c.id())
	}
	return ids
}

// component is what all kinds have in common.
type component interface {
	id() string
	// section returns the field of the code with the given API name, or nil.
	section(name string) **Code
}

func (a *App) components(kind Kind) []component {
	switch kind {
	case ConnectionKind:
		return components(a.Connections)
	case WebhookKind:
		return components(a.Webhooks)
	case ModuleKind:
		return components(a.Modules)
	case RPCKind:
		return components(a.RPCs)
	case FunctionKind:
		return components(a.Functions)
	case EndpointKind:
		return components(a.Endpoints)
	}
	return []component{a}
}

func components[T component](list []T) []component {
	all := make([]component, len(list))
	for i, c := range list {
		all[i] = c
	}
	return all
}

func (a *App) id() string { return "" }

func (a *App) section(name string) **Code {
	switch name {
	case "base":
		return &a.Base
	case "common":
		return &a.Common
	case "groups":
		return &a.Groups
	case "installSpec":
		return &a.InstallSpec
	case "install":
		return &a.Install
	}
	return nil
}

// Codes returns every code of the app: its own, then those of the components.
func (a *App) Codes() []*Code {
	var codes []*Code
	for _, kind := range append([]Kind{General}, Kinds()...) {
		for _, c := range a.components(kind) {
			for _, s := range Sections(kind) {
				if field := c.section(s.Name); field != nil && *field != nil {
					codes = append(codes, *field)
				}
			}
		}
	}
	return codes
}
