package store_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
)

// Where nothing may go nothing is written, however much is old: events that a paused
// destination waits for stay.
func TestPruneHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	d := &record.Destination{Name: "d", Paused: "by a person"}
	if err := s.InsertDestination(ctx, d); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := s.AppendEvents(ctx, &record.Event{Destination: d.ID, Created: upgradeTime, Bundle: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	var (
		mu      sync.Mutex
		written []string
	)
	s.Record(func(query string) {
		mu.Lock()
		defer mu.Unlock()
		if !strings.HasPrefix(query, "select") {
			written = append(written, query)
		}
	})
	now := time.Now()
	prune := func() int {
		t.Helper()
		n, err := s.Prune(ctx, record.Retention{Deliveries: now, Runs: now, Events: now, Audit: now}, 2)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := prune(); n != 0 || len(written) != 0 {
		t.Errorf("%d were removed, written was %q", n, written)
	}
	if err := s.DeleteDestination(ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	if first, second, third := prune(), prune(), prune(); first != 2 || second != 1 || third != 0 {
		t.Errorf("without the destination %d, %d and %d were removed", first, second, third)
	}
}
