package cleat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// Options of a [Runtime]. The zero value runs what needs no connection, against public
// addresses only.
type Options struct {
	Engine      engine.Options
	Connections connect.Store // nil when there are none
	Hooks       webhook.Store // nil when there are none
	Triggers    poll.Store    // states of polling triggers; nil when none is polled
	// Installations is what apps were installed with; nil means nothing.
	Installations connect.Installations
	RedirectURI   string        // where providers send people back to, see [connect.Connector]
	NewState      func() string // of OAuth 2.0; nil means random
	Timezone      string        // IANA name, "" is UTC
	Functions     js.Options    // limits of the apps' own functions
	// Debug receives what the functions hand to debug and console; nil drops it.
	Debug func(text string)
}

// Runtime runs components with connections. It is safe for concurrent use.
//
// Apps' own functions run in child processes of this program, which therefore has to call
// [js.ServeIfChild] at the start of main.
type Runtime struct {
	engine    *engine.Engine
	connector connect.Connector
	hooks     webhook.Store
	functions *js.Sandbox
	debug     func(text string)
	triggers  poll.Store

	installations connect.Installations
}

// New returns a runtime.
func New(o Options) *Runtime {
	e := engine.New(o.Engine)
	functions := js.New(o.Functions)
	return &Runtime{
		engine: e,
		hooks:  o.Hooks,
		connector: connect.Connector{Engine: e, Store: o.Connections, RedirectURI: o.RedirectURI, NewState: o.NewState, Now: o.Engine.Now, Timezone: o.Timezone,
			Functions: functions, Debug: o.Debug},
		functions: functions,
		debug:     o.Debug,
		triggers:  o.Triggers,

		installations: o.Installations,
	}
}

// Records are what a [Runtime] works on: those of one team, where there are several.
type Records struct {
	Connections connect.Store
	Hooks       webhook.Store
	Triggers    poll.Store
	RedirectURI string // where providers send people back to, see [connect.Connector]
}

// With returns a runtime that works on other records. Network, limits and the children
// that run functions are those of rt, which alone has to be closed.
func (rt *Runtime) With(r Records) *Runtime {
	other := &Runtime{engine: rt.engine, hooks: r.Hooks, functions: rt.functions, debug: rt.debug, triggers: r.Triggers}
	other.installations, _ = r.Connections.(connect.Installations) // what keeps the one keeps the other
	c := &rt.connector
	other.connector = connect.Connector{Engine: c.Engine, Store: r.Connections, RedirectURI: r.RedirectURI, NewState: c.NewState, Now: c.Now,
		Timezone: c.Timezone, Functions: c.Functions, Debug: c.Debug}
	return other
}

// Network is the guarded network, for requests that no app makes: only addresses that the
// options let through are reached.
func (rt *Runtime) Network() http.RoundTripper { return rt.engine.Network() }

// Connector makes, tests and changes connections.
func (rt *Runtime) Connector() *connect.Connector { return &rt.connector }

// Input is what a component runs with.
type Input struct {
	Connection *connect.Record // nil when the component needs none
	Parameters *value.Collection
	// RPC is asked for the fields that RPCs give, so that their values are converted and
	// checked too: [Runtime.RPC]. Nil takes those values as they are.
	RPC     form.RPC
	Base64  bool // binary parameters are texts in base64, as the schema of [form.Form.Tool] has them
	Limit   int  // most bundles wanted, 0 for all that the app lets through
	Retries int  // how often a refused or lost request is repeated before the run fails
	// Log receives the exchanges of the run, masked; nil means that nobody listens.
	Log func(engine.Exchange)
}

// ConnectionError says that a component cannot run with the connection it was given.
type ConnectionError struct {
	Component *Component
	Record    *connect.Record // nil when a connection is missing
	Message   string
}

// Error tells what is wrong.
func (e *ConnectionError) Error() string { return e.Message }

// Run is a component at work. It belongs to one goroutine.
type Run struct {
	*engine.Run
	runtime *Runtime
	record  *connect.Record
	mask    *engine.Mask // of what functions hand to debug
	replies bool         // a responder: the only bundle is the answer that it would give
	unasked form.Problems
}

// Warnings are what the person should know so far: fields that an RPC should have given,
// and what the engine noticed.
func (r *Run) Warnings() []string {
	return append(r.unknownFields(), r.State().Warnings...)
}

// unknownFields tells of the fields whose values were taken as they are.
func (r *Run) unknownFields() []string {
	var all []string
	for _, p := range r.unasked {
		all = append(all, "not all fields are known: "+p.Error())
	}
	return all
}

