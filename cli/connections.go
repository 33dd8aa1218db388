package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

func newConnections(f *factory) *cobra.Command {
	return newGroup("connections", "List, show, test, check, edit, reauthorize and delete connections",
		newConnectionsList(f), newConnectionsShow(f), newConnectionsTest(f), newConnectionsCheck(f), newConnectionsEdit(f), newConnectionsReauthorize(f), newConnectionsDelete(f),
		newConnectionsExport(f), newConnectionsImport(f))
}

// connection is a connection as it is shown. Secrets are not in it.
type connection struct {
	ID       int64               `json:"id"`
	Name     string              `json:"name"`
	App      string              `json:"app"`
	Type     string              `json:"type"`
	Kind     connect.Kind        `json:"kind"`
	UID      string              `json:"uid,omitempty"`
	Metadata *connectionMetadata `json:"metadata,omitempty"`
	Scope    []string            `json:"scope,omitempty"`
	Expires  *time.Time          `json:"expires,omitempty"`
	Broken   string              `json:"broken,omitempty"`
	Created  time.Time           `json:"created"`
	Updated  time.Time           `json:"updated"`
	Root     string              `json:"appPath,omitempty"`
	Data     *value.Value        `json:"data,omitempty"` // secrets replaced
}

type connectionMetadata struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

func connectionJSON(r *connect.Record) *connection {
	c := &connection{ID: r.ID, Name: r.Name, App: r.App, Type: r.Type, Kind: r.Kind, UID: r.UID, Scope: r.Scope,
		Broken: r.Broken, Created: r.Created, Updated: r.Updated, Root: r.Root}
	if r.Metadata.Value != "" {
		c.Metadata = &connectionMetadata{r.Metadata.Type, r.Metadata.Value}
	}
	if !r.Expires.IsZero() {
		c.Expires = &r.Expires
	}
	return c
}

func connectionsJSON(all []*connect.Record) []*connection {
	list := make([]*connection, len(all))
	for i, r := range all {
		list[i] = connectionJSON(r)
	}
	return list
}

// withRecord opens the store, finds the connection and hands both over.
func (f *factory) withRecord(ctx context.Context, name string, do func(*store.Store, *connect.Record) error) error {
	records, err := f.openStore(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	record, err := findConnection(ctx, records, name)
	if err != nil {
		return err
	}
	return do(records, record)
}

func newConnectionsList(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the connections",
		Example: "  cleat connections list --json",
		Args:    arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			records, err := f.openStore(cmd.Context())
			if err != nil {
				return err
			}
			defer records.Close()
			all, err := records.Connections(cmd.Context())
			if err != nil {
				return err
			}
			return f.writeConnections(all)
		},
	}
}

func (f *factory) writeConnections(all []*connect.Record) error {
	if f.json {
		return writeJSON(f.std.Out, connectionsJSON(all))
	}
	if len(all) == 0 {
		fmt.Fprintln(f.std.Err, "there are no connections; cleat connect APP makes one")
		return nil
	}
	rows := [][]string{{"ID", "NAME", "APP", "TYPE", "ACCOUNT", "STATE"}}
	for _, r := range all {
		rows = append(rows, []string{fmt.Sprint(r.ID), r.Name, r.App, r.Type, r.Metadata.Value, state(r)})
	}
	_, err := io.WriteString(f.std.Out, printable(table(rows)))
	return err
}

func state(r *connect.Record) string {
	switch {
	case r.Broken != "":
		return "authorize again: " + r.Broken
	case !r.Expires.IsZero():
		return "until " + r.Expires.UTC().Format(time.DateOnly)
	}
	return "ok"
}

func newConnectionsShow(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "show CONNECTION",
		Short: "Show a connection without its secrets",
		Long: `Show a connection: its account, scope and state, and the names of what it holds.
Only the values of parameters that are no secrets are shown.`,
		Example:           "  cleat connections show work",
		Args:              arguments("CONNECTION"),
		ValidArgsFunction: f.completeConnection(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.withRecord(cmd.Context(), args[0], func(records *store.Store, r *connect.Record) error {
				c := connectionJSON(r)
				c.Data = ptr(f.shownData(cmd.Context(), records, r))
				if f.json {
					return writeJSON(f.std.Out, c)
				}
				return writeConnection(f.std.Out, c)
			})
		},
	}
}

// shownData returns the data with every value replaced that is not a typed parameter
// known to be no secret. Without the app's definition nothing is known.
func (f *factory) shownData(ctx context.Context, records connect.Installations, r *connect.Record) value.Value {
	_, t, err := f.appOf(ctx, records, r, "")
	shown := value.NewCollection(r.Data.Len())
	for name, v := range r.Data.All() {
		if err != nil || t.IsSecret(name) {
			v = value.Text(engine.Redacted)
		}
		shown.Set(name, v)
	}
	return value.FromCollection(shown)
}

