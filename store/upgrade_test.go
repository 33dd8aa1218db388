package store_test

import (
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
	"github.com/cleat-run/cleat/value"
)

var update = flag.Bool("update", false, "write a store of the present schema to testdata, if there is none yet")

// upgradeRecord and upgradeFlow are what the stores in testdata hold: never change them,
// or the folders there no longer fit.
func upgradeRecord() *connect.Record {
	long, err := value.Digits("12345678901234567890123")
	if err != nil {
		panic(err)
	}
	data := value.Object("text", value.Text("token"), "bytes", value.Text("\xff"), "null", value.Null, "empty", value.EmptyString,
		"true", value.True, "number", value.Number(0.1), "long", long, "zero", value.Number(math.Copysign(0, -1)),
		"date", value.Date(1700000000123), "buffer", value.Buffer([]byte{0, 255}), "list", value.List(value.Undefined, value.Null),
		"nested", value.Object("$date", value.Int(1), "z", value.Object()),
		"error", value.FromError(&value.Error{Type: "DataError", Message: "no"})).Collection()
	return &connect.Record{Name: "Žofie", App: "trello", Type: "trello2", Kind: connect.OAuth1, Data: data, UID: "42",
		Metadata: connect.Metadata{Type: "email", Value: "zofie@example.com"}, Scope: []string{"read", "write"},
		Expires: time.Date(2040, 1, 2, 3, 4, 5, 6e6, time.UTC), Broken: "the token was refused"}
}

func upgradeFlow() *connect.Flow {
	return &connect.Flow{ID: "flow", App: "trello", Type: "trello2", Name: "new", ConnID: 1, TokenHash: "token", SessionHash: "session",
		StateHash: "state", RedirectURI: "http://127.0.0.1/cb", Scope: []string{"read"}, Temp: upgradeRecord().Data, Data: upgradeRecord().Data,
		Created: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)}
}

func upgradeState() *poll.State {
	return &poll.State{Start: "all", LastDate: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), LastID: "b", Included: true, SameDateIDs: []string{"a", "č"}}
}

func upgradeInstallation() *connect.Installation {
	return &connect.Installation{App: "trello", Connection: "trello2", Parameters: upgradeRecord().Data, Common: upgradeRecord().Data}
}

// installationSchema is the first schema with installations.
const installationSchema = 8

// triggerSchema is the first schema with states of triggers.
const triggerSchema = 6

// endUserSchema is the first schema with whom the connection of a flow is for.
const endUserSchema = 9

// renewalSchema is the first schema with the journal of renewals.
const renewalSchema = 3

func upgradeRenewal() *connect.Renewal {
	return &connect.Renewal{ConnID: 1, Owner: "owner", Until: upgradeTime.Add(15 * time.Second), Version: 2, Answer: upgradeRecord().Data}
}

// Stores that were written by earlier versions of this package, one folder per schema and
// with a row in every table, open, are complete, and can be changed.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	steps, err := store.Migrations("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	if dir := upgradeFolder(len(steps)); *update && isMissing(t, dir) {
		writeUpgrade(t, openStore(t, store.Options{Dir: dir, Now: upgradeClock}))
	}
	for schema := 1; schema <= len(steps); schema++ {
		t.Run(fmt.Sprint(schema), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, name := range []string{"cleat.db", "keyset.json"} {
				writeFile(t, filepath.Join(dir, name), readFile(t, filepath.Join(upgradeFolder(schema), name)))
			}
			for _, table := range emptyTables(t, rawDatabase(t, dir), "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'") {
				t.Errorf("the table %s is empty: nothing shows that it is kept", table)
			}
			checkUpgrade(t, openStore(t, store.Options{Dir: dir}), schema)
		})
	}
}

func upgradeFolder(schema int) string {
	return filepath.Join("testdata", fmt.Sprintf("schema%d", schema))
}

func upgradeClock() time.Time { return upgradeTime }

// isMissing reports whether there is no store of a schema yet. One that is there is kept:
// it stands for those in the field.
func isMissing(t *testing.T, path string) bool {
	t.Helper()
	_, err := os.Stat(path)
	return errors.Is(err, os.ErrNotExist)
}

// emptyTables returns the tables without a row; query gives the names of all.
func emptyTables(t *testing.T, db *sql.DB, query string) (empty []string) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		var filled bool
		err := rows.Scan(&table)
		if err == nil {
			err = db.QueryRow("select exists (select 1 from " + table + ")").Scan(&filled)
		}
		if err != nil {
			t.Fatal(err)
		}
		if !filled {
			empty = append(empty, table)
		}
	}
	return empty
}

