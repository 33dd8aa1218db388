package work

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/trace"
)

// Loops is the background work of a node. The fields must not change once it runs.
type Loops struct {
	Node   *Node
	Bus    *bus.Bus
	Outbox *Outbox

	Workers     int // deliveries and polls at once, each; 0 means 64
	Retention   func(now time.Time) record.Retention
	PruneEvery  time.Duration // 0 means 10 minutes
	OfferEvery  time.Duration // 0 means one second
	OfferAtOnce int           // 0 means 5000
}

// Run works until ctx ends, and then finishes what it has in hand.
func (l *Loops) Run(ctx context.Context) {
	workers := l.Workers
	if workers == 0 {
		workers = 64
	}
	var all sync.WaitGroup
	begin := func(what string, loop func(context.Context) error) {
		all.Go(func() {
			if err := loop(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, bus.ErrClosed) {
				l.Node.Log.Error("background work ended", "doing", what, "error", err)
			}
		})
	}
	runner := func(inOrder bool) bus.Runner {
		teams := newShares(workers)
		return bus.Runner{Workers: workers, Handle: func(ctx context.Context, j *bus.Job) bus.Outcome { return l.handle(ctx, teams, j, inOrder) },
			Refuse: l.refuse, Probe: l.probe}
	}
	begin("deliveries", func(ctx context.Context) error { return l.Bus.RunHooks(ctx, runner(false)) })
	begin("sequential deliveries", func(ctx context.Context) error { return l.Bus.RunTurns(ctx, runner(true)) })
	begin("polls", func(ctx context.Context) error {
		teams := newShares(workers)
		return l.Bus.RunPolls(ctx, bus.PollRunner{Workers: workers, Probe: l.probe,
			Handle: func(ctx context.Context, name string, _ int) bus.Outcome { return l.handlePoll(ctx, teams, name) }})
	})
	begin("the balance of leaders", func(ctx context.Context) error { return l.Bus.Balance(ctx, l.Node.Name) })
	begin("the schedule", func(ctx context.Context) error { return l.Bus.Hold(ctx, "scheduler", "all", l.Node.Name, l.offer) })
	begin("pruning", func(ctx context.Context) error { return l.Bus.Hold(ctx, "pruner", "all", l.Node.Name, l.prune) })
	all.Go(func() { l.Outbox.Run(ctx) })
	all.Wait()
}

// probe asks whether the records answer again.
func (l *Loops) probe(ctx context.Context) error {
	_, err := l.Node.Records.DueTriggers(ctx, time.Time{}, time.Time{}, 1)
	return err
}

func (v verdict) outcome() bus.Outcome {
	switch v.how {
	case ended:
		return bus.Ack()
	case again:
		return bus.Retry(v.after)
	case dead:
		return bus.Dead(v.reason)
	case paused:
		return bus.Pause()
	}
	return bus.Outcome{}
}

// handle runs a delivery, when its team may have one more worker.
func (l *Loops) handle(ctx context.Context, teams *shares, j *bus.Job, inOrder bool) bus.Outcome {
	in, err := incoming(j)
	if err != nil {
		return bus.Dead(err.Error())
	}
	if wait := teams.enter(in.Team, l.Node.now()); wait > 0 {
		return bus.Retry(wait)
	}
	defer teams.leave(in.Team)
	in.InOrder = inOrder
	ctx, span := l.Node.traceDelivery(ctx, in, j.Traceparent)
	defer span.End()
	return l.Node.deliver(ctx, in).outcome()
}

func incoming(j *bus.Job) (Incoming, error) {
	team, err := strconv.ParseInt(j.Tenant, 10, 64)
	if err != nil {
		return Incoming{}, fmt.Errorf("the delivery is of no team: %w", err)
	}
	hook, err := strconv.ParseInt(j.Hook, 10, 64)
	if err != nil {
		return Incoming{}, fmt.Errorf("the delivery is of no hook: %w", err)
	}
	return Incoming{ID: j.ID, Team: team, Hook: hook, Received: j.Received, Source: j.Source, Head: j.Head, Body: j.Body, Attempt: j.Attempt, ReplayOf: j.ReplayOf}, nil
}

// refuse records a delivery that the bus does not let run.
func (l *Loops) refuse(ctx context.Context, j *bus.Job, reason string) bus.Outcome {
	in, err := incoming(j)
	if err != nil {
		return bus.Dead(reason)
	}
	return l.Node.bury(ctx, in, reason).outcome()
}

