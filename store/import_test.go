package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/google/go-cmp/cmp"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

func newIdentity(t testing.TB) *age.X25519Identity {
	t.Helper()
	i, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// named are connections to import, of one app and type.
func named(names ...string) []*connect.Record {
	var all []*connect.Record
	for _, name := range names {
		all = append(all, &connect.Record{Name: name, App: "a", Type: "t", Kind: connect.OAuth2, UID: secretUID, Scope: []string{"read"}, EndUser: "customer-7",
			Metadata: connect.Metadata{Type: "email", Value: name + "@example.com"}, Expires: time.UnixMilli(1800000000000).UTC(), Data: secretData()})
	}
	return all
}

func export(t testing.TB, records []*connect.Record, to ...age.Recipient) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := store.Export(&file, records, to...); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// lines are records as they can be compared.
func lines(records []*connect.Record) []string {
	var all []string
	for _, r := range records {
		text := fmt.Sprintf("%d %s %s %s %s %s %v %s %v %s %s", r.ID, r.Name, r.App, r.Type, r.Kind, r.UID, r.Metadata, r.Scope, r.Expires, r.Broken, r.EndUser)
		all = append(all, text+string(value.FromCollection(r.Data).AppendJSON(nil)))
	}
	return all
}

// What was exported comes back whole; of a file that is cut short or changed nothing does.
func TestImportAllOrNothing(t *testing.T) {
	t.Parallel()
	key := newIdentity(t)
	records := named("ann", "bob", "cid")
	file := export(t, records, key.Recipient())
	wantAbsent(t, "the file", file, secretToken, secretUID)
	try := func(what string, content []byte) {
		t.Helper()
		got, err := store.Import(bytes.NewReader(content), key)
		if err == nil {
			if diff := cmp.Diff(lines(records), lines(got)); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
			return
		}
		if got != nil || !errors.Is(err, store.ErrNoExport) && !errors.Is(err, store.ErrDamaged) && !errors.Is(err, store.ErrLocked) {
			t.Errorf("%s: %d connections, error %v", what, len(got), err)
		}
	}
	if _, err := store.Import(bytes.NewReader(file), key); err != nil {
		t.Fatal(err)
	}
	for size := range len(file) - 1 { // the last line end may be missing
		if _, err := store.Import(bytes.NewReader(file[:size]), key); err == nil {
			t.Errorf("the first %d of %d bytes are accepted", size, len(file))
		}
		try(fmt.Sprintf("%d bytes", size), file[:size])
		changed := bytes.Clone(file)
		changed[size] ^= 1
		try(fmt.Sprintf("byte %d changed", size), changed)
	}
}

// The line of a stranger who knows the recipient is checked like any other input, and no
// error quotes it.
func TestImportRefusesStrangeLines(t *testing.T) {
	t.Parallel()
	key := newIdentity(t)
	good := `{"name":"a","app":"b","type":"c","kind":"basic","data":{"k":"` + secretToken + `"},"metadata":{"Type":"","Value":""},"expires":"0001-01-01T00:00:00Z"}`
	for _, test := range []struct{ name, text, want string }{
		{"good", good, ""},
		{"two", good + "\n" + good, ""},
		{"no line", "", ""},
		{"no JSON", secretToken, "the file is no export of connections"},
		{"half a line behind a whole one", good + "\n" + good[:40], "the file is no export of connections"},
		{"another member", strings.Replace(good, `"app"`, `"`+secretToken+`":1,"app"`, 1), "the file is no export of connections"},
		{"no name", strings.Replace(good, `"a"`, `""`, 1), "the file is no export of connections"},
		{"no app", strings.Replace(good, `"b"`, `""`, 1), "the file is no export of connections"},
		{"no type", strings.Replace(good, `"c"`, `""`, 1), "the file is no export of connections"},
		{"unknown kind", strings.Replace(good, "basic", secretToken, 1), "the file is no export of connections"},
		{"data of a list", strings.Replace(good, `{"k":"`+secretToken+`"}`, `["`+secretToken+`"]`, 1), "the file is no export of connections"},
		{"date of text", strings.Replace(good, `"0001-01-01T00:00:00Z"`, `"`+secretToken+`"`, 1), "the file is no export of connections"},
		{"deep", strings.Replace(good, `{"k":`, strings.Repeat(`{"k":`, 10_000), 1), "the file is no export of connections"},
		{"huge", good + strings.Repeat(" ", 64<<20), "the file holds more than 64 MiB: the file is no export of connections"},
	} {
		var file bytes.Buffer
		w, err := age.Encrypt(&file, key.Recipient())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, test.text)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		_, err = store.Import(armored(t, file.Bytes()), key)
		if got := fmt.Sprint(err); got != test.want && !(err == nil && test.want == "") {
			t.Errorf("%s: %s, want %q", test.name, got, test.want)
		}
	}
}

