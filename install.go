package cleat

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Installables are the scopes at which the app can be installed, the app's own first
// (components.md 4.4). The error holds the findings in the install directives.
func (a *App) Installables() ([]*connect.Installable, error) {
	var all []*connect.Installable
	var found source.Diagnostics
	for _, c := range append([]*app.Connection{nil}, a.Connections...) {
		i, wrong := connect.CompileInstall(a.App, c)
		if i != nil {
			all = append(all, i)
		}
		found.Add(wrong...)
	}
	return all, found.Err()
}

// Installed returns the app with the common data that it was installed with in a store;
// they win over those of its definition. A [Runtime] with Options.Installations does this
// by itself before each run. What was installed for a scope that the app no longer has is
// left out. The error is [connect.ErrUnreadable] when it cannot be decrypted.
func (a *App) Installed(ctx context.Context, s connect.Installations) (*App, error) {
	if !a.Installable() {
		return a, nil
	}
	all, err := s.Installations(ctx, a.Name)
	if err != nil {
		return nil, err
	}
	installed := *a
	installed.installed = map[string]*value.Collection{}
	for _, i := range all {
		switch c := a.Connection(i.Connection); {
		case i.Common == nil:
			return nil, fmt.Errorf("app %q: %w", a.Name, connect.ErrUnreadable)
		case i.Connection == "" && a.Install.Root() != nil:
			installed.common = iml.Merge(a.common, value.FromCollection(i.Common))
		case c != nil && c.Install.Root() != nil:
			installed.installed[c.ID] = i.Common
		}
	}
	return &installed, nil
}

// Installable reports whether the app has install directives at any scope.
func (a *App) Installable() bool {
	if a.Install.Root() != nil {
		return true
	}
	for _, c := range a.Connections {
		if c.Install.Root() != nil {
			return true
		}
	}
	return false
}

// installed is the app as it is installed here.
func (rt *Runtime) installed(ctx context.Context, a *App) (*App, error) {
	if rt.installations == nil {
		return a, nil
	}
	return a.Installed(ctx, rt.installations)
}