func (l *Loops) handlePoll(ctx context.Context, teams *shares, name string) bus.Outcome {
	due, err := dueOf(name)
	if err != nil {
		return bus.Dead(err.Error())
	}
	if wait := teams.enter(due.Team, l.Node.now()); wait > 0 {
		return bus.Retry(wait)
	}
	defer teams.leave(due.Team)
	return l.Node.poll(ctx, due).outcome()
}

// offerStale is after how long a trigger that was offered and did not run is offered
// again (work.md 8).
const offerStale = 60 * time.Second

// offer gives what is due to the workers, as long as this node holds the lease.
func (l *Loops) offer(ctx context.Context) {
	every, most := l.OfferEvery, l.OfferAtOnce
	if every == 0 {
		every = time.Second
	}
	if most == 0 {
		most = 5000
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	var offered time.Time // late attempts
	lost := &lookout{node: l.Node}
	for {
		n, err := l.offerDue(ctx, most)
		if now := l.Node.now(); err == nil && now.Sub(offered) >= retryEvery {
			offered = now
			err = errors.Join(l.offerRetries(ctx), lost.look(ctx))
		}
		if err != nil && ctx.Err() == nil {
			l.Node.Log.Error("what is due is not offered", "error", err)
		}
		if n == most && err == nil {
			continue // there is more
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (l *Loops) offerDue(ctx context.Context, most int) (int, error) {
	now := l.Node.now()
	due, err := l.Node.Records.DueTriggers(ctx, now, now.Add(-offerStale), most)
	if err != nil || len(due) == 0 {
		return 0, err
	}
	names := make([]string, len(due))
	for i, d := range due {
		names[i] = onBusName(d)
	}
	offered, err := l.Bus.OfferPolls(ctx, names)
	var taken []record.Due
	for _, list := range [][]string{offered.Accepted, offered.Refused} {
		for _, name := range list {
			if d, err := dueOf(name); err == nil {
				taken = append(taken, d)
			}
		}
	}
	return len(due), errors.Join(err, l.Node.Records.Offered(ctx, now, taken...))
}

// Late attempts are published until a worker has begun them; within two minutes the bus
// knows the id and takes it once.
const (
	retryBatch = 100
	retryEvery = 15 * time.Second
)

func (l *Loops) offerRetries(ctx context.Context) error {
	due, teams, err := l.Node.Records.DueRetries(ctx, l.Node.now(), retryBatch)
	for i, d := range due {
		head, body, bad := Split(d.Request)
		if bad != nil {
			err = errors.Join(err, bad)
			continue
		}
		err = errors.Join(err, l.Publish(l.Node.Trace.Under(ctx, d.ID), teams[i], d, head, body, false))
	}
	return err
}

// Publish puts a delivery on the bus.
func (l *Loops) Publish(ctx context.Context, team int64, d *record.Delivery, head, body []byte, sequential bool) error {
	ctx, span := l.Node.Trace.Work(ctx, trace.Producer, "publish", d.ID)
	defer span.End()
	span.Int("cleat.team", team)
	span.Text("cleat.delivery", d.ID)
	span.Text("cleat.hook", SourceOfHook(d.Hook))
	m := bus.Delivery{ID: d.ID, Tenant: strconv.FormatInt(team, 10), Hook: strconv.FormatInt(d.Hook, 10), Received: d.Received, Source: d.Source,
		Head: head, Body: body, ReplayOf: d.ReplayOf, Traceparent: l.Node.Trace.Traceparent(ctx)}
	publish := l.Bus.PublishHook
	if sequential {
		publish = l.Bus.PublishSequential
	}
	err := publish(ctx, m)
	if err != nil {
		span.Fail("refused")
	}
	return err
}

const (
	pruneBatch = 100
	prunePause = 20 * time.Millisecond // so that others get to write
)

// prune removes what nobody needs any more, in small steps.
func (l *Loops) prune(ctx context.Context) {
	every := l.PruneEvery
	if every == 0 {
		every = 10 * time.Minute
	}
	for {
		wait := every
		n, err := l.Node.Records.Prune(ctx, l.Retention(l.Node.now()), pruneBatch)
		switch {
		case err != nil && ctx.Err() == nil:
			l.Node.Log.Error("nothing is pruned", "error", err)
		case n > 0:
			wait = prunePause
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}
