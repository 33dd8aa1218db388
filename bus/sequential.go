package bus

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// sequentialLimit is how long intake waits for the one stream that may take a
	// delivery: an election takes four to nine seconds, which no setting changes.
	sequentialLimit = 10 * time.Second
	sequentialTry   = 2 * time.Second
	sequentialPause = 100 * time.Millisecond

	turnLimit = 30 * time.Second // until a turn goes to the end of the queue
	turnSweep = 10 * time.Second
	goneLimit = 5 * time.Second
	gonePause = 20 * time.Millisecond
)

// PublishSequential stores a delivery of a webhook that processes its data in order. It
// answers like [Bus.PublishHook], but cannot pass over a stream without a leader: order
// needs one stream. It tries for up to ten seconds.
func (b *Bus) PublishSequential(ctx context.Context, d Delivery) error {
	if err := d.check(); err != nil {
		return err
	}
	if err := b.admit(d.Tenant); err != nil {
		return err
	}
	if err := b.putBody(ctx, &d); err != nil {
		return err
	}
	begin := time.Now()
	p := b.sequences[home(d.Hook, len(b.sequences))]
	err := b.persist(ctx, p, d.message(b.subject("seq", p.number, d.Hook)))
	b.counters.published(begin, err)
	if err == nil {
		b.offerTurn(d.Hook)
	}
	return err
}

// persist publishes with the same id until the stream answers.
func (b *Bus) persist(ctx context.Context, p *partition, msg *nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, sequentialLimit)
	defer cancel()
	for {
		try, cancel := context.WithTimeout(ctx, sequentialTry)
		_, err := b.js.PublishMsg(try, msg, jetstream.WithRetryAttempts(0))
		cancel()
		switch {
		case err == nil:
			return nil
		case storeRefused(err):
			return &Refusal{Reason: ErrFull, RetryAfter: retryFull, Cause: err}
		case !temporary(err), !pause(ctx, sequentialPause):
			return unavailable(err)
		}
	}
}

// offerTurn publishes the right to work on an inbox and does not wait. That it is refused
// is normal: somebody has it. What gets lost is offered by the sweep.
func (b *Bus) offerTurn(hook string) {
	msg := nats.NewMsg(b.subject("turn", hook))
	msg.Header.Set(headerVersion, version)
	if err := b.nc.PublishMsg(msg); err != nil {
		b.opts.Logger.Debug("turn", "hook", hook, "err", err)
	}
}

// RunTurns runs deliveries of sequential webhooks until ctx ends or the bus closes: of one
// webhook one at a time and in order, of different ones as many at once as there are
// workers. A Retry keeps the later deliveries of its webhook back. The Attempt of a job is
// exact for crashes and retries of the first in the inbox, which is all there can be.
func (b *Bus) RunTurns(ctx context.Context, r Runner) error {
	if err := r.check(); err != nil {
		return err
	}
	stream, err := b.js.Stream(ctx, b.streamName("TURNS"))
	if err != nil {
		return err
	}
	c := &crew{bus: b, workers: r.Workers, gate: gate{probe: r.Probe}, pool: newPool(r.Workers)}
	c.lanes = []*lane{{name: "turns", stream: stream, config: b.consumerConfig("turns", b.subject("turn", "*"))}}
	c.do = func(msg jetstream.Msg) Outcome { return b.runTurn(ctx, &r, stream, msg) }

	return c.run(ctx, b.sweepTurns)
}

// sweepTurns offers a turn for every inbox that is not empty, now and again.
func (b *Bus) sweepTurns(ctx context.Context) {
	for {
		for _, p := range b.sequences {
			info, err := p.stream.Info(ctx, jetstream.WithSubjectFilter(b.subject("seq", ">")))
			if err != nil {
				continue
			}
			for subject := range info.State.Subjects {
				b.offerTurn(subject[strings.LastIndexByte(subject, '.')+1:])
			}
		}
		if !pause(ctx, turnSweep) {
			return
		}
	}
}

