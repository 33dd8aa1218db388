package work

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/trace"
	"github.com/cleat-run/cleat/value"
	"github.com/robfig/cron/v3"
)

// onBusName is how a due trigger is called on the bus: the team is in it, so that a worker
// need not look across teams.
func onBusName(d record.Due) string { return strconv.FormatInt(d.Team, 10) + "_" + d.ID }

func dueOf(name string) (record.Due, error) {
	team, id, found := strings.Cut(name, "_")
	number, err := strconv.ParseInt(team, 10, 64)
	if !found || err != nil {
		return record.Due{}, fmt.Errorf("%q names no trigger", name)
	}
	return record.Due{Team: number, ID: id}, nil
}

// maxFailures is after how many failures in a row a trigger stops.
const maxFailures = 50

// poll runs a trigger once and stores what came of it (work.md 8).
func (n *Node) poll(ctx context.Context, due record.Due) verdict {
	records := n.Records.OfTeam(due.Team)
	t, err := records.Trigger(ctx, due.ID)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return verdict{how: ended}
	case err != nil:
		return n.unstored("read a trigger", err)
	case t.Paused != "" || t.NextAt.After(n.now()):
		return verdict{how: ended} // changed since it was offered
	}
	_, err = n.Poll(ctx, due.Team, t)
	switch {
	case err == nil:
		return verdict{how: ended}
	case ctx.Err() != nil:
		return verdict{how: again}
	case errors.Is(err, record.ErrFenced), errors.Is(err, record.ErrNotFound):
		return verdict{how: ended} // somebody else has polled it, or it is gone
	}
	return n.unstored("end a poll", err)
}

// Poll runs a trigger now, stores what came of it and returns that. The error is one of
// the records: a failure of the poll is in the result.
func (n *Node) Poll(ctx context.Context, team int64, t *record.Trigger) (*record.PollEnd, error) {
	run := &record.Run{ID: record.NewID("run", n.now()), Kind: "poll", App: t.App, Component: t.Module, Connection: t.Connection, Source: t.ID,
		Started: n.now(), Node: n.Name}
	ctx, span := n.Trace.Work(ctx, trace.Internal, "poll", run.ID)
	defer span.End()
	span.Int("cleat.team", team)
	span.Text("cleat.trigger", t.ID)
	transcript := &Transcript{}
	end := &record.PollEnd{State: t.State, Run: run}
	warnings, err := n.look(ctx, team, t, end, transcript)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, ctx.Err()
	case errors.Is(err, store.ErrUnavailable):
		return nil, err // nothing is known to be wrong with the trigger
	}
	ctx = context.WithoutCancel(ctx) // one that took too long has failed, and that is stored
	transcript.End(run, err, n.now())
	run.Bundles = int64(len(end.Events))
	if err == nil && len(warnings) > 0 {
		run.Error = strings.Join(warnings, "; ")
	}
	if err != nil {
		// Nothing that a failed poll gave is kept: the next one gives it again.
		end.State, end.Events, end.Error, run.Bundles = t.State, nil, run.Error, 0
		end.Paused = stopping(t, err)
	}
	TraceRun(ctx, run, err)
	wait := pollDelay(err, t.Failures)
	if end.NextAt, err = Next(t, n.now()); err != nil {
		end.Paused = err.Error()
	} else if wait > 0 {
		end.NextAt = later(end.NextAt, n.now().Add(wait))
	}
	if err := n.Records.OfTeam(team).EndPoll(ctx, t.ID, end); err != nil {
		return nil, err
	}
	n.events(team, end.Events)
	return end, nil
}

// stopping says why a trigger stops after a failure, "" while it goes on. What may pass by
// itself never stops it (communication.md 10.4: scheduling stays on).
func stopping(t *record.Trigger, err error) string {
	var refused *cleat.ConnectionError
	switch {
	case errors.As(err, &refused):
		return refused.Message
	case passing(err) == nil && (t.Failures+1)%maxFailures == 0: // who resumes it gives it as many again
		return fmt.Sprintf("%d polls failed in a row, the last with: %s", t.Failures+1, err)
	}
	return ""
}

// pollSteps are the waits after the first, second, … poll of a trigger that failed with
// what may pass by itself (communication.md 10.4).
var pollSteps = []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute,
	time.Hour, 3 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// pollDelay is how long a trigger waits at least after a poll that failed with err, and
