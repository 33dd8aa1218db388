package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
	"github.com/spf13/cobra"
)

// runOptions are those of run and of rpc.
type runOptions struct {
	*factory
	app, id    string
	connection string
	params     paramFlags
	tape       tapeFlags
	files      string
	limit      int
	stateful   bool // the component keeps a state in the store
}

func newRun(f *factory) *cobra.Command {
	o := &runOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "run APP MODULE|ENDPOINT",
		Short: "Run a module once",
		Long: `Run a module once and print its bundles, one JSON object a line, as they come. Ctrl-C
keeps what was printed so far.

--connection names the connection to use; it may be left out when there is only one that
fits. An endpoint runs like a module. Fields that RPCs give are asked for first, so that
their values are checked like the others.`,
		Example: `  cleat run my-app listBooks
  cleat run examples/photos searchPhotos --egress-allow 127.0.0.1 --param text=boat --limit 3
  cleat run examples/photos searchPhotos --egress-allow 127.0.0.1 -p text=boat --connection alice --trace`,
		Args:              arguments("APP", "MODULE"),
		ValidArgsFunction: completeAppThen(app.ModuleKind, app.EndpointKind),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app, o.id = args[0], args[1]
			return runRun(cmd.Context(), o)
		},
	}
	o.flags(cmd, app.ModuleKind)
	cmd.Flags().StringArrayVar(&o.params.gone, "erase", nil, "empty the parameter with this `name` at the service, in modules that update; may be repeated")
	cmd.Flags().IntVar(&o.limit, "limit", 0, "stop after this `number` of bundles (default: what the app lets through)")
	return cmd
}

func (o *runOptions) flags(cmd *cobra.Command, kind app.Kind) {
	cmd.Flags().StringVarP(&o.connection, "connection", "c", "", "`name` or id of the connection to use")
	o.params.add(cmd)
	o.params.fed, o.params.free = kind != app.RPCKind, kind == app.RPCKind
	completeFlag(cmd, "connection", o.completeConnectionFlag())
	completeFlag(cmd, "param", completeParam(kind))
	cmd.Flags().StringVar(&o.files, "files", "", "write binary answers above 4 MiB to this `folder` as they come")
	o.tape.add(cmd)
}

func runRun(ctx context.Context, o *runOptions) error {
	if o.limit < 0 {
		return usagef("leave it out for all bundles", "--limit %d is below zero", o.limit)
	}
	return o.with(ctx, runnable, func(run *cleat.Run, p *progress) error {
		var line []byte
		for bundle, err := range run.Bundles(ctx) {
			if err != nil {
				return err
			}
			line = append(bundle.AppendJSON(line[:0]), '\n')
			if err := p.bundle(func() error { _, err := o.std.Out.Write(line); return err }); err != nil {
				return err
			}
		}
		return nil
	})
}

// runnable compiles what run runs: a module, or an endpoint when there is no module of
// this name, or none that resembles it.
func runnable(a *cleat.App, id string) (*cleat.Component, error) {
	if a.App.Module(id) == nil && (a.App.Endpoint(id) != nil || len(a.Suggest(app.ModuleKind, id)) == 0 && len(a.Suggest(app.EndpointKind, id)) > 0) {
		return a.Endpoint(id)
	}
	return a.Module(id)
}

func newRPC(f *factory) *cobra.Command {
	o := &runOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "rpc APP RPC",
		Short: "Run an RPC and print what it gives as one JSON array",
		Long: `Run an RPC and print what it gives as one JSON array. Forms call an RPC with everything
that was entered so far; an RPC that lists no parameters of its own takes any --param, as text.`,
		Example:           "  cleat rpc examples/photos listAlbums --egress-allow 127.0.0.1 --connection alice",
		Args:              arguments("APP", "RPC"),
		ValidArgsFunction: completeAppThen(app.RPCKind),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app, o.id = args[0], args[1]
			return runRPC(cmd.Context(), o)
		},
	}
	o.flags(cmd, app.RPCKind)
	return cmd
}

func runRPC(ctx context.Context, o *runOptions) error {
	return o.with(ctx, (*cleat.App).RPC, func(run *cleat.Run, p *progress) error {
		all := []value.Value{}
		for item, err := range run.Bundles(ctx) {
			if err != nil {
				return err
			}
			p.bundle(func() error { all = append(all, item); return nil })
		}
		return writeJSON(o.std.Out, all)
	})
}

// compiler compiles a component of an app.
type compiler = func(*cleat.App, string) (*cleat.Component, error)

// with starts a run, lets do consume it, and shows what else there is to know.
func (o *runOptions) with(ctx context.Context, compile compiler, do func(*cleat.Run, *progress) error) error {
	return o.ready(ctx, compile, func(s *prepared) error {
		run, err := s.runtime.Start(ctx, s.component, s.input)
		if err != nil {
			return err
		}
		err = do(run, s.progress)
		s.progress.end()
		o.warn(run.Warnings()...)
		o.warnMissing(s.component, s.input.Connection)
		return err
	})
}

// prepared is a component that is ready to run.
type prepared struct {
	runtime   *cleat.Runtime
	component *cleat.Component
	input     cleat.Input
	given     *value.Collection // parameters without defaults
	progress  *progress
}

