package bus_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// testDrain closes a bus under load. What was in hand is finished, and nothing of it comes
// again at the next one.
func testDrain(t *testing.T, open opener) {
	o := bus.Options{AckWait: time.Second, Prefix: "drain", Dir: t.TempDir()}
	b := open(t, o)
	const count = 60
	for range count {
		must(t, b.PublishHook(t.Context(), delivery("h", "")))
	}
	var runs tally
	var inHand atomic.Int32
	handle := func(ctx context.Context, j *bus.Job) bus.Outcome {
		inHand.Add(1)
		defer inHand.Add(-1)
		runs.add(j.ID)
		wait(ctx, 100*time.Millisecond)
		if ctx.Err() != nil {
			t.Error("a job was cut off")
		}
		return bus.Ack()
	}
	hooks(t, b, 8, handle)
	eventually(t, 10*time.Second, "some are done", func() bool { return runs.len() > 10 })
	begin := time.Now()
	shut(t, b)
	if took := time.Since(begin); took > 3*time.Second || inHand.Load() != 0 {
		t.Errorf("closing took %v, %d are still in hand", took, inHand.Load())
	}
	if err := b.PublishHook(t.Context(), delivery("h", "")); !errors.Is(err, bus.ErrClosed) {
		t.Errorf("publishing afterwards: %v", err)
	}
	hooks(t, open(t, o), 20, handle)
	eventually(t, 15*time.Second, "the rest is done", func() bool { return runs.len() == count })
	if runs.twice() > 0 {
		t.Errorf("%d ran twice", runs.twice())
	}
}

// testHandBack closes a bus whose job does not end. Its message is there for the next
// worker at once; an embedded server forgets that with its restart, so there it is AckWait.
func testHandBack(t *testing.T, open opener) {
	o := bus.Options{AckWait: 6 * time.Second, Prefix: "back", Dir: t.TempDir()}
	limit := 4 * time.Second
	if strings.HasPrefix(t.Name(), "TestEmbedded") {
		limit = 9 * time.Second
	}
	b := open(t, o)
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	started := make(chan struct{})
	var cut sync.WaitGroup
	cut.Add(1)
	hooks(t, b, 1, func(ctx context.Context, j *bus.Job) bus.Outcome {
		close(started)
		<-ctx.Done()
		cut.Done()
		return bus.Ack() // does not count any more
	})
	<-started
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	must(t, b.Close(ctx))
	cut.Wait()
	b = open(t, o)
	begin := time.Now()
	got := make(chan int, 1)
	hooks(t, b, 6, func(_ context.Context, j *bus.Job) bus.Outcome {
		got <- j.Attempt
		return bus.Ack()
	})
	if attempt := <-got; attempt != 2 {
		t.Errorf("it came with attempt %d", attempt)
	}
	if took := time.Since(begin); took > limit {
		t.Errorf("it came after %v", took)
	}
}

func testSweep(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	large := strings.Repeat("z", 600<<10)
	must(t, b.PublishHook(t.Context(), delivery("h", large)))
	must(t, b.PublishSequential(t.Context(), delivery("h", large)))
	must(t, b.PutBody(t.Context(), delivery("h", large)))
	if n := b.Bodies(t.Context()); n != 3 {
		t.Fatalf("%d bodies before", n)
	}
	must(t, b.SweepBodies(t.Context()))
	if n := b.Bodies(t.Context()); n != 2 {
		t.Errorf("%d bodies after, want those of the two messages", n)
	}
}

func testStats(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	for range 3 {
		must(t, b.PublishHook(t.Context(), delivery("h", "")))
	}
	var got tally
	stop := hooks(t, b, 1, func(_ context.Context, j *bus.Job) bus.Outcome {
		if got.add(j.ID) == 1 && got.len() == 1 {
			return bus.Retry(0)
		}
		return bus.Ack()
	})
	eventually(t, 10*time.Second, "all are done", func() bool { return got.len() == 3 && got.twice() == 1 })
	stop()
	must(t, b.PublishHook(t.Context(), delivery("h", "")))
	must(t, b.Ready(t.Context()))
	eventually(t, 5*time.Second, "the figures are right", func() bool {
		s, err := b.Stats(t.Context())
		must(t, err)
		var waiting, pending uint64
		for _, stream := range s.Streams {
			if strings.Contains(stream.Name, "HOOKS_") {
				waiting += stream.Messages
			}
		}
		for _, c := range s.Consumers {
			pending += c.Pending
		}
		return s.Publish.Total == 4 && s.Redelivered == 1 && waiting == 1 && pending == 1 && len(s.Streams) == 12 && len(s.Consumers) == 6
	})
}