// before that so often. The worker does not wait: it is free for others. What a person has
// to put right is tried a minute later with each failure, at most an hour.
func pollDelay(err error, before int) time.Duration {
	if err == nil {
		return 0
	}
	if e := passing(err); e != nil {
		return max(pollSteps[min(before, len(pollSteps)-1)], min(e.Delay, maxWait))
	}
	return min(time.Duration(before+1)*time.Minute, time.Hour)
}

// passing returns the failure of a service that a later try may not meet, or nil.
func passing(err error) *engine.Error {
	if e, ok := errors.AsType[*engine.Error](err); ok && e.Retryable() {
		return e
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// look asks the service what is new. What it gives and how far it came are in end.
func (n *Node) look(ctx context.Context, team int64, t *record.Trigger, end *record.PollEnd, transcript *Transcript) ([]string, error) {
	a, err := n.Catalog.App(ctx, team, t.App)
	if err != nil {
		return nil, fmt.Errorf("app %q: %w", t.App, err)
	}
	c, err := a.Trigger(t.Module)
	if err != nil {
		return nil, err
	}
	account, err := Connection(ctx, n.Records.OfTeam(team), t.Connection)
	if err != nil {
		return nil, err
	}
	loc, err := time.LoadLocation(t.Timezone)
	if err != nil {
		return nil, err
	}
	out, err := n.Teams.Of(team).Poll(ctx, c, cleat.Poll{ID: t.ID, From: poll.ParseStart(t.From, loc), States: &heldState{state: &end.State},
		Input: cleat.Input{Connection: account, Parameters: t.Parameters, Limit: t.Limit, Log: transcript.Take}},
		func(bundle value.Value) error {
			end.Events = append(end.Events, &record.Event{ID: record.NewID("evt", n.now()), Source: t.ID, App: t.App, Run: end.Run.ID,
				Destination: t.Destination, Sequential: t.Sequential, Created: n.now(), Bundle: bundle.AppendJSON(nil)})
			return nil
		})
	return out.Warnings, err
}

// heldState keeps the state of one poll until it is stored together with what the poll
// gave. Nobody else can poll meanwhile and store: the version decides.
type heldState struct{ state *poll.State }

func (h *heldState) LockTrigger(context.Context, string) (func(), error) { return func() {}, nil }

func (h *heldState) TriggerState(context.Context, string) (*poll.State, error) {
	state := *h.state
	return &state, nil
}

func (h *heldState) PutTriggerState(_ context.Context, _ string, state *poll.State) error {
	version := h.state.Version
	*h.state = *state
	h.state.Version = version // the records raise it
	state.Version++
	return nil
}

// cronFields is how a schedule is written: minute, hour, day, month, weekday.
const cronFields = cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor

// MinEvery is the shortest time between two polls.
const MinEvery = time.Second

// Next returns when a trigger is due after now. Triggers of the same interval are spread
// over it by their ids, each always at its own offset.
func Next(t *record.Trigger, now time.Time) (time.Time, error) {
	if t.Cron == "" {
		if t.Every < MinEvery {
			return time.Time{}, fmt.Errorf("the interval of a trigger is at least %s", MinEvery)
		}
		hash := fnv.New64a()
		hash.Write([]byte(t.ID))
		offset := time.Duration(hash.Sum64() % uint64(t.Every))
		next := now.Add(-offset).Truncate(t.Every).Add(t.Every + offset)
		return next, nil
	}
	loc, err := time.LoadLocation(t.Timezone)
	if err != nil {
		return time.Time{}, fmt.Errorf("there is no time zone %q", t.Timezone)
	}
	if strings.Contains(t.Cron, "TZ=") { // the parser's own way to name a zone; it panics where no space follows
		return time.Time{}, fmt.Errorf("the schedule %q names a time zone: that has a field of its own", t.Cron)
	}
	schedule, err := cron.NewParser(cronFields).Parse(t.Cron)
	if err != nil {
		return time.Time{}, fmt.Errorf("the schedule %q cannot be read: %w", t.Cron, err)
	}
	next := schedule.Next(now.In(loc))
	if next.IsZero() {
		return time.Time{}, fmt.Errorf("the schedule %q never comes", t.Cron)
	}
	return next.UTC(), nil
}