// Start begins a run; nothing is sent before the first bundle is asked for. The end of
// ctx ends the app's functions as well. The error is a [*ConnectionError] when the
// connection does not fit or needs the user, and an [*engine.Error] of type DataError
// whose cause are [form.Problems] when the parameters of a module do not fit its form.
func (rt *Runtime) Start(ctx context.Context, c *Component, in Input) (*Run, error) {
	if c.plan == nil {
		return nil, fmt.Errorf("%s %q waits for what is new: it does not run alone", c.Kind, c.ID)
	}
	run, input, err := rt.prepare(ctx, c, in)
	if err != nil {
		return nil, err
	}
	run.Run = rt.engine.Start(c.plan, input)
	return run, nil
}

// prepare makes what a run works on.
func (rt *Runtime) prepare(ctx context.Context, c *Component, in Input) (*Run, engine.Input, error) {
	if err := c.fits(in.Connection, rt.now()); err != nil {
		return nil, engine.Input{}, err
	}
	parameters, unasked, err := rt.parameters(ctx, c, in)
	if err != nil {
		return nil, engine.Input{}, err
	}
	a, err := rt.installed(ctx, c.App)
	if err != nil {
		return nil, engine.Input{}, err
	}
	run := &Run{runtime: rt, record: in.Connection, replies: c.replies, unasked: unasked}
	input := engine.Input{Parameters: value.FromCollection(parameters), Common: a.common, Timezone: rt.connector.Timezone, Limit: in.Limit, Retries: in.Retries, Log: in.Log}
	input.Secrets = engine.Leaves(a.common)
	run.mask = engine.NewMask(input.Secrets)
	input.Call = rt.caller(ctx, a, run.mask)
	if in.Connection != nil {
		if input, err = run.connect(ctx, a, in.Retries, input); err != nil {
			return nil, input, err
		}
		run.mask.Learn(input.Secrets...)
	}
	return run, input, nil
}

// connect completes the input with the connection, which is renewed before if it has to
// be, and once more if the service refuses it (connections.md O2-40, CN-25).
func (r *Run) connect(ctx context.Context, a *App, retries int, in engine.Input) (engine.Input, error) {
	t, err := r.runtime.ConnectionType(ctx, a, r.record)
	if err != nil {
		return in, err
	}
	connector := &r.runtime.connector
	fresh, err := connector.Fresh(ctx, t, r.record, retries)
	if err != nil {
		return in, err
	}
	r.record = fresh
	if t.CanRenew() {
		in.Renew = func(ctx context.Context) (engine.Input, error) {
			renewed, err := connector.Renew(ctx, t, r.record, retries)
			if err != nil {
				return engine.Input{}, err
			}
			r.record = renewed
			in, err := connector.Use(ctx, t, renewed, engine.Input{})
			r.mask.Learn(in.Secrets...)
			return in, err
		}
	}
	return connector.Use(ctx, t, fresh, in)
}

func (rt *Runtime) now() time.Time {
	if rt.connector.Now != nil {
		return rt.connector.Now()
	}
	return time.Now()
}

// fits checks a connection before it is used.
func (c *Component) fits(record *connect.Record, now time.Time) error {
	refuse := func(format string, args ...any) error {
		return &ConnectionError{c, record, fmt.Sprintf(format, args...)}
	}
	switch {
	case record == nil && len(c.Connections) == 0:
		return nil
	case record == nil:
		return refuse("%s %q needs a connection of type %q", c.Kind, c.ID, c.Connections[0])
	case record.App != c.App.Name && !c.Accepts(record):
		return refuse("connection %q belongs to the app %q, not to %q", record.Name, record.App, c.App.Name)
	case !c.Accepts(record):
		return refuse("connection %q is of type %q; %s %q needs one of type %q", record.Name, record.Type, c.Kind, c.ID, c.Connections[0])
	case record.Broken != "":
		return refuse("connection %q has to be authorized again: %s", record.Name, record.Broken)
	case !record.Expires.IsZero() && now.After(record.Expires):
		return refuse("connection %q expired on %s", record.Name, record.Expires.UTC().Format(time.DateTime))
	}
	return nil
}

// Missing returns what the component's scope asks for and the connection was not granted
// (connections.md CN-23).
func (c *Component) Missing(record *connect.Record) []string {
	if record == nil {
		return nil
	}
	return record.Missing(c.Scope)
}

// Bundles yields the bundles in order; an error comes last. A connection that the
// service no longer accepts is marked as broken (connections.md CN-25).
func (r *Run) Bundles(ctx context.Context) iter.Seq2[value.Value, error] {
	return func(yield func(value.Value, error) bool) {
		if r.replies {
			reply, err := r.Reply(ctx)
			yield(reply.Value(), err)
			return
		}
		for bundle, err := range r.Run.Bundles(ctx) {
			if err != nil {
				r.markBroken(ctx, err)
			}
			if !yield(bundle, err) {
				return
			}
		}
	}
}

func (r *Run) markBroken(ctx context.Context, failure error) {
	var e *engine.Error
	if r.record == nil || !errors.As(failure, &e) || e.Type != engine.InvalidAccessTokenError {
		return
	}
	r.runtime.connector.MarkBroken(context.WithoutCancel(ctx), r.record, e.Message)
}
