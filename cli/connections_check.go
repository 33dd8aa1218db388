package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
)

type checkOptions struct {
	*factory
	within time.Duration
}

func newConnectionsCheck(f *factory) *cobra.Command {
	o := &checkOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "check [CONNECTION…]",
		Short: "Renew what has to be renewed, and tell what will soon need you",
		Long: `Renew connections, all or the named ones, that have to be renewed, or that end within
--within and can be renewed without you; tell which ones need you. Run it once a day, so
that tokens which die when nobody uses them stay alive.

The command ends with 4 when a connection has to be authorized again, or will have to be
soon.`,
		Example:           "  cleat connections check --within 72h",
		Args:              cobra.ArbitraryArgs,
		ValidArgsFunction: f.completeConnection(),
		RunE:              func(cmd *cobra.Command, args []string) error { return runCheck(cmd.Context(), o, args) },
	}
	cmd.Flags().DurationVar(&o.within, "within", 7*24*time.Hour, "`time` in which the end of a connection is near")
	return cmd
}

// checked is a line of --json.
type checked struct {
	Health     connect.Health `json:"health"`
	Reason     string         `json:"reason,omitempty"`
	Connection *connection    `json:"connection"`
}

func runCheck(ctx context.Context, o *checkOptions, names []string) error {
	if o.within < 0 {
		return usagef("leave it out for 168h", "--within %s is below zero", o.within)
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	chosen, err := chosenConnections(ctx, records, names)
	if err != nil {
		return err
	}
	rt, err := o.runtime(records, "", nil)
	if err != nil {
		return err
	}
	defer rt.Close()
	list := make([]checked, len(chosen))
	for i, r := range chosen {
		if list[i] = o.check(ctx, records, rt.Connector(), r); ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return o.writeChecked(list)
}

// chosenConnections returns the named connections, all without names.
func chosenConnections(ctx context.Context, records *store.Store, names []string) ([]*connect.Record, error) {
	if len(names) == 0 {
		return records.Connections(ctx)
	}
	var chosen []*connect.Record
	for _, name := range names {
		r, err := findConnection(ctx, records, name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, r)
	}
	return chosen, nil
}

func (o *checkOptions) check(ctx context.Context, records *store.Store, connector *connect.Connector, r *connect.Record) checked {
	_, t, err := o.appOf(ctx, records, r, "")
	health, after := connect.Failed, r
	if err == nil {
		health, after, err = connector.Check(ctx, t, r, o.within)
	} else if r.Broken != "" {
		health, err = connect.Broken, nil
	}
	c := checked{Health: health, Connection: connectionJSON(after), Reason: after.Broken}
	if err != nil {
		c.Reason = faultOf(err).Message
	}
	return c
}

// writeChecked tells the health of connections; the error is that of the worst.
func (o *checkOptions) writeChecked(list []checked) error {
	code := exitDone
	rows := [][]string{{"NAME", "APP", "STATE", "UNTIL", "REASON"}}
	for _, c := range list {
		switch {
		case c.Health.NeedsPerson():
			code = exitNeedsUser
		case c.Health == connect.Failed && code == exitDone:
			code = exitFailed
		}
		until := ""
		if c.Connection.Expires != nil {
			until = c.Connection.Expires.UTC().Format(time.DateTime)
		}
		rows = append(rows, []string{c.Connection.Name, c.Connection.App, string(c.Health), until, c.Reason})
	}
	var err error
	switch {
	case o.json:
		err = writeJSON(o.std.Out, list)
	case len(list) == 0:
		fmt.Fprintln(o.std.Err, "there are no connections; cleat connect APP makes one")
	default:
		_, err = io.WriteString(o.std.Out, printable(table(rows)))
	}
	if err == nil && code != exitDone {
		err = &exitError{code: code}
	}
	return err
}
