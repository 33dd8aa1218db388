package server_test

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cleat-run/cleat/server"
)

// TestHangingPolls: the polls of one team hang, all of them; those of another team run.
func TestHangingPolls(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) { c.Workers = 8 })
	hanging := newGated()
	defer close(hanging.pass)
	noisy := newPressed(t, n, hanging.ServeHTTP)
	var polls atomic.Int64
	quiet := newPressed(t, n, func(w http.ResponseWriter, r *http.Request) {
		polls.Add(1)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"items": []}`))
	})
	watch := func(p *pressed, name string) {
		p.post(t, "/v1/triggers", map[string]any{"name": name, "app": "pressed", "module": "watch", "every": "1s", "from": "all"}).is(t, http.StatusCreated)
	}
	for i := range 40 {
		watch(noisy, fmt.Sprint(i))
	}
	eventually(t, "the polls hang", func() bool { return len(hanging.came) >= 6 })
	for i := range 3 {
		watch(quiet, fmt.Sprint(i))
	}
	eventually(t, "the others run, again and again", func() bool { return polls.Load() >= 9 })
	if begun := len(hanging.came); begun >= 8 {
		t.Errorf("%d polls of one team hang at once on 8 workers", begun)
	}
}

// TestHangingDeliveries: work on the deliveries of one team hangs, within the rate of its
// hooks and above; those of another team are worked on, in order and not.
func TestHangingDeliveries(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) { c.Workers = 16 })
	hanging, quick := newGated(), newGated()
	close(quick.pass)
	answers := sync.OnceFunc(func() { close(hanging.pass) })
	defer answers()
	noisy, quiet := newPressed(t, n, hanging.ServeHTTP), newPressed(t, n, quick.ServeHTTP)
	const hooks, each = 20, 15
	var sources []string // of the noisy team
	for _, sequential := range []bool{false, true} {
		fill := func(p *pressed, name string, n int) (source string) {
			path, source := p.hook(t, fmt.Sprint(name, sequential), "received", "sequential", sequential)
			for i := range n {
				p.visitor().post(t, path, map[string]any{"n": i}).is(t, http.StatusOK)
			}
			return source
		}
		for i := range hooks {
			sources = append(sources, fill(noisy, fmt.Sprint(i), each))
		}
		source := fill(quiet, "quiet", 20)
		eventually(t, "the quiet team is served", func() bool { return quiet.events(t, source) == 20 })
	}
	done := func() (n int) {
		for _, source := range sources {
			n += noisy.events(t, source)
		}
		return n
	}
	if n := done(); n != 0 {
		t.Errorf("%d of the other team are done: nothing hung", n)
	}
	answers()
	eventually(t, "the noisy team is served in the end", func() bool { return done() == 2*hooks*each })
}

// burstSize is how much the noisy hook of TestBurst sends at once.
var burstSize = flag.Int("burst", 1000, "deliveries of a burst")

// TestBurst: one hook sends a thousand at once, and the work on each hangs; another team's
// sends one now and then. Each of those is worked on while all of the burst waits, whatever
// the speed of the machine.
func TestBurst(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) {
		c.Workers, c.Limits.HookRequests = 12, 1<<40
	})
	burst := *burstSize
	hanging := newGated()
	answers := sync.OnceFunc(func() { close(hanging.pass) })
	defer answers()
	noisy, quiet := newPressed(t, n, hanging.ServeHTTP), newPressed(t, n, newGated().ServeHTTP)
	path, source := noisy.hook(t, "noisy", "received")
	quietPath, quietSource := quiet.hook(t, "quiet", "")
	var sent atomic.Int64
	var senders sync.WaitGroup
	for range 8 {
		senders.Go(func() {
			for sent.Add(1) <= int64(burst) && !t.Failed() {
				got, err := noisy.sendJSON(t.Context(), path, map[string]any{"n": 1})
				if err != nil || got.status != http.StatusOK {
					t.Errorf("of the burst: %d, %v", got.status, err)
				}
			}
		})
	}
	senders.Wait()
	for i := range 10 {
		quiet.visitor().post(t, quietPath, map[string]any{"n": i}).is(t, http.StatusOK)
		eventually(t, "the quiet one is worked on", func() bool { return quiet.events(t, quietSource) == i+1 })
	}
	if done := noisy.events(t, source); done != 0 {
		t.Errorf("%d of the burst are done: nothing hung", done)
	}
	answers()
	eventually(t, "all of the burst is done in the end", func() bool { return noisy.events(t, source) == burst })
}

// TestSlowDestination: a destination that never answers holds up nobody, is not asked by
// more than its share, and loses nothing.
func TestSlowDestination(t *testing.T) {
	t.Parallel()
	n := ownNode(t, nil)
	p, other := newPressed(t, n, newGated().ServeHTTP), newPressed(t, n, newGated().ServeHTTP)
	var open, most atomic.Int64
	pass := make(chan struct{})
	answers := sync.OnceFunc(func() { close(pass) })
	defer answers()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		now := open.Add(1)
		defer open.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		select {
		case <-pass:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(slow.Close)
	destination := func(p *pressed, name, url string) (id string) {
		var made struct{ ID, Secret string }
		p.post(t, "/v1/destinations", map[string]any{"name": name, "url": url}).is(t, http.StatusCreated).into(t, &made)
		return made.ID
	}
	const backlog = 300
	to := destination(p, "slow", slow.URL)
	path, source := p.hook(t, "slow", "", "destination", to)
	for i := range backlog {
		p.visitor().post(t, path, map[string]any{"n": i}).is(t, http.StatusOK)
	}
	eventually(t, "all are in the log", func() bool { return p.events(t, source) == backlog })
	eventually(t, "the destination hangs", func() bool { return open.Load() > 0 })
	for _, team := range []*pressed{p, other} {
		var got atomic.Int64
		quick := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { got.Add(1) }))
		t.Cleanup(quick.Close)
		path, _ := team.hook(t, "quick", "", "destination", destination(team, "quick", quick.URL))
		for i := range 20 {
			team.visitor().post(t, path, map[string]any{"n": i}).is(t, http.StatusOK)
		}
		eventually(t, "the quick destination has everything", func() bool { return got.Load() == 20 })
	}
	if most.Load() > 8 {
		t.Errorf("the slow destination is asked %d times at once", most.Load())
	}
	waiting := func() (n int) {
		after := ""
		for {
			var page page[handover]
			p.get(t, "/v1/destinations/"+to+"/handovers?limit=500&state=pending"+after).is(t, http.StatusOK).into(t, &page)
			if n += len(page.Items); page.Next == "" {
				return n
			}
			after = "&after=" + page.Next
		}
	}
	if n := waiting(); n != backlog {
		t.Errorf("%d of %d wait", n, backlog)
	}
	answers()
	eventually(t, "the slow one has everything in the end", func() bool { return waiting() == 0 })
}
