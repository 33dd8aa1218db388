package server

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	runtimemetrics "runtime/metrics"
	"slices"
	"sync"
	"time"

	"github.com/cleat-run/cleat/record"
)

// metrics counts what the server does, in the text format of Prometheus (version 0.0.4).
// Labels come from routes and from our own words, never from what strangers send.
type metrics struct {
	server *Server

	mu       sync.Mutex
	requests map[string]*histogram // by method, route and status
	runs     map[string]*histogram // by kind and state
	refusals map[int]uint64        // deliveries, by status
}

func newMetrics(s *Server) *metrics {
	return &metrics{server: s, requests: map[string]*histogram{}, runs: map[string]*histogram{}, refusals: map[int]uint64{}}
}

// bounds are those of durations, in seconds.
var bounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}

type histogram struct {
	counts []uint64
	total  uint64
	sum    float64
}

func (h *histogram) add(d time.Duration) {
	if h.counts == nil {
		h.counts = make([]uint64, len(bounds))
	}
	seconds := d.Seconds()
	if i, _ := slices.BinarySearch(bounds, seconds); i < len(bounds) {
		h.counts[i]++
	}
	h.total++
	h.sum += seconds
}

func (m *metrics) add(into map[string]*histogram, labels string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := into[labels]
	if h == nil {
		h = &histogram{}
		into[labels] = h
	}
	h.add(d)
}

func (m *metrics) served(method, route string, status int, d time.Duration) {
	m.add(m.requests, fmt.Sprintf(`method=%q,route=%q,status="%d"`, method, route, status), d)
}

func (m *metrics) ran(r *record.Run) {
	m.add(m.runs, fmt.Sprintf(`kind=%q,state=%q`, r.Kind, string(r.State)), r.Ended.Sub(r.Started))
}

func (m *metrics) refused(status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refusals[status]++
}

func (m *metrics) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	m.mu.Lock()
	defer m.mu.Unlock()
	writeHistograms(w, "cleat_http_request_seconds", "Requests by route.", m.requests)
	writeHistograms(w, "cleat_run_seconds", "Runs of modules and RPCs over the interface.", m.runs)
	fmt.Fprint(w, "# HELP cleat_hook_refused_total Requests to hooks that were not taken.\n# TYPE cleat_hook_refused_total counter\n")
	for status, n := range m.refusals {
		fmt.Fprintf(w, "cleat_hook_refused_total{status=\"%d\"} %d\n", status, n)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	gauge(w, "cleat_listeners", "Open streams of events.", float64(m.server.listeners.n.Load()))
	gauge(w, "go_goroutines", "Goroutines.", float64(runtime.NumGoroutine()))
	gauge(w, "go_memstats_heap_inuse_bytes", "Heap in use.", float64(memory.HeapInuse))
	gauge(w, "go_gc_heap_live_bytes", "What the last collection of garbage left of the heap.", liveHeap())
	gauge(w, "go_memstats_sys_bytes", "Memory taken from the system.", float64(memory.Sys))
	if m.server.Metrics != nil {
		m.server.Metrics(w)
	}
}

func liveHeap() float64 {
	live := []runtimemetrics.Sample{{Name: "/gc/heap/live:bytes"}}
	runtimemetrics.Read(live)
	return float64(live[0].Value.Uint64())
}

func gauge(w io.Writer, name, help string, v float64) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s gauge\n%s %g\n", name, help, name, name, v)
}

func writeHistograms(w io.Writer, name, help string, all map[string]*histogram) {
	fmt.Fprintf(w, "# HELP %s %s\n# TYPE %s histogram\n", name, help, name)
	labels := make([]string, 0, len(all))
	for l := range all {
		labels = append(labels, l)
	}
	slices.Sort(labels)
	for _, l := range labels {
		h, below := all[l], uint64(0)
		for i, bound := range bounds {
			below += h.counts[i]
			fmt.Fprintf(w, "%s_bucket{%s,le=\"%g\"} %d\n", name, l, bound, below)
		}
		fmt.Fprintf(w, "%s_bucket{%s,le=\"+Inf\"} %d\n%s_sum{%s} %g\n%s_count{%s} %d\n", name, l, h.total, name, l, h.sum, name, l, h.total)
	}
}
