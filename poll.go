package cleat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
)

// Trigger compiles the polling trigger with the given id, for [Runtime.Poll]. The error is
// an [*UnknownError], a [*TypeError], or the findings in the module's code and in the base.
func (a *App) Trigger(id string) (*Component, error) {
	m := a.App.Module(id)
	if m == nil {
		return nil, a.unknown(app.ModuleKind, id)
	}
	if m.Type != app.Trigger {
		return nil, &TypeError{m, "it is no polling trigger"}
	}
	c := a.component(m)
	if err := a.readable(app.ModuleKind, id, m.API, m.Epoch, m.Parameters, m.Expect, m.Scope); err != nil {
		return nil, err
	}
	trigger, found := poll.Compile(c.source(engine.Trigger, m.API), m.Epoch)
	c.trigger = trigger
	c.form, _ = FormOf(c.Forms...)
	return c, found.Err()
}

// Poll is the wish for one look at what is new.
type Poll struct {
	Input
	// ID names the stored state, which stays when the app changes; "" means that of
	// [Component.TriggerID].
	ID string
	// From says where to begin; it counts when the trigger was never begun, or was begun
	// otherwise. Nothing said goes on, or begins with what comes after this moment.
	From    poll.Start
	Restart bool // From counts in any case
	// States keeps the state of this poll instead of the runtime's store; nil means that.
	States poll.Store
}

// TriggerID returns the id of the trigger's state that belongs to a connection and to
// parameters as they were given, without defaults. How many bundles a poll gives, the
// parameter limit, makes no other trigger. Edits of the app do not change it, nor does
// another name of the connection.
func (c *Component) TriggerID(record *connect.Record, given *value.Collection) string {
	id := c.App.Name + "/" + c.ID
	if record != nil {
		id += fmt.Sprintf("#%d", record.ID)
	}
	var names []string
	for name, v := range given.All() {
		if name != "limit" && !v.IsUndefined() {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return id
	}
	slices.Sort(names)
	sorted := value.NewCollection(len(names))
	for _, name := range names {
		sorted.Set(name, given.Get(name))
	}
	sum := sha256.Sum256(value.FromCollection(sorted).AppendJSON(nil))
	return id + "?" + hex.EncodeToString(sum[:8])
}

// Poll gives what is new at the service to emit, the oldest first, and then stores how far
// it came: what emit accepted by returning nil does not come again, unless the process
// dies before that. An error of emit, or the end of ctx, ends the poll there. Of two polls
// of one trigger the second waits for the first. See package poll for the whole promise.
func (rt *Runtime) Poll(ctx context.Context, c *Component, p Poll, emit func(bundle value.Value) error) (poll.Outcome, error) {
	run, input, err := rt.watching(ctx, c, p.Input)
	if err != nil {
		return poll.Outcome{}, err
	}
	if p.States == nil {
		p.States = rt.triggers
	}
	if p.States == nil {
		return poll.Outcome{}, errors.New("the runtime has no store for the states of triggers")
	}
	if p.ID == "" {
		p.ID = c.TriggerID(p.Connection, p.Parameters)
	}
	out, err := rt.poller(p.States).Poll(ctx, c.trigger, poll.Request{ID: p.ID, From: p.From, Restart: p.Restart, Input: input}, emit)
	out.Warnings = append(run.unknownFields(), out.Warnings...)
	run.markBroken(ctx, err)
	return out, err
}

// StartChoices returns the items with which a polling trigger may begin: those of its
// epoch, the newest last.
func (rt *Runtime) StartChoices(ctx context.Context, c *Component, in Input) ([]poll.Candidate, error) {
	run, input, err := rt.watching(ctx, c, in)
	if err != nil {
		return nil, err
	}
	list, err := rt.poller(rt.triggers).Choices(ctx, c.trigger, input)
	run.markBroken(ctx, err)
	return list, err
}

func (rt *Runtime) watching(ctx context.Context, c *Component, in Input) (*Run, engine.Input, error) {
	if c.trigger == nil {
		return nil, engine.Input{}, fmt.Errorf("%s %q is no polling trigger", c.Kind, c.ID)
	}
	return rt.prepare(ctx, c, in)
}

func (rt *Runtime) poller(states poll.Store) *poll.Poller {
	return &poll.Poller{Engine: rt.engine, Store: states, Now: rt.connector.Now}
}
