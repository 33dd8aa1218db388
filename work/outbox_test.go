package work

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
)

// round hands over what is due.
func (b *bench) round(t *testing.T, o *Outbox) int {
	t.Helper()
	handovers, events, err := o.claim(t.Context(), newLanes(100), 10)
	if err != nil {
		t.Fatal(err)
	}
	for i := range handovers {
		o.hand(t.Context(), handovers[i], events[i])
	}
	return len(handovers)
}

func TestOutbox(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	var answer atomic.Value
	answer.Store(status(http.StatusInternalServerError))
	var redirected atomic.Bool
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			redirected.Store(true)
		}
		answer.Load().(func(http.ResponseWriter, *http.Request))(w, r)
	}))
	t.Cleanup(receiver.Close)
	d := &record.Destination{Name: "mine", URL: receiver.URL, Secret: NewSecret()}
	if err := b.team.InsertDestination(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	put := func(id string) {
		e := &record.Event{ID: id, Source: "trg_x", App: "sample", Destination: d.ID, Created: b.now(), Bundle: []byte(`{"n": 1}`)}
		if err := b.team.AppendEvents(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	state := func(id string) *record.Handover {
		all, err := b.team.Handovers(t.Context(), d.ID, "", record.Page{Limit: 50})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range all {
			if h.Event == id {
				return h
			}
		}
		return &record.Handover{}
	}
	o := &Outbox{Node: b.Node, Network: b.runtime.Network()}

	put("evt_1")
	for i, wait := range waits {
		if n := b.round(t, o); n != 1 {
			t.Fatalf("try %d: %d handovers", i+1, n)
		}
		if h := state("evt_1"); h.State != record.HandoverPending || h.Tries != i+1 || h.Status != 500 || h.NextAt.Sub(b.now()) != wait {
			t.Fatalf("after try %d: %+v, next in %s, want %s", i+1, h, h.NextAt.Sub(b.now()), wait)
		}
		if n := b.round(t, o); n != 0 {
			t.Fatalf("it is tried again at once")
		}
		b.pass(wait)
	}
	b.round(t, o)
	if h := state("evt_1"); h.State != record.HandoverDead || h.Error != "the destination answered 500 Internal Server Error" {
		t.Errorf("in the end: %+v", h)
	}
	answer.Store(status(http.StatusNoContent))
	if n, err := b.team.Replay(t.Context(), d.ID, "evt_1"); n != 1 || err != nil {
		t.Errorf("replayed: %d, %v", n, err)
	}
	b.round(t, o)
	if h := state("evt_1"); h.State != record.HandoverDone || h.Tries != 1 || h.Error != "" {
		t.Errorf("replayed: %+v", h)
	}

	put("evt_2")
	answer.Store(status(http.StatusTooManyRequests, "Retry-After", "900"))
	b.round(t, o)
	if h := state("evt_2"); h.NextAt.Sub(b.now()) != 15*time.Minute {
		t.Errorf("Retry-After: %+v", h)
	}
	b.pass(15 * time.Minute)
	answer.Store(status(http.StatusFound, "Location", receiver.URL+"/elsewhere"))
	b.round(t, o)
	if h := state("evt_2"); h.State != record.HandoverPending || h.Status != http.StatusFound || redirected.Load() {
		t.Errorf("a redirect: %+v, followed: %t", h, redirected.Load())
	}
	b.pass(time.Hour)
	answer.Store(status(http.StatusGone))
	b.round(t, o)
	paused, err := b.team.Destination(t.Context(), d.ID)
	if err != nil || paused.Paused == "" || state("evt_2").State != record.HandoverPending {
		t.Errorf("410: %+v, %v", paused, err)
	}
	b.pass(time.Hour)
	if n := b.round(t, o); n != 0 {
		t.Errorf("a paused destination is sent %d", n)
	}
	answer.Store(status(http.StatusOK))
	paused.Paused = ""
	if err := b.team.UpdateDestination(t.Context(), paused); err != nil {
		t.Fatal(err)
	}
	b.round(t, o)
	if h := state("evt_2"); h.State != record.HandoverDone {
		t.Errorf("resumed: %+v", h)
	}
	put("evt_3")
	receiver.Close()
	b.round(t, o)
	if h := state("evt_3"); h.Status != 0 || h.State != record.HandoverPending || h.Error == "" {
		t.Errorf("nobody listens: %+v", h)
	}
}
