package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/server"
)

// TestLimits: who wants too much at once is told when to come again.
func TestLimits(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) {
		c.Limits = server.Limits{Listeners: 1, PerConnect: 1, HookRequests: 3, HookWindow: time.Hour, Answer: 500}
	})
	o := newOperatorOf(t, n, "")
	busy := func(a *answer, status int, code string) {
		t.Helper()
		if a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d without Retry-After", a.asked, a.status)
		}
		if code != "" {
			a.problem(t, status, code)
		} else {
			a.is(t, status)
		}
	}
	o.post(t, "/v1/run", o.search(20)).problem(t, http.StatusUnprocessableEntity, "too_large")
	o.post(t, "/v1/run?stream=1", o.search(20)).is(t, http.StatusOK)

	_, end := o.follow(t, "/v1/events")
	busy(o.get(t, "/v1/live"), http.StatusServiceUnavailable, "too_many_listeners")
	busy(o.get(t, "/v1/events", "Accept", "text/event-stream"), http.StatusServiceUnavailable, "too_many_listeners")
	end()
	eventually(t, "the place of a listener is free", func() bool {
		ctx, hangUp := context.WithCancel(t.Context())
		defer hangUp()
		r, err := o.request(ctx, http.MethodGet, "/v1/live", nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := browser.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		return got.StatusCode == http.StatusOK
	})

	var hook struct{ URL string }
	o.post(t, "/v1/hooks", map[string]any{"name": "x", "app": "photos", "module": "watchRenamed", "connection": o.connection}).is(t, http.StatusCreated).into(t, &hook)
	path := strings.TrimPrefix(hook.URL, n.url) // attach has sent one request already
	for range 2 {
		o.visitor().post(t, path, map[string]any{}).is(t, http.StatusOK)
	}
	busy(o.visitor().post(t, path, map[string]any{}), http.StatusTooManyRequests, "")

	g := newGate(t, o)
	first := make(chan *answer)
	go func() {
		got, _ := o.sendJSON(context.WithoutCancel(t.Context()), "/v1/run", o.search(1))
		first <- got
	}()
	<-g.came
	busy(o.post(t, "/v1/run", o.search(1)), http.StatusTooManyRequests, "too_many_runs")
	busy(o.post(t, "/v1/run?async=1", o.search(1)), http.StatusTooManyRequests, "too_many_runs")
	close(g.pass)
	(<-first).is(t, http.StatusOK)
	o.post(t, "/v1/run", o.search(1)).is(t, http.StatusOK)

	figures := string(o.get(t, "/metrics").is(t, http.StatusOK).body)
	for _, want := range []string{`cleat_http_request_seconds_count{method="POST",route="/v1/run",status="429"} 2`, `route="/hooks/{token}"`, `cleat_hook_refused_total{status="429"} 1`,
		`cleat_run_seconds_count{kind="module",state="succeeded"}`, `cleat_bus_publish_seconds_bucket{le="0.001"}`, "cleat_bus_refused_total", "cleat_bus_publish_failures_total", "cleat_bus_redelivered_total",
		"cleat_bus_leases_lost_total", "cleat_bus_free_disk_bytes", `cleat_bus_stream_messages{stream="HOOKS_0"}`, `cleat_bus_stream_bytes{stream="SEQ_2"}`,
		`cleat_bus_stream_oldest_seconds{stream="POLLS"}`, `cleat_bus_partition_bad{stream="HOOKS_1"} 0`, `cleat_bus_stream_leader{stream="TURNS"`,
		`cleat_bus_consumer_pending{stream="HOOKS_0",consumer="bulk"}`, `cleat_bus_consumer_in_hand{stream="POLLS",consumer="polls"}`} {
		if !strings.Contains(figures, want) {
			t.Errorf("the figures lack %s", want)
		}
	}
	if strings.Contains(figures, strings.TrimPrefix(path, "/hooks/")) {
		t.Error("the figures show the address of a hook")
	}
}

// TestRunLimits: a run ends at its deadline, and a team has so many at once, of whatever
// kind.
func TestRunLimits(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) {
		c.Limits = server.Limits{Run: 300 * time.Millisecond, PerTeam: 1, Answer: 1000}
	})
	hanging := newGated()
	defer close(hanging.pass)
	p := newPressed(t, n, hanging.ServeHTTP)
	run := map[string]any{"app": "pressed", "module": "pages"}
	p.post(t, "/v1/run", run).problem(t, http.StatusGatewayTimeout, "timeout")
	p.post(t, "/v1/rpc", map[string]any{"app": "pressed", "rpc": "options"}).problem(t, http.StatusGatewayTimeout, "timeout")
	streamed := p.post(t, "/v1/run?stream=1", run).is(t, http.StatusOK)
	if !strings.Contains(string(streamed.body), `"code":"timeout"`) {
		t.Errorf("a stream ends with %s", streamed.body)
	}
	var later struct{ Run string }
	p.post(t, "/v1/run?async=1", run).is(t, http.StatusAccepted).into(t, &later)
	p.post(t, "/v1/run", run).later(t, http.StatusTooManyRequests, "too_many_runs")
	p.post(t, "/v1/rpc", map[string]any{"app": "pressed", "rpc": "options"}).later(t, http.StatusTooManyRequests, "too_many_runs")
	newPressed(t, n, hanging.ServeHTTP).post(t, "/v1/run", run).problem(t, http.StatusGatewayTimeout, "timeout") // another team has its own
	eventually(t, "the run in the background ends, too", func() bool {
		var got struct{ State string }
		p.get(t, "/v1/runs/"+later.Run).is(t, http.StatusOK).into(t, &got)
		return got.State == "failed"
	})

	item := `{"text": "` + strings.Repeat("x", 600) + `"}`
	long := `{"items": [` + item + "," + item + `]}`
	big := newPressed(t, n, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(long))
	})
	big.post(t, "/v1/run", run).problem(t, http.StatusUnprocessableEntity, "too_large")
	big.post(t, "/v1/rpc", map[string]any{"app": "pressed", "rpc": "options"}).problem(t, http.StatusUnprocessableEntity, "too_large")
	big.post(t, "/v1/run?stream=1", run).is(t, http.StatusOK)
}

// TestDrain: a server that stops says so, ends streams, and finishes what it has begun.
func TestDrain(t *testing.T) {
	t.Parallel()
	n, err := startNode(context.WithoutCancel(t.Context()), nil)
	if err != nil {
		t.Fatal(err)
	}
	o := newOperatorOf(t, n, "")
	g := newGate(t, o)
	first := make(chan *answer)
	go func() {
		got, _ := o.sendJSON(context.WithoutCancel(t.Context()), "/v1/run", o.search(1))
		first <- got
	}()
	<-g.came
	r, err := o.request(t.Context(), http.MethodGet, "/v1/events", nil, "Accept", "text/event-stream")
	if err != nil {
		t.Fatal(err)
	}
	streaming, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan error, 1)
	go func() { stopped <- n.stop() }()
	rest := make([]byte, 1<<10)
	for {
		if _, err := streaming.Body.Read(rest); err != nil {
			break // the stream ends while the run goes on
		}
	}
	streaming.Body.Close()
	select {
	case err := <-stopped:
		t.Fatalf("it stopped before the run was done: %v", err)
	default:
	}
	close(g.pass)
	(<-first).is(t, http.StatusOK)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}
