package poll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// Poller polls triggers. It is safe for concurrent use.
type Poller struct {
	Engine *engine.Engine
	Store  Store
	Now    func() time.Time // nil means time.Now
}

func (p *Poller) now() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now()
}

// Request is the wish for one poll.
type Request struct {
	// ID names the state of the trigger. It is to stay the same when the app changes.
	ID string
	// From says where to begin. It counts when the trigger was never begun or was begun
	// otherwise, so that the same wish can be repeated; with Restart it always counts.
	From    Start
	Restart bool
	Input   engine.Input // Data is set by the poll; Limit may lower that of the trigger
}

// Outcome is what a poll has done.
type Outcome struct {
	Began    bool // a first poll, or one that began anew
	Given    int  // bundles that emit accepted
	Left     int  // new items that a later poll will give
	Warnings []string
}

// Poll hands what is new to emit, the oldest first, and then stores how far it came: what
// emit accepted by returning nil does not come again unless the process dies before that.
// An error of emit or the end of ctx ends the poll behind what is accepted. Nothing comes
// out when a page cannot be read.
func (p *Poller) Poll(ctx context.Context, t *Trigger, q Request, emit func(value.Value) error) (Outcome, error) {
	unlock, err := p.Store.LockTrigger(ctx, q.ID)
	if err != nil {
		return Outcome{}, err
	}
	defer unlock()
	w, err := p.Engine.Start(t.communication, q.Input).Watch(ctx)
	if err != nil {
		return Outcome{}, err
	}
	state, began, err := p.state(ctx, t, w, q)
	if err != nil {
		return Outcome{}, err
	}
	q.Input.Data = state.data(w)
	run := p.Engine.Start(t.communication, q.Input)
	found, err := read(ctx, run, w, newBoundary(w, state))
	out := Outcome{Began: began, Warnings: append(run.State().Warnings, found.warnings(w)...)}
	if err != nil {
		return out, err
	}
	if own := q.Input.Limit; own > 0 {
		found.limit = min(found.limit, own)
	}
	out.Given, err = p.give(ctx, q.ID, state, w, found.due(), emit)
	out.Left = len(found.fresh) - out.Given
	return out, err
}

// state returns the stored state, or stores the first one.
func (p *Poller) state(ctx context.Context, t *Trigger, w engine.Watch, q Request) (s *State, began bool, err error) {
	stored, err := p.Store.TriggerState(ctx, q.ID)
	if err != nil {
		return nil, false, err
	}
	if stored.Version > 0 && !q.Restart && (q.From.Choice == Unsaid || q.From.String() == stored.Start) {
		return stored, false, stored.fits(w)
	}
	if q.From.Choice == Unsaid {
		q.From.Choice = Now // components.md 6: the sensible start
	}
	if s, err = p.first(ctx, t, w, q.From, q.Input); err != nil {
		return nil, false, err
	}
	s.Version, s.Start = stored.Version, q.From.String()
	return s, true, p.Store.PutTriggerState(ctx, q.ID, s)
}

// give hands items out and moves the state behind those that were accepted.
func (p *Poller) give(ctx context.Context, id string, s *State, w engine.Watch, items []engine.Item, emit func(value.Value) error) (given int, err error) {
	if len(items) == 0 {
		return 0, nil
	}
	if _, err := s.after(w, items); err != nil {
		return 0, err // before anything is out that could not be remembered
	}
	for err == nil && given < len(items) {
		if err = ctx.Err(); err == nil {
			err = emit(items[given].Output)
		}
		if err == nil {
			given++
		}
	}
	if given == 0 {
		return 0, err
	}
	next, wrong := s.after(w, items[:given])
	if wrong == nil {
		wrong = p.Store.PutTriggerState(context.WithoutCancel(ctx), id, next)
	}
	if wrong != nil {
		wrong = fmt.Errorf("%d bundles are out, but will come again: %w", given, wrong)
	}
	return given, errors.Join(err, wrong)
}
