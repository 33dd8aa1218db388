package cleat

import (
	"context"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1"
)

// Signer signs requests that no component makes with a connection.
type Signer struct {
	*oauth1.Transport
	Mask *engine.Mask // of the secrets of app and connection
}

// Signer returns what signs by OAuth 1.0 as the modules of the app do: with the oauth
// object of its base over that of the connection. It sends over the guarded network. The
// error is a [*ConnectionError] when the connection needs the user.
func (rt *Runtime) Signer(ctx context.Context, a *App, record *connect.Record) (*Signer, error) {
	a, err := rt.installed(ctx, a)
	if err != nil {
		return nil, err
	}
	t, err := a.ConnectionType(record.Type)
	if err != nil {
		return nil, err
	}
	if err := (&Component{App: a, Kind: app.ConnectionKind, ID: t.ID}).fits(record, rt.now()); err != nil {
		return nil, err
	}
	plan, found := engine.Compile(engine.Source{Name: "base", Kind: engine.Leg, Code: a.Base, Section: "oauth", Functions: a.hasFunction})
	if err := found.Err(); err != nil {
		return nil, err
	}
	fresh, err := rt.connector.Fresh(ctx, t, record, 0)
	if err != nil {
		return nil, err
	}
	in := engine.Input{Common: a.common, Timezone: rt.connector.Timezone, Secrets: engine.Leaves(a.common)}
	if in, err = rt.connector.Use(ctx, t, fresh, in); err != nil {
		return nil, err
	}
	transport, err := rt.engine.Start(plan, in).Transport(ctx)
	return &Signer{transport, engine.NewMask(in.Secrets)}, err
}
