package bus_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// testMove moves work from an embedded server.
func testMove(t *testing.T, open opener) {
	from := embedded(t, bus.Options{AckWait: time.Second})
	large := strings.Repeat("z", 600<<10)
	dead := delivery("bad", "")
	must(t, from.PublishHook(t.Context(), dead))
	died := make(chan string, 1)
	stop := hooks(t, from, 1, func(_ context.Context, j *bus.Job) bus.Outcome { died <- j.ID; return bus.Dead("no") })
	<-died
	eventually(t, 5*time.Second, "it is dead", func() bool {
		_, _, err := from.ReadDead(t.Context(), "acme", "bad", dead.ID)
		return err == nil
	})
	stop()
	var sent []string
	for i := range 10 {
		d := delivery(fmt.Sprintf("hook_%d", i), large)
		must(t, from.PublishHook(t.Context(), d))
		sent = append(sent, d.ID)
		must(t, from.PublishSequential(t.Context(), delivery("seq", fmt.Sprint(i))))
	}
	to := open(t, bus.Options{})
	moved, err := bus.Move(t.Context(), from, to)
	if want := (bus.Moved{Deliveries: 10, Sequential: 10, Dead: 1, Bodies: 10}); err != nil || moved != want {
		t.Fatalf("moved %+v, %v", moved, err)
	}
	var got tally
	hooks(t, to, 6, func(_ context.Context, j *bus.Job) bus.Outcome {
		if string(j.Body) != large {
			t.Errorf("%s has %d bytes", j.ID, len(j.Body))
		}
		got.add(j.ID)
		return bus.Ack()
	})
	h := newHistory()
	turns(t, to, 2, func(_ context.Context, j *bus.Job) bus.Outcome { return h.run(j, false, func() {}) })
	eventually(t, 20*time.Second, "all is run", func() bool { return got.missing(sent) == "0 of 10" && h.count() == 10 })
	h.check(t)
	if _, reason, err := to.ReadDead(t.Context(), "acme", "bad", dead.ID); err != nil || reason != "no" {
		t.Errorf("dead: %q %v", reason, err)
	}
}
