package store_test

import (
	"database/sql"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/cleat-run/cleat/store"
)

// aged is a store of an earlier schema.
type aged struct {
	place   string // as optionsOf reads it
	schema  int    // of SQLite that it has
	version func(t *testing.T) int
}

// agedFolder is one of the schema that this version of the package began with.
func agedFolder(t *testing.T) aged {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"cleat.db", "keyset.json"} {
		writeFile(t, filepath.Join(dir, name), readFile(t, filepath.Join(upgradeFolder(3), name)))
	}
	return aged{dir, 3, func(t *testing.T) int { return versionOf(t, rawDatabase(t, dir), "pragma user_version") }}
}

func agedDatabase(t *testing.T) aged {
	t.Helper()
	url, file := postgres.Database(t), filepath.Join(t.TempDir(), "keyset.json")
	writeFile(t, file, readFile(t, keysetOf(1)))
	db := load(t, url, dumpOf(1))
	return aged{url + " " + file, 1 + postgresAhead, func(t *testing.T) int { return versionOf(t, db, "select max(version) from public.cleat_schema") }}
}

func versionOf(t *testing.T, db *sql.DB, query string) (version int) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&version); err != nil {
		t.Fatal(err)
	}
	return version
}

// eachAged runs a test with an earlier store on each database. newest is its last version.
func eachAged(t *testing.T, test func(t *testing.T, open func(*testing.T) aged, newest int)) {
	t.Helper()
	for name, open := range map[string]func(*testing.T) aged{"sqlite": agedFolder, "postgres": agedDatabase} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			steps, err := store.Migrations(name)
			if err != nil {
				t.Fatal(err)
			}
			test(t, open, len(steps))
		})
	}
}

// Of several processes that start with an earlier store one migrates it.
func TestUpgradeTogether(t *testing.T) {
	t.Parallel()
	eachAged(t, func(t *testing.T, open func(*testing.T) aged, newest int) {
		old := open(t)
		runChildren(t, 5, "name", old.place)
		if got := old.version(t); got != newest {
			t.Errorf("the version is %d, want %d", got, newest)
		}
		s := openStore(t, optionsOf(old.place))
		if all, err := s.Connections(t.Context()); err != nil || len(all) != 6 {
			t.Errorf("%d connections, error %v, want 6", len(all), err)
		}
		checkUpgrade(t, s, old.schema)
	})
}

// A migration that is killed leaves what was there, or is complete.
func TestUpgradeKilled(t *testing.T) {
	t.Parallel()
	eachAged(t, func(t *testing.T, open func(*testing.T) aged, newest int) {
		before, after := 0, 0
		for range 12 {
			old := open(t)
			first := old.version(t)
			p := startChild(t, "name", old.place)
			p.stdin.Close()
			killed := time.AfterFunc(rand.N(40*time.Millisecond), func() { _ = p.Process.Kill() })
			_ = p.Wait() // it may have come to its end
			killed.Stop()
			switch got := old.version(t); got {
			case first:
				before++
			case newest:
				after++
			default:
				t.Errorf("the version is %d, neither %d nor %d", got, first, newest)
			}
			s := openStore(t, optionsOf(old.place))
			checkUpgrade(t, s, old.schema)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		t.Logf("%d were killed before the commit, %d behind it", before, after)
	})
}
