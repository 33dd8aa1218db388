package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// publishLimit is how long one partition may take. With a healthy leader p99 is 20 to
	// 90 ms under load.
	publishLimit = 500 * time.Millisecond
	secondPause  = 50 * time.Millisecond

	// What senders are told to wait.
	retryUnavailable = 5 * time.Second
	retryFull        = 30 * time.Second
	retryBusy        = 10 * time.Second
	retryClosed      = 5 * time.Second
)

// PublishHook stores a delivery durably. It returns nil only when JetStream has
// acknowledged it, a *[Refusal] when it was not accepted, and another error when the
// delivery itself cannot be stored by anybody.
//
// A partition without a leader is passed over: the same id goes to the next one. The id is
// unique in each stream only, so a delivery may be stored twice; its row in SQL makes that
// harmless. Senders that may be told to wait get deliveries above the Rate of their webhook
// into the class of bulk, which has workers of its own.
func (b *Bus) PublishHook(ctx context.Context, d Delivery) error {
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
	class := b.admission.class(d.Tenant, d.Hook, begin)
	err := b.hedge(ctx, home(d.ID, len(b.hooks)), func(p *partition) *nats.Msg {
		return d.message(b.subject("hook", p.number, class, d.Tenant, d.Hook))
	})
	b.counters.published(begin, err)
	return err
}

// admit refuses what must not be stored now.
func (b *Bus) admit(tenant string) error {
	switch {
	case b.stopping.Err() != nil:
		return &Refusal{Reason: ErrClosed, RetryAfter: retryClosed}
	case b.disk.full():
		return &Refusal{Reason: ErrDisk, RetryAfter: retryFull}
	case b.admission.over(tenant):
		return &Refusal{Reason: ErrBusy, RetryAfter: retryBusy}
	}
	return nil
}

// hedge publishes to the first partition that takes the message, in two passes: two of
// three leaders on one server that dies cost refusals before there was a second one.
func (b *Bus) hedge(ctx context.Context, home int, message func(*partition) *nats.Msg) error {
	var last error
	full, timeouts := 0, 0
	for pass := range 2 {
		full = 0
		for _, p := range order(b.hooks, home) {
			if pass > 0 && !pause(ctx, secondPause) {
				return unavailable(errors.Join(last, ctx.Err()))
			}
			err := b.publish(ctx, p, message(p))
			if err == nil || ctx.Err() != nil {
				return unavailable(err)
			}
			last = err
			switch {
			case storeRefused(err):
				full++
			case errors.Is(err, context.DeadlineExceeded):
				// The server that this node is connected to may be frozen.
				if timeouts++; timeouts == 2 {
					b.reconnect.force(b.nc)
				}
			}
		}
		if full == len(b.hooks) {
			return &Refusal{Reason: ErrFull, RetryAfter: retryFull, Cause: last}
		}
	}
	return unavailable(last)
}

func unavailable(err error) error {
	if err == nil {
		return nil
	}
	return &Refusal{Reason: ErrUnavailable, RetryAfter: retryUnavailable, Cause: err}
}

// publish tries one partition and keeps the marks. The client itself must not try again:
// it would spend the time that belongs to the next partition.
func (b *Bus) publish(ctx context.Context, p *partition, msg *nats.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	_, err := b.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	b.disk.heard(err)
	switch {
	case err == nil:
		p.heal()
	case !storeRefused(err):
		p.mark()
		b.counters.failures.Add(1)
	}
	return err
}

// reconnectPause is the least time between two forced reconnects.
const reconnectPause = 3 * time.Second

type reconnect struct {
	mu   sync.Mutex
	last time.Time
}

func (r *reconnect) force(nc *nats.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.last) > reconnectPause {
		r.last = time.Now()
		nc.ForceReconnect()
	}
}
