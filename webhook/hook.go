package webhook

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// Hook is the http.Handler behind the address of a hook: what comes to [Path] of its
// token. A request that it answers 2xx has its bundles on the disk. It is safe for
// concurrent use; the fields must not change once it is in use (see [Hook.Changed]), and
// it must not be copied.
type Hook struct {
	Engine  *engine.Engine
	Store   Store
	Type    *Type
	Record  *Record
	Account engine.Input // what the connection adds
	Limits  Limits

	// Hold is how long a request stays open for its bundles to be worked on; then it gets
	// the app's answer, or that of a responder. 0 means that it is answered when its
	// bundles are on the disk.
	Hold time.Duration
	Now  func() time.Time // nil means time.Now
	// Refused hears of requests that were not taken; nil means that nobody listens.
	Refused func(status int, err error)

	rate    rate
	queue   queue
	changed atomic.Pointer[Record]
	dropped atomic.Int64
}

// Changed lets the hook go on with what has become of its record.
func (h *Hook) Changed(r Record) { h.changed.Store(&r) }

// Current is the record that the hook works with. It must not be changed.
func (h *Hook) Current() *Record {
	if r := h.changed.Load(); r != nil {
		return r
	}
	return h.Record
}

// Dropped returns how many bundles of a shared webhook were for an account that has no
// hook.
func (h *Hook) Dropped() int64 { return h.dropped.Load() }

func (h *Hook) now() time.Time {
	if h.Now != nil {
		return h.Now()
	}
	return time.Now()
}

// ServeHTTP receives one request.
func (h *Hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	reply, err := h.receive(w, r)
	if err != nil {
		h.refuse(w, err)
		return
	}
	if reply == nil {
		reply = accepted()
	}
	for name, lines := range reply.Header {
		if !ofConnection[name] {
			w.Header()[name] = lines
		}
	}
	// Nothing is guessed from what strangers may have sent.
	if reply.Header.Get("Content-Type") == "" && len(reply.Body) > 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(reply.Status)
	w.Write(reply.Body)
}

// ofConnection are headers that the server sets itself.
var ofConnection = map[string]bool{"Connection": true, "Content-Length": true, "Keep-Alive": true, "Te": true, "Trailer": true,
	"Transfer-Encoding": true, "Upgrade": true}

// accepted is the answer of an app that does not say how to answer (components.md 7.2).
func accepted() *engine.Reply {
	return &engine.Reply{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, Body: []byte("Accepted")}
}

func (h *Hook) refuse(w http.ResponseWriter, err error) {
	status, message := Status(err)
	var refused *refusal
	if errors.As(err, &refused) && refused.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(refused.retry.Seconds()))))
	}
	http.Error(w, message, status)
	if h.Refused != nil {
		h.Refused(status, err)
	}
}

// receive takes a request through the steps of components.md 7.2.
func (h *Hook) receive(w http.ResponseWriter, r *http.Request) (*engine.Reply, error) {
	limits := h.Limits.withDefaults()
	if err := h.admit(limits, r); err != nil {
		return nil, err
	}
	raw, err := limits.read(w, r)
	if err != nil {
		return nil, err
	}
	got, err := h.Read(r.Context(), r, raw)
	if err != nil {
		return nil, err
	}
	deliveries, err := h.sort(r.Context(), limits, got.Items)
	if err != nil || len(deliveries) == 0 {
		return got.Reply, err
	}
	answered, err := h.enqueue(r.Context(), deliveries)
	if err != nil {
		return nil, err
	}
	if answered != nil {
		return answered, nil
	}
	return got.Reply, nil
}

// Read runs the code of the webhook over a request with the body raw: it says what is to be
// answered and which bundles there are, and stores nothing.
func (h *Hook) Read(ctx context.Context, r *http.Request, raw []byte) (*engine.Reception, error) {
	roots, err := engine.ReadRequest(r, raw)
	if err != nil {
		return nil, &refusal{status: http.StatusBadRequest, message: "the request cannot be read", cause: err}
	}
	return h.Engine.Start(h.Type.receive, h.input(roots)).Deliver(ctx)
}

// Status is what a failure of [Hook.Read] is answered with.
func Status(err error) (status int, message string) {
	var refused *refusal
	if errors.As(err, &refused) {
		return refused.status, refused.message
	}
	return http.StatusInternalServerError, "the request could not be taken"
}

func (h *Hook) admit(limits Limits, r *http.Request) error {
	switch record := h.Current(); {
	case !isPathOf(r.URL.Path, record.Token):
		return &refusal{status: http.StatusNotFound, message: "there is no such hook"}
	case record.Disabled:
		return &refusal{status: http.StatusGone, message: "the hook is disabled"}
	}
	if err := h.rate.admit(limits, h.now()); err != nil {
		return err
	}
	return limits.fits(r)
}

func (h *Hook) input(roots map[string]value.Value) engine.Input {
	record := h.Current()
	in := h.Type.input(record, h.Account, record.Address)
	for name, v := range roots {
		in.Roots[name] = v
	}
	return in
}

// sort makes one delivery for each hook that items are for: this one, or with a shared
// webhook those of the accounts that uid names.
func (h *Hook) sort(ctx context.Context, limits Limits, items []engine.Delivered) ([]*Delivery, error) {
	var all []*Delivery
	byHook := map[int64]*Delivery{}
	now := h.now()
	for _, item := range items {
		hooks, err := h.Targets(ctx, item)
		if err != nil {
			return nil, err
		}
		for _, id := range hooks {
			d := byHook[id]
			if d == nil {
				d = &Delivery{ID: NewID(now), Hook: id, Received: now}
				byHook[id], all = d, append(all, d)
			}
			d.Bundles = append(d.Bundles, item.Bundle)
		}
	}
	for _, d := range all {
		backlog, err := h.Store.Backlog(ctx, d.Hook)
		if err != nil {
			return nil, err
		}
		if err := limits.room(backlog); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Targets returns the ids of the hooks that an item is for: this one, or with a shared
// webhook those of the account that uid names.
func (h *Hook) Targets(ctx context.Context, item engine.Delivered) ([]int64, error) {
	if !h.Type.Shared {
		return []int64{h.Record.ID}, nil
	}
	hooks, err := h.Store.HooksWithUID(ctx, h.Type.App, h.Type.ID, item.UID.ToText())
	if err == nil && len(hooks) == 0 {
		h.dropped.Add(1)
	}
	return hooks, err
}

// enqueue puts deliveries on the disk and waits, with Hold, for the answer to that of
// this hook.
func (h *Hook) enqueue(ctx context.Context, deliveries []*Delivery) (*engine.Reply, error) {
	var wait func(context.Context, time.Duration) *engine.Reply
	for _, d := range deliveries {
		if h.Hold > 0 && d.Hook == h.Record.ID {
			wait = h.queue.hold(d.ID)
			defer h.queue.settle(d.ID, nil)
		}
	}
	err := h.queue.add(ctx, h.Store, deliveries)
	if errors.Is(err, ErrTooBig) {
		err = &refusal{status: http.StatusRequestEntityTooLarge, message: "the request is too large", cause: err}
	}
	if err != nil || wait == nil {
		return nil, err
	}
	return wait(ctx, h.Hold), nil
}
