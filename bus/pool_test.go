package bus

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPool(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 1)
		take := func(class int) (worker, time.Duration) {
			t.Helper()
			begin := time.Now()
			w, ok := p.take(t.Context(), class)
			if !ok {
				t.Fatal("no worker")
			}
			return w, time.Since(begin)
		}
		first, _ := take(0)
		other, waited := take(0)
		if first.class != 0 || other.class != 1 || waited > 0 {
			t.Errorf("the second one is of class %d, after %v: it has been idle from the start", other.class, waited)
		}
		p.give(other)
		if other, waited = take(0); other.class != 1 || waited < stealAfter || waited > 2*stealAfter {
			t.Errorf("of class %d, after %v: it is not idle before %v", other.class, waited, stealAfter)
		}
		time.AfterFunc(time.Second, func() { p.give(other) })
		if own, waited := take(1); own.class != 1 || waited != time.Second {
			t.Errorf("of class %d, after %v: its own is given at once", own.class, waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, ok := p.take(ctx, 0); ok || p.contended() {
			t.Error("a worker out of nothing, or somebody is still waiting")
		}
	})
}

// TestPoolShares: the workers of one class hang, and those of the other one always have
// work. The first gets every second of these, once it has waited.
func TestPoolShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPool(1, 1)
		if w, ok := p.take(t.Context(), 0); !ok || w.class != 0 {
			t.Fatalf("worker %v, %t", w, ok)
		}
		var served [2]atomic.Int64
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var all sync.WaitGroup
		for _, class := range []int{0, 1, 1, 1} {
			all.Go(func() {
				for {
					w, ok := p.take(ctx, class)
					if !ok {
						return
					}
					served[class].Add(1)
					time.Sleep(10 * time.Millisecond)
					p.give(w)
				}
			})
		}
		all.Wait()
		if first, second := served[0].Load(), served[1].Load(); first < 70 || second < 800 {
			t.Errorf("in ten seconds %d and %d jobs were done", first, second)
		}
	})
}

func TestClass(t *testing.T) {
	t.Parallel()
	var a admission
	a.start(Options{Rate: 10, Burst: 3})
	now := time.Now()
	for i, c := range []struct {
		hook  string
		after time.Duration
		want  string
	}{
		{"a", 0, fast}, {"a", 0, fast}, {"a", 0, fast}, {"a", 0, bulk},
		{"b", 0, fast},
		{"a", 50 * time.Millisecond, bulk}, {"a", 50 * time.Millisecond, fast}, {"a", 0, bulk},
		{"a", time.Hour, fast}, {"a", 0, fast}, {"a", 0, fast}, {"a", 0, bulk},
	} {
		now = now.Add(c.after)
		if got := a.class("t", c.hook, now); got != c.want {
			t.Errorf("%d: %s is %s, want %s", i, c.hook, got, c.want)
		}
	}
	a.class("t", "c", now.Add(time.Hour))
	if len(a.buckets) != 1 {
		t.Errorf("%d buckets are kept, want that of c", len(a.buckets))
	}
}

func TestOrder(t *testing.T) {
	t.Parallel()
	all := []*partition{{number: "0"}, {number: "1"}, {number: "2"}}
	numbers := func(tries []*partition) (s string) {
		for _, p := range tries {
			s += p.number
		}
		return s
	}
	if got := numbers(order(all, 1)); got != "120" {
		t.Errorf("all well: %s", got)
	}
	all[1].mark()
	if got := numbers(order(all, 1)); got != "201" {
		t.Errorf("home is bad: %s", got)
	}
	all[1].heal()
	if got := numbers(order(all, 2)); got != "201" {
		t.Errorf("healed: %s", got)
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		probes := 0
		g := gate{probe: func(context.Context) error {
			if probes++; probes < 3 {
				return context.DeadlineExceeded
			}
			return nil
		}}
		for _, o := range []Outcome{Pause(), Pause(), Ack(), Pause(), Pause()} {
			if g.note(t.Context(), o); g.closed() {
				t.Error("closed before three in a row")
			}
		}
		g.note(t.Context(), Pause())
		begin := time.Now()
		if !g.wait(t.Context()) || time.Since(begin) != 3*probePause {
			t.Errorf("open after %v", time.Since(begin))
		}
	})
}
