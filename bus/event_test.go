package bus_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/cleat-run/cleat/bus"
)

func testEvents(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	all, err := b.Subscribe(t.Context(), bus.Filter{}, 0)
	must(t, err)
	defer all.Close()
	mine, err := b.Subscribe(t.Context(), bus.Filter{Tenant: "acme", Run: "run_1"}, 0)
	must(t, err)
	defer mine.Close()
	for n := range 6 {
		must(t, b.Emit("acme", fmt.Sprintf("run_%d", n%2), "step", fmt.Append(nil, n)))
	}
	var ids []uint64
	for n := range 6 {
		e, err := all.Next(t.Context())
		must(t, err)
		if string(e.Data) != fmt.Sprint(n) || e.Kind != "step" || e.Tenant != "acme" {
			t.Errorf("event %d: %+v", n, e)
		}
		ids = append(ids, e.ID)
	}
	if e, err := mine.Next(t.Context()); err != nil || string(e.Data) != "1" || e.Run != "run_1" {
		t.Errorf("filtered: %+v %v", e, err)
	}
	testResume(t, b, ids)
}

func testResume(t *testing.T, b *bus.Bus, ids []uint64) {
	s, err := b.Subscribe(t.Context(), bus.Filter{Run: "run_1"}, ids[1])
	must(t, err)
	defer s.Close()
	must(t, b.Emit("acme", "run_1", "step", []byte("new")))
	for _, want := range []string{"3", "5", "new"} {
		if e, err := s.Next(t.Context()); err != nil || string(e.Data) != want {
			t.Errorf("resumed with %q, want %q (%v)", e.Data, want, err)
		}
	}
	for _, unknown := range []uint64{1, ids[0] - 5, ids[5] + 1_000_000} {
		old, err := b.Subscribe(t.Context(), bus.Filter{}, unknown)
		must(t, err)
		if e, err := old.Next(t.Context()); err != nil || e.Kind != bus.Reset || e.ID < ids[5] {
			t.Errorf("after %d: %+v %v", unknown, e, err)
		}
		old.Close()
	}
}

func testSlow(t *testing.T, open opener) {
	b := open(t, bus.Options{})
	slow, err := b.Subscribe(t.Context(), bus.Filter{}, 0)
	must(t, err)
	defer slow.Close()
	quick, err := b.Subscribe(t.Context(), bus.Filter{}, 0)
	must(t, err)
	defer quick.Close()
	const count = 600
	for n := range count {
		must(t, b.Emit("acme", "r", "step", fmt.Append(nil, n)))
		e, err := quick.Next(t.Context())
		if err != nil || string(e.Data) != fmt.Sprint(n) {
			t.Fatalf("the quick one got %s, %v", e.Data, err)
		}
	}
	next, last := 0, uint64(0)
	for ; ; next++ {
		e, err := slow.Next(t.Context())
		if err != nil {
			if !errors.Is(err, bus.ErrSlow) {
				t.Error(err)
			}
			break
		}
		last = e.ID
	}
	if next == 0 || next == count {
		t.Fatalf("the slow one got %d", next)
	}
	again, err := b.Subscribe(t.Context(), bus.Filter{}, last)
	must(t, err)
	defer again.Close()
	for ; next < count; next++ {
		if e, err := again.Next(t.Context()); err != nil || string(e.Data) != fmt.Sprint(next) {
			t.Fatalf("resumed with %s at %d: %v", e.Data, next, err)
		}
	}
}