func writeConnection(out io.Writer, c *connection) error {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-9s %s\n", name, text)
		}
	}
	line("id", fmt.Sprint(c.ID))
	line("name", c.Name)
	line("app", c.App)
	line("app path", c.Root)
	line("type", fmt.Sprintf("%s (%s)", c.Type, c.Kind))
	if c.Metadata != nil {
		line("account", c.Metadata.Value)
	}
	line("uid", c.UID)
	line("scope", strings.Join(c.Scope, " "))
	if c.Expires != nil {
		line("expires", c.Expires.UTC().Format(time.RFC3339))
	}
	line("broken", c.Broken)
	line("created", c.Created.UTC().Format(time.RFC3339))
	line("updated", c.Updated.UTC().Format(time.RFC3339))
	for name, v := range c.Data.Collection().All() {
		line("data", name+" = "+v.ToText())
	}
	_, err := io.WriteString(out, printable(b.String()))
	return err
}

func newConnectionsTest(f *factory) *cobra.Command {
	var path string
	cmd := &cobra.Command{
		Use:               "test CONNECTION",
		Short:             "Ask the service whether a connection still works",
		Example:           "  cleat connections test work",
		Args:              arguments("CONNECTION"),
		ValidArgsFunction: f.completeConnection(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.withRecord(cmd.Context(), args[0], func(records *store.Store, r *connect.Record) error {
				_, t, err := f.appOf(cmd.Context(), records, r, path)
				if err != nil {
					return err
				}
				rt, err := f.runtime(records, "", nil)
				if err != nil {
					return err
				}
				return f.tested(r, rt.Connector().Test(cmd.Context(), t, r))
			})
		},
	}
	appFlag(cmd, &path)
	return cmd
}

func (f *factory) tested(r *connect.Record, err error) error {
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(f.std.Out, struct {
			OK         bool        `json:"ok"`
			Connection *connection `json:"connection"`
		}{true, connectionJSON(r)})
	}
	fmt.Fprintf(f.std.Err, "connection %q works%s\n", r.Name, account(r))
	return nil
}

func appFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "app", "", "`app` of the connection (default: where it was when the connection was made)")
}

func newConnectionsEdit(f *factory) *cobra.Command {
	var path string
	var params paramFlags
	cmd := &cobra.Command{
		Use:   "edit CONNECTION",
		Short: "Change parameters of a connection",
		Long: `Change parameters of a connection. Only those that the app marks as editable can change.
The connection is checked with the new values before anything is stored.`,
		Example:           "  cleat connections edit work --param apiKey=@secret.txt",
		Args:              arguments("CONNECTION"),
		ValidArgsFunction: f.completeConnection(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.withRecord(cmd.Context(), args[0], func(records *store.Store, r *connect.Record) error {
				return f.edit(cmd.Context(), records, r, path, params)
			})
		},
	}
	params.add(cmd)
	appFlag(cmd, &path)
	return cmd
}

func (f *factory) edit(ctx context.Context, records *store.Store, r *connect.Record, path string, params paramFlags) error {
	a, t, err := f.appOf(ctx, records, r, path)
	if err != nil {
		return err
	}
	fields, _ := cleat.FormOf(a.Connection(t.ID).Parameters)
	values, err := params.read(f, fields)
	if err != nil {
		return err
	}
	if values.Len() == 0 {
		return usagef("give it with --param name=value", "there is nothing to change")
	}
	rt, err := f.runtime(records, "", nil)
	if err != nil {
		return err
	}
	changed, err := rt.Connector().Edit(ctx, t, r, values)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(f.std.Out, connectionJSON(changed))
	}
	fmt.Fprintf(f.std.Err, "changed connection %q\n", changed.Name)
	return nil
}

type reauthorizeOptions struct {
	*factory
	path       string // of the app
	params     paramFlags
	browser    browserFlags
	anyAccount bool
}

func newConnectionsReauthorize(f *factory) *cobra.Command {
	o := &reauthorizeOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "reauthorize CONNECTION",
		Short: "Authorize a connection again, with the same account",
		Long: `Take a connection through the provider's pages again. Its id and name stay, new values
win. With --scope it also asks for more permissions, and with --param it takes other
parameters along, as far as they can be edited.`,
		Example:           "  cleat connections reauthorize alice --egress-allow 127.0.0.1 --scope write",
		Args:              arguments("CONNECTION"),
		ValidArgsFunction: f.completeConnection(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.withRecord(cmd.Context(), args[0], func(records *store.Store, r *connect.Record) error {
				return o.reauthorize(cmd.Context(), records, r)
			})
		},
	}
	cmd.Flags().BoolVar(&o.anyAccount, "allow-account-change", false, "let the connection belong to another account from now on")
	o.params.add(cmd)
	o.browser.add(cmd)
	appFlag(cmd, &o.path)
	return cmd
}

func (o *reauthorizeOptions) reauthorize(ctx context.Context, records *store.Store, r *connect.Record) error {
	a, t, err := o.appOf(ctx, records, r, o.path)
	if err != nil {
		return err
	}
	fields, _ := cleat.FormOf(a.Connection(t.ID).Parameters)
	given, err := o.params.read(o.factory, fields)
	if err != nil {
		return err
	}
	values, err := t.Reentered(r, given)
	if err != nil {
		return err
	}
	return o.authorize(ctx, records, t, o.browser, connect.Request{Name: r.Name, ConnID: r.ID, Parameters: values, Scope: append(r.Scope, o.browser.scope...), AllowAccountChange: o.anyAccount})
}
