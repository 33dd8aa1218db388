package bus_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// TestQuorumLost kills two of three servers, and then all: what comes is refused, what was
// accepted waits, and all of it is run when the servers are back.
func TestQuorumLost(t *testing.T) {
	t.Parallel()
	c := newCluster(t, t.TempDir())
	t.Cleanup(func() {
		for i := range c.servers {
			c.kill(i)
		}
	})
	b := open(t, bus.Options{Servers: c.addresses(), Sync: "always", AckWait: 2 * time.Second})
	var done tally
	hooks(t, b, 12, func(_ context.Context, j *bus.Job) bus.Outcome { done.add(j.ID); return bus.Ack() })
	h := newHistory()
	turns(t, b, 2, func(_ context.Context, j *bus.Job) bus.Outcome { return h.run(j, false, func() {}) })
	var sent []string
	inOrder := 0
	accept := func() {
		t.Helper()
		for i := range 20 {
			d := delivery(fmt.Sprintf("hook_%d", i), "")
			must(t, b.PublishHook(t.Context(), d))
			sent = append(sent, d.ID)
			must(t, b.PublishSequential(t.Context(), delivery("seq", fmt.Sprint(inOrder))))
			inOrder++
		}
	}
	for _, down := range [][]int{{0, 1}, {2, 0, 1}} {
		accept()
		for _, i := range down {
			c.kill(i)
		}
		var refusal *bus.Refusal
		d := delivery("hook", "")
		for end := time.Now().Add(15 * time.Second); ; {
			err := b.PublishHook(t.Context(), d)
			if errors.As(err, &refusal) && errors.Is(err, bus.ErrUnavailable) && refusal.RetryAfter > 0 {
				break
			}
			if err == nil { // the answer of before
				sent = append(sent, d.ID)
				d = delivery("hook", "")
			}
			if time.Now().After(end) {
				t.Fatalf("with %d servers down: %v", len(down), err)
			}
		}
		// A leader without followers notices after some seconds.
		eventually(t, 20*time.Second, "it is not ready", func() bool {
			ready, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return errors.Is(b.Ready(ready), bus.ErrUnavailable)
		})
		for _, i := range down {
			c.start(t, i)
		}
		eventually(t, 40*time.Second, "it takes deliveries again", func() bool {
			d := delivery("hook", "")
			err := b.PublishHook(t.Context(), d)
			if err == nil {
				sent = append(sent, d.ID)
			}
			return err == nil
		})
		eventually(t, 40*time.Second, "everything that was accepted is run", func() bool {
			return strings.HasPrefix(done.missing(sent), "0 ") && h.count() == inOrder
		})
	}
	h.check(t)
}
