package webhook

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Type is a webhook of an app, compiled. It is immutable and safe for concurrent use.
type Type struct {
	App         string // name of the app
	Root        string // absolute path of its folder or archive, "" when it has none
	ID          string
	Label       string
	Shared      bool     // one address for all users of the app
	Connections []string // ids of the connection types that it accepts, none when it needs no connection
	Parameters  *app.Code

	common                          value.Value
	receive, attach, detach, update *engine.Plan // the last three may be nil
}

// Compile compiles the webhook w of a. The findings hold every mistake of its code; the
// type is usable when none is an error. attach, detach and update inherit the base, what
// receives does not (usage.md 2).
func Compile(a *app.App, w *app.Webhook) (*Type, source.Diagnostics) {
	t := &Type{App: a.Name, ID: w.ID, Label: w.Label, Shared: w.Shared(), Parameters: w.Parameters, common: a.Common.Root().Value()}
	if a.Root != "" {
		t.Root, _ = filepath.Abs(a.Root) // fails only where there is no working directory
	}
	for _, id := range append([]string{w.Connection, w.AltConnection}, w.AttachedAccounts...) {
		if id != "" && !slices.Contains(t.Connections, id) {
			t.Connections = append(t.Connections, id)
		}
	}
	var found source.Diagnostics
	compile := func(section string, kind engine.Kind, code *app.Code) *engine.Plan {
		plan, wrong := engine.Compile(engine.Source{Name: fmt.Sprintf("webhook %q%s", w.ID, section), Kind: kind, Code: code, Base: a.Base,
			Functions: func(name string) bool { return a.Function(name) != nil }})
		found.Add(wrong...)
		return plan
	}
	t.receive = compile("", engine.Hook, w.API)
	for _, s := range []struct {
		name string
		code *app.Code
		into **engine.Plan
	}{{", attach", w.Attach, &t.attach}, {", detach", w.Detach, &t.detach}, {", update", w.Update, &t.update}} {
		if root := s.code.Root(); root != nil && len(root.Members)+len(root.Elements) > 0 {
			*s.into = compile(s.name, engine.Attach, s.code)
		}
	}
	return t, found
}

// Attached reports whether the app registers the hook at the service itself; otherwise the
// person has to tell the service its address.
func (t *Type) Attached() bool { return t.attach != nil }

// Answers reports whether the app says itself how a request is answered.
func (t *Type) Answers() bool { return t.receive.Answers() }

// secrets are the values of a hook that must not be shown: what attach stored, and
// passwords of the form.
func (t *Type) secrets(r *Record) []string {
	secrets := append(engine.Leaves(t.common), engine.Leaves(value.FromCollection(r.Data))...)
	if root := t.Parameters.Root(); root != nil {
		for _, field := range root.Elements {
			if field.Get("type").Value().ToText() == "password" {
				secrets = append(secrets, engine.Leaves(r.Parameters.Get(field.Get("name").Value().ToText()))...)
			}
		}
	}
	return secrets
}

// input is what every code of the webhook sees (components.md 7.2, 7.3). account is what
// the connection adds, address where the service reaches the hook.
func (t *Type) input(r *Record, account engine.Input, address string) engine.Input {
	in := account
	in.Parameters = value.FromCollection(r.Known())
	in.Data, in.Common = in.Parameters, iml.Merge(t.common, account.Common) // what was installed wins
	in.Secrets = append(account.Secrets[:len(account.Secrets):len(account.Secrets)], t.secrets(r)...)
	in.Roots = map[string]value.Value{"webhook": variables(r, address)}
	maps.Copy(in.Roots, account.Roots)
	return in
}

// Seen adds to the input of an RPC what the forms of an instant trigger let it see: the
// hook as webhook, whose secrets stay secret.
func (t *Type) Seen(r *Record, in engine.Input) engine.Input {
	in.Roots = maps.Clone(in.Roots)
	if in.Roots == nil {
		in.Roots = map[string]value.Value{}
	}
	in.Roots["webhook"] = variables(r, r.Address)
	in.Secrets = append(in.Secrets[:len(in.Secrets):len(in.Secrets)], t.secrets(r)...)
	return in
}

// variables are what codes see as webhook: what is known of the hook, its id and its
// address at the service.
func variables(r *Record, address string) value.Value {
	hook := r.Known()
	hook.Set("id", value.Number(float64(r.ID)))
	hook.Set("url", value.Text(address))
	return value.FromCollection(hook)
}
