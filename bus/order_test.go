package bus_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// turns runs sequential deliveries with a handler.
func turns(t testing.TB, b *bus.Bus, workers int, handle func(context.Context, *bus.Job) bus.Outcome) {
	t.Helper()
	running(t, func(ctx context.Context) error {
		return b.RunTurns(ctx, bus.Runner{Workers: workers, Handle: handle})
	})
}

// history is the accepted outcomes of sequential hooks, as SQL would keep them: an outcome
// counts once, and only the next one of its hook.
type history struct {
	mu       sync.Mutex
	next     map[string]int
	running  map[string]bool
	mistakes []string
	done     int
}

func newHistory() *history {
	return &history{next: map[string]int{}, running: map[string]bool{}}
}

func (h *history) note(format string, args ...any) {
	h.mistakes = append(h.mistakes, fmt.Sprintf(format, args...))
}

// run is a job: it must not overlap with another one of its hook, and must be the next one
// or one that is done already.
func (h *history) run(j *bus.Job, crash bool, work func()) bus.Outcome {
	n, err := strconv.Atoi(string(j.Body))
	h.mu.Lock()
	if err != nil || n > h.next[j.Hook] {
		h.note("%s: %s came before %d", j.Hook, j.Body, h.next[j.Hook])
	}
	if h.running[j.Hook] {
		h.note("%s: %d overlaps", j.Hook, n)
	}
	h.running[j.Hook] = true
	h.mu.Unlock()
	work()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.running[j.Hook] = false
	if n < h.next[j.Hook] {
		return bus.Ack() // its row is final
	}
	if crash {
		return bus.Outcome{}
	}
	h.next[j.Hook]++
	h.done++
	return bus.Ack()
}

func (h *history) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.done
}

func (h *history) check(t *testing.T) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, m := range h.mistakes {
		t.Error(m)
	}
}

// testSequential publishes to several hooks at once, while some workers "crash": they never
// say what became of their job.
func testSequential(t *testing.T, open opener) {
	b := open(t, bus.Options{AckWait: 600 * time.Millisecond})
	const hooks, each = 5, 40
	h := newHistory()
	var jobs atomic.Int32
	turns(t, b, 8, func(_ context.Context, j *bus.Job) bus.Outcome {
		return h.run(j, jobs.Add(1)%50 == 0, func() {})
	})
	var group sync.WaitGroup
	for hook := range hooks {
		group.Go(func() {
			for n := range each {
				if err := b.PublishSequential(t.Context(), delivery(fmt.Sprintf("hook_%d", hook), strconv.Itoa(n))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	limit := 30 * time.Second
	if strings.HasPrefix(t.Name(), "TestEmbedded") {
		limit = 8 * time.Second // the sweep would take longer
	}
	eventually(t, limit, "all are done", func() bool { return h.count() == hooks*each })
	h.check(t)
}

func testSequentialRetry(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	got := make(chan string, 10)
	turns(t, b, 4, func(_ context.Context, j *bus.Job) bus.Outcome {
		if string(j.Body) == "stuck" && j.Attempt < 3 {
			return bus.Retry(300 * time.Millisecond)
		}
		got <- fmt.Sprintf("%s %s %d", j.Hook, j.Body, j.Attempt)
		return bus.Ack()
	})
	for _, body := range []string{"first", "stuck", "behind"} {
		must(t, b.PublishSequential(t.Context(), delivery("a", body)))
	}
	if first := <-got; first != "a first 1" {
		t.Errorf("first came %s", first)
	}
	must(t, b.PublishSequential(t.Context(), delivery("b", "other")))
	want := []string{"b other 1", "a stuck 3", "a behind 1"}
	for _, w := range want {
		if have := <-got; have != w {
			t.Errorf("came %q, want %q", have, w)
		}
	}
}

func testSequentialDead(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	bad := delivery("h", strings.Repeat("z", 600<<10))
	must(t, b.PublishSequential(t.Context(), bad))
	must(t, b.PublishSequential(t.Context(), delivery("h", "next")))
	got := make(chan string, 10)
	turns(t, b, 1, func(_ context.Context, j *bus.Job) bus.Outcome {
		if j.ID == bad.ID {
			return bus.Dead("no")
		}
		got <- string(j.Body)
		return bus.Ack()
	})
	if next := <-got; next != "next" {
		t.Errorf("came %s", next)
	}
	d, reason, err := b.ReadDead(t.Context(), "acme", "h", bad.ID)
	if err != nil || reason != "no" || len(d.Body) != len(bad.Body) {
		t.Errorf("dead: %d bytes, %s, %v", len(d.Body), reason, err)
	}
}

func testPolls(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	offer := func(want string) {
		t.Helper()
		got, err := b.OfferPolls(t.Context(), []string{"a", "b"})
		if have := fmt.Sprintf("%v %v %v %v", got.Accepted, got.Refused, got.Failed, err); have != want {
			t.Errorf("offered: %s, want %s", have, want)
		}
	}
	offer("[a b] [] [] <nil>")
	offer("[] [a b] [] <nil>")
	started, finish := make(chan string, 10), make(chan struct{})
	running(t, func(ctx context.Context) error {
		return b.RunPolls(ctx, bus.PollRunner{Workers: 2, Handle: func(_ context.Context, trigger string, attempt int) bus.Outcome {
			started <- fmt.Sprint(trigger, attempt)
			<-finish
			return bus.Ack()
		}})
	})
	if a, b := <-started, <-started; a+b != "a1b1" && a+b != "b1a1" {
		t.Errorf("started %s and %s", a, b)
	}
	offer("[] [a b] [] <nil>") // running is as good as waiting
	close(finish)
	eventually(t, 5*time.Second, "it can be offered again", func() bool {
		got, err := b.OfferPolls(t.Context(), []string{"a"})
		return err == nil && len(got.Accepted) == 1
	})
	if again := <-started; again != "a1" {
		t.Errorf("started %s", again)
	}
}

// testSchedulers offers the same triggers from two schedulers at once, again and again: each
// runs, none twice at the same time.
func testSchedulers(t *testing.T, open opener) {
	b := open(t, bus.Options{AckWait: 2 * time.Second})
	var mu sync.Mutex
	now, runs := map[string]bool{}, map[string]int{}
	running(t, func(ctx context.Context) error {
		return b.RunPolls(ctx, bus.PollRunner{Workers: 8, Handle: func(ctx context.Context, trigger string, _ int) bus.Outcome {
			mu.Lock()
			if now[trigger] {
				t.Errorf("%s runs twice at once", trigger)
			}
			now[trigger] = true
			mu.Unlock()
			wait(ctx, 20*time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			now[trigger] = false
			runs[trigger]++
			return bus.Ack()
		}})
	})
	triggers := []string{"a", "b", "c", "d", "e", "f"}
	ctx, cancel := context.WithCancel(t.Context())
	var schedulers sync.WaitGroup
	var refused atomic.Int32
	for range 2 {
		schedulers.Go(func() {
			for ctx.Err() == nil {
				got, err := b.OfferPolls(context.WithoutCancel(ctx), triggers)
				if err != nil {
					t.Error(err)
					return
				}
				refused.Add(int32(len(got.Refused)))
			}
		})
	}
	eventually(t, 20*time.Second, "each has run ten times", func() bool {
		mu.Lock()
		defer mu.Unlock()
		for _, trigger := range triggers {
			if runs[trigger] < 10 {
				return false
			}
		}
		return true
	})
	cancel()
	schedulers.Wait()
	if refused.Load() == 0 {
		t.Error("nothing was refused: it proves nothing")
	}
}
