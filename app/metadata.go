package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// fields reads the metadata of an app or a component and reports values of a wrong type.
type fields struct {
	Meta
	l *loader
}

func (f fields) at(key string) Meta { return Meta{f.Doc, f.Node.Get(key)} }

// numbered are the keys of the type of a module, which may be given by its number.
var numbered = []string{"moduleType", "type", "typeId", "moduleSubtype"}

// text returns the first of the keys that is there, "" for null.
func (f fields) text(keys ...string) string {
	for _, key := range keys {
		n := f.Node.Get(key)
		switch {
		case n == nil:
			continue
		case n.Kind == jsonc.String, n.Kind == jsonc.Number && slices.Contains(numbered, key):
			return n.Text
		case n.Kind != jsonc.Null && n.Kind != jsonc.Invalid:
			f.l.report(f.at(key), source.Error, "MAN002", key+" must be a text", "")
		}
		return ""
	}
	return ""
}

// number returns a whole number, which may be written as a text.
func (f fields) number(key string, otherwise int) int {
	n := f.Node.Get(key)
	if n == nil || n.IsNull() {
		return otherwise
	}
	if number, err := strconv.Atoi(n.Text); err == nil && number >= 0 && (n.Is(jsonc.Number) || n.Is(jsonc.String)) {
		return number
	}
	f.l.report(f.at(key), source.Error, "MAN002", key+" must be a whole number", "")
	return otherwise
}

// texts returns a list of texts.
func (f fields) texts(key string) []string {
	n := f.Node.Get(key)
	if n == nil || n.IsNull() {
		return nil
	}
	var list []string
	for _, element := range n.Elements {
		if text, ok := element.Str(); ok {
			list = append(list, text)
		} else {
			f.l.report(Meta{f.Doc, element}, source.Error, "MAN002", key+" must be a list of texts", "")
		}
	}
	if n.Kind != jsonc.Array {
		f.l.report(f.at(key), source.Error, "MAN002", key+" must be a list of texts", "")
	}
	return list
}

// flags returns an object of booleans.
func (f fields) flags(key string) map[string]bool {
	n := f.Node.Get(key)
	if n == nil || n.IsNull() {
		return nil
	}
	if n.Kind != jsonc.Object && len(n.Elements) > 0 {
		f.l.report(f.at(key), source.Error, "MAN002", key+" must be an object", "")
	}
	flags := map[string]bool{}
	for _, m := range n.Members {
		if flag, ok := m.Value.Bool(); ok {
			flags[m.Name()] = flag
		} else if !m.Value.IsNull() {
			f.l.report(Meta{f.Doc, m.Value}, source.Error, "MAN002", m.Name()+" must be true or false", "")
		}
	}
	return flags
}

// component makes the component of a kind from its metadata and adds it to the app.
func (l *loader) component(kind Kind, id string, m Meta) component {
	f := fields{m, l}
	a := l.app
	switch kind {
	case ConnectionKind:
		c := &Connection{ID: id, Meta: m, Label: f.text("label"), AliasTo: f.text("aliasTo"), Type: f.connectionType()}
		a.Connections = append(a.Connections, c)
		return c
	case WebhookKind:
		w := &Webhook{ID: id, Meta: m, Label: f.text("label"), Type: f.webhookType(), Connection: f.text("connection"),
			AltConnection: f.text("altConnection"), AttachedAccounts: f.texts("attachedAccounts")}
		a.Webhooks = append(a.Webhooks, w)
		return w
	case ModuleKind:
		mod := &Module{ID: id, Meta: m, Label: f.text("label"), Description: f.text("description"), Type: f.moduleType(),
			Crud: f.crud(), Connection: f.text("connection"), AltConnection: f.text("altConnection"), Webhook: f.text("webhook"),
			AttachedAccounts: f.texts("attachedAccounts")}
		a.Modules = append(a.Modules, mod)
		return mod
	case RPCKind:
		r := &RPC{ID: id, Meta: m, Label: f.text("label"), Connection: f.text("connection"),
			AltConnection: f.text("altConnection"), AttachedAccounts: f.texts("attachedAccounts")}
		a.RPCs = append(a.RPCs, r)
		return r
	case FunctionKind:
		fn := &Function{ID: id, Meta: m}
		a.Functions = append(a.Functions, fn)
		return fn
	}
	e := &Endpoint{ID: id, Meta: m, Label: f.text("label"), Description: f.text("description"),
		AttachedAccounts: f.texts("attachedAccounts"), Annotations: f.flags("annotations")}
	if text := f.text("context"); text != "" { // exports keep it here
		e.Context = source.NewFile("context.md", []byte(text))
	}
	a.Endpoints = append(a.Endpoints, e)
	return e
}

