package store_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
)

// A rotation removes the data keys that seal nothing any more, but for those of the last
// day: somebody may be about to seal with one of these.
func TestRotationRemovesSpentKeys(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(*testing.T) store.Options{
		"sqlite":   func(t *testing.T) store.Options { return store.Options{Dir: t.TempDir()} },
		"postgres": func(t *testing.T) store.Options { return optionsOf(postgresPlace(t)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, clock := t.Context(), upgradeTime
			o := place(t)
			o.Now = func() time.Time { return clock }
			s := openStore(t, o)
			other := openStore(t, o) // another process, whose data key is its own
			put := func(s *store.Store, id string) {
				t.Helper()
				if err := s.PutRuns(ctx, &record.Run{ID: id, State: record.Succeeded, Started: clock, Ended: clock, Transcript: []byte("[]")}); err != nil {
					t.Fatal(err)
				}
			}
			rotate := func(want store.Rotation) {
				t.Helper()
				if done, err := s.RotateKeys(ctx); err != nil || done != want {
					t.Errorf("at %s: %+v, error %v, want %+v", clock, done, err, want)
				}
			}
			put(s, "run_1")
			clock = clock.Add(2 * time.Hour)
			put(s, "run_2")
			put(other, "run_3")
			if n, err := s.Prune(ctx, record.Retention{Runs: clock}, 10); err != nil || n != 1 {
				t.Fatalf("pruned %d, error %v", n, err)
			}
			rotate(store.Rotation{Rewrapped: 3})
			clock = clock.Add(23 * time.Hour) // the first is older than a day, the others are not
			rotate(store.Rotation{Rewrapped: 2, Removed: 1})
			if n, err := s.Prune(ctx, record.Retention{Runs: clock}, 10); err != nil || n != 2 {
				t.Fatalf("pruned %d, error %v", n, err)
			}
			put(other, "run_4") // with a key of this hour
			rotate(store.Rotation{Rewrapped: 3})
			clock = clock.Add(2 * time.Hour)
			rotate(store.Rotation{Rewrapped: 1, Removed: 2})
			put(s, "run_5")
			for _, id := range []string{"run_4", "run_5"} {
				if r, err := openStore(t, o).Run(ctx, id); err != nil || string(r.Transcript) != "[]" {
					t.Errorf("%s: %+v, error %v", id, r, err)
				}
			}
		})
	}
}

// Every table that names a data key is looked at before one is removed.
func TestSealedTables(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openStore(t, store.Options{Dir: dir})
	named := "select m.name || '.' || c.name from sqlite_schema m join pragma_table_info(m.name) c where m.type = 'table' and c.name like '%seal_key%' order by 1"
	rows, err := rawDatabase(t, dir).Query(named)
	if err != nil {
		t.Fatal(err)
	}
	found, err := texts(rows)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, table := range store.SealedTables {
		want = append(want, fmt.Sprint(table, ".seal_key"))
	}
	slices.Sort(want)
	if !slices.Equal(found, want) {
		t.Errorf("data keys are named by\n%s\nlooked at are\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

func texts(rows *sql.Rows) (all []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
