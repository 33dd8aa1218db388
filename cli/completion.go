package cli

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/spf13/cobra"
)

// completer is what cobra asks for the next words: each may be followed by a tab and an
// explanation. What cannot be read completes to nothing; the command itself says why.
type completer = func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective)

// complete completes a flag by words that are known.
func complete(cmd *cobra.Command, flag string, words ...string) {
	completeFlag(cmd, flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

func completeFlag(cmd *cobra.Command, flag string, by completer) {
	// The error is that of an unknown flag, which would be a mistake in this package.
	if err := cmd.RegisterFlagCompletionFunc(flag, by); err != nil {
		panic(err)
	}
}

// listed makes a completer of a list without files.
func listed(list func(cmd *cobra.Command, args []string) []string) completer {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		var fitting []string
		for _, word := range list(cmd, args) {
			if strings.HasPrefix(word, typed) {
				fitting = append(fitting, word)
			}
		}
		return fitting, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeAppThen completes APP by the files there are, and then an id of the app of one
// of the kinds.
func completeAppThen(kinds ...app.Kind) completer {
	ids := listed(func(_ *cobra.Command, args []string) []string {
		var all []string
		for _, kind := range kinds {
			all = append(all, componentIDs(args[0], kind)...)
		}
		return all
	})
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return nil, cobra.ShellCompDirectiveDefault
		case 1:
			return ids(cmd, args, typed)
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeApp completes a single APP.
func completeApp(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func componentIDs(path string, kind app.Kind) []string {
	a, err := cleat.Load(path)
	if err != nil {
		return nil
	}
	var list []string
	switch kind {
	case app.ConnectionKind:
		for _, c := range a.Connections {
			list = append(list, explained(c.ID, c.Label))
		}
	case app.ModuleKind:
		for _, m := range a.Modules {
			list = append(list, explained(m.ID, m.Label))
		}
	case app.RPCKind:
		for _, r := range a.RPCs {
			list = append(list, explained(r.ID, r.Label))
		}
	case app.WebhookKind:
		for _, w := range a.Webhooks {
			list = append(list, explained(w.ID, w.Label))
		}
	}
	return list
}

// explained puts an explanation behind a word; the label comes from an app.
func explained(word, label string) string { return cell(word) + "\t" + cell(printable(label)) }

// completeConnection completes the name of a connection.
func (f *factory) completeConnection() completer {
	return listed(func(cmd *cobra.Command, args []string) []string {
		if len(args) > 0 {
			return nil
		}
		return f.connectionNames(cmd.Context(), func(r *connect.Record) string { return explained(r.Name, r.App+account(r)) }, "")
	})
}

// completeConnectionFlag completes --connection by the connections of the app.
func (f *factory) completeConnectionFlag() completer {
	return listed(func(cmd *cobra.Command, args []string) []string {
		if len(args) == 0 {
			return nil
		}
		a, err := cleat.Load(args[0])
		if err != nil {
			return nil
		}
		return f.connectionNames(cmd.Context(), func(r *connect.Record) string { return explained(r.Name, r.Metadata.Value) }, a.Name)
	})
}

// connectionNames words the connections of an app, "" for all apps. It makes no home.
func (f *factory) connectionNames(ctx context.Context, word func(*connect.Record) string, app string) []string {
	dir, err := f.home()
	if err != nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(dir, "cleat.db")); err != nil {
		return nil
	}
	records, err := f.openStore(ctx)
	if err != nil {
		return nil
	}
	defer records.Close()
	all, err := records.Connections(ctx)
	if err != nil {
		return nil
	}
	var list []string
	for _, r := range all {
		if app == "" || r.App == app {
			list = append(list, word(r))
		}
	}
	return list
}

// completeParam completes --param by the parameters of the component; the value is the
// person's.
func completeParam(kind app.Kind) completer {
	names := listed(func(_ *cobra.Command, args []string) []string {
		var list []string
		fields, _ := cleat.FormOf(typedForms(kind, args)...)
		for _, field := range fields.Fields() {
			list = append(list, explained(field.Name+"=", field.Label))
		}
		return list
	})
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		list, directive := names(cmd, args, typed)
		return list, directive | cobra.ShellCompDirectiveNoSpace
	}
}

// typedForms returns the parameters of the component that APP and an id name.
func typedForms(kind app.Kind, args []string) []*app.Code {
	if len(args) == 0 {
		return nil
	}
	a, err := cleat.Load(args[0])
	switch {
	case err != nil:
		return nil
	case kind == app.ConnectionKind && len(args) == 1 && len(a.Connections) == 1:
		return []*app.Code{a.Connections[0].Parameters}
	case len(args) < 2:
		return nil
	case kind == app.ModuleKind && a.App.Module(args[1]) == nil:
		kind = app.EndpointKind // which runs like a module
	}
	return formsOf(a, kind, args[1])
}
