package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// maxAckPending is above the number of workers in all nodes, and above what handlers put
	// off: a consumer that has reached it gives nothing to anybody.
	maxAckPending = 100_000
	// maxWaiting bounds the pulls of all nodes; the default of 512 is eight nodes of 64.
	maxWaiting = 4096

	pullWait      = 5 * time.Second
	pullHeartbeat = 500 * time.Millisecond // a dead leader is noticed after two of them
	lookAgain     = 50 * time.Millisecond  // where nothing was, while others wait for a worker
	pullRetry     = 250 * time.Millisecond
)

// lane is one consumer that a runner takes messages from.
type lane struct {
	name      string
	class     int
	stream    jetstream.Stream
	partition *partition // nil when it is none
	config    jetstream.ConsumerConfig
	consumer  jetstream.Consumer
}

// consumerConfig is that of every consumer of work.
func (b *Bus) consumerConfig(name, filter string) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable: name, FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: b.opts.AckWait,
		// With a limit the message stays in the stream and nobody ever gets it.
		MaxDeliver:    -1,
		MaxAckPending: maxAckPending, MaxWaiting: maxWaiting,
	}
}

// crew is a runner at work: its lanes, its workers and what they do with a message.
type crew struct {
	bus     *Bus
	lanes   []*lane
	workers int
	pool    *pool
	gate    gate
	do      func(jetstream.Msg) Outcome

	scarce bool // fewer workers than pulls: they go round
	jobs   sync.WaitGroup
}

// errWorkers and errHandler are mistakes of the caller.
var (
	errWorkers = errors.New("a runner needs at least one worker")
	errHandler = errors.New("a runner needs a handler")
)

// run takes messages until ctx ends or the bus closes, and returns when the jobs in hand
// are done or given back. What goes on beside ends with the pulls.
func (c *crew) run(ctx context.Context, beside ...func(context.Context)) error {
	if !c.bus.enter() {
		return ErrClosed
	}
	defer c.bus.runners.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(c.bus.stopping, cancel)()
	for _, l := range c.lanes {
		if err := c.bus.patiently(ctx, l.ensure); err != nil && ctx.Err() == nil {
			return fmt.Errorf("consumer %s: %w", l.name, err)
		}
	}
	var pullers sync.WaitGroup
	each := c.pullers()
	c.scarce = c.workers < each*len(c.lanes)
	for _, l := range c.lanes {
		for range each {
			pullers.Go(func() { c.pull(ctx, l) })
		}
	}
	for _, do := range beside {
		pullers.Go(func() { do(ctx) })
	}
	pullers.Wait()
	c.jobs.Wait()
	c.gate.probing.Wait()
	return nil
}

// pullers is how many pulls one lane has under way. Each holds an idle worker, so that
// nothing waits in a buffer of the client while its AckWait runs; a quarter of the workers
// are enough to hold none up.
func (c *crew) pullers() int {
	return min(max(c.workers/len(c.lanes)/4, 1), 4)
}

// pull takes one message after the other from a lane, each for a worker that is free.
func (c *crew) pull(ctx context.Context, l *lane) {
	for c.gate.wait(ctx) {
		w, ok := c.pool.take(ctx, l.class)
		if !ok {
			return
		}
		if c.gate.closed() {
			c.pool.give(w)
			continue
		}
		wait := !c.scarce && !c.pool.contended()
		msg, err := l.next(ctx, wait)
		if msg == nil {
			c.pool.give(w)
			if err != nil && ctx.Err() == nil {
				c.failed(ctx, l, err)
			} else if !wait {
				pause(ctx, lookAgain)
			}
			continue
		}
		c.bus.counters.taken(msg)
		c.jobs.Go(func() {
			defer c.pool.give(w)
			c.gate.note(ctx, c.do(msg))
		})
	}
}

// failed marks the partition of a lane without a leader, so that intake passes it over.
func (c *crew) failed(ctx context.Context, l *lane, err error) {
	if l.partition != nil && temporary(err) {
		l.partition.mark()
	}
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrConsumerDeleted) {
		err = errors.Join(err, l.ensure(ctx))
	}
	c.bus.opts.Logger.Debug("pull", "lane", l.name, "err", err)
	pause(ctx, pullRetry)
}

func (l *lane) ensure(ctx context.Context) (err error) {
	l.consumer, err = l.stream.CreateOrUpdateConsumer(ctx, l.config)
	return err
}

// next takes one message. The pull ends with ctx: otherwise draining would wait for it. A
// message that is on its way at that moment comes again after AckWait.
func (l *lane) next(ctx context.Context, wait bool) (jetstream.Msg, error) {
	ctx, cancel := context.WithTimeout(ctx, pullWait)
	defer cancel()
	var batch jetstream.MessageBatch
	var err error
	if wait {
		batch, err = l.consumer.Fetch(1, jetstream.FetchContext(ctx), jetstream.FetchHeartbeat(pullHeartbeat))
	} else {
		batch, err = l.consumer.FetchNoWait(1)
	}
	if err != nil {
		return nil, err
	}
	for msg := range batch.Messages() {
		return msg, nil
	}
	if err := batch.Error(); !errors.Is(err, context.DeadlineExceeded) {
		return nil, err
	}
	return nil, nil
}

// attend runs one job while heartbeats keep its message, until its deadline. A job that
// has to be given back is left alone: its context has ended, and what it still says does
// not count.
func (b *Bus) attend(msg jetstream.Msg, limit time.Duration, run func(context.Context) Outcome) Outcome {
	ctx, cancel := context.WithTimeout(b.handing, limit)
	defer cancel()
	done := make(chan Outcome, 1)
	go func() { done <- run(ctx) }()
	beat := time.NewTicker(b.opts.AckWait / 3)
	defer beat.Stop()
	for {
		select {
		case o := <-done:
			return o
		case <-b.handing.Done():
			return Retry(0)
		case <-beat.C:
			if ctx.Err() == nil {
				msg.InProgress()
			}
		}
	}
}

// settle tells JetStream about an outcome, and returns false when that failed: the message
// comes again then, and its row in SQL tells that it is done. An acknowledgement waits for
// its answer: the embedded server forgot what it had not yet looked at when it was shut
// down, and those jobs ran twice.
func (b *Bus) settle(msg jetstream.Msg, o Outcome) bool {
	var err error
	switch o.kind {
	case acked:
		ctx, cancel := context.WithTimeout(b.living, askLimit)
		defer cancel()
		err = msg.DoubleAck(ctx)
	case buried:
		err = msg.TermWithReason(o.reason)
	case retried:
		if o.after <= 0 {
			err = msg.Nak() // a delay of nothing waits for the server's timer
		} else {
			err = msg.NakWithDelay(o.after)
		}
	case paused:
		err = msg.NakWithDelay(b.opts.AckWait / 2)
	}
	if err != nil {
		b.opts.Logger.Warn("acknowledgement was not sent", "subject", msg.Subject(), "err", err)
	}
	return err == nil
}
