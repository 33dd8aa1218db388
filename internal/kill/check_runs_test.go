//go:build linux

package kill_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
)

// pollRuns reads the accepted polls of all triggers that gave what they found, by trigger
// and in the order of their beginning, and the version that each trigger has now.
func pollRuns(ctx context.Context, s *store.Store) (runs map[string][]*record.Run, versions map[string]int64, err error) {
	runs, versions = map[string][]*record.Run{}, map[string]int64{}
	for page := (record.Page{Limit: 500}); ; {
		some, err := s.Triggers(ctx, page)
		if err != nil || len(some) == 0 {
			break
		}
		for _, t := range some {
			versions[t.ID] = t.State.Version
		}
		page.After = some[len(some)-1].ID
	}
	for page := (record.Page{Limit: 500}); ; {
		some, err := s.Runs(ctx, record.RunFilter{Kind: "poll", State: record.Succeeded}, page)
		if err != nil {
			return nil, nil, err
		}
		if len(some) == 0 {
			break
		}
		for _, r := range some {
			runs[r.Source] = append(runs[r.Source], r)
		}
		page.After = some[len(some)-1].ID
	}
	for _, all := range runs {
		slices.SortFunc(all, func(a, b *record.Run) int { return a.Started.Compare(b.Started) })
	}
	return runs, versions, err
}

// overlaps: no two accepted runs of one trigger were at work at the same time, and each of
// them moved the state by one version (work.md 14.3).
func overlaps(runs map[string][]*record.Run, versions map[string]int64) []string {
	var all []string
	for id, version := range versions {
		if n := int64(len(runs[id])); n != version {
			all = append(all, fmt.Sprintf("trigger %s has state %d after %d accepted runs", id, version, n))
		}
		for i, r := range runs[id] {
			if i > 0 && r.Started.Before(runs[id][i-1].Ended) {
				before := runs[id][i-1]
				all = append(all, fmt.Sprintf("trigger %s: run %s (%s, %s to %s) began before run %s (%s, %s to %s) had ended", id, r.ID, r.Node, r.Started.Format(clock),
					r.Ended.Format(clock), before.ID, before.Node, before.Started.Format(clock), before.Ended.Format(clock)))
			}
		}
	}
	slices.Sort(all)
	return all
}

// reruns are the deliveries that were begun more than once; a fault was near each of them,
// or unexplained says so.
func reruns(ctx context.Context, s *store.Store, j *journal) (count int, unexplained []string, err error) {
	for page := (record.Page{Limit: 500}); ; {
		some, err := s.Deliveries(ctx, record.DeliveryFilter{}, page)
		if err != nil || len(some) == 0 {
			return count, unexplained, err
		}
		for _, d := range some {
			if !d.State.Final() {
				unexplained = append(unexplained, fmt.Sprintf("delivery %s is %s in the end", d.ID, d.State))
			}
			if d.Attempt < 2 {
				continue
			}
			count++
			if _, near := j.during(d.Received.Add(-rerunSlack), d.Ended, func(span) bool { return true }); !near {
				unexplained = append(unexplained, fmt.Sprintf("delivery %s was begun %d times from %s to %s: no fault was near", d.ID, d.Attempt, d.Received.Format(clock), d.Ended.Format(clock)))
			}
		}
		page.After = some[len(some)-1].ID
	}
}

// rerunSlack is how long behind a fault work is still begun twice because of it: the
// acknowledgement of a job is lost with the leader that was asked, and the next one hands
// it out when its time to be acknowledged is over.
const rerunSlack = 15 * time.Second

func TestOverlaps(t *testing.T) {
	t.Parallel()
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0).UTC() }
	run := func(id string, from, to int) *record.Run {
		return &record.Run{ID: id, Node: "n", Started: at(from), Ended: at(to)}
	}
	got := overlaps(map[string][]*record.Run{"a": {run("r1", 1, 2), run("r2", 2, 3)}, "b": {run("r3", 1, 5), run("r4", 4, 6)}, "c": {run("r5", 1, 2)}},
		map[string]int64{"a": 2, "b": 2, "c": 2, "d": 0})
	want := []string{
		"trigger b: run r4 (n, 00:00:04.000 to 00:00:06.000) began before run r3 (n, 00:00:01.000 to 00:00:05.000) had ended",
		"trigger c has state 2 after 1 accepted runs",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
