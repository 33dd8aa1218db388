package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
)

type connectOptions struct {
	*factory
	app, connection string
	name            string
	params          paramFlags
	browser         browserFlags
}

func newConnect(f *factory) *cobra.Command {
	o := &connectOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "connect APP [CONNECTION]",
		Short: "Connect an account",
		Long: `Connect an account: CONNECTION is a connection type of the app; it may be left out when
there is only one.

OAuth opens the provider's page in your browser and waits for it to send you back to an
address on this machine. Register that address at the provider when it asks for one; with
--listen it is always the same. On a machine without a browser use --no-browser, open the
printed address elsewhere, and paste the address that you end up at, or the code you are
shown.`,
		Example: `  cleat connect my-app --name work --param apiKey=@secret.txt
  cleat connect examples/photos photos --name alice --egress-allow 127.0.0.1
  cleat connect examples/photos photos --name alice --egress-allow 127.0.0.1 --no-browser --listen 127.0.0.1:8085`,
		Args:              optionalArguments(1, "APP", "CONNECTION"),
		ValidArgsFunction: completeAppThen(app.ConnectionKind),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app = args[0]
			if len(args) > 1 {
				o.connection = args[1]
			}
			return runConnect(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.name, "name", "", "`name` of the new connection (default: its id)")
	o.params.add(cmd)
	completeFlag(cmd, "param", completeParam(app.ConnectionKind))
	o.browser.add(cmd)
	return cmd
}

func runConnect(ctx context.Context, o *connectOptions) error {
	a, err := o.load(o.app)
	if err != nil {
		return err
	}
	c, err := o.connectionOf(a)
	if err != nil {
		return elsewhere(err)
	}
	fields, _ := cleat.FormOf(c.Parameters)
	values, err := o.params.read(o.factory, fields)
	if err != nil {
		return err
	}
	if err := o.ask(fields, values); err != nil {
		return err
	}
	if err := fillIn(fields, values); err != nil {
		return err
	}
	if values, err = converted(ctx, fields, values, form.Options{Platform: a.ManifestVersion, Timezone: o.timezone}); err != nil {
		return err
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	o.warnUninstalled(ctx, records, a, o.app, c.ID)
	if a, err = a.Installed(ctx, records); err != nil {
		return err
	}
	t, err := a.ConnectionType(c.ID)
	if err != nil {
		return err
	}
	return o.authorize(ctx, records, t, o.browser, connect.Request{Name: first(o.name, t.ID), Parameters: values, Scope: o.browser.scope})
}

// connectionOf returns the connection type that the person names, or the only one.
func (o *connectOptions) connectionOf(a *cleat.App) (*app.Connection, error) {
	if o.connection == "" {
		switch len(a.Connections) {
		case 0:
			return nil, usagef("modules of this app run without one", "the app has no connection")
		case 1:
			o.connection = a.Connections[0].ID
		default:
			return nil, usagef(fmt.Sprintf("there are %v", a.IDs(app.ConnectionKind)), "CONNECTION is missing")
		}
	}
	if _, err := a.ConnectionType(o.connection); err != nil {
		return nil, err
	}
	return a.Connection(o.connection), nil
}

// authorize takes a request for a connection to its end, over the browser if the type
// wants it, and reports each event. It is the whole of connect and of reauthorize.
func (f *factory) authorize(ctx context.Context, records *store.Store, t *connect.Type, flags browserFlags, q connect.Request) error {
	record, err := f.authorized(ctx, records, t, flags, q)
	if err != nil {
		f.event(connectEvent{Event: "failed", Error: ptr(faultOf(err))})
		return err
	}
	f.event(connectEvent{Event: "connected", Connection: connectionJSON(record)})
	if !f.json {
		fmt.Fprintf(f.std.Err, "connected %q%s\n", record.Name, account(record))
	}
	f.sameAccount(ctx, records, record)
	return nil
}

func (f *factory) authorized(ctx context.Context, records *store.Store, t *connect.Type, flags browserFlags, q connect.Request) (*connect.Record, error) {
	w := &waiting{factory: f, flags: flags, t: t, session: connect.NewSecret(), log: progressOf(f)}
	defer w.close()
	if t.Kind != connect.Basic {
		if err := w.listen(); err != nil {
			return nil, err
		}
	}
	rt, err := f.runtime(records, w.redirectURI(), w.log)
	if err != nil {
		return nil, err
	}
	w.connector = rt.Connector()
	w.connector.StateInCallback = w.anyPort()
	q.Session = w.session
	started, err := w.connector.Create(ctx, t, q)
	if err != nil {
		return nil, err
	}
	f.warn(started.Warnings...)
	if started.Record == nil {
		ctx, cancel := context.WithTimeout(ctx, flags.timeout)
		defer cancel()
		if started, err = w.person(ctx, started); err != nil {
			return nil, err
		}
		f.warn(started.Warnings...)
	}
	return started.Record, nil
}

// connectEvent is a line of --json.
type connectEvent struct {
	Event      string      `json:"event"`
	URL        string      `json:"url,omitempty"`
	Connection *connection `json:"connection,omitempty"`
	Error      *fault      `json:"error,omitempty"`
}

func (f *factory) event(e connectEvent) {
	if f.json {
		writeJSON(f.std.Out, e)
	}
}

func ptr[T any](v T) *T { return &v }

// sameAccount tells which other connections belong to the same account: users may have
// several, and a shared webhook serves all of them (connections.md 1.1).
func (f *factory) sameAccount(ctx context.Context, records *store.Store, record *connect.Record) {
	same, err := records.ConnectionsWithUID(ctx, record.App, record.UID)
	if err != nil {
		return // the connection is made; this was only advice
	}
	for _, r := range same {
		if r.ID != record.ID {
			f.warn(fmt.Sprintf("connection %q belongs to the same account", r.Name))
		}
	}
}

func account(r *connect.Record) string {
	if r.Metadata.Value == "" {
		return ""
	}
	return " as " + printable(r.Metadata.Value)
}

// browserFlags say how a person reaches the provider's page.
type browserFlags struct {
	noBrowser bool
	address   string
	timeout   time.Duration
	scope     []string
}

func (b *browserFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.BoolVar(&b.noBrowser, "no-browser", false, "only print the address to visit")
	flags.StringVar(&b.address, "listen", "127.0.0.1:0", "`address` on which the provider's answer is awaited")
	flags.DurationVar(&b.timeout, "timeout", 10*time.Minute, "how long to wait for the person")
	flags.StringSliceVar(&b.scope, "scope", nil, "ask for these `scopes` as well")
}

// progressOf shows each request of a flow to a person who watches.
func progressOf(f *factory) func(engine.Exchange) {
	if !f.std.IsTerminal || f.trace || f.json {
		return nil
	}
	return func(x engine.Exchange) {
		fmt.Fprintf(f.std.Err, "%s: %s %s: %d\n", x.Step, x.Method, printable(x.URL), x.Status)
	}
}