// runTurn works on one inbox while it holds the turn.
func (b *Bus) runTurn(ctx context.Context, r *Runner, turns jetstream.Stream, msg jetstream.Msg) Outcome {
	hook := msg.Subject()[strings.LastIndexByte(msg.Subject(), '.')+1:]
	in := &inbox{bus: b, runner: r, hook: hook, partition: b.sequences[home(hook, len(b.sequences))], stopping: ctx}
	o := b.attend(msg, turnLimit+b.opts.JobTime, func(ctx context.Context) Outcome {
		return in.run(ctx, delivered(msg))
	})
	if o.kind == acked {
		in.endTurn(turns, msg)
	} else {
		b.settle(msg, o)
	}
	return o
}

// inbox is what waits for one sequential webhook.
type inbox struct {
	bus       *Bus
	runner    *Runner
	hook      string
	partition *partition
	stopping  context.Context
}

// run works on one delivery after the other until none is left, one fails, or the turn has
// lasted long enough. Ack means that the turn may end. A turn that was handed out before
// counts the attempts of the first delivery, so it ends when that is done.
func (in *inbox) run(ctx context.Context, attempt int) Outcome {
	for end := time.Now().Add(turnLimit); ; {
		raw, err := in.first(ctx)
		switch {
		case err != nil:
			return Retry(time.Second)
		case raw == nil:
			return Ack()
		}
		if o := in.runOne(ctx, raw, attempt); o.kind != acked && o.kind != buried {
			return o
		}
		if attempt > 1 || time.Now().After(end) || in.stopping.Err() != nil {
			return Ack()
		}
	}
}

// first reads the oldest delivery; nil when there is none. The stream has no direct reads,
// so it is the leader who answers and not a replica that lags behind.
func (in *inbox) first(ctx context.Context) (*jetstream.RawStreamMsg, error) {
	return nextOf(ctx, in.partition.stream, 1, in.bus.subject("seq", in.partition.number, in.hook))
}

// nobody is whose a delivery is that does not say so, in the form of a newer version: it is
// dead, and must not stand in the way of those behind it.
const nobody = "nobody"

// runOne runs a delivery and removes it when it is done. The removal may be lost: its row
// is final then, and the handler acknowledges it once more.
func (in *inbox) runOne(ctx context.Context, raw *jetstream.RawStreamMsg, attempt int) Outcome {
	b := in.bus
	p := &parcel{tenant: cmp.Or(raw.Header.Get(headerTenant), nobody), hook: in.hook, header: raw.Header, data: raw.Data, attempt: attempt}
	job, cancel := context.WithTimeout(ctx, b.opts.JobTime)
	defer cancel()
	o := b.runParcel(job, in.runner, p)
	if ctx.Err() != nil || o.kind != acked && o.kind != buried {
		return o
	}
	ask, cancel := context.WithTimeout(ctx, askLimit)
	defer cancel()
	err := in.partition.stream.DeleteMsg(ask, raw.Sequence)
	if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return Retry(time.Second)
	}
	if o.kind == acked && p.object() {
		b.dropBody(p.id())
	}
	return o
}

// endTurn gives the turn up. In R3 an acknowledged turn is removed a little later, and
// until then a new one is refused: what arrived in between would wait for the sweep. So the
// holder waits until its turn is gone and looks into the inbox once more.
func (in *inbox) endTurn(turns jetstream.Stream, msg jetstream.Msg) {
	ctx, cancel := context.WithTimeout(in.bus.living, goneLimit)
	defer cancel()
	meta, err := msg.Metadata()
	if err != nil || msg.DoubleAck(ctx) != nil {
		return // it comes again after AckWait
	}
	for {
		have, err := turns.GetLastMsgForSubject(ctx, msg.Subject())
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && have.Sequence != meta.Sequence.Stream {
			break
		}
		if !pause(ctx, gonePause) {
			return
		}
	}
	if raw, err := in.first(ctx); err != nil || raw != nil {
		in.bus.offerTurn(in.hook)
	}
}
