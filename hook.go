package cleat

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// Webhook compiles the webhook with the given id. The error is an [*UnknownError], or the
// findings in the webhook's codes and in the base.
func (a *App) Webhook(id string) (*Component, error) {
	w := a.App.Webhook(id)
	if w == nil {
		return nil, a.unknown(app.WebhookKind, id)
	}
	if err := a.readable(app.WebhookKind, id, w.API, w.Parameters, w.Attach, w.Detach, w.Update, w.Scope); err != nil {
		return nil, err
	}
	t, found := webhook.Compile(a.App, w)
	form, _ := FormOf(w.Parameters)
	return &Component{App: a, Kind: app.WebhookKind, ID: id, Connections: t.Connections, Scope: texts(w.Scope),
		Forms: []*app.Code{w.Parameters}, form: form, hook: t}, found.Err()
}

// InstantTrigger compiles the instant trigger with the given id, which makes bundles of
// what its webhook gives. The error is an [*UnknownError], a [*TypeError], or the findings
// in the module's code and in the base.
func (a *App) InstantTrigger(id string) (*Component, error) {
	m := a.App.Module(id)
	if m == nil {
		return nil, a.unknown(app.ModuleKind, id)
	}
	w := a.App.Webhook(m.Webhook)
	if m.Type != app.InstantTrigger || w == nil {
		return nil, &TypeError{m, "it is no instant trigger of a webhook"}
	}
	if err := a.readable(app.ModuleKind, id, m.API, m.Parameters); err != nil {
		return nil, err
	}
	// It has no connection of its own: that of the webhook serves (components.md 7.4).
	c := &Component{App: a, Kind: app.ModuleKind, ID: id, Connections: accepted(w.Connection, w.AltConnection, w.AttachedAccounts),
		Forms: []*app.Code{m.Parameters}}
	return c, c.compile(engine.Instant, m.API)
}

// HookInput is what a webhook works with.
type HookInput struct {
	// Name is the hook's in the store. Under one name a hook keeps its address and what
	// waits in its queue from one process to the next.
	Name string
	// Record is the hook as it was read from the store; then none is made. Nil means the
	// one with that name.
	Record     *webhook.Record
	Connection *connect.Record // nil when the webhook needs none
	Parameters *value.Collection
	RPC        form.RPC // as in [Input]
	Sequential bool     // bundles are worked on one after the other
	// Trigger is the instant trigger that makes bundles of what the webhook gives; nil
	// lets them through.
	Trigger           *Component
	TriggerParameters *value.Collection
	// Hold, Limits and Refused are those of [webhook.Hook].
	Hold    time.Duration
	Limits  webhook.Limits
	Refused func(status int, err error)
	// Failed hears of bundles that the trigger could not make; nil means that the failure
	// ends the work, and the bundle comes again.
	Failed func(error)
	// Log receives the exchanges of the instant trigger and of attach and detach, masked; nil
	// means that nobody listens.
	Log func(engine.Exchange)
	// Lost hears that the service could not be told to forget a former address.
	Lost func(error)
	// Once: a lost request of the instant trigger is not repeated, for whoever hands over
	// what came in does so again.
	Once bool
}

// Hook is a webhook at work: the http.Handler behind its address. Serve it before
// [Hook.Attach] tells the service where it is. It is safe for concurrent use.
type Hook struct {
	*webhook.Hook
	runtime *Runtime
	app     *App
	in      HookInput
	keeper  webhook.Keeper
	created bool // by this process
}

