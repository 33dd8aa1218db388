package work

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/webhook"
)

// Incoming is a delivery as the bus hands it to a worker.
type Incoming struct {
	ID       string
	Team     int64
	Hook     int64
	Received time.Time
	Source   string
	Head     []byte
	Body     []byte
	Attempt  int
	ReplayOf string
	InOrder  bool // of a sequential hook: later ones wait for it
}

// verdict is what becomes of a piece of work on the bus.
type verdict struct {
	how    how
	after  time.Duration // of again
	reason string        // of dead
}

type how uint8

const (
	ended  how = iota // stored: the bus may forget it
	lost              // another worker has it: neither acknowledged nor returned
	again             // later
	dead              // never
	paused            // the records do not answer
)

// SourceOfHook is how the events of a hook name where they come from.
func SourceOfHook(id int64) string { return "hook_" + strconv.FormatInt(id, 10) }

// deliver works on one delivery: the steps of work.md 7, of which the bus does the last.
func (n *Node) deliver(ctx context.Context, in Incoming) verdict {
	records := n.Records.OfTeam(in.Team)
	d := &record.Delivery{ID: in.ID, Hook: in.Hook, Received: in.Received, Source: in.Source, Attempt: in.Attempt, Node: n.Name,
		ReplayOf: in.ReplayOf, Request: Join(in.Head, in.Body)}
	wanted, err := records.BeginDelivery(ctx, d)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return verdict{how: ended} // its id is that of a delivery of another team: no intake gives such a one
	case err != nil:
		return n.unstored("begin a delivery", err)
	case !wanted:
		return n.settled(ctx, records, in.ID)
	}
	// The records count, and not the bus: what was put off or met records that did not
	// answer has not been tried.
	if in.Attempt = int(d.Fence); in.Attempt > n.attempts() {
		return n.giveUp(ctx, in, d, fmt.Sprintf("not done after %d attempts", n.attempts()))
	}
	run := &record.Run{ID: record.NewID("run", n.now()), Kind: "hook", Source: in.ID, Started: n.now(), Node: n.Name}
	transcript := &Transcript{}
	end := &record.DeliveryEnd{}
	received, err := n.receive(ctx, in, run, transcript)
	switch {
	case ctx.Err() != nil:
		return verdict{how: again} // draining: somebody else begins anew
	case errors.Is(err, store.ErrUnavailable):
		return n.unstored("read what a delivery needs", err)
	}
	transcript.End(run, err, n.now())
	if end.State = record.DeliveryDone; err == nil {
		end.Events = received
		if len(received) == 0 {
			end.State = record.DeliveryDropped
		}
		run.Bundles = int64(len(received))
	}
	result := verdict{how: ended}
	if err != nil {
		end.Error = run.Error
		result = n.failed(in, err, end)
	}
	TraceRun(ctx, run, err)
	if run.Exchanges > 0 || err != nil {
		end.Run = run
	}
	switch err := records.EndDelivery(ctx, in.ID, d.Fence, end); {
	case errors.Is(err, record.ErrFenced):
		return verdict{how: lost}
	case err != nil:
		return n.unstored("end a delivery", err)
	}
	n.events(in.Team, end.Events)
	return result
}

// settled is the verdict on a delivery whose row is final: its worker died before the bus
// heard of it. The bus may have no copy of a dead one yet.
func (n *Node) settled(ctx context.Context, records TeamRecords, id string) verdict {
	d, err := records.Delivery(ctx, id)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return verdict{how: ended}
	case err != nil:
		return n.unstored("read a delivery", err)
	case d.State == record.DeliveryDead:
		return verdict{how: dead, reason: d.Error}
	}
	return verdict{how: ended}
}

// unstored is for records that do not answer: nothing is known to be wrong with the work.
func (n *Node) unstored(what string, err error) verdict {
	n.Log.Error("the records do not answer", "doing", what, "error", err)
	return verdict{how: paused}
}

// backOff are the waits before attempts 2, 3, … of a delivery (work.md 7). The bus keeps
// them, up to its own limit of attempts.
var backOff = []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute}

// onBus is the longest wait that is left to the bus; what waits longer is in the records.
// It is longer than the bus remembers an id, for then the delivery is published again.
const onBus = 3 * time.Minute

// failed decides what comes after a failure and puts it into end.
func (n *Node) failed(in Incoming, err error, end *record.DeliveryEnd) verdict {
	e := passing(err)
	if e == nil || in.Attempt >= n.attempts() {
		end.State = record.DeliveryDead
		return verdict{how: dead, reason: end.Error}
	}
	wait := max(backOff[min(in.Attempt, len(backOff))-1], min(e.Delay, maxWait))
	end.State = record.DeliveryWaiting
	if wait > onBus && !in.InOrder {
		end.RetryAt = n.now().Add(wait)
		return verdict{how: ended}
	}
	return verdict{how: again, after: wait}
}

// errHookGone is why a delivery is dead whose hook was deleted before it ran.
var errHookGone = errors.New("the hook was deleted before the delivery ran")

