package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

type installOptions struct {
	*factory
	app, connection string
	params          paramFlags
	show, remove    bool
}

func newInstall(f *factory) *cobra.Command {
	o := &installOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "install APP [CONNECTION]",
		Short: "Set up an app here: client ids, secrets and what else it wants to know once",
		Long: `Answer the install spec of an app, or of one of its connection types. What the install
directives make of the answers is encrypted in the store, and from then on is part of the
common data of the app or of the connection type, over what the definition holds.

Run again, it changes what is given and keeps the rest. --show tells what was answered;
secrets are not shown. --remove forgets it.`,
		Example: `  cleat install my-app books --param clientId=42 -p clientSecret=@secret.txt
  cleat install my-app --show
  cleat install my-app books --remove`,
		Args:              optionalArguments(1, "APP", "CONNECTION"),
		ValidArgsFunction: completeAppThen(app.ConnectionKind),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app = args[0]
			if len(args) > 1 {
				o.connection = args[1]
			}
			return runInstall(cmd.Context(), o)
		},
	}
	o.params.add(cmd)
	cmd.Flags().BoolVar(&o.show, "show", false, "show what was answered, without secrets")
	cmd.Flags().BoolVar(&o.remove, "remove", false, "forget what was answered")
	return cmd
}

func runInstall(ctx context.Context, o *installOptions) error {
	if given := len(o.params.list) > 0 || o.params.file != ""; o.show && o.remove || given && (o.show || o.remove) {
		return usagef("do one after the other", "--show, --remove and parameters exclude each other")
	}
	a, err := o.load(o.app)
	if err != nil {
		return err
	}
	scopes, err := o.scopes(a)
	if err != nil {
		return err
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	stored, err := records.Installations(ctx, a.Name)
	if err != nil {
		return err
	}
	if o.show {
		return o.writeInstallations(scopes, stored)
	}
	scope, err := o.only(scopes)
	if err != nil {
		return err
	}
	if o.remove {
		return o.removed(scope, records.DeleteInstallation(ctx, a.Name, scope.Connection))
	}
	return o.install(ctx, records, a, scope, installationOf(stored, scope))
}

// scopes returns what of the app can be installed: all, or what the person names.
func (o *installOptions) scopes(a *cleat.App) ([]*connect.Installable, error) {
	if o.connection != "" && a.Connection(o.connection) == nil {
		return nil, unknownComponent(&cleat.UnknownError{Kind: app.ConnectionKind, ID: o.connection,
			Near: a.Suggest(app.ConnectionKind, o.connection), All: a.IDs(app.ConnectionKind)})
	}
	all, err := a.Installables()
	if err != nil {
		return nil, err
	}
	if o.connection != "" {
		all = slices.DeleteFunc(all, func(i *connect.Installable) bool { return i.Connection != o.connection })
	}
	if len(all) == 0 {
		return nil, usagef("it has neither an install spec nor install directives", "there is nothing to install")
	}
	return all, nil
}

// only is the scope to work on: the app's own, or the only one that there is.
func (o *installOptions) only(scopes []*connect.Installable) (*connect.Installable, error) {
	if len(scopes) == 1 || scopes[0].Connection == "" {
		return scopes[0], nil
	}
	var names []string
	for _, s := range scopes {
		names = append(names, s.Connection)
	}
	return nil, usagef("there are "+strings.Join(names, ", "), "CONNECTION is missing")
}

// installationOf is what was stored for a scope, and a new installation when there is none.
func installationOf(stored []*connect.Installation, scope *connect.Installable) *connect.Installation {
	for _, i := range stored {
		if i.Connection == scope.Connection {
			return i
		}
	}
	return &connect.Installation{App: scope.App, Connection: scope.Connection}
}

// install takes the answers, those that are stored under the given ones, and installs.
func (o *installOptions) install(ctx context.Context, records *store.Store, a *cleat.App, scope *connect.Installable, i *connect.Installation) error {
	fields, found := cleat.FormOf(scope.Spec)
	if err := found.Err(); err != nil {
		return err
	}
	given, err := o.params.read(o.factory, fields)
	if err != nil {
		return err
	}
	answers := kept(fields, i.Parameters, given)
	if err := o.ask(fields, answers); err != nil {
		return err
	}
	if err := fillIn(fields, answers); err != nil {
		return err
	}
	if i.Parameters, err = converted(ctx, fields, answers, form.Options{Platform: a.ManifestVersion, Timezone: o.timezone}); err != nil {
		return err
	}
	rt, err := o.runtime(records, "", nil)
	if err != nil {
		return err
	}
	defer rt.Close()
	if err := rt.Connector().Install(ctx, scope, records, i); err != nil {
		return err
	}
	if i.Common.Len() == 0 {
		o.warn("the install directives make no common data of the answers")
	}
	if o.json {
		return writeJSON(o.std.Out, installationJSON(scope, i))
	}
	fmt.Fprintf(o.std.Err, "installed %s: common has %s\n", scopeName(scope), strings.Join(i.Common.Names(), ", "))
	return nil
}

// kept is what is given over what was answered before. An empty secret means unchanged.
func kept(fields *form.Form, before, given *value.Collection) *value.Collection {
	answers := value.NewCollection(4)
	for _, name := range before.Names() {
		if fields.Field(name) != nil || fields.Open() {
			answers.Set(name, before.Get(name))
		}
	}
	for name, v := range given.All() {
		if f := fields.Field(name); f != nil && f.Secret() && v.IsEmpty() && !before.Get(name).IsEmpty() {
			continue
		}
		answers.Set(name, v)
	}
	return answers
}

func (o *installOptions) removed(scope *connect.Installable, err error) error {
	if errors.Is(err, connect.ErrNotFound) {
		return usagef("cleat install --show tells what is", "%s is not installed", scopeName(scope))
	}
	if err != nil {
		return err
	}
	if o.json {
		return writeJSON(o.std.Out, installationJSON(scope, &connect.Installation{}))
	}
	fmt.Fprintf(o.std.Err, "forgot what %s was installed with\n", scopeName(scope))
	return nil
}

func scopeName(scope *connect.Installable) string {
	if scope.Connection == "" {
		return fmt.Sprintf("app %q", scope.App)
	}
	return fmt.Sprintf("connection %q of app %q", scope.Connection, scope.App)
}

// installation is an installation as it is shown. Secrets are not in it.
type installation struct {
	App        string       `json:"app"`
	Connection string       `json:"connection,omitempty"`
	Installed  bool         `json:"installed"`
	Updated    *time.Time   `json:"updated,omitempty"`
	Parameters *value.Value `json:"parameters,omitempty"` // secrets replaced
	Common     []string     `json:"common,omitempty"`     // names
}

func installationJSON(scope *connect.Installable, i *connect.Installation) *installation {
	shown := &installation{App: scope.App, Connection: scope.Connection, Installed: i.Version > 0}
	if !shown.Installed || i.Parameters == nil {
		return shown
	}
	fields, _ := cleat.FormOf(scope.Spec)
	answers := value.NewCollection(i.Parameters.Len())
	for name, v := range i.Parameters.All() {
		if f := fields.Field(name); (f == nil || f.Secret()) && !v.IsEmpty() {
			v = value.Text(engine.Redacted)
		}
		answers.Set(name, v)
	}
	shown.Updated, shown.Parameters, shown.Common = &i.Updated, ptr(value.FromCollection(answers)), i.Common.Names()
	return shown
}

func (o *installOptions) writeInstallations(scopes []*connect.Installable, stored []*connect.Installation) error {
	list := make([]*installation, len(scopes))
	for n, scope := range scopes {
		list[n] = installationJSON(scope, installationOf(stored, scope))
	}
	if o.json {
		return writeJSON(o.std.Out, list)
	}
	var b strings.Builder
	for n, i := range list {
		switch {
		case !i.Installed:
			fmt.Fprintf(&b, "%s is not installed\n", scopeName(scopes[n]))
			continue
		case i.Parameters == nil:
			fmt.Fprintf(&b, "%s: %v\n", scopeName(scopes[n]), connect.ErrUnreadable)
			continue
		}
		fmt.Fprintf(&b, "%s was installed on %s; common has %s\n", scopeName(scopes[n]), i.Updated.Format(time.DateTime), strings.Join(i.Common, ", "))
		for name, v := range i.Parameters.Collection().All() {
			fmt.Fprintf(&b, "  %s = %s\n", name, v.ToText())
		}
	}
	_, err := io.WriteString(o.std.Out, printable(b.String()))
	return err
}

// warnUninstalled tells of common data that are empty as long as an app, or the connection
// type that is used, is not installed (components.md 4.4).
func (f *factory) warnUninstalled(ctx context.Context, records connect.Installations, a *cleat.App, path, connection string) {
	scopes, err := a.Installables()
	if err != nil || len(scopes) == 0 {
		return
	}
	stored, err := records.Installations(ctx, a.Name)
	if err != nil {
		return // whoever uses them says so
	}
	for _, scope := range scopes {
		if (scope.Connection == "" || scope.Connection == connection) && len(scope.Lacking) > 0 && installationOf(stored, scope).Version == 0 {
			f.warn(fmt.Sprintf("%s is not installed: common lacks %s; cleat install %s sets it", scopeName(scope),
				strings.Join(scope.Lacking, ", "), strings.TrimSpace(shellWord(path)+" "+scope.Connection)))
		}
	}
}
