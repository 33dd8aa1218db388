package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// handover is what became of an event at a destination.
type handover struct {
	Event, State, Error string
	Tries, Status       int
	Next                time.Time
}

// TestDestination: what a receiver answers decides what it is sent next. When is next, and
// how often, is tested in package work.
func TestDestination(t *testing.T) { onEach(t, testDestination) }

func testDestination(t *testing.T, o *operator) {
	got := newReceiver(t)
	var d struct{ ID, Secret, State, Reason string }
	o.post(t, "/v1/destinations", map[string]any{"name": "mine", "url": got.URL}).is(t, http.StatusCreated).into(t, &d)
	if shown := o.get(t, "/v1/destinations/"+d.ID).is(t, http.StatusOK); strings.Contains(string(shown.body), d.Secret) || d.Secret == "" {
		t.Errorf("the secret %q is shown again: %s", d.Secret, shown.body)
	}
	got.expect(d.Secret, func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	var trigger struct{ ID string }
	o.post(t, "/v1/triggers", map[string]any{"name": "photos", "app": "photos", "module": "watchPhotos", "connection": o.connection, "every": "24h", "from": "all", "limit": 1,
		"destination": d.ID, "parameters": map[string]any{"limit": 1}}).is(t, http.StatusCreated).into(t, &trigger)
	path := "/v1/destinations/" + d.ID
	all := func() []handover { return listed[handover](t, o.get(t, path+"/handovers")) }
	run := func() { o.post(t, "/v1/triggers/"+trigger.ID+"/run", nil).is(t, http.StatusOK) }

	run()
	eventually(t, "the destination is asked once", func() bool { h := all(); return len(h) == 1 && h[0].Tries == 1 })
	if first := all()[0]; first.State != "pending" || first.Status != http.StatusServiceUnavailable || time.Until(first.Next) < 59*time.Minute {
		t.Errorf("after 503 with Retry-After: %+v", first)
	}
	got.expect(d.Secret, func(http.ResponseWriter) {})
	event := all()[0].Event
	o.post(t, path+"/replay", map[string]any{"events": []string{event}}).is(t, http.StatusAccepted)
	eventually(t, "the replay is accepted", func() bool { h := all(); return h[0].State == "done" && h[0].Status == http.StatusOK })
	if n := got.times(event); n != 2 {
		t.Errorf("the event arrived %d times", n)
	}

	got.expect(d.Secret, func(w http.ResponseWriter) { w.WriteHeader(http.StatusGone) })
	run()
	eventually(t, "410 pauses", func() bool { o.get(t, path).into(t, &d); return d.State == "paused" })
	if !strings.Contains(d.Reason, "410") {
		t.Errorf("it is paused because %q", d.Reason)
	}
	got.expect(d.Secret, func(http.ResponseWriter) {})
	o.call(t, http.MethodPatch, path, map[string]any{"paused": false}).is(t, http.StatusOK)
	eventually(t, "what waited arrives", func() bool {
		h := all()
		return len(h) == 2 && h[0].State == "done" && h[1].State == "done"
	})
	o.do(t, http.MethodDelete, path, nil).is(t, http.StatusConflict)
	o.do(t, http.MethodDelete, "/v1/triggers/"+trigger.ID, nil).is(t, http.StatusNoContent)
	o.do(t, http.MethodDelete, path, nil).is(t, http.StatusNoContent)
	if left := o.get(t, "/v1/events?limit=1"); left.status != http.StatusOK {
		t.Errorf("the log after that: %s", left.body)
	}
}
