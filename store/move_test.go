package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// movable is a home with a row of nearly everything, of two teams, in which numbers were
// given that no row has any more.
func movable(t *testing.T) (*store.Store, []byte) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"cleat.db", "keyset.json"} {
		writeFile(t, filepath.Join(dir, name), readFile(t, filepath.Join("testdata", "schema8", name)))
	}
	s := openStore(t, store.Options{Dir: dir})
	team := &record.Team{Name: "other"}
	gone := &connect.Record{Name: "gone", App: "x", Data: secretData()}
	if err := errors.Join(s.InsertTeam(t.Context(), team), s.InsertConnection(t.Context(), gone), s.DeleteConnection(t.Context(), gone.ID)); err != nil {
		t.Fatal(err)
	}
	other := s.ForTeam(team.ID)
	if err := errors.Join(other.InsertConnection(t.Context(), &connect.Record{Name: "a\xffb", App: "x", UID: secretUID, Data: secretData()}),
		other.PutTriggerState(t.Context(), "a", upgradeState())); err != nil {
		t.Fatal(err)
	}
	return s, readFile(t, filepath.Join(dir, "keyset.json"))
}

// Everything is in the other database, every cell of it, is read there with the same
// keyset, and numbers go on where they were.
func TestMove(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	from, keyset := movable(t)
	url := postgres.Database(t)
	openStore(t, store.Options{URL: url, Keyset: keyset}) // makes the tables
	moved := map[string]int64{}
	if err := from.Move(ctx, url, func(table string, rows int64) { moved[table] = rows }); err != nil {
		t.Fatal(err)
	}
	sameRows(t, from, url, moved)
	to := openStore(t, store.Options{URL: url, Keyset: keyset})
	got, err := to.ConnectionNamed(ctx, "Žofie")
	if err != nil {
		t.Fatal(err)
	}
	want, err := from.ConnectionNamed(ctx, "Žofie")
	if err != nil {
		t.Fatal(err)
	}
	storetest.SameRecord(t, got, want)
	if same, err := to.ForTeam(2).ConnectionsWithUID(ctx, "x", secretUID); err != nil || len(same) != 1 || same[0].Name != "a\uFFFDb" {
		t.Errorf("the connection of the other team is %v, error %v", same, err)
	}
	next := &connect.Record{Name: "next", App: "x", Data: secretData()}
	if err := to.InsertConnection(ctx, next); err != nil || next.ID != 4 { // 1, the deleted one, and that of the other team
		t.Errorf("the next connection has number %d, error %v", next.ID, err)
	}
	e := &record.Event{ID: "evt_2", Source: "hook_1", Bundle: []byte("{}")}
	if err := to.AppendEvents(ctx, e); err != nil || e.Seq != 2 {
		t.Errorf("the next event has cursor %d, error %v", e.Seq, err)
	}
}

// sameRows compares every cell of every table, and that no table is left out.
func sameRows(t *testing.T, from *store.Store, url string, moved map[string]int64) {
	t.Helper()
	there, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close()
	tables := column(t, from.Writer(), "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name")
	for _, table := range tables {
		if _, copied := moved[table]; !copied {
			t.Errorf("table %s is not moved", table)
			continue
		}
		names := column(t, from.Writer(), fmt.Sprintf("select name from pragma_table_info('%s') order by name", table))
		query := fmt.Sprintf(`select "%s" from "%s"`, strings.Join(names, `", "`), table)
		if a, b := rowsOf(t, from.Writer(), query), rowsOf(t, there, query); !slices.Equal(a, b) {
			t.Errorf("table %s holds\n%q, want\n%q", table, b, a)
		} else if table != "member" && table != "session" && moved[table] != int64(len(a)) {
			t.Errorf("table %s: %d rows are said to be moved of %d", table, moved[table], len(a))
		}
	}
	if len(moved) != len(tables) {
		t.Errorf("%d tables are moved of %d", len(moved), len(tables))
	}
}

func column(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	var all []string
	for _, row := range rowsOf(t, db, query) {
		all = append(all, strings.Trim(row, "|"))
	}
	return all
}

// rowsOf returns rows as texts in which the two databases agree, sorted.
func rowsOf(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		cells, into := make([]any, len(names)), make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, cell := range cells {
			switch v := cell.(type) {
			case []byte:
				cell = string(bytes.ToValidUTF8(v, []byte("\uFFFD")))
			case string:
				cell = strings.ToValidUTF8(v, "\uFFFD")
			case bool:
				cell = map[bool]int{true: 1}[v]
			}
			fmt.Fprint(&b, cell, "|")
		}
		all = append(all, b.String())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// A database in which somebody works already is left as it is.
func TestMoveRefused(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	from, keyset := movable(t)
	url := postgres.Database(t)
	to := openStore(t, store.Options{URL: url, Keyset: keyset})
	if err := to.Move(ctx, url, nil); !errors.Is(err, store.ErrNoMove) {
		t.Errorf("from PostgreSQL: %v", err)
	}
	if err := to.PutRuns(ctx, &record.Run{ID: "run_9"}); err != nil {
		t.Fatal(err)
	}
	err := from.Move(ctx, url, nil)
	if err == nil || !strings.Contains(err.Error(), "the database is in use: its table data_key has rows; give an empty one") {
		t.Errorf("into a database in use: %v", err)
	}
	if _, err := to.Run(ctx, "run_9"); err != nil {
		t.Error(err)
	}
}
