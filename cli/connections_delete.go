package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
)

func newConnectionsDelete(f *factory) *cobra.Command {
	var path string
	var force bool
	cmd := &cobra.Command{
		Use:   "delete CONNECTION",
		Short: "Delete a connection and its secrets",
		Long: `Delete a connection and its secrets. Where the app says how, the provider is asked before
to forget it; the connection is deleted whatever the provider answers. One that an attached
webhook or a trigger of the server works with is kept, unless --force is given.`,
		Example:           "  cleat connections delete work",
		Args:              arguments("CONNECTION"),
		ValidArgsFunction: f.completeConnection(),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.withRecord(cmd.Context(), args[0], func(records *store.Store, r *connect.Record) error {
				if err := f.unused(cmd.Context(), records, r); err != nil && !force {
					return err
				}
				return f.delete(cmd.Context(), records, r, path)
			})
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "delete it although something works with it")
	appFlag(cmd, &path)
	return cmd
}

// unused refuses when something works with a connection (connections.md CN-24).
func (f *factory) unused(ctx context.Context, records *store.Store, r *connect.Record) error {
	hooks, triggers, err := records.ConnectionUses(ctx, r.ID)
	if err != nil {
		return err
	}
	var list []string
	for _, name := range hooks {
		if h, err := records.HookNamed(ctx, name); err == nil && !h.Attached && strings.HasPrefix(name, listenPrefix) {
			continue // what listen left behind: nobody sends to it
		}
		list = append(list, fmt.Sprintf("hook %q", name))
	}
	for _, name := range triggers {
		list = append(list, fmt.Sprintf("trigger %q", name))
	}
	if len(list) == 0 {
		return nil
	}
	return &hintedError{fmt.Errorf("connection %q is used by %s", r.Name, strings.Join(list, ", ")), "end them, or delete it with --force"}
}

func (f *factory) delete(ctx context.Context, records *store.Store, r *connect.Record, path string) error {
	rt, err := f.runtime(records, "", nil)
	if err != nil {
		return err
	}
	_, t, unknown := f.appOf(ctx, records, r, path)
	if unknown != nil {
		t = nil
		f.warn("the provider was not asked to forget it: " + unknown.Error())
	}
	refused, err := rt.Connector().Delete(ctx, t, r)
	if err != nil {
		return err
	}
	if refused != nil {
		f.warn("the provider did not forget it: " + refused.Error())
	}
	if f.json {
		return writeJSON(f.std.Out, connectionJSON(r))
	}
	fmt.Fprintf(f.std.Err, "deleted connection %q\n", r.Name)
	return nil
}