func (f fields) connectionType() string {
	written := f.text("connectionType", "type")
	_, known := schemes[written]
	switch {
	case written == "":
		f.l.report(f.Meta, source.Error, "MAN012", "the connection has no "+f.key("connectionType"),
			`write "basic" or "oauth"; it is read as basic unless its code is that of an OAuth connection`)
	case !known && written != "oauth":
		f.l.report(f.first("connectionType", "type"), source.Error, "MAN002",
			"unknown type of connection "+quote(written), `write "basic" or "oauth"; it is read as basic unless its code is that of an OAuth connection`)
	case f.l.app.Layout == Project && written != "basic" && written != "oauth":
		f.l.report(f.first("connectionType", "type"), source.Warning, "MAN002",
			quote(written)+" is no type of connection in "+manifestName, fmt.Sprintf("write %q", projectType(schemes[written])))
	}
	return written
}

func projectType(scheme Scheme) string {
	if scheme == Basic {
		return "basic"
	}
	return "oauth"
}

func (f fields) webhookType() string {
	switch written := f.text("webhookType", "type"); written {
	case "web", "web-shared":
		return written
	case "":
		f.l.report(f.Meta, source.Error, "MAN012", "the webhook has no "+f.key("webhookType"), `write "web" or "web-shared"; it is read as web`)
	default:
		f.l.report(f.first("webhookType", "type"), source.Error, "MAN002",
			"unknown type of webhook "+quote(written), `write "web" or "web-shared"; it is read as web`)
	}
	return "web"
}

// moduleType reads the type as text or number. What is no type is reported and kept as
// written; a missing one is guessed.
func (f fields) moduleType() ModuleType {
	if old := f.Node.Member("moduleSubtype"); old != nil && !f.Node.Has("moduleType") {
		f.l.report(Meta{f.Doc, old.Key}, source.Warning, "MAN005", "moduleSubtype is the old name of moduleType", "call it moduleType")
	}
	written := f.text(numbered...)
	if written == "" {
		guess := Action
		if f.text("webhook") != "" {
			guess = InstantTrigger
		}
		f.l.report(f.Meta, source.Error, "MAN012", "the module has no "+f.key("moduleType"), "it is read as "+string(guess))
		return guess
	}
	if id, err := strconv.Atoi(written); err == nil {
		if t, ok := moduleTypeByID(id); ok {
			return t
		}
	}
	if t := ModuleType(written); t.Known() {
		return t
	}
	var known []string
	for _, t := range moduleTypes {
		known = append(known, string(t.name))
	}
	f.l.report(f.first(numbered...), source.Error, "MAN002",
		"no module of an app has the type "+quote(written), "the types are "+strings.Join(known, ", "))
	return ModuleType(written)
}

func (f fields) crud() string {
	switch written := f.text("actionCrud", "crud"); written {
	case "", "create", "read", "update", "delete":
		return written
	default:
		f.l.report(f.first("actionCrud", "crud"), source.Error, "MAN002",
			"unknown "+f.key("actionCrud")+" "+quote(written), "write create, read, update, delete or null")
		return ""
	}
}

// first returns the place of the first of the keys that is there.
func (f fields) first(keys ...string) Meta {
	for _, key := range keys {
		if f.Node.Has(key) {
			return f.at(key)
		}
	}
	return f.Meta
}

// key returns the name that the layout has for a key of the manifest.
func (f fields) key(name string) string {
	if f.l.app.Layout == Project {
		return name
	}
	if name == "actionCrud" {
		return "crud"
	}
	return "type"
}

// textOf returns the text of a string, "" for everything else.
func textOf(n *jsonc.Node) string {
	text, _ := n.Str()
	return text
}
