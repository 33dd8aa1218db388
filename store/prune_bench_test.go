package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
)

// aged rows of each kind that grows by itself; ? is how many. Those of sealed columns are as
// long as a small transcript.
var fillings = []string{
	`insert into run select 'run_' || value, 1, 'module', 'photos', 'list', 0, '', '', 'succeeded', '', '', 0, 1, value, value, 'n', 1, randomblob(1000), null from rows`,
	`insert into received select 'dlv_' || value, 1, 7, value, '192.0.2.1', 'done', 1, 1, 'n', '', 0, '', null, value, 1, randomblob(1000) from rows`,
	`insert into event select value, 'evt_' || value, 1, 'hook_7', 'photos', 'dlv_' || value, 'dst_1', 0, value, 1, randomblob(1000) from rows`,
	`insert into handover select value, 'evt_' || value, 1, 'dst_1', 'hook_7', 0, 'done', 1, null, 200, '', '', value from rows`,
	`insert into reply select 1, 'tok_1', 'key_' || value, 'd', 200, '{}', value, 1, randomblob(1000) from rows`,
}

// BenchmarkWriteWhilePruning measures how long a write waits while a million old rows are
// removed as a node does it: 100 of each kind at a time, with a pause of 20 ms.
func BenchmarkWriteWhilePruning(b *testing.B) {
	const each = 250_000 // of four kinds; a handover goes with its event
	dir := b.TempDir()
	s := openStore(b, store.Options{Dir: dir})
	if err := s.InsertDestination(b.Context(), &record.Destination{ID: "dst_1", Name: "d"}); err != nil {
		b.Fatal(err)
	}
	raw := rawDatabase(b, dir)
	for _, filling := range fillings {
		query := fmt.Sprintf("with recursive rows (value) as (select 1 union all select value + 1 from rows where value < %d) ", each)
		if _, err := raw.Exec(query + filling); err != nil {
			b.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(b.Context())
	waits := make(chan []time.Duration)
	go func() { waits <- writeUntil(ctx, s) }()
	old := record.Retention{Runs: time.Now(), Deliveries: time.Now().Add(-time.Hour), Events: time.Now().Add(-time.Hour), Audit: time.Now()}
	old.Runs = old.Events
	removed := 0
	b.ResetTimer()
	for {
		n, err := s.Prune(b.Context(), old, 100)
		if err != nil {
			b.Fatal(err)
		}
		if removed += n; n == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond) // as package work does
	}
	b.StopTimer()
	stop()
	all := <-waits
	slices.Sort(all)
	if removed != 4*each {
		b.Errorf("%d rows were removed, want %d", removed, 4*each)
	}
	b.ReportMetric(float64(removed)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, "ms/longest-write")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "ms/p99-write")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "ms/median-write")
}

// writeUntil stores runs one after the other until ctx ends, and returns how long each took.
func writeUntil(ctx context.Context, s *store.Store) (waits []time.Duration) {
	for ctx.Err() == nil {
		begun := time.Now()
		if err := s.PutRuns(context.WithoutCancel(ctx), &record.Run{State: record.Succeeded, Started: begun}); err != nil {
			panic(err)
		}
		waits = append(waits, time.Since(begun))
		time.Sleep(2 * time.Millisecond) // a server that is busy, not one that does nothing else
	}
	return waits
}