// Hook returns the hook with the given name of a webhook, and makes it if there is none.
// The error is a [*ConnectionError] when the connection does not fit or needs the user.
func (rt *Runtime) Hook(ctx context.Context, c *Component, in HookInput) (*Hook, error) {
	if t := in.Trigger; t != nil && c.App.App.Module(t.ID).Webhook != c.ID {
		return nil, fmt.Errorf("module %q makes bundles of what the webhook %q gives, not %q", t.ID, c.App.App.Module(t.ID).Webhook, c.ID)
	}
	run, account, err := rt.prepare(ctx, c, Input{Connection: in.Connection, Parameters: in.Parameters, RPC: in.RPC, Retries: hookRetries, Log: in.Log})
	if err != nil {
		return nil, err
	}
	in.Parameters = account.Parameters.Collection()
	account.Call = rt.caller(context.WithoutCancel(ctx), c.App, run.mask) // the hook outlives its making
	h := &Hook{runtime: rt, app: c.App, in: in, keeper: webhook.Keeper{Engine: rt.engine, Store: rt.hooks, Lost: in.Lost}}
	h.Hook = &webhook.Hook{Engine: rt.engine, Store: rt.hooks, Type: c.hook, Account: account, Hold: in.Hold, Limits: in.Limits,
		Refused: in.Refused, Now: rt.connector.Now}
	if h.Record = in.Record; h.Record == nil {
		h.Record, err = rt.hooks.HookNamed(ctx, in.Name)
	}
	if errors.Is(err, webhook.ErrNotFound) {
		h.created = true
		h.Record, err = h.keeper.Create(ctx, c.hook, h.request())
	}
	if err == nil && (h.Record.App != c.App.Name || h.Record.Type != c.ID) {
		err = fmt.Errorf("the hook %q belongs to the webhook %q of the app %q", in.Name, h.Record.Type, h.Record.App)
	}
	if err != nil {
		return nil, err
	}
	return h, nil
}

// hookRetries is how often a lost request of attach, detach or an instant trigger is
// repeated.
const hookRetries = 3

func (h *Hook) request() webhook.Request {
	q := webhook.Request{Name: h.in.Name, Parameters: h.in.Parameters, Sequential: h.in.Sequential}
	if h.in.Connection != nil {
		q.Connection, q.UID = h.in.Connection.ID, h.in.Connection.UID
	}
	return q
}

// Address is where the hook is reached behind the given address of the server.
func (h *Hook) Address(server string) string {
	return strings.TrimSuffix(server, "/") + webhook.Path(h.Record.Token)
}

// RPC runs the RPCs of the form and the interface of an instant trigger of this hook: they
// see what attach stored as webhook (components.md 5.2).
func (h *Hook) RPC() form.RPC {
	return h.runtime.rpc(h.app, h.in.Connection, func(in engine.Input) engine.Input { return h.Type.Seen(h.Current(), in) })
}

// Attach tells the service to send to this hook, which it reaches behind the given address
// of the server. A hook that did not exist before and cannot be attached is removed
// (components.md 7.3).
func (h *Hook) Attach(ctx context.Context, server string) error {
	r := *h.Current()
	err := h.settings(ctx, &r)
	if err == nil {
		err = h.keeper.Attach(ctx, h.Type, &r, h.Account, h.Address(server))
	}
	h.Changed(r)
	if err != nil && h.created {
		err = errors.Join(err, h.runtime.hooks.DeleteHook(context.WithoutCancel(ctx), r.ID))
	}
	return err
}

// settings brings a hook of an earlier process up to what is wanted now.
func (h *Hook) settings(ctx context.Context, r *webhook.Record) error {
	q := h.request()
	if r.Connection != q.Connection || r.UID != q.UID || r.Sequential != q.Sequential || r.Root != h.Type.Root {
		r.Connection, r.UID, r.Sequential, r.Root = q.Connection, q.UID, q.Sequential, h.Type.Root
		if err := h.runtime.hooks.UpdateHook(ctx, r); err != nil {
			return err
		}
	}
	wanted := value.FromCollection(q.Parameters).AppendJSON(nil)
	if string(value.FromCollection(r.Parameters).AppendJSON(nil)) == string(wanted) {
		return nil
	}
	return h.keeper.Update(ctx, h.Type, r, h.Account, q.Parameters)
}

// Detach tells the service to send no more. The hook keeps its address and its queue.
func (h *Hook) Detach(ctx context.Context) error {
	r := *h.Current()
	err := h.keeper.Detach(ctx, h.Type, &r, h.Account)
	h.Changed(r)
	return err
}

