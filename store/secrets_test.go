package store_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

const (
	secretToken = "Tok-3f9a/Q+secret=of&connection"
	secretUID   = "uid-7e1c@account.example"
	secretTemp  = "Temp-55d0-secret-of-flow"
)

// forms returns the forms in which a secret could stand in a file. Of base64 it takes
// what does not depend on the neighbours, at each of the three alignments.
func forms(secret string) map[string]string {
	all := map[string]string{
		"plain": secret,
		"hex":   hex.EncodeToString([]byte(secret)),
		"form":  url.QueryEscape(secret),
		"path":  url.PathEscape(secret),
		"json":  strings.Trim(fmt.Sprintf("%q", secret), `"`),
	}
	for skip := range 3 {
		whole := secret[skip:]
		whole = whole[:len(whole)/3*3]
		all[fmt.Sprint("base64/", skip)] = base64.StdEncoding.EncodeToString([]byte(whole))
		all[fmt.Sprint("base64url/", skip)] = base64.URLEncoding.EncodeToString([]byte(whole))
	}
	return all
}

func wantAbsent(t *testing.T, where string, content []byte, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for form, text := range forms(secret) {
			if bytes.Contains(bytes.ToLower(content), bytes.ToLower([]byte(text))) {
				t.Errorf("%s holds the secret %q in the form %s", where, secret, form)
			}
		}
	}
}

func secretData() *value.Collection {
	return value.Object("token", value.Text(secretToken), "buffer", value.Buffer([]byte(secretToken))).Collection()
}

// No file of a store holds a secret in clear, whether the store is open, closed or
// copied, and whatever was done to the records before.
func TestFilesHoldNoSecrets(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	look := func(when string) {
		t.Helper()
		for name, content := range folderBytes(t, dir) {
			wantAbsent(t, name+" "+when, content, secretToken, secretUID, secretTemp)
		}
	}
	var records []*connect.Record
	for i := range 20 {
		r := &connect.Record{Name: fmt.Sprint(i), App: "a", Data: secretData(), UID: secretUID}
		if err := s.InsertConnection(ctx, r); err != nil {
			t.Fatal(err)
		}
		f := &connect.Flow{ID: fmt.Sprint(i), Temp: value.Object("t", value.Text(secretTemp)).Collection(), Data: secretData()}
		if err := s.InsertFlow(ctx, f); err != nil {
			t.Fatal(err)
		}
		records = append(records, r)
	}
	look("after inserts")
	for i, r := range records {
		var err error
		switch i % 3 {
		case 0:
			err = s.UpdateConnection(ctx, r)
		case 1:
			err = s.DeleteConnection(ctx, r.ID)
		case 2:
			err = s.ClaimFlow(ctx, r.Name)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	look("after changes")
	if _, err := s.RotateKeys(ctx); err != nil {
		t.Fatal(err)
	}
	look("after a rotation")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	look("when closed")
}

// Deleting a connection and claiming a flow leave neither ciphertext nor wrapped key
// in the files.
func TestErase(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	raw := rawDatabase(t, dir)
	erase := map[string]func() error{
		"connection": func() error {
			r := &connect.Record{Name: "a", Data: secretData(), UID: secretUID}
			if err := s.InsertConnection(ctx, r); err != nil {
				return err
			}
			if err := s.UpdateConnection(ctx, r); err != nil {
				return err
			}
			return s.DeleteConnection(ctx, r.ID)
		},
		"flow": func() error {
			if err := s.InsertFlow(ctx, &connect.Flow{ID: "a", Temp: secretData(), Data: secretData()}); err != nil {
				return err
			}
			return s.ClaimFlow(ctx, "a")
		},
	}
	for table, run := range erase {
		// A trigger keeps a copy of what is written, outside the store's files.
		execute(t, raw, "drop table if exists seen")
		execute(t, raw, "create table seen (blob)")
		for _, event := range []string{"insert", "update"} {
			execute(t, raw, fmt.Sprintf(`create trigger keep_%s after %s on %s begin
				insert into seen select hex(new.data_key) where new.data_key is not null;
				insert into seen select hex(new.data) where new.data is not null; end`, event, event, table))
		}
		if err := run(); err != nil {
			t.Fatal(err)
		}
		rows, err := raw.Query("select * from seen")
		if err != nil {
			t.Fatal(err)
		}
		var seen [][]byte
		for rows.Next() {
			var text string
			if err := rows.Scan(&text); err != nil {
				t.Fatal(err)
			}
			b, err := hex.DecodeString(text)
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, b)
		}
		rows.Close()
		if len(seen) < 2 {
			t.Fatalf("%s: the trigger saw %d blobs", table, len(seen))
		}
		for name, content := range folderBytes(t, dir) {
			for _, blob := range seen {
				if bytes.Contains(content, blob) {
					t.Errorf("%s: %s still holds %d erased bytes", table, name, len(blob))
				}
			}
		}
		execute(t, raw, "drop trigger keep_insert")
		execute(t, raw, "drop trigger keep_update")
	}
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	r := &connect.Record{Name: "a", Data: secretData(), UID: secretUID}
	if err := s.InsertConnection(ctx, r); err != nil {
		t.Fatal(err)
	}
	twin := *r
	big := *r
	big.Name, big.Data = "big", value.Object("x", value.Text(strings.Repeat(secretToken, 5000))).Collection()
	unknown, stale := *r, *r
	unknown.ID = 99
	stale.Version = 9
	flow := &connect.Flow{ID: "a", Temp: secretData(), Data: secretData()}
	if err := s.InsertFlow(ctx, flow); err != nil {
		t.Fatal(err)
	}
	closed := openStore(t, store.Options{Dir: dir})
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	readOnly := openStore(t, store.Options{Dir: dir})
	if _, err := readOnly.Writer().Exec("pragma query_only = on"); err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"name taken":  s.InsertConnection(ctx, &twin),
		"too big":     s.InsertConnection(ctx, &big),
		"not found":   s.UpdateConnection(ctx, &unknown),
		"conflict":    s.UpdateConnection(ctx, &stale),
		"flow exists": s.InsertFlow(ctx, flow),
		"closed":      closed.UpdateConnection(ctx, r),
		"read only":   readOnly.UpdateConnection(ctx, r),
		"flow closed": closed.InsertFlow(ctx, flow),
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
			continue
		}
		wantAbsent(t, what+": "+err.Error(), []byte(err.Error()), secretToken, secretUID)
	}
}
