package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/spf13/cobra"
)

type inspectOptions struct {
	*factory
	app string
}

func newInspect(f *factory) *cobra.Command {
	o := &inspectOptions{factory: f}
	return &cobra.Command{
		Use:   "inspect APP",
		Short: "Show what is in an app",
		Long: `Show what is in an app: its components, and what is wrong with the definition.

APP is a folder (or anything inside it), makecomapp.json itself, or a ZIP. Findings
do not make the command fail; only what cannot be read at all does.`,
		Example: `  cleat inspect my-app
  cleat inspect my-app/makecomapp.json --json`,
		Args:              arguments("APP"),
		ValidArgsFunction: completeApp,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app = args[0]
			return runInspect(cmd.Context(), o)
		},
	}
}

func runInspect(ctx context.Context, o *inspectOptions) error {
	a, found, err := app.Load(o.app)
	if err != nil {
		return unreadableApp(err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s := a.Summary(found)
	if o.json {
		return writeJSON(o.std.Out, s)
	}
	return writeSummary(o.std.Out, s)
}

// writeSummary shows a summary to a person.
func writeSummary(out io.Writer, s app.Summary) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s, version %d (%s)\n", s.Name, s.Label, s.Version, s.Layout)
	b.WriteString(table(rows(s.Components)))
	if len(s.Diagnostics) > 0 {
		b.WriteString("\n" + findings(s.Diagnostics))
	}
	_, err := io.WriteString(out, printable(b.String()))
	return err
}

// rows returns the table of components: kind, id, label, type and references.
func rows(c app.SummaryComponents) [][]string {
	var all [][]string
	add := func(cells ...string) {
		if len(all) == 0 {
			all = append(all, nil, []string{"KIND", "ID", "LABEL", "TYPE", "USES"})
		}
		all = append(all, cells)
	}
	for _, x := range c.Connection {
		add(string(app.ConnectionKind), x.ID, x.Label, string(x.Type))
	}
	for _, x := range c.Webhook {
		add(string(app.WebhookKind), x.ID, x.Label, x.Type)
	}
	for _, x := range c.Module {
		add(string(app.ModuleKind), x.ID, x.Label, string(x.Type), uses(x.Connection, x.AltConnection, x.Webhook))
	}
	for _, x := range c.RPC {
		add(string(app.RPCKind), x.ID, x.Label, "", uses(x.Connection))
	}
	for _, x := range c.Function {
		add(string(app.FunctionKind), x.ID)
	}
	for _, x := range c.Endpoint {
		add(string(app.EndpointKind), x.ID)
	}
	return all
}

// uses joins the references that are there.
func uses(references ...*string) string {
	var list []string
	for _, r := range references {
		if r != nil {
			list = append(list, *r)
		}
	}
	return strings.Join(list, ", ")
}
