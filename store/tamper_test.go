package store_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// Each case does something to the rows of connections 1 and 2 that somebody with access
// to the database but not to the keys can do. Connection 1 is then Broken, 3 is not.
func TestTamperedConnection(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, sql string }{
		{"data of another row", "update connection set data = (select data from connection where id = 2) where id = 1"},
		{"key and data of another row", `update connection set (data_key, data, uid) =
			(select data_key, data, uid from connection where id = 2) where id = 1`},
		{"key, data and version of another row", `update connection set (data_key, data, uid, version) =
			(select data_key, data, uid, version from connection where id = 2) where id = 1`},
		{"columns exchanged", "update connection set data = uid, uid = data where id = 1"},
		{"uid of another row", "update connection set uid = (select uid from connection where id = 2) where id = 1"},
		{"an older version of the row", `update connection set (data_key, data, uid) =
			(select data_key, data, uid from old where id = 1) where id = 1`},
		{"data of an older version", "update connection set data = (select data from old where id = 1) where id = 1"},
		{"another version number", "update connection set version = version + 1 where id = 1"},
		{"data cut", "update connection set data = substr(data, 1, length(data) - 1) where id = 1"},
		{"data empty", "update connection set data = x'' where id = 1"},
		{"data zero", "update connection set data = zeroblob(length(data)) where id = 1"},
		{"key empty", "update connection set data_key = x'' where id = 1"},
		{"key of noise", "update connection set data_key = randomblob(200) where id = 1"},
		{"key in clear", `update connection set data_key = unhex('08011001') where id = 1`},
		{"uid empty", "update connection set uid = x'' where id = 1"},
		{"scope malformed", "update connection set scope = '[' where id = 1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, dir := t.Context(), t.TempDir()
			s := openStore(t, store.Options{Dir: dir})
			raw := rawDatabase(t, dir)
			records := map[string]*connect.Record{}
			for _, name := range []string{"1", "2", "3"} {
				r := &connect.Record{Name: name, App: "a", UID: "u", Data: value.Object("token", value.Text("secret-"+name)).Collection()}
				if err := s.InsertConnection(ctx, r); err != nil {
					t.Fatal(err)
				}
				records[name] = r
			}
			execute(t, raw, "create table old as select * from connection")
			for _, r := range records {
				if err := s.UpdateConnection(ctx, r); err != nil {
					t.Fatal(err)
				}
			}
			execute(t, raw, test.sql)

			one, err := s.Connection(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			if one.Data != nil || one.UID != "" || one.Broken == "" || one.Name != "1" {
				t.Errorf("connection 1: data %v, uid %q, broken %q", one.Data, one.UID, one.Broken)
			}
			all, err := s.Connections(ctx)
			if err != nil || len(all) != 3 {
				t.Fatalf("%d records, error %v", len(all), err)
			}
			if three := all[2]; three.Broken != "" || three.Data.Get("token").Str() != "secret-3" || three.UID != "u" {
				t.Errorf("connection 3: %v, broken %q", three.Data, three.Broken)
			}

			// Its label can be read, its secrets are not lost by an update, and new ones mend it.
			if err := s.UpdateConnection(ctx, one); err == nil {
				t.Error("an update without data: no error")
			}
			one.Data, one.Broken = value.Object("token", value.Text("new")).Collection(), ""
			if err := s.UpdateConnection(ctx, one); err != nil {
				t.Fatal(err)
			}
			if one, err = s.Connection(ctx, 1); err != nil || one.Broken != "" || one.Data.Get("token").Str() != "new" {
				t.Errorf("after new secrets: %v, error %v", one, err)
			}
		})
	}
}

func TestTamperedFlow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, sql string }{
		{"columns exchanged", "update flow set temp = data, data = temp where id = 'a'"},
		{"all of another row", "update flow set (data_key, temp, data) = (select data_key, temp, data from flow where id = 'b') where id = 'a'"},
		{"another id", "update flow set id = 'c' where id = 'a'"},
		{"key missing", "update flow set data_key = null where id = 'a'"},
		{"temp missing", "update flow set temp = null where id = 'a'"},
		{"used no longer", "update flow set used = 0, data_key = null, temp = null, data = null where id = 'a'"},
		{"secrets of a connection", "update flow set (data_key, temp, data) = (select data_key, data, uid from connection) where id = 'a'"},
		{"scope malformed", "update flow set scope = '{' where id = 'a'"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, dir := t.Context(), t.TempDir()
			s := openStore(t, store.Options{Dir: dir})
			if err := s.InsertConnection(ctx, &connect.Record{Name: "a", Data: secretData()}); err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"a", "b"} {
				if err := s.InsertFlow(ctx, &connect.Flow{ID: id, TokenHash: "t" + id, Temp: secretData(), Data: secretData()}); err != nil {
					t.Fatal(err)
				}
			}
			execute(t, rawDatabase(t, dir), test.sql)
			if f, err := s.FlowBy(ctx, "ta", ""); err == nil || errors.Is(err, sql.ErrNoRows) {
				t.Errorf("got %v, error %v", f, err)
			}
			if _, err := s.FlowBy(ctx, "tb", ""); err != nil {
				t.Error(err)
			}
		})
	}
}

// A record wrapped by another keyset is broken, the others are not.
func TestRecordOfAnotherKeyset(t *testing.T) {
	t.Parallel()
	ctx, dir, foreign := t.Context(), t.TempDir(), t.TempDir()
	s, other := openStore(t, store.Options{Dir: dir}), openStore(t, store.Options{Dir: foreign})
	for _, s := range []*store.Store{s, other} {
		for _, name := range []string{"a", "b"} {
			if err := s.InsertConnection(ctx, &connect.Record{Name: name, Data: secretData()}); err != nil {
				t.Fatal(err)
			}
		}
	}
	raw := rawDatabase(t, dir)
	raw.SetMaxOpenConns(1) // attach belongs to a connection
	execute(t, raw, "attach ? as other", foreign+"/cleat.db")
	execute(t, raw, "update connection set (data_key, data, uid) = (select data_key, data, uid from other.connection where id = 1) where id = 1")
	all, err := s.Connections(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if all[0].Broken == "" || all[0].Data != nil {
		t.Error("the foreign record is not broken")
	}
	if all[1].Broken != "" || all[1].Data.Get("token").Str() != secretToken {
		t.Error("the other record cannot be read")
	}
	done, err := s.RotateKeys(ctx)
	if err != nil || done != (store.Rotation{Rewrapped: 1, Unreadable: 1}) {
		t.Errorf("RotateKeys: %+v, error %v", done, err)
	}
	if !strings.Contains(all[0].Broken, "cannot be decrypted") {
		t.Errorf("broken: %q", all[0].Broken)
	}
}
