package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Bus is a connection to the work of this installation. It is safe for concurrent use.
type Bus struct {
	opts   Options
	server *embedded // nil with external servers
	nc     *nats.Conn
	js     jetstream.JetStream
	polls  jetstream.JetStream // publishes without waiting
	leases jetstream.KeyValue
	bodies jetstream.ObjectStore

	hooks     []*partition // HOOKS_*
	sequences []*partition // SEQ_*
	admission admission
	disk      disk
	reconnect reconnect
	events    hub
	counters  counters

	stopping context.Context // ends when Close begins: no more pulls
	stop     context.CancelFunc
	handing  context.Context // ends when jobs in hand have to be given back
	handBack context.CancelFunc
	living   context.Context // ends when the background work has to end
	end      context.CancelFunc

	mu         sync.Mutex
	closed     bool
	runners    sync.WaitGroup
	background sync.WaitGroup
}

// openLimit ends an Open whose context has no deadline. The first election of a cluster
// takes up to nine seconds.
const openLimit = 90 * time.Second

// Open starts the embedded server or connects to the servers, and makes the streams that
// are missing. With servers it waits for a cluster that is still electing its leaders.
func Open(ctx context.Context, o Options) (*Bus, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	ctx, deny := context.WithCancelCause(ctx)
	defer deny(nil)
	b := &Bus{opts: o.withDefaults()}
	b.stopping, b.stop = context.WithCancel(context.Background())
	b.handing, b.handBack = context.WithCancel(context.Background())
	b.living, b.end = context.WithCancel(context.Background())
	// The server answers nothing to a request that is not allowed: without this it would be
	// asked again and again until the time is over.
	denied := func(err error) { deny(fmt.Errorf("the account lacks a right: %w", err)) }
	if err := b.open(ctx, denied); err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, nats.ErrPermissionViolation) {
			err = cause
		}
		return nil, errors.Join(err, b.shut(context.WithoutCancel(ctx)))
	}
	return b, nil
}

func (b *Bus) open(ctx context.Context, denied func(error)) (err error) {
	if !b.opts.external() {
		if b.server, err = startEmbedded(b.opts); err != nil {
			return err
		}
	}
	err = b.patiently(ctx, func(context.Context) (err error) {
		b.nc, err = connect(b.opts, b.server, denied)
		return err
	})
	if err != nil {
		return fmt.Errorf("NATS: %w", err)
	}
	if b.js, err = jetstream.New(b.nc); err != nil {
		return err
	}
	if b.polls, err = jetstream.New(b.nc, jetstream.WithPublishAsyncMaxPending(pollWindow)); err != nil {
		return err
	}
	if err := b.ensureAll(ctx); err != nil {
		return err
	}
	if err := b.findPartitions(ctx); err != nil {
		return err
	}
	b.admission.start(b.opts)
	b.events.start(b)
	b.every(time.Second, b.look)
	b.every(bodySweep, func(ctx context.Context) error { return b.sweepBodies(ctx, bodyAge) })
	return b.look(ctx)
}

// look reads once a second what intake depends on.
func (b *Bus) look(ctx context.Context) error {
	if err := errors.Join(b.lookAtDisk(), b.revive(ctx)); err != nil {
		return err
	}
	return b.countTenants(ctx)
}

// every does something again and again until the bus closes. A failure is said and tried
// again the next time.
func (b *Bus) every(interval time.Duration, do func(context.Context) error) {
	b.background.Go(func() {
		for pause(b.living, interval) {
			if err := do(b.living); err != nil && b.living.Err() == nil {
				b.opts.Logger.Warn("background work of the queue", "err", err)
			}
		}
	})
}

// enter counts a runner, unless the bus is closing.
func (b *Bus) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.runners.Add(1)
	return true
}

// Close stops taking work and waits for the jobs in hand. When ctx ends first their
// contexts end and they are given back to the queue. Then the connection is closed, and
// the embedded server last. Nothing of the bus works afterwards.
func (b *Bus) Close(ctx context.Context) error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return nil
	}
	b.stop()
	cancel := context.AfterFunc(ctx, b.handBack)
	b.runners.Wait()
	cancel()
	return b.shut(context.WithoutCancel(ctx))
}

// flushLimit is how long the last acknowledgements may take.
const flushLimit = 2 * time.Second

func (b *Bus) shut(ctx context.Context) error {
	b.stop()
	b.handBack()
	b.end()
	b.events.end()
	b.background.Wait()
	var err error
	if b.nc != nil {
		flush, cancel := context.WithTimeout(ctx, flushLimit)
		defer cancel()
		if b.nc.IsConnected() {
			err = b.nc.FlushWithContext(flush)
		}
		b.nc.Close()
	}
	if b.server != nil {
		err = errors.Join(err, b.server.close())
	}
	return err
}

// Ready tells whether deliveries would be taken now: JetStream answers, and there is room
// on the disk. The error is a [Refusal].
func (b *Bus) Ready(ctx context.Context) error {
	if b.stopping.Err() != nil {
		return &Refusal{Reason: ErrClosed, RetryAfter: retryClosed}
	}
	if b.disk.full() {
		return &Refusal{Reason: ErrDisk, RetryAfter: retryFull}
	}
	if _, err := b.js.AccountInfo(ctx); err != nil {
		return &Refusal{Reason: ErrUnavailable, RetryAfter: retryUnavailable, Cause: err}
	}
	return nil
}
