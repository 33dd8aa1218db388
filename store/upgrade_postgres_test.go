package store_test

import (
	"database/sql"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"

	"github.com/cleat-run/cleat/store"
)

// postgresAhead is by how many schemas SQLite is ahead: PostgreSQL came with the seventh.
const postgresAhead = 6

// Databases of earlier versions on PostgreSQL, one dump per schema and with a row in every
// table, open, are complete, and can be changed.
func TestUpgradePostgres(t *testing.T) {
	t.Parallel()
	steps, err := store.Migrations("postgres")
	if err != nil {
		t.Fatal(err)
	}
	if path := dumpOf(len(steps)); *update && isMissing(t, path) {
		writeDump(t, path)
	}
	for schema := 1; schema <= len(steps); schema++ {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			t.Parallel()
			url := postgres.Database(t)
			for _, table := range emptyTables(t, load(t, url, dumpOf(schema)), "select 'public.' || quote_ident(tablename) from pg_catalog.pg_tables where schemaname = 'public'") {
				t.Errorf("the table %s is empty: nothing shows that it is kept", table)
			}
			checkUpgrade(t, openStore(t, store.Options{URL: url, Keyset: readFile(t, keysetOf(schema))}), schema+postgresAhead)
		})
	}
}

func dumpOf(schema int) string {
	return filepath.Join("testdata", fmt.Sprintf("postgres%d.sql", schema))
}

func keysetOf(schema int) string {
	return filepath.Join("testdata", fmt.Sprintf("postgres%d.json", schema))
}

// writeDump makes the dump of a database of the present schema.
func writeDump(t *testing.T, path string) {
	t.Helper()
	keyset, err := store.NextKeyset(nil)
	if err != nil {
		t.Fatal(err)
	}
	url := postgres.Database(t)
	writeUpgrade(t, openStore(t, store.Options{URL: url, Keyset: keyset, Now: upgradeClock}))
	dump, err := exec.Command("pg_dump", "--no-owner", "--no-privileges", "--no-comments", "--inserts", url).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	var lines []string
	for line := range strings.Lines(string(dump)) {
		if strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "--") && !strings.HasPrefix(line, "\\") { // comments, and words to psql
			lines = append(lines, line)
		}
	}
	writeFile(t, path, []byte(strings.Join(lines, "")))
	writeFile(t, strings.TrimSuffix(path, ".sql")+".json", keyset)
}

// load runs a dump in an empty database. The connections of what it returns have no search
// path.
func load(t *testing.T, url, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url+"&default_query_exec_mode=simple_protocol")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := db.Exec(string(readFile(t, path))); err != nil {
		t.Fatal(err)
	}
	return db
}