// receive makes events of a request.
func (n *Node) receive(ctx context.Context, in Incoming, run *record.Run, transcript *Transcript) ([]*record.Event, error) {
	h, err := n.OpenHook(ctx, in.Team, in.Hook, transcript.Take)
	if errors.Is(err, webhook.ErrNotFound) {
		// It was accepted, so what became of it has to be on record (work.md 7, 14).
		return nil, errHookGone
	}
	if err != nil {
		return nil, err
	}
	run.App, run.Component, run.Connection = h.Record.App, h.Record.Type, h.Record.Connection
	r, err := RequestOf(in.Head)
	if err != nil {
		return nil, err
	}
	got, err := h.Read(ctx, r, in.Body)
	if err != nil || got.Verified {
		return nil, err
	}
	var all []*record.Event
	for _, item := range got.Items {
		made, err := n.eventsOf(ctx, in, h, item)
		if err != nil {
			return nil, err
		}
		all = append(all, made...)
	}
	return all, nil
}

// eventsOf makes an event of an item for each hook that it is for.
func (n *Node) eventsOf(ctx context.Context, in Incoming, h *OpenHook, item engine.Delivered) ([]*record.Event, error) {
	ids, err := h.Targets(ctx, item)
	if err != nil {
		return nil, err
	}
	var all []*record.Event
	for _, id := range ids {
		target := h
		if id != h.Record.ID {
			target, err = n.OpenHook(ctx, in.Team, id, nil)
			if errors.Is(err, webhook.ErrNotFound) {
				continue // deleted in the meantime: the others have theirs
			}
			if err != nil {
				return nil, err
			}
		}
		bundle, err := target.Bundle(ctx, item.Bundle)
		if err != nil {
			return nil, err
		}
		if !bundle.IsNil() {
			all = append(all, &record.Event{ID: record.NewID("evt", n.now()), Source: SourceOfHook(id), App: target.Record.App, Run: in.ID,
				Destination: target.Record.Destination, Sequential: target.Record.Sequential, Created: n.now(), Bundle: bundle.AppendJSON(nil)})
		}
	}
	return all, nil
}

// OpenHook is a hook of a team with what it works with.
type OpenHook struct{ *cleat.Hook }

// OpenHook returns a hook of a team, ready to make bundles of what it is sent. log may be
// nil.
func (n *Node) OpenHook(ctx context.Context, team, id int64, log func(engine.Exchange)) (*OpenHook, error) {
	records := n.Records.OfTeam(team)
	r, err := records.Hook(ctx, id)
	if err != nil {
		return nil, err
	}
	return n.openHook(ctx, team, r, log)
}

func (n *Node) openHook(ctx context.Context, team int64, r *webhook.Record, log func(engine.Exchange)) (*OpenHook, error) {
	a, err := n.Catalog.App(ctx, team, r.App)
	if err != nil {
		return nil, fmt.Errorf("app %q: %w", r.App, err)
	}
	c, err := a.Webhook(r.Type)
	if err != nil {
		return nil, err
	}
	var account *connect.Record
	if account, err = Connection(ctx, n.Records.OfTeam(team), r.Connection); err != nil {
		return nil, err
	}
	in := cleat.HookInput{Name: r.Name, Record: r, Connection: account, Parameters: r.Parameters, Sequential: r.Sequential,
		TriggerParameters: r.TriggerParameters, Log: log, Once: true}
	if r.Trigger != "" {
		if in.Trigger, err = a.InstantTrigger(r.Trigger); err != nil {
			return nil, err
		}
	}
	h, err := n.Teams.Of(team).Hook(ctx, c, in)
	if err != nil {
		return nil, err
	}
	return &OpenHook{h}, nil
}

// HookID reads the id of a hook as the interface shows it, such as hook_7.
func HookID(text string) (int64, error) { return number("hook_", text) }

// ConnectionID reads the id of a connection as the interface shows it, such as con_7.
func ConnectionID(text string) (int64, error) { return number("con_", text) }

func number(prefix, text string) (int64, error) {
	digits, ok := strings.CutPrefix(text, prefix)
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || id <= 0 || strconv.FormatInt(id, 10) != digits {
		return 0, record.ErrNotFound
	}
	return id, nil
}

// bury records a delivery that must not run.
func (n *Node) bury(ctx context.Context, in Incoming, reason string) verdict {
	records := n.Records.OfTeam(in.Team)
	d := &record.Delivery{ID: in.ID, Hook: in.Hook, Received: in.Received, Source: in.Source, Attempt: in.Attempt, Node: n.Name, Request: Join(in.Head, in.Body)}
	switch wanted, err := records.BeginDelivery(ctx, d); {
	case errors.Is(err, record.ErrNotFound):
		return verdict{how: ended}
	case err != nil:
		return n.unstored("bury a delivery", err)
	case !wanted:
		return n.settled(ctx, records, in.ID)
	}
	return n.giveUp(ctx, in, d, reason)
}

// giveUp ends a delivery that has begun and must not run.
func (n *Node) giveUp(ctx context.Context, in Incoming, d *record.Delivery, reason string) verdict {
	switch err := n.Records.OfTeam(in.Team).EndDelivery(ctx, in.ID, d.Fence, &record.DeliveryEnd{State: record.DeliveryDead, Error: reason}); {
	case errors.Is(err, record.ErrFenced):
		return verdict{how: lost}
	case err != nil:
		return n.unstored("bury a delivery", err)
	}
	return verdict{how: dead, reason: reason}
}
