package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/webhook"
)

// runtime returns what components run with. It keeps to the egress guard; each exchange
// goes to log, if there is one, and to standard error with --trace. More may change the
// options of the engine.
func (f *factory) runtime(records connect.Store, redirectURI string, log func(engine.Exchange), more ...func(*engine.Options) error) (*cleat.Runtime, error) {
	allow, err := f.allowed()
	if err != nil {
		return nil, err
	}
	o := engine.Options{
		Egress:    engine.Egress{Allow: allow},
		UserAgent: "cleat/" + version(),
		Log:       f.tracing(log),
		Debug:     f.trace,
	}
	for _, change := range more {
		if err := change(&o); err != nil {
			return nil, err
		}
	}
	triggers, _ := records.(poll.Store) // what keeps the one keeps the other
	hooks, _ := records.(webhook.Store)
	installations, _ := records.(connect.Installations)
	return cleat.New(cleat.Options{Engine: o, Connections: records, Triggers: triggers, Hooks: hooks, Installations: installations, RedirectURI: redirectURI, Timezone: f.timezone, Debug: f.debug}), nil
}

// openStore opens the store in the home folder, which is made when it does not exist. The
// caller must close it.
func (f *factory) openStore(ctx context.Context) (*store.Store, error) {
	dir, err := f.home()
	if err != nil {
		return nil, err
	}
	records, err := store.Open(ctx, store.Options{Dir: dir})
	var place *fs.PathError
	if errors.As(err, &place) && !errors.Is(err, store.ErrKeyset) {
		err = &hintedError{err, "set CLEAT_HOME to a folder that you can write to"}
	}
	return records, err
}

// openedStore is where a command finds connections.
type openedStore interface {
	connect.Store
	connect.Installations
	io.Closer
}

// scratch is a store in a folder of its own, which Close removes.
type scratch struct {
	*store.Store
	dir string
}

func openScratch(ctx context.Context) (*scratch, error) {
	dir, err := os.MkdirTemp("", "cleat-")
	if err != nil {
		return nil, err
	}
	records, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &scratch{records, dir}, nil
}

// Close closes and removes the store.
func (s *scratch) Close() error { return errors.Join(s.Store.Close(), os.RemoveAll(s.dir)) }

// load reads an app. Its findings are shown when a command that needs the definition
// cannot go on; `cleat inspect` shows all of them.
func (f *factory) load(path string) (*cleat.App, error) {
	a, err := cleat.Load(path)
	return a, unreadableApp(err)
}

// unreadableApp adds to a path that is no app what is expected there.
func unreadableApp(err error) error {
	var d source.Diagnostic
	if !errors.As(err, &d) || d.Line > 0 || d.Hint != "" {
		return err
	}
	d.Hint = "APP is the folder of an app, its makecomapp.json, or a ZIP"
	return d
}

// unknownComponent makes a usage error of an id that the app does not have.
func unknownComponent(err error) error {
	var wrong *cleat.TypeError
	if errors.As(err, &wrong) {
		return usagef(commandFor(wrong.Module), "%s", wrong.Error())
	}
	var unknown *cleat.UnknownError
	if !errors.As(err, &unknown) {
		return err
	}
	hint := fmt.Sprintf("the app has no %s at all", unknown.Kind)
	if len(unknown.Near) > 0 {
		hint = "did you mean " + strings.Join(unknown.Near, " or ") + "?"
	} else if len(unknown.All) > 0 {
		hint = "there are " + strings.Join(unknown.All, ", ")
	}
	return usagef(hint, "%s", unknown.Error())
}

// commandFor says what is done with a module of this type.
func commandFor(m *app.Module) string {
	switch m.Type {
	case app.Trigger:
		return "cleat trigger polls it"
	case app.InstantTrigger:
		return fmt.Sprintf("cleat listen APP %s --trigger %s receives for it", first(m.Webhook, "WEBHOOK"), m.ID)
	}
	return "cleat run runs it"
}

// elsewhere adds to a connection type that is an alias where it is connected.
func elsewhere(err error) error {
	var alias *cleat.AliasError
	if !errors.As(err, &alias) {
		return unknownComponent(err)
	}
	return usagef(aliasHint(alias.Alias), "%s", alias.Error())
}

// findConnection returns the connection with the given name or id.
func findConnection(ctx context.Context, records connect.Store, name string) (*connect.Record, error) {
	r, err := records.ConnectionNamed(ctx, name)
	if id, wrong := strconv.ParseInt(name, 10, 64); errors.Is(err, connect.ErrNotFound) && wrong == nil {
		r, err = records.Connection(ctx, id)
	}
	if !errors.Is(err, connect.ErrNotFound) {
		return r, err
	}
	return nil, needsUser(&connect.Error{Reason: connect.Configuration, Message: fmt.Sprintf("there is no connection %q", name), Hint: noConnectionHint(ctx, records), Cause: err})
}

func noConnectionHint(ctx context.Context, records connect.Store) string {
	all, err := records.Connections(ctx)
	if err != nil || len(all) == 0 {
		return "make one with cleat connect APP CONNECTION --name NAME"
	}
	names := make([]string, len(all))
	for i, r := range all {
		names[i] = r.Name
	}
	return "there are " + strings.Join(names, ", ") + "; cleat connect makes new ones"
}

// appOf loads the app of a connection: from the given path, or from where it was when the
// connection was made, as it is installed in the store.
func (f *factory) appOf(ctx context.Context, records connect.Installations, record *connect.Record, path string) (*cleat.App, *connect.Type, error) {
	if path == "" {
		path = record.Root
	}
	if path == "" {
		return nil, nil, usagef("give it with --app APP", "the app of connection %q is not known", record.Name)
	}
	a, err := f.load(path)
	if err != nil {
		return nil, nil, err
	}
	if a.Name != record.App {
		return nil, nil, usagef("give the app with --app APP", "connection %q belongs to the app %q; %s is %q", record.Name, record.App, path, a.Name)
	}
	if a.Connection(record.Type) == nil {
		return nil, nil, unknownComponent(&cleat.UnknownError{Kind: app.ConnectionKind, ID: record.Type, All: a.IDs(app.ConnectionKind)})
	}
	if a, err = a.Installed(ctx, records); err != nil {
		return nil, nil, err
	}
	t, err := a.ConnectionType(record.Type)
	return a, t, err
}
