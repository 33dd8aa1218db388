package work

import (
	"testing"
	"time"
)

// TestShares: one team gets three quarters, and however many there are there is a worker
// for the next.
func TestShares(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newShares(64)
	fill := func(team int64) (held int) {
		for s.enter(team, now) == 0 {
			held++
		}
		return held
	}
	if n := fill(1); n != 48 {
		t.Errorf("one team alone gets %d of 64", n)
	}
	for team := int64(2); team <= 3; team++ {
		if n := fill(team); n < 3 {
			t.Errorf("team %d gets %d", team, n)
		}
	}
	if free := 64 - s.busy; free < 1 || s.enter(99, now) > 0 {
		t.Errorf("with three greedy teams %d are left, and the fourth gets none", free)
	}
	for s.held[1] > 0 {
		s.leave(1)
	}
	if s.enter(2, now) > 0 {
		t.Error("what a team gave up is for none of the others")
	}
	one := newShares(1)
	if one.enter(1, now) > 0 || one.enter(1, now) == 0 {
		t.Error("a single worker is for one job")
	}
}

// TestPutOff: jobs that are put off come again one after the other.
func TestPutOff(t *testing.T) {
	t.Parallel()
	now := time.Now()
	s := newShares(4)
	for range 3 {
		s.enter(1, now)
	}
	for i := range 1000 {
		if wait, want := s.enter(1, now), putOff+time.Duration(i)*putOffApart; wait != want {
			t.Fatalf("job %d comes again after %s, want %s", i, wait, want)
		}
	}
	if wait := s.enter(1, now.Add(time.Hour)); wait != putOff {
		t.Errorf("an hour later: %s", wait)
	}
	if s.enter(2, now) > 0 {
		t.Error("another team waits, too")
	}
	for range 3 {
		s.leave(1)
	}
	if s.enter(1, now) > 0 || len(s.back) > 0 {
		t.Error("with all workers free it waits")
	}
}