// Work hands out bundles, those of earlier processes first, until ctx ends or do fails. With
// parallel above 1, and unless the hook is sequential, that many requests are worked on at
// once. The bundles of a request for which do returned nil do not come again; the first reply that
// is not nil answers the request if it is still open (see [webhook.Hook]).
func (h *Hook) Work(ctx context.Context, parallel int, do func(ctx context.Context, bundle value.Value) (*engine.Reply, error)) error {
	return h.Hook.Work(ctx, parallel, func(ctx context.Context, d *webhook.Delivery) (*engine.Reply, error) {
		var answer *engine.Reply
		for _, payload := range d.Bundles {
			bundle, err := h.Bundle(ctx, payload)
			if err != nil {
				return nil, err
			}
			if bundle.IsNil() {
				continue
			}
			reply, err := do(ctx, bundle)
			if err != nil {
				return nil, err
			}
			if answer == nil {
				answer = reply
			}
		}
		return answer, nil
	})
}

// Bundle is what the instant trigger makes of an item of the webhook, undefined when it
// wants none.
func (h *Hook) Bundle(ctx context.Context, payload value.Value) (value.Value, error) {
	if h.in.Trigger == nil {
		return payload, nil
	}
	retries := hookRetries
	if h.in.Once {
		retries = 0
	}
	bundle, err := h.runtime.Reshape(ctx, h.in.Trigger, Input{Connection: h.in.Connection, Parameters: h.in.TriggerParameters, Retries: retries, Log: h.in.Log}, payload)
	var failure *engine.Error
	if h.in.Failed != nil && errors.As(err, &failure) && ctx.Err() == nil {
		h.in.Failed(err)
		return value.Undefined, nil
	}
	return bundle, err
}

// Reshape runs an instant trigger over an item of its webhook: one bundle, or undefined when
// its condition says so (components.md 7.4).
func (rt *Runtime) Reshape(ctx context.Context, trigger *Component, in Input, payload value.Value) (value.Value, error) {
	run, input, err := rt.prepare(ctx, trigger, in)
	if err != nil {
		return value.Undefined, err
	}
	input.Roots = map[string]value.Value{"payload": payload}
	run.Run = rt.engine.Start(trigger.plan, input)
	for bundle, err := range run.Bundles(ctx) {
		return bundle, err
	}
	return value.Undefined, nil
}

// Receive tells what the code of a webhook makes of a request, given as [engine.ReadRequest]
// does: nothing is kept or handed out. What attach would have stored is among the
// parameters of in.
func (rt *Runtime) Receive(ctx context.Context, c *Component, in Input, request map[string]value.Value) (*engine.Reception, error) {
	if c.hook == nil {
		return nil, fmt.Errorf("%s %q is no webhook", c.Kind, c.ID)
	}
	plan, found := engine.Compile(c.source(engine.Hook, c.App.App.Webhook(c.ID).API))
	if err := found.Err(); err != nil {
		return nil, err
	}
	_, input, err := rt.prepare(ctx, c, in)
	if err != nil {
		return nil, err
	}
	input.Data, input.Roots = input.Parameters, request
	return rt.engine.Start(plan, input).Deliver(ctx)
}

// Bundles yields bundles as they come, those of earlier processes first, until ctx ends; an
// error comes last. The bundles of a request do not come again when the loop asks for more
// behind the last of them; those at which it breaks do.
func (h *Hook) Bundles(ctx context.Context) iter.Seq2[value.Value, error] {
	return func(yield func(value.Value, error) bool) {
		err := h.Work(ctx, 1, func(_ context.Context, bundle value.Value) (*engine.Reply, error) {
			if !yield(bundle, nil) {
				return nil, errEnough
			}
			return nil, nil
		})
		if !errors.Is(err, errEnough) && ctx.Err() == nil {
			yield(value.Undefined, err)
		}
	}
}

// errEnough ends work whose consumer wants no more.
var errEnough = errors.New("no more bundles wanted")