// A file may not make us compute for hours.
func TestImportPassphraseCost(t *testing.T) {
	t.Parallel()
	to, err := age.NewScryptRecipient("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	to.SetWorkFactor(10)
	file := export(t, named("ann"), to)
	for text, want := range map[string]string{"correct horse": "<nil>", "wrong horse": "cannot open the file: the passphrase is wrong"} {
		with, err := store.Passphrase(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Import(bytes.NewReader(file), with); fmt.Sprint(err) != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	with, err := store.Passphrase("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	raised := bytes.Replace(unarmored(t, file), []byte(" 10\n"), []byte(" 21\n"), 1)
	if _, err := store.Import(armored(t, raised), with); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("work factor 21: %v", err)
	}
}

func TestImportConnections(t *testing.T) {
	t.Parallel()
	big, otherType := named("cid")[0], named("bob")[0]
	big.Data = value.Object("x", value.Text(strings.Repeat(secretToken, 5000))).Collection()
	otherType.Type = "other"
	for _, test := range []struct {
		name     string
		there    []*connect.Record
		imported []*connect.Record
		replace  bool
		want     string // the error
		replaced []string
	}{
		{"into nothing", nil, named("ann", "bob"), false, "", nil},
		{"nothing", named("ann"), nil, false, "", nil},
		{"beside others", named("ann"), named("bob"), true, "", nil},
		{"all clashes at once", named("ann", "bob", "dan"), named("ann", "bob", "cid"), false, `import connections: connections named "ann", "bob" exist`, nil},
		{"twice in the file", nil, named("ann", "bob", "ann", "ann"), true, `import connections: more than one would be named "ann"`, nil},
		{"replaced", named("ann", "bob"), named("cid", "bob"), true, "", []string{"bob"}},
		{"another type", []*connect.Record{otherType}, named("ann", "bob"), true, `import connections: a connection named "bob" exists and belongs to another app`, nil},
		{"the last does not fit", named("bob"), append(named("ann", "bob"), big), true, `import connections: connection "cid": data exceeds 64 KiB`, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			s := openStore(t, store.Options{Dir: t.TempDir()})
			for _, r := range test.there {
				there := *r
				if err := s.InsertConnection(ctx, &there); err != nil {
					t.Fatal(err)
				}
			}
			before, _ := s.Connections(ctx)
			var imported []*connect.Record
			for _, r := range test.imported {
				imported = append(imported, &connect.Record{Name: r.Name, App: r.App, Type: r.Type, Kind: r.Kind, Data: r.Data, UID: "new"})
			}
			replaced, err := s.ImportConnections(ctx, imported, test.replace)
			after, wrong := s.Connections(ctx)
			if wrong != nil {
				t.Fatal(wrong)
			}
			if test.want != "" {
				if err == nil || err.Error() != test.want {
					t.Errorf("error %v, want %s", err, test.want)
				}
				if diff := cmp.Diff(lines(before), lines(after)); diff != "" {
					t.Errorf("something was imported: %s", diff)
				}
				return
			}
			if err != nil || !cmp.Equal(replaced, test.replaced) || len(after) != len(before)+len(imported)-len(replaced) {
				t.Fatalf("error %v, replaced %q, %d connections of %d", err, replaced, len(after), len(before))
			}
			for _, r := range imported {
				stored, err := s.Connection(ctx, r.ID)
				if err != nil || !cmp.Equal(lines([]*connect.Record{r}), lines([]*connect.Record{stored})) || stored.Version != r.Version {
					t.Errorf("%s is stored as %v, error %v", r.Name, stored, err)
				}
			}
		})
	}
}

// On a full disk nothing is imported or replaced, and with space again all is.
func TestImportOnFullDisk(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	if err := s.InsertConnection(ctx, named("0")[0]); err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range 100 {
		names = append(names, fmt.Sprint(i))
	}
	imported := named(names...)
	imported[0].UID = "replaced"
	var pages int
	if err := s.Writer().QueryRow("pragma page_count").Scan(&pages); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Writer().Exec(fmt.Sprint("pragma max_page_count = ", pages+5)); err != nil {
		t.Fatal(err)
	}
	_, err := s.ImportConnections(ctx, imported, true)
	if err == nil || !strings.Contains(err.Error(), "the disk is full") || imported[0].ID != 0 {
		t.Errorf("error %v, id %d", err, imported[0].ID)
	}
	if all, err := s.Connections(ctx); err != nil || len(all) != 1 || all[0].UID != secretUID {
		t.Fatalf("%d connections, error %v", len(all), err)
	}
	if _, err := s.Writer().Exec("pragma max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	if replaced, err := s.ImportConnections(ctx, imported, true); err != nil || len(replaced) != 1 {
		t.Errorf("replaced %q, error %v", replaced, err)
	}
}

// A connection that was replaced is another version: who renews the old one finds out, and
// its answer is not merged into the new one.
func TestImportEndsRenewals(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	old := named("ann")[0]
	if err := s.InsertConnection(ctx, old); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	renewal := &connect.Renewal{ConnID: old.ID, Owner: "me", Until: now.Add(time.Minute), Version: old.Version}
	if err := s.ClaimRenewal(ctx, renewal, now); err != nil {
		t.Fatal(err)
	}
	renewal.Answer = value.Object("token", value.Text("late")).Collection()
	if err := s.JournalRenewal(ctx, renewal); err != nil {
		t.Fatal(err)
	}
	created := old.Created
	if _, err := s.ImportConnections(ctx, named("ann"), true); err != nil {
		t.Fatal(err)
	}
	if err := s.EndRenewal(ctx, renewal, old); !errors.Is(err, connect.ErrConflict) {
		t.Errorf("EndRenewal: %v", err)
	}
	next := &connect.Renewal{ConnID: old.ID, Owner: "you", Until: now.Add(time.Minute)}
	if err := s.ClaimRenewal(ctx, next, now); err != nil || next.Answer != nil {
		t.Errorf("ClaimRenewal: %v, answer %v", err, next.Answer)
	}
	if r, err := s.Connection(ctx, old.ID); err != nil || !r.Created.Equal(created) || r.Version != 2 {
		t.Errorf("%+v, error %v", r, err)
	}
}

// importer imports 20 connections at once, again and again with other names, while others
// do the same and rotate keys.
func importer(ctx context.Context, s *store.Store) error {
	for round := range 10 {
		var names []string
		for i := range 20 {
			names = append(names, fmt.Sprint(round, "-", i))
		}
		_, err := s.ImportConnections(ctx, named(names...), false)
		if err != nil && !errors.Is(err, connect.ErrNameTaken) {
			return err
		}
		if _, err := s.RotateKeys(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Several processes import the same connections and rotate keys: each name is there once,
// and every connection opens.
func TestImportByProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	runChildren(t, 3, "import", dir)
	all, err := openStore(t, store.Options{Dir: dir}).Connections(t.Context())
	if err != nil || len(all) != 200 {
		t.Fatalf("%d connections, error %v", len(all), err)
	}
	for _, r := range all {
		if r.Broken != "" || r.Data == nil || r.UID != secretUID {
			t.Errorf("connection %q: broken %q", r.Name, r.Broken)
		}
	}
}