// writeUpgrade fills every table and closes the store.
func writeUpgrade(t *testing.T, s *store.Store) {
	t.Helper()
	ctx, open, used, r, claim := t.Context(), upgradeFlow(), upgradeFlow(), upgradeRecord(), upgradeRenewal()
	used.ID, used.TokenHash, open.EndUser = "used", "used", "customer-7"
	for _, err := range []error{s.InsertConnection(ctx, r), s.UpdateConnection(ctx, r), s.InsertFlow(ctx, open),
		s.InsertFlow(ctx, used), s.ClaimFlow(ctx, used.ID), s.InsertHook(ctx, upgradeHook()), s.Append(ctx, upgradeDelivery()),
		s.PutTriggerState(ctx, "photos/watch", upgradeState()), s.PutInstallation(ctx, upgradeInstallation()),
		s.ClaimRenewal(ctx, claim, upgradeTime), s.JournalRenewal(ctx, upgradeRenewal())} {
		if err != nil {
			t.Fatal(err)
		}
	}
	writeUpgradeServer(t, s)
	if _, err := s.RotateKeys(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkUpgrade reads what a store of a schema of SQLite held, and changes it.
func checkUpgrade(t *testing.T, s *store.Store, schema int) {
	t.Helper()
	checkUpgradeConnection(t, s, schema)
	if schema >= hooksSchema {
		checkUpgradeHook(t, s)
	}
	checkUpgradeState(t, s, schema)
	if schema >= serverSchema {
		checkUpgradeServer(t, s)
	}
	checkUpgradeInstallation(t, s, schema)
}

func checkUpgradeConnection(t *testing.T, s *store.Store, schema int) {
	t.Helper()
	ctx := t.Context()
	if schema >= renewalSchema {
		claim := &connect.Renewal{ConnID: 1, Owner: "another", Until: time.Now().Add(time.Minute)}
		if err := s.ClaimRenewal(ctx, claim, time.Now()); err != nil || claim.Version != 2 || !storetest.Equal(claim.Answer.Get("list"), upgradeRecord().Data.Get("list")) {
			t.Errorf("the journal of the renewal holds %+v, error %v", claim, err)
		}
	}
	got, err := s.ConnectionNamed(ctx, "Žofie")
	if err != nil {
		t.Fatal(err)
	}
	want := upgradeRecord()
	want.ID, want.Version = 1, 2
	want.Created = time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	want.Updated = want.Created
	storetest.SameRecord(t, got, want)
	for _, hash := range []string{"token", "used"} {
		f, err := s.FlowBy(ctx, hash, "")
		if err != nil {
			t.Fatal(err)
		}
		want := upgradeFlow()
		if hash == "used" {
			want.ID, want.TokenHash, want.Used, want.Temp, want.Data = "used", "used", true, nil, nil
		}
		if hash == "token" && schema >= endUserSchema {
			want.EndUser = "customer-7"
		}
		storetest.SameFlow(t, f, want)
	}
	if same, err := s.ConnectionsWithUID(ctx, "trello", "42"); err != nil || len(same) != 1 {
		t.Errorf("the uid finds %d records, error %v", len(same), err)
	}
	if err := s.UpdateConnection(ctx, got); err != nil {
		t.Error(err)
	}
	if _, err := s.RotateKeys(ctx); err != nil {
		t.Error(err)
	}
}

func checkUpgradeState(t *testing.T, s *store.Store, schema int) {
	t.Helper()
	want := &poll.State{}
	if schema >= triggerSchema {
		want = upgradeState()
		want.Version = 1
	}
	got, err := s.TriggerState(t.Context(), "photos/watch")
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the state of a trigger is %+v, error %v, want %+v", got, err, want)
	}
	if err := s.PutTriggerState(t.Context(), "photos/watch", got); err != nil {
		t.Error(err)
	}
}

func checkUpgradeInstallation(t *testing.T, s *store.Store, schema int) {
	t.Helper()
	got, err := s.Installations(t.Context(), "trello")
	if err != nil {
		t.Fatal(err)
	}
	if schema < installationSchema {
		if len(got) > 0 {
			t.Errorf("there are %d installations", len(got))
		}
		return
	}
	want := upgradeInstallation()
	want.Version, want.Updated = 1, time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC)
	if len(got) != 1 {
		t.Fatalf("there are %d installations", len(got))
	}
	storetest.SameInstallation(t, got[0], want)
	if err := s.PutInstallation(t.Context(), got[0]); err != nil {
		t.Error(err)
	}
}
