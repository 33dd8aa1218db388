package connect

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Installation is what an app, or one of its connection types, was set up with here: the
// answers to its install spec, and the common data that its install directives make of
// them (components.md 4.4). Both are secret.
type Installation struct {
	App        string
	Connection string            // id of the connection type; "" for the app itself
	Parameters *value.Collection // nil when it cannot be decrypted, as is Common
	Common     *value.Collection
	Version    int64 // grows by one with each change; 0: not yet stored
	Updated    time.Time
}

// ErrUnreadable means that the secrets of an installation cannot be decrypted.
var ErrUnreadable = errors.New("the stored common data cannot be decrypted; install the app again")

// Installations keeps what apps were installed with. Each method is atomic and durable
// when it returns.
type Installations interface {
	// Installations returns those of an app, its own first, then those of its connection
	// types ordered by id. One that cannot be decrypted has neither Parameters nor Common.
	Installations(ctx context.Context, app string) ([]*Installation, error)
	// PutInstallation stores i when the stored version equals i.Version, 0 for none, and
	// then raises i.Version and sets i.Updated; otherwise ErrConflict.
	PutInstallation(ctx context.Context, i *Installation) error
	// DeleteInstallation removes an installation and its secrets, or returns ErrNotFound.
	DeleteInstallation(ctx context.Context, app, connection string) error
}

// Installable is a scope at which an app can be installed: the app itself, or one of its
// connection types.
type Installable struct {
	App        string
	Connection string    // "" for the app itself
	Spec       *app.Code // the form for the administrator; may be nil
	Lacking    []string  // names that only the directives define: the common data lack them
	functions  *js.Library
	directives *engine.Plan
}

// CompileInstall compiles the install directives of an app, or with a connection those of
// that. It returns nil when there is nothing to install.
func CompileInstall(a *app.App, c *app.Connection) (*Installable, source.Diagnostics) {
	i := &Installable{App: a.Name, Spec: a.InstallSpec, functions: engine.Library(a)}
	code, common, name := a.Install, a.Common, "install"
	if c != nil {
		i.Connection, i.Spec, code, common, name = c.ID, c.InstallSpec, c.Install, c.Common, fmt.Sprintf("connection %q, install", c.ID)
	}
	if !asks(i.Spec) && !code.Root().Has("common") {
		return nil, nil
	}
	plan, found := engine.Compile(engine.Source{Name: name, Kind: engine.Leg, Code: code, Functions: func(name string) bool { return a.Function(name) != nil }})
	i.directives = plan
	if defined := code.Root().Get("common"); defined.Is(jsonc.Object) {
		for _, m := range defined.Members {
			if !common.Root().Has(m.Name()) {
				i.Lacking = append(i.Lacking, m.Name())
			}
		}
	}
	return i, found
}

// asks reports whether a form has fields.
func asks(spec *app.Code) bool {
	root := spec.Root()
	return root != nil && len(root.Elements) > 0
}

// Install evaluates the install directives with in.Parameters and stores what comes of it.
func (c *Connector) Install(ctx context.Context, i *Installable, store Installations, in *Installation) error {
	input := engine.Input{Parameters: value.FromCollection(in.Parameters), Timezone: c.Timezone, Secrets: engine.Leaves(value.FromCollection(in.Parameters))}
	if c.Functions != nil {
		input.Call = func(name string, args []value.Value) (value.Value, error) {
			return c.Functions.Call(context.WithoutCancel(ctx), i.functions, name, args, js.Context{Timezone: c.Timezone, Debug: c.Debug})
		}
	}
	made, err := c.Engine.Start(i.directives, input).Common(ctx)
	if err != nil {
		return failure(err)
	}
	in.App, in.Connection, in.Common = i.App, i.Connection, value.NewCollection(4)
	switch common := made.Collection(); {
	case common == nil && !made.IsNil():
		return &Error{Reason: Configuration, Message: "install.common must be a collection", Hint: `write "common": {"name": "{{parameters.name}}"}`}
	case common != nil:
		for name, v := range common.All() {
			if !v.IsUndefined() {
				in.Common.Set(name, v)
			}
		}
	}
	if err := fits("the common data", in.Common); err != nil {
		return err
	}
	return store.PutInstallation(ctx, in)
}

// WithCommon returns the type with common data that were installed: they win over those
// of the definition (components.md 4.4).
func (t *Type) WithCommon(common *value.Collection) *Type {
	if common == nil {
		return t
	}
	installed := *t
	installed.common = iml.Merge(t.common, value.FromCollection(common))
	return &installed
}
