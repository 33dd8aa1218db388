package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/scaffold"
	"github.com/spf13/cobra"
)

type newOptions struct {
	*factory
	app string
	scaffold.Component
}

func newNew(f *factory) *cobra.Command {
	group := newGroup("new", "Make a new app, or a new component of one",
		newNewApp(f), newNewConnection(f), newNewModule(f), newNewRPC(f), newNewWebhook(f), newNewFunction(f))
	group.Long = `Make a new app, or a new component of one: the files with what one would write first,
and the entry in makecomapp.json. Nothing that exists is overwritten.`
	return group
}

func newNewApp(f *factory) *cobra.Command {
	var label string
	cmd := &cobra.Command{
		Use:     "app FOLDER",
		Short:   "Make an app",
		Example: "  cleat new app book-shop --label 'Book shop'",
		Args:    arguments("FOLDER"),
		RunE: func(_ *cobra.Command, args []string) error {
			paths, err := scaffold.NewApp(args[0], first(label, filepath.Base(args[0])))
			if err != nil {
				return exists(err, "choose another folder; cleat new connection adds to an app")
			}
			return f.made(paths)
		},
	}
	cmd.Flags().StringVar(&label, "label", "", "`name` that people see (default: that of the folder)")
	return cmd
}

func newNewConnection(f *factory) *cobra.Command {
	o := &newOptions{factory: f, Component: scaffold.Component{Kind: app.ConnectionKind}}
	cmd := &cobra.Command{
		Use:   "connection TYPE [ID]",
		Short: "Make a connection",
		Long: `Make a connection. TYPE is ` + strings.Join(scaffold.ConnectionTypes(), ", ") + `.

With --provider the connection comes from the gallery of OAuth 1.0 providers:
` + strings.Join(scaffold.Providers(), ", ") + `.
The first lines of its communication say what was checked against the provider's own
documents. One-legged providers are of type basic.`,
		Example: `  cleat new connection oauth-1 --provider trello --app my-app
  cleat new connection apikey shopKey --app my-app`,
		Args: optionalArguments(1, "TYPE", "ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Type = args[0]
			if len(args) > 1 {
				o.ID = args[1]
			} else if o.Provider == "" {
				return usagef("see cleat help new connection", "ID is missing")
			}
			return o.add()
		},
	}
	cmd.ValidArgs = scaffold.ConnectionTypes()
	cmd.Flags().StringVar(&o.Provider, "provider", "", "`name` of a provider in the gallery")
	complete(cmd, "provider", scaffold.Providers()...)
	return o.flags(cmd)
}

func newNewModule(f *factory) *cobra.Command {
	o := &newOptions{factory: f, Component: scaffold.Component{Kind: app.ModuleKind}}
	cmd := o.typed("module TYPE ID", "Make a module", scaffold.ModuleTypes(), "  cleat new module search searchBooks --app my-app")
	cmd.Flags().StringVar(&o.Connection, "connection", "", "`id` of the connection type that it uses")
	cmd.Flags().StringVar(&o.Webhook, "webhook", "", "`id` of the webhook of an instant trigger")
	return cmd
}

func newNewWebhook(f *factory) *cobra.Command {
	o := &newOptions{factory: f, Component: scaffold.Component{Kind: app.WebhookKind}}
	cmd := o.typed("webhook TYPE ID", "Make a webhook", scaffold.WebhookTypes(), "  cleat new webhook web bookEvents --app my-app")
	cmd.Flags().StringVar(&o.Connection, "connection", "", "`id` of the connection type that it uses")
	return cmd
}

// typed is the command for a kind that has types.
func (o *newOptions) typed(use, short string, types []string, example string) *cobra.Command {
	return o.flags(&cobra.Command{
		Use: use, Short: short, Long: short + ". TYPE is " + strings.Join(types, ", ") + ".", Example: example,
		Args: arguments("TYPE", "ID"), ValidArgs: types,
		RunE: func(_ *cobra.Command, args []string) error {
			o.Type, o.ID = args[0], args[1]
			return o.add()
		},
	})
}

func newNewRPC(f *factory) *cobra.Command {
	o := &newOptions{factory: f, Component: scaffold.Component{Kind: app.RPCKind}}
	cmd := o.untyped("rpc ID", "Make an RPC", "  cleat new rpc listShelves --app my-app")
	cmd.Flags().StringVar(&o.Connection, "connection", "", "`id` of the connection type that it uses")
	return cmd
}

func newNewFunction(f *factory) *cobra.Command {
	o := &newOptions{factory: f, Component: scaffold.Component{Kind: app.FunctionKind}}
	return o.untyped("function ID", "Make a custom function and its test", "  cleat new function bookTitle --app my-app")
}

// untyped is the command for a kind that has no types.
func (o *newOptions) untyped(use, short, example string) *cobra.Command {
	return o.flags(&cobra.Command{
		Use: use, Short: short, Example: example, Args: arguments("ID"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.ID = args[0]
			return o.add()
		},
	})
}

func (o *newOptions) flags(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVar(&o.app, "app", ".", "`folder` of the app, or anything inside it")
	if o.Kind != app.FunctionKind {
		cmd.Flags().StringVar(&o.Label, "label", "", "`name` that people see (default: the id)")
	}
	return cmd
}

func (o *newOptions) add() error {
	a, _, err := app.Load(o.app)
	if err != nil {
		return err
	}
	if a.Layout != app.Project {
		return usagef("unpack it into a project with makecomapp.json first", "components are added to projects only; this app is of layout %s", a.Layout)
	}
	paths, err := scaffold.Add(a.Root, o.Component)
	var invalid *scaffold.InvalidError
	if errors.As(err, &invalid) {
		return usagef(invalid.Hint, "%s", invalid.Message)
	}
	if err != nil {
		return exists(err, "choose another id")
	}
	return o.made(paths)
}

// exists makes a usage error of a thing that is there already.
func exists(err error, hint string) error {
	if errors.Is(err, fs.ErrExist) {
		return usagef(hint, "%v", err)
	}
	return err
}

// made prints the paths that were made or changed.
func (f *factory) made(paths []string) error {
	for i, path := range paths {
		paths[i] = fromHere(path)
	}
	if f.json {
		return writeJSON(f.std.Out, paths)
	}
	for _, path := range paths {
		if _, err := fmt.Fprintln(f.std.Out, printable(path)); err != nil {
			return err
		}
	}
	return nil
}

// fromHere writes a path as seen from the working directory, if it is below it.
func fromHere(path string) string {
	here, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(short) {
		return short
	}
	return path
}
