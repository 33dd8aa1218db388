package storetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

// start is when the renewals of the suite begin.
var start = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

func claim(t *testing.T, s connect.Store, id int64, owner string, now time.Time) (*connect.Renewal, error) {
	t.Helper()
	r := &connect.Renewal{ConnID: id, Owner: owner, Until: now.Add(time.Minute)}
	return r, s.ClaimRenewal(t.Context(), r, now)
}

func testRenewalClaim(t *testing.T, s connect.Store) {
	ctx, id := t.Context(), insert(t, s, newRecord("a")).ID
	other := insert(t, s, newRecord("b")).ID
	first, err := claim(t, s, id, "one", start)
	if err != nil || first.Answer != nil || first.Version != 0 {
		t.Fatalf("got %+v, error %v", first, err)
	}
	_, err = claim(t, s, id, "two", start.Add(59*time.Second))
	wantError(t, "a claim that is held", err, connect.ErrClaimed)
	if _, err = claim(t, s, id, "one", start.Add(time.Second)); err != nil {
		t.Errorf("the owner claims again: %v", err)
	}
	if _, err = claim(t, s, other, "two", start); err != nil {
		t.Errorf("another connection: %v", err)
	}
	if err := s.EndRenewal(ctx, &connect.Renewal{ConnID: id, Owner: "two"}, nil); err != nil {
		t.Errorf("ending what another holds: %v", err)
	}
	_, err = claim(t, s, id, "two", start.Add(time.Second))
	wantError(t, "after another's end", err, connect.ErrClaimed)
	if _, err = claim(t, s, id, "two", start.Add(61*time.Second)); err != nil {
		t.Errorf("a claim that has run out: %v", err)
	}
	wantError(t, "the journal of the former owner", s.JournalRenewal(ctx, first), connect.ErrClaimed)
	if err := s.EndRenewal(ctx, &connect.Renewal{ConnID: id, Owner: "two"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err = claim(t, s, id, "three", start); err != nil {
		t.Errorf("after the end: %v", err)
	}
	_, err = claim(t, s, id+100, "one", start)
	wantError(t, "no connection", err, connect.ErrNotFound)
}

func testRenewalJournal(t *testing.T, s connect.Store) {
	ctx, record := t.Context(), insert(t, s, newRecord("a"))
	first, err := claim(t, s, record.ID, "one", start)
	if err != nil {
		t.Fatal(err)
	}
	first.Version, first.Answer = record.Version, value.Object("token", value.Text("new"), "list", value.List(value.Undefined, value.Int(1))).Collection()
	for range 2 { // the second time it replaces
		if err := s.JournalRenewal(ctx, first); err != nil {
			t.Fatal(err)
		}
	}
	// The first owner is gone; the second finds what it left behind.
	second, err := claim(t, s, record.ID, "two", start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if second.Version != record.Version || second.Answer == nil || !Equal(value.FromCollection(second.Answer), value.FromCollection(first.Answer)) {
		t.Errorf("found %+v", second)
	}
	record.Data.Set("token", value.Text("new"))
	version := record.Version
	if err := s.EndRenewal(ctx, second, record); err != nil {
		t.Fatal(err)
	}
	if record.Version != version+1 {
		t.Errorf("version %d after %d", record.Version, version)
	}
	SameRecord(t, read(t, s, record.ID), record)
	third, err := claim(t, s, record.ID, "three", start.Add(time.Hour))
	if err != nil || third.Answer != nil {
		t.Errorf("afterwards: %+v, error %v", third, err)
	}
}

// A record that cannot be stored leaves claim and journal as they were.
func testRenewalConflict(t *testing.T, s connect.Store) {
	ctx, record := t.Context(), insert(t, s, newRecord("a"))
	stale := *record
	r, err := claim(t, s, record.ID, "one", start)
	if err != nil {
		t.Fatal(err)
	}
	r.Answer = value.Object("token", value.Text("new")).Collection()
	if err := s.JournalRenewal(ctx, r); err != nil {
		t.Fatal(err)
	}
	if err := s.UpdateConnection(ctx, record); err != nil {
		t.Fatal(err)
	}
	wantError(t, "an older version", s.EndRenewal(ctx, r, &stale), connect.ErrConflict)
	if stale.Version != record.Version-1 {
		t.Errorf("the record was changed to version %d", stale.Version)
	}
	again, err := claim(t, s, record.ID, "one", start)
	if err != nil || again.Answer == nil {
		t.Errorf("the journal is gone: %+v, error %v", again, err)
	}
	if err := s.DeleteConnection(ctx, record.ID); err != nil {
		t.Fatal(err)
	}
	wantError(t, "a deleted connection", s.JournalRenewal(ctx, r), connect.ErrClaimed)
	wantError(t, "a deleted connection", s.EndRenewal(ctx, r, record), connect.ErrNotFound)
}

func testRenewalRace(t *testing.T, s connect.Store) {
	id := insert(t, s, newRecord("a")).ID
	var won atomic.Int64
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			r := &connect.Renewal{ConnID: id, Owner: fmt.Sprint(i), Until: start.Add(time.Minute)}
			switch err := s.ClaimRenewal(t.Context(), r, start); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, connect.ErrClaimed):
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if won.Load() != 1 {
		t.Errorf("%d owners", won.Load())
	}
}

func testFlowByState(t *testing.T, s connect.Store) {
	f := insertFlow(t, s, newFlow("a"))
	insertFlow(t, s, newFlow("b"))
	got, err := s.FlowByState(t.Context(), "state-a")
	if err != nil {
		t.Fatal(err)
	}
	SameFlow(t, got, f)
	for _, hash := range []string{"", "token-a", "state-c"} {
		_, err := s.FlowByState(t.Context(), hash)
		wantError(t, "the state "+hash, err, connect.ErrNotFound)
	}
}
