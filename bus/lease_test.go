package bus_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

func testLeases(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	var held, taken atomic.Int32
	var winner atomic.Pointer[bus.Lease]
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			l, err := b.Acquire(t.Context(), "token", "con_1", fmt.Sprint(i), 5*time.Second)
			switch {
			case err == nil:
				held.Add(1)
				winner.Store(l)
			case errors.Is(err, bus.ErrTaken):
				taken.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	group.Wait()
	if held.Load() != 1 || taken.Load() != 19 {
		t.Fatalf("%d hold it, for %d it is taken", held.Load(), taken.Load())
	}
	l := winner.Load()
	if left := l.Left(); left < 3*time.Second || left > 5*time.Second {
		t.Errorf("left: %v", left)
	}
	must(t, l.Extend(t.Context(), 20*time.Second))
	if left := l.Left(); left < 18*time.Second {
		t.Errorf("left after extending: %v", left)
	}
	must(t, l.Release(t.Context()))
	next, err := b.Acquire(t.Context(), "token", "con_1", "next", time.Second)
	must(t, err)
	if err := l.Extend(t.Context(), time.Second); !errors.Is(err, bus.ErrLost) {
		t.Errorf("extending what was released: %v", err)
	}
	must(t, l.Release(t.Context())) // must not release the other's
	if _, err := b.Acquire(t.Context(), "token", "con_1", "third", time.Second); !errors.Is(err, bus.ErrTaken) {
		t.Errorf("while the next holds it: %v", err)
	}
	eventually(t, 10*time.Second, "it runs out", func() bool {
		_, err := b.Acquire(t.Context(), "token", "con_1", "third", time.Second)
		return err == nil
	})
	if next.Left() > 0 {
		t.Errorf("it was taken while it lasted for %v", next.Left())
	}
}

func testHold(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	var now, overlaps atomic.Int32
	held := make(chan string, 10)
	hold := func(name string) (stop func()) {
		return running(t, func(ctx context.Context) error {
			return b.Hold(ctx, "scheduler", "main", name, func(ctx context.Context) {
				if now.Add(1) > 1 {
					overlaps.Add(1)
				}
				held <- name
				<-ctx.Done()
				now.Add(-1)
			})
		})
	}
	stop := hold("a")
	first := <-held
	hold("b")
	stop()
	if second := <-held; first+second != "ab" {
		t.Errorf("held by %s, then %s", first, second)
	}
	if overlaps.Load() > 0 {
		t.Error("two held it at once")
	}
}
