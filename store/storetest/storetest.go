// Package storetest proves implementations of [connect.Store], of [webhook.Store], of
// [poll.Store] and of [record.Store] with [record.TeamStore]: each of them passes [Run],
// [RunHooks], [RunTriggers] or [RunRecords].
package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

// Run runs the suite. open returns a new, empty store, which the suite does not close:
// use t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) connect.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s connect.Store)
	}{
		{"connection", testConnection},
		{"connection/zero", testZeroConnection},
		{"connection/not found", testNotFound},
		{"connection/update", testUpdate},
		{"connection/update without data", testUpdateWithoutData},
		{"connection/conflict", testConflict},
		{"connection/conflict race", testConflictRace},
		{"connection/name taken", testNameTaken},
		{"connection/name race", testNameRace},
		{"connection/names", testNames},
		{"connection/order", testOrder},
		{"connection/delete", testDelete},
		{"connection/values", testValues},
		{"connection/size", testSize},
		{"connection/nesting", testNesting},
		{"connection/apart", testApart},
		{"connection/canceled", testCanceled},
		{"flow", testFlow},
		{"flow/zero", testZeroFlow},
		{"flow/by", testFlowBy},
		{"flow/by state", testFlowByState},
		{"flow/claim", testClaim},
		{"flow/claim race", testClaimRace},
		{"flow/prune", testPrune},
		{"flow/duplicate", testDuplicateFlow},
		{"flow/values", testFlowValues},
		{"flow/size", testFlowSize},
		{"renewal/claim", testRenewalClaim},
		{"renewal/journal", testRenewalJournal},
		{"renewal/conflict", testRenewalConflict},
		{"renewal/race", testRenewalRace},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

// newRecord returns a connection with every field set that a caller sets.
func newRecord(name string) *connect.Record {
	return &connect.Record{
		Name:     name,
		App:      "trello",
		Type:     "trello2",
		Kind:     connect.OAuth1,
		Data:     value.Object("token", value.Text("t-"+name), "secret", value.Text("s-"+name)).Collection(),
		UID:      "uid-" + name,
		Root:     "/apps/photos",
		Metadata: connect.Metadata{Type: "email", Value: "ana@example.com"},
		Scope:    []string{"read", "write"},
		Expires:  time.Date(2031, 2, 3, 4, 5, 6, 789e6, time.UTC),
		Broken:   "the token was refused",
		EndUser:  "customer-7",
	}
}

// newFlow returns an open flow with every field set.
func newFlow(id string) *connect.Flow {
	now := time.UnixMilli(time.Now().UnixMilli()).UTC()
	return &connect.Flow{
		ID:          id,
		App:         "trello",
		Type:        "trello2",
		Name:        "Ana",
		ConnID:      7,
		AnyAccount:  true,
		SessionHash: "session-" + id,
		StateHash:   "state-" + id,
		TokenHash:   "token-" + id,
		RedirectURI: "https://cleat.example/oauth/cb/app-oauth1",
		Scope:       []string{"read"},
		EndUser:     "customer-7",
		Temp:        value.Object("token_secret", value.Text("temp-"+id)).Collection(),
		Data:        value.Object("consumer_secret", value.Text("data-"+id)).Collection(),
		Created:     now,
		Expires:     now.Add(10 * time.Minute),
	}
}

func insert(t *testing.T, s connect.Store, r *connect.Record) *connect.Record {
	t.Helper()
	if err := s.InsertConnection(t.Context(), r); err != nil {
		t.Fatalf("InsertConnection(%q): %v", r.Name, err)
	}
	return r
}

func read(t *testing.T, s connect.Store, id int64) *connect.Record {
	t.Helper()
	r, err := s.Connection(t.Context(), id)
	if err != nil {
		t.Fatalf("Connection(%d): %v", id, err)
	}
	return r
}

func insertFlow(t *testing.T, s connect.Store, f *connect.Flow) *connect.Flow {
	t.Helper()
	if err := s.InsertFlow(t.Context(), f); err != nil {
		t.Fatalf("InsertFlow(%q): %v", f.ID, err)
	}
	return f
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want an error that is %q", what, err, want)
	}
}

func testCanceled(t *testing.T, s connect.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.InsertConnection(ctx, newRecord("a")); err == nil {
		t.Error("InsertConnection with a canceled context: no error")
	}
	if all, err := s.Connections(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("afterwards: %d records, error %v", len(all), err)
	}
	insert(t, s, newRecord("a"))
}
