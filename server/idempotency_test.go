package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// gate stands before a service: requests wait until it is opened, or are failed.
type gate struct {
	*httptest.Server
	came   chan struct{} // one for each request
	pass   chan struct{} // closed: all pass
	failed atomic.Bool
}

func newGate(t *testing.T, o *operator) *gate {
	t.Helper()
	g := &gate{came: make(chan struct{}, 100), pass: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/photos") {
			g.came <- struct{}{}
			<-g.pass
		}
		if g.failed.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		o.service.ServeHTTP(w, r)
	}))
	t.Cleanup(g.Close)
	o.serviceURL = g.URL
	o.connection = o.connect(t, "through the gate")
	return g
}

func TestIdempotencyKey(t *testing.T) { onEach(t, testIdempotencyKey) }

func testIdempotencyKey(t *testing.T, o *operator) {
	g := newGate(t, o)
	rename := func(title string) map[string]any {
		return map[string]any{"app": "photos", "module": "renamePhoto", "connection": o.connection, "parameters": map[string]any{"id": 1003, "title": title}}
	}
	first := make(chan *answer)
	go func() {
		got, _ := o.sendJSON(context.WithoutCancel(t.Context()), "/v1/run", rename("a"), "Idempotency-Key", "one")
		first <- got
	}()
	<-g.came
	if busy := o.post(t, "/v1/run", rename("a"), "Idempotency-Key", "one"); busy.header.Get("Retry-After") == "" {
		t.Errorf("in progress: %d %s", busy.status, busy.body)
	} else {
		busy.problem(t, http.StatusConflict, "in_progress")
	}
	close(g.pass)
	done := (<-first).is(t, http.StatusOK)
	again := o.post(t, "/v1/run", rename("a"), "Idempotency-Key", "one").is(t, http.StatusOK)
	if string(again.body) != string(done.body) || again.header.Get("Idempotent-Replayed") != "true" || done.header.Get("Idempotent-Replayed") != "" || len(g.came) != 0 {
		t.Errorf("repeated: %s %v, first: %s; %d more requests", again.body, again.header, done.body, len(g.came))
	}
	o.post(t, "/v1/run", rename("b"), "Idempotency-Key", "one").problem(t, http.StatusUnprocessableEntity, "key_reused")
	o.post(t, "/v1/run?stream=1", rename("a"), "Idempotency-Key", "one").problem(t, http.StatusUnprocessableEntity, "key_reused")
	other := o.owner.withToken(t, "run")
	other.post(t, "/v1/run", rename("b"), "Idempotency-Key", "one").is(t, http.StatusOK) // the key is another's there

	// What failed for a reason that passes may be tried again; what was wrong stays so.
	g.failed.Store(true)
	o.post(t, "/v1/run", rename("c"), "Idempotency-Key", "two").problem(t, http.StatusBadGateway, "provider_error")
	g.failed.Store(false)
	o.post(t, "/v1/run", rename("c"), "Idempotency-Key", "two").is(t, http.StatusOK)
	wrong := o.post(t, "/v1/run", rename(""), "Idempotency-Key", "three").problem(t, http.StatusUnprocessableEntity, "invalid_parameters")
	if kept := o.post(t, "/v1/run", rename(""), "Idempotency-Key", "three").problem(t, http.StatusUnprocessableEntity, "invalid_parameters"); kept.RequestID != wrong.RequestID {
		t.Error("a refusal is not kept")
	}

	// A stream comes while it runs, with a key, too.
	streamed := o.post(t, "/v1/run?stream=1", o.search(2), "Idempotency-Key", "four").is(t, http.StatusOK)
	if kept := o.post(t, "/v1/run?stream=1", o.search(2), "Idempotency-Key", "four"); string(kept.body) != string(streamed.body) || kept.header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("a stream is repeated as %s, was %s", kept.body, streamed.body)
	}
}

// TestKeyOfWhoLeaves: whoever hangs up may come back with the same key.
func TestKeyOfWhoLeaves(t *testing.T) { onEach(t, testKeyOfWhoLeaves) }

func testKeyOfWhoLeaves(t *testing.T, o *operator) {
	g := newGate(t, o)
	ctx, hangUp := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := o.sendJSON(ctx, "/v1/run", o.search(1), "Idempotency-Key", "gone")
		gone <- err
	}()
	<-g.came
	hangUp()
	if err := <-gone; err == nil {
		t.Fatal("the request was answered")
	}
	close(g.pass)
	eventually(t, "the key can be used again", func() bool {
		return o.post(t, "/v1/run", o.search(1), "Idempotency-Key", "gone").status == http.StatusOK
	})
}

// TestLongRunWithKey: the body of a request with a key is read beforehand, so no deadline
// of reading may end the run.
func TestLongRunWithKey(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes longer than the five seconds that a body may take")
	}
	o := newOperator(t)
	g := newGate(t, o)
	time.AfterFunc(6*time.Second, func() { close(g.pass) })
	o.post(t, "/v1/run", o.search(1), "Idempotency-Key", "long").is(t, http.StatusOK)
}
