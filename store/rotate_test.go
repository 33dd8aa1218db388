package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
)

// blobs returns the blobs of column in all rows of table.
func blobs(t *testing.T, db *sql.DB, table, column string) []string {
	t.Helper()
	rows, err := db.Query(fmt.Sprintf("select hex(%s) from %s order by 1", column, table))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

func TestRotateKeys(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), newHome(t, nil)
	path := filepath.Join(dir, "keyset.json")
	oldKeyset := readFile(t, path)
	s, raw := openStore(t, store.Options{Dir: dir}), rawDatabase(t, dir)
	for _, id := range []string{"open", "used"} {
		if err := s.InsertFlow(ctx, &connect.Flow{ID: id, TokenHash: id, Temp: secretData(), Data: secretData()}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.ClaimFlow(ctx, "used"); err != nil {
		t.Fatal(err)
	}
	type column struct{ table, name string }
	sealed := []column{{"connection", "data"}, {"connection", "uid"}, {"connection", "uid_hash"}, {"connection", "version"},
		{"connection", "updated"}, {"flow", "temp"}, {"flow", "data"}}
	wrapped := []column{{"connection", "data_key"}, {"flow", "data_key"}, {"key", "wrapped"}}
	before := map[column][]string{}
	for _, c := range append(sealed, wrapped...) {
		before[c] = blobs(t, raw, c.table, c.name)
	}

	for range 3 {
		done, err := s.RotateKeys(ctx)
		if err != nil || done != (store.Rotation{Rewrapped: 2}) {
			t.Fatalf("RotateKeys: %+v, error %v", done, err)
		}
		wantReadable(t, s)
	}
	for _, c := range sealed {
		if diff := cmp.Diff(before[c], blobs(t, raw, c.table, c.name)); diff != "" {
			t.Errorf("%v changed", c)
		}
	}
	for _, c := range wrapped {
		if cmp.Equal(before[c], blobs(t, raw, c.table, c.name)) {
			t.Errorf("%v did not change", c)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := openStore(t, store.Options{Dir: dir})
	wantReadable(t, again)
	if f, err := again.FlowBy(ctx, "open", ""); err != nil || f.Temp.Get("token").Str() != secretToken {
		t.Errorf("the flow: %v, error %v", f, err)
	}
	if _, err := store.Open(ctx, store.Options{Dir: dir, Keyset: oldKeyset}); !errors.Is(err, store.ErrKeyset) {
		t.Errorf("with the old keyset: %v, want an error that is ErrKeyset", err)
	}
}

// A process that had the store open before a rotation goes on reading and writing, and
// what it writes can be read by one that starts afterwards.
func TestRotateUnderway(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), newHome(t, nil)
	reader, writer, flows := openStore(t, store.Options{Dir: dir}), openStore(t, store.Options{Dir: dir}), openStore(t, store.Options{Dir: dir})
	if err := flows.InsertFlow(ctx, &connect.Flow{ID: "f", TokenHash: "f", Temp: secretData()}); err != nil {
		t.Fatal(err)
	}
	if _, err := openStore(t, store.Options{Dir: dir}).RotateKeys(ctx); err != nil {
		t.Fatal(err)
	}
	wantReadable(t, reader)
	if f, err := flows.FlowBy(ctx, "f", ""); err != nil || f.Temp.Get("token").Str() != secretToken {
		t.Errorf("the flow: %v, error %v", f, err)
	}
	if err := writer.InsertConnection(ctx, &connect.Record{Name: "b", App: "x", UID: secretUID, Data: secretData()}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*store.Store{reader, writer, openStore(t, store.Options{Dir: dir})} {
		both, err := s.ConnectionsWithUID(ctx, "x", secretUID)
		if err != nil || len(both) != 2 || both[0].Broken+both[1].Broken != "" {
			t.Errorf("got %v, error %v", both, err)
		}
	}
}

// A crash between the new keyset.json and the commit leaves a store that works, also
// for a process that has the old keyset in memory.
func TestRotateInterrupted(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), newHome(t, nil)
	path := filepath.Join(dir, "keyset.json")
	old := openStore(t, store.Options{Dir: dir})
	writeFile(t, path, newKeyset(t, readFile(t, path)))
	fresh := openStore(t, store.Options{Dir: dir})
	wantReadable(t, fresh)
	r := &connect.Record{Name: "b", Data: secretData()}
	if err := fresh.InsertConnection(ctx, r); err != nil { // wrapped by a key that old does not know
		t.Fatal(err)
	}
	got, err := old.Connection(ctx, r.ID)
	if err != nil || got.Broken != "" || got.Data.Get("token").Str() != secretToken {
		t.Errorf("got %v, error %v", got, err)
	}
	if err := old.UpdateConnection(ctx, got); err != nil {
		t.Fatal(err)
	}
	if done, err := old.RotateKeys(ctx); err != nil || done.Rewrapped != 2 {
		t.Errorf("RotateKeys: %+v, error %v", done, err)
	}
	wantReadable(t, fresh)
}

func TestRotateGivenKeyset(t *testing.T) {
	t.Parallel()
	ctx, first := t.Context(), newKeyset(t, nil)
	second := newKeyset(t, first)
	dir := newHome(t, first)
	stale := openStore(t, store.Options{Dir: dir, Keyset: first})
	s := openStore(t, store.Options{Dir: dir, Keyset: second})
	wantReadable(t, s)
	if done, err := s.RotateKeys(ctx); err != nil || done != (store.Rotation{Rewrapped: 1}) {
		t.Fatalf("RotateKeys: %+v, error %v", done, err)
	}
	wantReadable(t, s)
	// One that still has the old keyset must not write with it, and cannot read.
	if err := stale.InsertConnection(ctx, &connect.Record{Name: "b"}); !errors.Is(err, store.ErrKeyset) {
		t.Errorf("the old keyset writes: %v", err)
	}
	if r, err := stale.ConnectionNamed(ctx, "a"); err != nil || r.Broken == "" {
		t.Errorf("the old keyset reads: %v, error %v", r, err)
	}
	if _, err := store.Open(ctx, store.Options{Dir: dir, Keyset: first}); !errors.Is(err, store.ErrKeyset) {
		t.Errorf("the old keyset opens: %v", err)
	}
}

func TestConnectionsWithUID(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	for _, r := range []connect.Record{
		{Name: "b", App: "x", UID: "1"}, {Name: "a", App: "x", UID: "1"}, {Name: "c", App: "x", UID: "2"},
		{Name: "d", App: "y", UID: "1"}, {Name: "e", App: "x"}, {Name: "f", App: `x"1`, UID: ""},
	} {
		if err := s.InsertConnection(ctx, &r); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		app, uid string
		want     []string
	}{
		{"x", "1", []string{"a", "b"}},
		{"x", "2", []string{"c"}},
		{"y", "1", []string{"d"}},
		{"y", "2", nil},
		{"x", "", nil},
	} {
		found, err := s.ConnectionsWithUID(ctx, test.app, test.uid)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range found {
			got = append(got, r.Name)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q %q (-want +got):\n%s", test.app, test.uid, diff)
		}
	}
}
