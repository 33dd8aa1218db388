//go:build linux

package soak_test

import (
	"context"
	"flag"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

var loadTime = flag.Duration("load", 3*time.Second, "how long TestMemory runs modules")

// TestMemory: what a node holds after its start, and under the load of server.md 6: a signed
// search of ten items, run by 32 clients.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as -load says")
	}
	n := newNode(t, "--limits.team-runs", "1000")
	n.withApp(t, startService(t, time.Hour, 0))
	n.start(t)
	_, started := n.resident(t, time.Second)
	bar(t, "memory after the start in MiB", started, startedRSS)
	ctx, end := context.WithTimeout(t.Context(), *loadTime)
	defer end()
	most := make(chan float64)
	go func() { _, m := n.resident(t, *loadTime); most <- m }()
	took := load(ctx, t, n.client(), 32)
	loadedMost := <-most
	slices.Sort(took)
	t.Logf("%d runs, %.0f/s, p99 %v", len(took), float64(len(took))/loadTime.Seconds(), took[len(took)*99/100])
	bar(t, "most memory under runs in MiB", loadedMost, loadedRSS)
}

// load runs the search again and again until ctx ends, and returns how long each took.
func load(ctx context.Context, t *testing.T, api *client, clients int) []time.Duration {
	t.Helper()
	var (
		mu   sync.Mutex
		took []time.Duration
		all  sync.WaitGroup
	)
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				began := time.Now()
				_, err := api.call(context.WithoutCancel(ctx), http.MethodPost, "/v1/run", map[string]any{"app": "soak", "module": "list"}, nil)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return took
}
