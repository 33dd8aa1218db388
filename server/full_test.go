package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/cleat-run/cleat/server"
)

// later fails unless the answer is a problem that passes and says when.
func (a *answer) later(t *testing.T, status int, code string) {
	t.Helper()
	a.problem(t, status, code)
	if a.header.Get("Retry-After") == "" {
		t.Errorf("%s: %d without Retry-After", a.asked, a.status)
	}
}

// TestFullQueue: what does not fit into the queue is refused, what was taken is done, and
// then it takes more.
func TestFullQueue(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) { c.Bus.MaxBytes = 1 << 20 })
	hanging := newGated()
	answers := sync.OnceFunc(func() { close(hanging.pass) })
	defer answers()
	p := newPressed(t, n, hanging.ServeHTTP)
	taken := map[string]int{}
	var paths []string
	for _, sequential := range []bool{false, true} {
		path, source := p.hook(t, fmt.Sprint(sequential), "received", "sequential", sequential)
		taken[source] = p.fill(t, path)
		if paths = append(paths, path); taken[source] < 4 {
			t.Errorf("full after %d", taken[source])
		}
	}
	answers()
	for source, want := range taken {
		eventually(t, "what was taken is done", func() bool { return p.events(t, source) == want })
	}
	for _, path := range paths {
		eventually(t, "more is taken", func() bool { return p.visitor().post(t, path, map[string]any{"n": 1}).status == http.StatusOK })
	}
}

// fill sends deliveries until one is refused, and returns how many were taken.
func (p *pressed) fill(t *testing.T, path string) (taken int) {
	t.Helper()
	body := map[string]any{"n": 1, "text": strings.Repeat("x", 100<<10)}
	for range 200 {
		got := p.visitor().post(t, path, body)
		if got.status != http.StatusOK {
			got.later(t, http.StatusServiceUnavailable, "unavailable")
			return taken
		}
		taken++
	}
	t.Fatalf("%d deliveries were taken", taken)
	return taken
}
