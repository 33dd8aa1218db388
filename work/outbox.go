package work

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cleat-run/cleat/record"
)

// Outbox hands events to their destinations (server.md 3). It is safe for concurrent use;
// the fields must not change.
type Outbox struct {
	Node *Node
	// Network sends: the guarded network of the engine, or what stands in for it.
	Network http.RoundTripper
	Workers int // at once; 0 means 128

	once   sync.Once
	woke   chan struct{}
	claims atomic.Int64 // every claim has an owner of its own: one that ran out is not taken for the next
}

const (
	handoverTime  = 30 * time.Second // for one request
	claimTime     = 60 * time.Second // afterwards another node may send it
	outboxPause   = time.Second      // between two looks when nothing was woken
	maxAnswer     = 64 << 10         // of a destination's answer is read, so that its connection can be used again
	handoverBatch = 64
)

// waits are those between two tries (server.md 3): about three days, then it is dead.
var waits = []time.Duration{5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour,
	24 * time.Hour, 24 * time.Hour}

func (o *Outbox) wakes() chan struct{} {
	o.once.Do(func() { o.woke = make(chan struct{}, 1) })
	return o.woke
}

// Wake says that there may be something to hand over.
func (o *Outbox) Wake() {
	select {
	case o.wakes() <- struct{}{}:
	default:
	}
}

// Run hands events over until ctx ends, and waits for what is being sent.
func (o *Outbox) Run(ctx context.Context) {
	workers := o.Workers
	if workers == 0 {
		workers = 128
	}
	free := make(chan struct{}, workers)
	all := newLanes(workers)
	var sending sync.WaitGroup
	defer sending.Wait()
	for ctx.Err() == nil {
		sent := o.round(ctx, all, free, &sending)
		if sent > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-o.wakes():
		case <-time.After(outboxPause):
		}
	}
}

// round claims what is due, as much as there are free workers for each destination, and
// begins to send it.
func (o *Outbox) round(ctx context.Context, all *lanes, free chan struct{}, sending *sync.WaitGroup) int {
	free <- struct{}{} // at least one
	<-free
	handovers, events, err := o.claim(ctx, all, min(cap(free)-len(free), handoverBatch))
	if err != nil {
		if ctx.Err() == nil {
			o.Node.Log.Error("the records do not answer", "doing", "claim handovers", "error", err)
		}
		return 0
	}
	for i, h := range handovers {
		free <- struct{}{}
		all.begin(h)
		sending.Go(func() {
			defer func() { <-free; o.Wake() }()
			all.end(h, o.hand(context.WithoutCancel(ctx), h, events[i]))
		})
	}
	return len(handovers)
}

// claim takes handovers for up to room workers.
func (o *Outbox) claim(ctx context.Context, all *lanes, room int) ([]*record.Handover, []*record.Event, error) {
	now := o.Node.now()
	due, err := o.Node.Records.DueDestinations(ctx, now)
	if err != nil {
		return nil, nil, err
	}
	wish := all.plan(due, room, now)
	if len(wish) == 0 {
		return nil, nil, nil // without a write each time
	}
	owner := fmt.Sprintf("%s/%d", o.Node.Name, o.claims.Add(1))
	return o.Node.Records.ClaimHandovers(ctx, owner, now, now.Add(claimTime), wish)
}

// hand sends one event, stores what came of it, and says how the destination is.
func (o *Outbox) hand(ctx context.Context, h *record.Handover, e *record.Event) (is health) {
	ctx, span := o.Node.traceHandover(ctx, h, e)
	defer span.End()
	d, err := o.Node.Records.OfTeam(h.Team).Destination(ctx, h.Destination)
	var pause string
	var wait time.Duration
	if err == nil {
		h.Status, wait, err = o.send(ctx, d, e)
		answered(span, h.Status, err != nil)
	}
	is.failed = err != nil
	if h.Status == http.StatusTooManyRequests {
		is.rest = o.Node.now().Add(min(wait, maxRest))
	}
	h.Tries++
	switch {
	case err == nil:
		h.State, h.Error = record.HandoverDone, ""
	case h.Status == http.StatusGone:
		pause = "the destination answered 410: it wants nothing any more"
		h.Error, h.NextAt = err.Error(), o.Node.now()
	case h.Tries > len(waits):
		h.State, h.Error = record.HandoverDead, err.Error()
	default:
		h.Error, h.NextAt = err.Error(), o.Node.now().Add(max(wait, waits[h.Tries-1]))
	}
	err = o.Node.Records.EndHandover(ctx, h, pause)
	if err != nil && !errors.Is(err, record.ErrFenced) {
		o.Node.Log.Error("the records do not answer", "doing", "end a handover", "event", h.Event, "error", err)
	}
	return is
}

// send posts an event as Standard Webhooks say and returns the status, and how long the
// destination asks to wait.
func (o *Outbox) send(ctx context.Context, d *record.Destination, e *record.Event) (status int, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, handoverTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL, bytes.NewReader(e.Bundle))
	if err != nil {
		return 0, 0, errors.New("the address of the destination cannot be read")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "cleat")
	r.Header.Set("Cleat-Source", e.Source)
	r.Header.Set("Cleat-App", e.App)
	if err := sign(r.Header, d.Secret, e.ID, o.Node.now(), e.Bundle); err != nil {
		return 0, 0, err
	}
	answer, err := o.Network.RoundTrip(r) // redirects are failures: the signature is for this address
	if err != nil {
		return 0, 0, errors.New("the destination cannot be reached: " + cause(err))
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswer))
	if answer.StatusCode/100 != 2 {
		return answer.StatusCode, retryAfter(answer.Header, o.Node.now()), fmt.Errorf("the destination answered %s", answer.Status)
	}
	return answer.StatusCode, 0, nil
}

// cause is the reason of a failed request without its address, which may hold a secret.
func cause(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err.Error()
}

// maxWait bounds what a service or a destination may ask for.
const maxWait = 24 * time.Hour

// retryAfter reads the header in both of its forms (RFC 9110 10.2.3).
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, int(maxWait/time.Second)))*time.Second, maxWait)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), maxWait)
	}
	return 0
}
