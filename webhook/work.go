package webhook

import (
	"context"
	"sync"

	"github.com/cleat-run/cleat/engine"
)

// workBatch is how many deliveries are taken from the queue at once.
const workBatch = 64

// Work hands out the deliveries of the hook, those of earlier processes first, until ctx
// ends or do fails. With parallel above 1, and unless the hook is sequential, do runs as
// often at once; otherwise in the goroutine of the caller, in the order of arrival. A delivery for which do returns nil is done and does not come again;
// the reply, which may be nil, answers its request if that is still open. A failure, and
// whatever ends the process, leaves the deliveries in the queue that were not done.
//
// Only one Work may run for a hook at a time.
func (h *Hook) Work(ctx context.Context, parallel int, do func(context.Context, *Delivery) (*engine.Reply, error)) error {
	h.queue.resume()
	defer h.queue.release()
	woken := h.queue.wakes()
	for {
		batch, err := h.Store.Next(ctx, h.Record.ID, workBatch)
		if err != nil {
			return err
		}
		if len(batch) > 0 {
			if err := h.workOn(ctx, parallel, batch, do); err != nil {
				return err
			}
			continue
		}
		select {
		case <-woken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// finished is what came of one delivery.
type finished struct {
	reply *engine.Reply
	err   error
}

// workOn works on a batch and then takes what was done out of the queue, in one
// transaction. Only then requests are answered: a request that was answered is not
// worked on again.
func (h *Hook) workOn(ctx context.Context, parallel int, batch []*Delivery, do func(context.Context, *Delivery) (*engine.Reply, error)) error {
	results := h.each(ctx, parallel, batch, do)
	var failure error
	var ids []string
	for i, got := range results {
		if got.err != nil {
			failure = got.err
			continue
		}
		ids = append(ids, batch[i].ID)
	}
	// What was done is done, even when ctx has ended meanwhile.
	if err := h.Store.Done(context.WithoutCancel(ctx), ids...); err != nil {
		return err
	}
	for i, got := range results {
		if got.err == nil {
			h.queue.settle(batch[i].ID, got.reply)
		}
	}
	return failure
}

// each works on a batch: in the order of arrival, up to the first failure, or several at
// once.
func (h *Hook) each(ctx context.Context, parallel int, batch []*Delivery, do func(context.Context, *Delivery) (*engine.Reply, error)) []finished {
	results := make([]finished, len(batch))
	if parallel <= 1 || h.Current().Sequential {
		for i, d := range batch {
			if results[i].reply, results[i].err = do(ctx, d); results[i].err != nil {
				return stopped(results, i)
			}
		}
		return results
	}
	var group sync.WaitGroup
	slots := make(chan struct{}, min(parallel, len(batch)))
	for i, d := range batch {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			results[i].reply, results[i].err = do(ctx, d)
		})
	}
	group.Wait()
	return results
}

// stopped marks everything behind a failure as not done.
func stopped(results []finished, at int) []finished {
	for i := range results[at:] {
		results[at+i].err = results[at].err
	}
	return results
}
