package bus

import (
	"context"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	pollWindow = 4000             // publishes under way
	pollStall  = 60 * time.Second // the default of 200 ms fails with that window
	pollAnswer = 60 * time.Second
)

// Offered is what became of the triggers that were offered.
type Offered struct {
	Accepted []string // will run
	Refused  []string // wait or run already, which is as good
	Failed   []string // nothing is known; offer them again
}

// OfferPolls makes triggers run, each at most once at a time: one that waits or runs
// already is refused. Call it from the scheduler with what is due; two schedulers do no
// harm. The error is the first one of those that failed.
func (b *Bus) OfferPolls(ctx context.Context, triggers []string) (Offered, error) {
	if err := checkIDs(triggers...); err != nil {
		return Offered{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, pollAnswer)
	defer cancel()
	var got Offered
	var first error
	futures := make([]jetstream.PubAckFuture, len(triggers))
	for i, trigger := range triggers {
		msg := nats.NewMsg(b.subject("poll", trigger))
		msg.Header.Set(headerVersion, version)
		var err error
		if futures[i], err = b.polls.PublishMsgAsync(msg, jetstream.WithStallWait(pollStall), jetstream.WithRetryAttempts(0)); err != nil {
			first = err
			break // there is no connection for the others either
		}
	}
	for i, trigger := range triggers {
		err := first
		if futures[i] != nil {
			err = answer(ctx, futures[i])
		}
		switch {
		case err == nil:
			got.Accepted = append(got.Accepted, trigger)
		case storeRefused(err):
			got.Refused = append(got.Refused, trigger)
		default:
			got.Failed = append(got.Failed, trigger)
			if first == nil {
				first = err
			}
		}
	}
	return got, first
}

func answer(ctx context.Context, f jetstream.PubAckFuture) error {
	select {
	case <-f.Ok():
		return nil
	case err := <-f.Err():
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// PollRunner says how polls are run.
type PollRunner struct {
	Workers int

	// Handle polls a trigger and records its new state, under the condition that its version
	// is the one that was read: this, and not the queue, keeps the state linear. It reads
	// everything from SQL. Retry and Dead mean that the poll comes again, or does not,
	// before the trigger is due again.
	Handle func(ctx context.Context, trigger string, attempt int) Outcome

	// Probe is as in [Runner].
	Probe func(context.Context) error
}

// RunPolls runs the polls that were offered until ctx ends or the bus closes.
func (b *Bus) RunPolls(ctx context.Context, r PollRunner) error {
	if r.Workers < 1 {
		return errWorkers
	}
	if r.Handle == nil {
		return errHandler
	}
	stream, err := b.js.Stream(ctx, b.streamName("POLLS"))
	if err != nil {
		return err
	}
	c := &crew{bus: b, workers: r.Workers, gate: gate{probe: r.Probe}, pool: newPool(r.Workers)}
	c.lanes = []*lane{{name: "polls", stream: stream, config: b.consumerConfig("polls", b.subject("poll", "*"))}}
	c.do = func(msg jetstream.Msg) Outcome { return b.runPoll(&r, msg) }
	return c.run(ctx)
}

func (b *Bus) runPoll(r *PollRunner, msg jetstream.Msg) Outcome {
	trigger := msg.Subject()[strings.LastIndexByte(msg.Subject(), '.')+1:]
	o := b.attend(msg, b.opts.JobTime, func(ctx context.Context) Outcome {
		if msg.Headers().Get(headerVersion) != version {
			// A node that knows it may be there; otherwise the trigger is offered again.
			return Retry(b.opts.AckWait)
		}
		return r.Handle(ctx, trigger, delivered(msg))
	})
	b.settle(msg, o)
	return o
}