// ready loads and compiles, reads the parameters, finds the connection, and lets do run
// the component.
func (o *runOptions) ready(ctx context.Context, compile compiler, do func(*prepared) error) error {
	a, err := o.load(o.app)
	if err != nil {
		return err
	}
	c, err := compile(a, o.id)
	if err != nil {
		return unknownComponent(err)
	}
	given, err := o.params.read(o.factory, c.Form())
	if err != nil {
		return err
	}
	values := given.Clone()
	if err := fillIn(c.Form(), values); err != nil {
		return err
	}
	if err := o.tape.load(); err != nil {
		return err
	}
	records, record, err := o.chosen(ctx, c)
	if err != nil {
		return err
	}
	if records != nil {
		defer records.Close()
		o.warnUninstalled(ctx, records, a, o.app, connectionTypeOf(record))
	}
	p := o.progress()
	defer p.end()
	rt, err := o.runtime(records, "", p.exchange, o.tape.begin, o.keepFiles)
	if err != nil {
		return err
	}
	defer rt.Close()
	if err := o.tape.uses(ctx, rt, a, record); err != nil {
		return err
	}
	in := cleat.Input{Connection: record, Parameters: values, Limit: o.limit}
	if c.Kind != app.RPCKind {
		in.RPC = form.Cache(rt.RPC(a, record))
		if err := o.params.readFed(ctx, c.Form(), values, form.Options{RPC: in.RPC}); err != nil {
			return err
		}
	}
	err = do(&prepared{rt, c, in, given, p})
	if wrong := o.tape.end(o.factory, err); wrong != nil {
		err = errors.Join(err, wrong)
	}
	return o.advise(err, record)
}

// warnMissing tells of scopes that the component asks for and the connection lacks.
func (o *runOptions) warnMissing(c *cleat.Component, record *connect.Record) {
	if missing := c.Missing(record); len(missing) > 0 {
		o.warn(fmt.Sprintf("%s %q asks for the scope %s, which connection %q was not granted; cleat connections reauthorize %s --scope %s asks for it",
			c.Kind, c.ID, strings.Join(missing, ", "), record.Name, shellWord(record.Name), strings.Join(missing, ",")))
	}
}

// chosen returns the connection to use: the named one, that of a recording, or the only
// one that fits. The store is nil when the component needs no connection and keeps no
// state, and nothing of the app can be installed; what a replay keeps is gone afterwards.
func (o *runOptions) chosen(ctx context.Context, c *cleat.Component) (openedStore, *connect.Record, error) {
	unconnected := o.connection == "" && len(c.Connections) == 0
	if unconnected && !o.stateful && !c.App.Installable() {
		return nil, nil, nil
	}
	if o.connection == "" && o.tape.suffices(c) {
		return o.tape.store(ctx, c.App)
	}
	if unconnected {
		return withoutConnection(o.openStore(ctx))
	}
	records, err := o.openStore(ctx)
	if err != nil {
		return nil, nil, err
	}
	record, err := o.choose(ctx, records, c)
	if err != nil {
		records.Close()
		return nil, nil, err
	}
	return records, record, nil
}

// withoutConnection is what chosen returns for a component that needs none.
func withoutConnection(records openedStore, err error) (openedStore, *connect.Record, error) {
	if err != nil {
		return nil, nil, err
	}
	return records, nil, nil
}

func (o *runOptions) choose(ctx context.Context, records connect.Store, c *cleat.Component) (*connect.Record, error) {
	if o.connection != "" {
		return findConnection(ctx, records, o.connection)
	}
	all, err := records.Connections(ctx)
	if err != nil {
		return nil, err
	}
	fitting := slices.DeleteFunc(all, func(r *connect.Record) bool {
		return !c.Accepts(r)
	})
	switch len(fitting) {
	case 0:
		return nil, needsUser(&hintedError{&cleat.ConnectionError{Component: c, Message: fmt.Sprintf("%s %q needs a connection of type %q", c.Kind, c.ID, c.Connections[0])},
			o.makeOne(c)})
	case 1:
		return fitting[0], nil
	}
	var names []string
	for _, r := range fitting {
		names = append(names, r.Name)
	}
	return nil, usagef("say which one with --connection: "+strings.Join(names, ", "), "several connections fit %s %q", c.Kind, c.ID)
}

// makeOne tells how to make a connection that the component accepts.
func (o *runOptions) makeOne(c *cleat.Component) string {
	if alias := c.App.Connection(c.Connections[0]); alias != nil && alias.AliasTo != "" {
		return aliasHint(alias.AliasTo)
	}
	return fmt.Sprintf("make one with cleat connect %s %s --name NAME", shellWord(o.app), c.Connections[0])
}

func aliasHint(alias string) string {
	return fmt.Sprintf("make one with cleat connect APP %s --name NAME, where APP is that other app", alias)
}

// advise adds what the person can do about a connection that is no longer accepted.
func (o *runOptions) advise(err error, record *connect.Record) error {
	var failure *engine.Error
	var unfit *cleat.ConnectionError
	switch {
	case errors.As(err, &failure) && failure.Type == engine.InvalidAccessTokenError && record != nil:
		return needsUser(&hintedError{err, "cleat connections reauthorize " + shellWord(record.Name)})
	case errors.As(err, &unfit) && stale(unfit.Record):
		return needsUser(&hintedError{err, "cleat connections reauthorize " + shellWord(unfit.Record.Name)})
	case errors.As(err, &unfit):
		return needsUser(err)
	}
	return err
}

func connectionTypeOf(r *connect.Record) string {
	if r == nil {
		return ""
	}
	return r.Type
}

// stale reports whether a connection that does not fit has to be authorized again.
func stale(r *connect.Record) bool { return r != nil && (r.Broken != "" || !r.Expires.IsZero()) }

// hintedError adds a hint to an error.
type hintedError struct {
	error
	hint string
}

// Unwrap returns the error itself.
func (e *hintedError) Unwrap() error { return e.error }

// Hint says what the person can do.
func (e *hintedError) Hint() string { return e.hint }
