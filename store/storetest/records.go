package storetest

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/webhook"
)

// Records is everything that a store keeps, bound to one team.
type Records interface {
	connect.Store
	webhook.Store
	poll.Store
	record.Store
	record.TeamStore
	ConnectionsWithUID(ctx context.Context, app, uid string) ([]*connect.Record, error)
	Hooks(ctx context.Context) ([]*webhook.Record, error)
	ConnectionUses(ctx context.Context, id int64) (hooks, triggers []string, err error)
}

// RunRecords runs the suite of what a server keeps. open returns the handles of a new
// store by team; it has the first team and nothing else. The suite does not close it: use
// t.Cleanup.
func RunRecords(t *testing.T, open func(t *testing.T) func(team int64) Records) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, team func(int64) Records)
	}{
		{"teams apart", testTeamsApart},
		{"team", testTeam},
		{"user", testUser},
		{"member", testMember},
		{"member/last owner race", testLastOwnerRace},
		{"session", testSession},
		{"link", testLink},
		{"link/race", testLinkRace},
		{"token", testToken},
		{"find", testFind},
		{"audit", testAudit},
		{"app", testApp},
		{"app/race", testAppRace},
		{"app/delete", testDeleteApp},
		{"uses", testUses},
		{"run", testRun},
		{"run/list", testRuns},
		{"run/all or none", testRunsAllOrNone},
		{"run/ends once", testRunEndsOnce},
		{"run/lost", testLostRuns},
		{"trigger", testTrigger},
		{"trigger/due", testDue},
		{"trigger/poll", testEndPoll},
		{"trigger/poll race", testEndPollRace},
		{"delivery", testReceived},
		{"delivery/fence", testFence},
		{"delivery/list", testReceivedList},
		{"delivery/retries", testRetries},
		{"event", testEvents},
		{"event/cursor race", testEventRace},
		{"destination", testDestination},
		{"handover", testHandover},
		{"handover/sequential", testSequential},
		{"handover/paused", testPaused},
		{"handover/race", testHandoverRace},
		{"handover/replay", testReplay},
		{"reply", testReply},
		{"reply/race", testReplyRace},
		{"prune", testPruneRecords},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// ok ends the test on an error.
func ok(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// must returns what was read and ends the test on an error.
func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(got T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
}

// same reports an error when two things without collections differ.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %+v\nwant %+v", what, got, want)
	}
}

// recent reports an error when at is not the present in UTC, in milliseconds.
func recent(t *testing.T, what string, at time.Time) {
	t.Helper()
	if age := time.Since(at); age < -time.Second || age > time.Minute || at.Location() != time.UTC || at.Nanosecond()%1e6 != 0 {
		t.Errorf("%s is %v, want the present", what, at)
	}
}

// ids returns one text of each record.
func ids[T any](records []T, id func(T) string) []string {
	var all []string
	for _, r := range records {
		all = append(all, id(r))
	}
	return all
}

// pages reads a whole list in pages of two and returns one text of each record.
func pages[T any](t *testing.T, id func(T) string, list func(record.Page) ([]T, error)) []string {
	t.Helper()
	var all []string
	for after := ""; ; {
		page := must[[]T](t)(list(record.Page{After: after, Limit: 2}))
		if len(page) > 2 {
			t.Fatalf("a page of %d", len(page))
		}
		all = append(all, ids(page, id)...)
		if len(page) < 2 || len(all) > 1000 {
			return all
		}
		after = id(page[1])
	}
}
