package store_test

import (
	"database/sql"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
	"github.com/cleat-run/cleat/webhook"
)

// No statement of the suites reads a whole table, but for those that are about all of a
// small one.
func TestNoFullScans(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	openStore(t, store.Options{Dir: dir})
	raw := rawDatabase(t, dir)
	for _, query := range recordedQueries(t) {
		if allowed := []string{
			"from team order by id",           // all teams
			"select count(*) from person",     // all people
			"order by person.email",           // the people of a team
			"from destination where paused",   // looks at each destination for what is due
			"union all",                       // the rotation of keys
			"from sqlite_sequence where name", // has a row for each table
		}; slices.ContainsFunc(allowed, func(part string) bool { return strings.Contains(query, part) }) {
			continue
		}
		for _, step := range plan(t, raw, query) {
			if strings.HasPrefix(step, "SCAN") && !strings.Contains(step, "CONSTANT") && !strings.HasPrefix(step, "SCAN lane") || strings.Contains(step, "TEMP B-TREE") {
				t.Errorf("%s\n\t%s", step, query)
			}
		}
	}
}

// recordedQueries runs all suites and returns the statements of them.
func recordedQueries(t *testing.T) []string {
	t.Helper()
	var (
		mu   sync.Mutex
		seen = make(map[string]bool)
	)
	open := func(t *testing.T) *store.Store {
		s := openStore(t, store.Options{Dir: t.TempDir()})
		s.Record(func(query string) {
			mu.Lock()
			defer mu.Unlock()
			seen[query] = true
		})
		return s
	}
	t.Run("suites", func(t *testing.T) { // waits for all of them
		storetest.Run(t, func(t *testing.T) connect.Store { return open(t) })
		storetest.RunHooks(t, func(t *testing.T) webhook.Store { return open(t) })
		storetest.RunTriggers(t, func(t *testing.T) poll.Store { return open(t) })
		storetest.RunRecords(t, func(t *testing.T) func(int64) storetest.Records {
			s := open(t)
			return func(team int64) storetest.Records { return s.ForTeam(team) }
		})
	})
	if len(seen) < 100 {
		t.Errorf("only %d statements were seen", len(seen))
	}
	return slices.Sorted(maps.Keys(seen))
}

// plan returns what SQLite does for a statement.
func plan(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query("explain query plan "+query, make([]any, strings.Count(query, "?"))...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, step)
	}
	return steps
}
