package webhook

import (
	"context"
	"sync"
	"time"

	"github.com/cleat-run/cleat/engine"
)

// queue puts deliveries on the disk, those that arrive together in one transaction, and
// keeps the requests open that wait for theirs to be worked on. The zero queue is ready.
type queue struct {
	writing sync.Mutex // one transaction at a time

	mu      sync.Mutex
	waiting []*entry
	open    map[string]chan *engine.Reply
	closed  bool // nobody works on deliveries any more
	woken   chan struct{}
}

// entry is the deliveries of one request on their way to the disk.
type entry struct {
	deliveries []*Delivery
	done       chan error
}

// add returns when the deliveries are on the disk. Whoever gets to write takes everything
// along that waits by then: under load a transaction carries many requests.
func (q *queue) add(ctx context.Context, store Store, deliveries []*Delivery) error {
	own := &entry{deliveries, make(chan error, 1)}
	q.mu.Lock()
	q.waiting = append(q.waiting, own)
	q.mu.Unlock()

	q.writing.Lock()
	q.mu.Lock()
	batch := q.waiting
	q.waiting = nil
	q.mu.Unlock()
	write(context.WithoutCancel(ctx), store, batch)
	q.writing.Unlock()
	err := <-own.done
	if err == nil {
		q.wake()
	}
	return err
}

// write puts a batch on the disk. When that fails each entry is tried alone: requests must
// not fail with one that came with them.
func write(ctx context.Context, store Store, batch []*entry) {
	var all []*Delivery
	for _, e := range batch {
		all = append(all, e.deliveries...)
	}
	if len(all) == 0 {
		return
	}
	err := store.Append(ctx, all...)
	for _, e := range batch {
		if err != nil && len(batch) > 1 {
			e.done <- store.Append(ctx, e.deliveries...)
		} else {
			e.done <- err
		}
	}
}

// wakes returns the channel that tells of new deliveries.
func (q *queue) wakes() chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.woken == nil {
		q.woken = make(chan struct{}, 1)
	}
	return q.woken
}

func (q *queue) wake() {
	select {
	case q.wakes() <- struct{}{}:
	default:
	}
}

// hold keeps a request open: wait returns the reply to its delivery, or nil when nobody
// gave one in time.
func (q *queue) hold(id string) (wait func(context.Context, time.Duration) *engine.Reply) {
	answer := make(chan *engine.Reply, 1)
	q.mu.Lock()
	if q.open == nil {
		q.open = map[string]chan *engine.Reply{}
	}
	q.open[id] = answer
	closed := q.closed
	q.mu.Unlock()
	return func(ctx context.Context, deadline time.Duration) *engine.Reply {
		defer q.settle(id, nil)
		if closed {
			return nil
		}
		timer := time.NewTimer(deadline)
		defer timer.Stop()
		select {
		case reply := <-answer:
			return reply
		case <-timer.C:
		case <-ctx.Done():
		}
		return nil
	}
}

// settle answers the request of a delivery, if it is still open.
func (q *queue) settle(id string, reply *engine.Reply) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if answer, ok := q.open[id]; ok {
		answer <- reply
		delete(q.open, id)
	}
}

// release answers all open requests: their deliveries are on the disk, and nobody works
// on them any more. Until resume, requests are not held.
func (q *queue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	for id, answer := range q.open {
		answer <- nil
		delete(q.open, id)
	}
}

func (q *queue) resume() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = false
}
