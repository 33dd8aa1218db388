package storetest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/poll"
)

// RunTriggers runs the suite of [poll.Store]. open returns a new, empty store, which the
// suite does not close: use t.Cleanup.
func RunTriggers(t *testing.T, open func(t *testing.T) poll.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s poll.Store)
	}{
		{"state", testState},
		{"state/values", testStateValues},
		{"state/conflict", testStateConflict},
		{"state/conflict race", testStateRace},
		{"state/canceled", testStateCanceled},
		{"lock", testLock},
		{"lock/apart", testLockApart},
		{"lock/canceled", testLockCanceled},
		{"lock/outlives its context", testLockOutlives},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

// newState returns a state with every field set that a caller sets.
func newState() *poll.State {
	return &poll.State{Start: "all", LastDate: time.Date(2026, 2, 3, 4, 5, 6, 789e6, time.UTC), LastID: "b", Included: true, SameDateIDs: []string{"b", "a"}}
}

func sameState(t *testing.T, s poll.Store, id string, want *poll.State) {
	t.Helper()
	got, err := s.TriggerState(t.Context(), id)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("TriggerState(%q): got %+v, error %v, want %+v", id, got, err, want)
	}
}

func put(t *testing.T, s poll.Store, id string, state *poll.State) {
	t.Helper()
	if err := s.PutTriggerState(t.Context(), id, state); err != nil {
		t.Fatalf("PutTriggerState(%q): %v", id, err)
	}
}

func testState(t *testing.T, s poll.Store) {
	sameState(t, s, "a", &poll.State{})
	state := newState()
	put(t, s, "a", state)
	if state.Version != 1 {
		t.Errorf("version %d after the first time, want 1", state.Version)
	}
	put(t, s, "b", &poll.State{})
	sameState(t, s, "a", state)
	sameState(t, s, "b", &poll.State{Version: 1})
	state.Start, state.LastDate, state.LastID, state.Included, state.SameDateIDs = "now", time.Time{}, "", false, nil
	put(t, s, "a", state)
	if state.Version != 2 {
		t.Errorf("version %d after the second time, want 2", state.Version)
	}
	sameState(t, s, "a", state)
	sameState(t, s, "b", &poll.State{Version: 1})
}

// Texts of every kind stay as they are, and many ids stay.
func testStateValues(t *testing.T, s poll.Store) {
	many := make([]string, 20_000)
	for i := range many {
		many[i] = fmt.Sprintf("%d-%s", i, strings.Repeat("x", 20))
	}
	for id, ids := range map[string][]string{
		"":                               {""},
		"žluťoučký kůň / '; drop":        {"\x00", "a\nb", `"`, `\`, "日本語", "<&>"},
		strings.Repeat("x", 2000):        many,
		"'; drop table trigger_state --": {"e\u0301", "é"},
	} {
		state := newState()
		state.LastID, state.Start, state.SameDateIDs = ids[0], id, ids
		put(t, s, id, state)
		sameState(t, s, id, state)
	}
	past := newState()
	past.LastDate = time.Date(1969, 12, 31, 23, 59, 59, 999e6, time.UTC)
	put(t, s, "past", past)
	sameState(t, s, "past", past)
}

func testStateConflict(t *testing.T, s poll.Store) {
	for _, version := range []int64{1, -1} {
		state := &poll.State{Version: version}
		wantError(t, "a state that was never stored", s.PutTriggerState(t.Context(), "a", state), poll.ErrConflict)
	}
	state := newState()
	put(t, s, "a", state)
	put(t, s, "a", state)
	for _, version := range []int64{0, 1, 3} {
		stale := &poll.State{Version: version, LastID: "stale"}
		wantError(t, fmt.Sprintf("version %d over 2", version), s.PutTriggerState(t.Context(), "a", stale), poll.ErrConflict)
		if stale.Version != version {
			t.Error("the refused state was changed")
		}
	}
	sameState(t, s, "a", state)
}

func testStateRace(t *testing.T, s poll.Store) {
	var (
		group sync.WaitGroup
		won   atomic.Int32
	)
	for i := range 20 {
		group.Go(func() {
			err := s.PutTriggerState(t.Context(), "a", &poll.State{LastID: fmt.Sprint(i)})
			if err == nil {
				won.Add(1)
			} else {
				wantError(t, "PutTriggerState", err, poll.ErrConflict)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers moved one version", won.Load())
	}
}

func testStateCanceled(t *testing.T, s poll.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.PutTriggerState(ctx, "a", newState()); err == nil {
		t.Error("no error")
	}
	sameState(t, s, "a", &poll.State{})
}

// Whoever holds the lock is alone.
func testLock(t *testing.T, s poll.Store) {
	var (
		group  sync.WaitGroup
		inside atomic.Int32
	)
	for range 8 {
		group.Go(func() {
			for range 3 {
				unlock, err := s.LockTrigger(t.Context(), "a")
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two hold one lock")
				}
				state, err := s.TriggerState(t.Context(), "a")
				if err == nil {
					err = s.PutTriggerState(t.Context(), "a", state)
				}
				if err != nil {
					t.Error(err)
				}
				inside.Add(-1)
				unlock()
			}
		})
	}
	group.Wait()
	sameState(t, s, "a", &poll.State{Version: 24})
}

func testLockApart(t *testing.T, s poll.Store) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, id := range []string{"a", "b", "A", ""} {
		unlock, err := s.LockTrigger(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		defer unlock()
	}
}

func testLockCanceled(t *testing.T, s poll.Store) {
	unlock, err := s.LockTrigger(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.LockTrigger(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a lock that is held: %v", err)
	}
	unlock()
	if unlock, err = s.LockTrigger(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	unlock()
}

// A person who interrupts a poll must not let the next one in before the state is stored.
func testLockOutlives(t *testing.T, s poll.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	unlock, err := s.LockTrigger(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	short, done := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer done()
	if _, err := s.LockTrigger(short, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	unlock()
}
