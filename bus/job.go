package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Job is a delivery in the hands of a worker.
type Job struct {
	Delivery
	Attempt int    // 1 for the first; counts crashes as well as retries
	Class   string // "fast", "bulk", or "" for sequential webhooks
}

// Runner says how work is done.
type Runner struct {
	// Workers is how many jobs run at once. Below twelve, RunHooks does not divide them
	// between the classes.
	Workers int

	// Handle runs one job and records its outcome before it returns it. Its context ends at
	// the deadline of the job, and when the bus closes and cannot wait any longer. A job that
	// SQL knows as final comes when a worker died before the bus heard of it: the outcome is
	// Ack once more, or Dead for a dead one, whose copy may not have been made.
	Handle func(context.Context, *Job) Outcome

	// Refuse is called instead of Handle for a delivery that must not run: it killed its
	// workers too often, is of a newer version, or its body is lost. It records that as
	// [Dead] does, or returns [Ack] if the row is already final. Nil means Dead(reason). Of a
	// delivery of a newer version only the id, the tenant and the hook are known.
	Refuse func(ctx context.Context, j *Job, reason string) Outcome

	// Probe tells whether SQL answers again after three [Pause] in a row; it is asked each
	// second. Nil means after one second.
	Probe func(context.Context) error
}

func (r *Runner) check() error {
	if r.Workers < 1 {
		return errWorkers
	}
	if r.Handle == nil {
		return errHandler
	}
	return nil
}

// RunHooks runs deliveries of webhooks, in no promised order, until ctx ends or the bus
// closes; jobs in hand are finished first. Half of the workers are for webhooks within
// their rate and half for the rest; each half helps the other when it is idle.
func (b *Bus) RunHooks(ctx context.Context, r Runner) error {
	if err := r.check(); err != nil {
		return err
	}
	c := &crew{bus: b, workers: r.Workers, gate: gate{probe: r.Probe}}
	split := r.Workers >= 4*len(b.hooks)
	for _, p := range b.hooks {
		for class, name := range []string{fast, bulk} {
			if !split {
				class = 0
			}
			c.lanes = append(c.lanes, &lane{name: name + " " + p.number, class: class, stream: p.stream, partition: p,
				config: b.consumerConfig(name, b.subject("hook", p.number, name, ">"))})
		}
	}
	c.pool = newPool(r.Workers)
	if split {
		c.pool = newPool((r.Workers+1)/2, r.Workers/2)
	}
	c.do = func(msg jetstream.Msg) Outcome { return b.runHook(&r, msg) }
	return c.run(ctx)
}

// parcel is a stored delivery and what its message says about it.
type parcel struct {
	tenant, hook, class string
	header              nats.Header
	data                []byte
	attempt             int
}

func (p *parcel) id() string   { return p.header.Get(nats.MsgIdHdr) }
func (p *parcel) object() bool { return p.header.Get(headerBody) == bodyObject }

// parcelOf reads hook.<p>.<class>.<tenant>.<hook>, with or without a prefix.
func parcelOf(msg jetstream.Msg) *parcel {
	tokens := strings.Split(msg.Subject(), ".")
	tokens = tokens[len(tokens)-3:]
	return &parcel{tenant: tokens[1], hook: tokens[2], class: tokens[0],
		header: msg.Headers(), data: msg.Data(), attempt: delivered(msg)}
}

// delivered is how often a message was handed out, this time included.
func delivered(msg jetstream.Msg) int {
	meta, err := msg.Metadata()
	if err != nil {
		return 1
	}
	return int(meta.NumDelivered)
}

// runHook is the life of one delivery at a worker.
func (b *Bus) runHook(r *Runner, msg jetstream.Msg) Outcome {
	p := parcelOf(msg)
	o := b.attend(msg, b.opts.JobTime, func(ctx context.Context) Outcome { return b.runParcel(ctx, r, p) })
	if !b.settle(msg, o) {
		return o
	}
	if o.kind == acked && p.object() {
		b.dropBody(p.id())
	}
	return o
}

// runParcel runs a delivery. A dead one is copied first, so that its message may go.
func (b *Bus) runParcel(ctx context.Context, r *Runner, p *parcel) Outcome {
	o := b.runJob(ctx, r, p)
	if o.kind == buried && !b.bury(ctx, p, o.reason) {
		return Pause()
	}
	return o
}

// runJob hands a delivery to the handler, or to Refuse when it must not run.
func (b *Bus) runJob(ctx context.Context, r *Runner, p *parcel) Outcome {
	d, err := decode(p.header, p.data)
	d.Tenant, d.Hook = p.tenant, p.hook
	j := &Job{Delivery: *d, Attempt: p.attempt, Class: p.class}
	if err == nil && p.object() {
		if j.Body, err = b.loadBody(ctx, j.ID); err != nil && !errors.Is(err, errLost) {
			return Retry(time.Second)
		}
	}
	if err == nil && b.opts.MaxAttempts > 0 && p.attempt > b.opts.MaxAttempts {
		err = fmt.Errorf("not done after %d attempts", b.opts.MaxAttempts)
	}
	switch {
	case err == nil:
		return r.Handle(ctx, j)
	case r.Refuse == nil:
		return Dead(err.Error())
	}
	return r.Refuse(ctx, j, err.Error())
}
