package store_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// Any name will do for the folder.
func TestOpenFolderNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"with blank", "a?b=c&d", "a#b", "100%", "%41", "Žluťoučký", "a;b", "file:x", "'q\"", "deep/er/still"} {
		dir := filepath.Join(t.TempDir(), name)
		s, err := store.Open(t.Context(), store.Options{Dir: dir})
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, file := range []string{"cleat.db", "keyset.json"} {
			if info, err := os.Stat(filepath.Join(dir, file)); err != nil || info.Size() == 0 {
				t.Errorf("%q: %s: %v, error %v", name, file, info, err)
			}
		}
	}
}

func TestOpenRelativeFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	s := openStore(t, store.Options{Dir: "home"})
	if err := s.InsertConnection(t.Context(), &connect.Record{Name: "a"}); err != nil {
		t.Error(err)
	}
}

// newest is the number of the schema that this program writes.
func newest(t *testing.T) int {
	t.Helper()
	steps, err := store.Migrations("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	return len(steps)
}

func TestPragmas(t *testing.T) {
	t.Parallel()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000",
		"secure_delete": "1", "trusted_schema": "0", "user_version": strconv.Itoa(newest(t)), "application_id": "1668048225"} {
		var got string
		if err := s.Writer().QueryRow("pragma " + pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, error %v, want %q", pragma, got, err, want)
		}
	}
}

// The busy timeout is back to its length after the short one of an erasure.
func TestPragmasAfterErasure(t *testing.T) {
	t.Parallel()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	r := &connect.Record{Name: "a"}
	if err := errors.Join(s.InsertConnection(t.Context(), r), s.DeleteConnection(t.Context(), r.ID)); err != nil {
		t.Fatal(err)
	}
	var got int
	if err := s.Writer().QueryRow("pragma busy_timeout").Scan(&got); err != nil || got != 10_000 {
		t.Errorf("busy_timeout is %d, error %v", got, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, dir string)
		want  string
	}{
		{"newer", func(t *testing.T, dir string) {
			execute(t, rawDatabase(t, dir), "pragma user_version = 99")
		}, "open store DIR: cleat.db has schema 99, this program knows " + strconv.Itoa(newest(t)) + ": made by a newer version of cleat; update cleat"},
		{"of another program", func(t *testing.T, dir string) {
			execute(t, rawDatabase(t, dir), "pragma application_id = 7")
		}, "open store DIR: cleat.db is a database of another program"},
		{"without mark", func(t *testing.T, dir string) {
			execute(t, rawDatabase(t, dir), "pragma application_id = 0; pragma user_version = 0")
		}, "open store DIR: cleat.db is a database of another program"},
		{"no database", func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "cleat.db"), []byte(strings.Repeat("this is text\n", 1000)))
		}, "open store DIR: cleat.db is damaged: restore it from a backup: file is not a database (26)"},
		{"first page damaged", func(t *testing.T, dir string) {
			path := filepath.Join(dir, "cleat.db")
			b := readFile(t, path)
			clear(b[100:4096])
			writeFile(t, path, b)
		}, "open store DIR: cleat.db is damaged: restore it from a backup: database disk image is malformed (11)"},
		{"cut", func(t *testing.T, dir string) {
			path := filepath.Join(dir, "cleat.db")
			writeFile(t, path, readFile(t, path)[:4096])
		}, "open store DIR: cleat.db is damaged: restore it from a backup: database disk image is malformed (11)"},
		{"read only", func(t *testing.T, dir string) {
			os.Chmod(filepath.Join(dir, "cleat.db"), 0o400)
		}, "open store DIR: cleat.db has mode 0400, run: chmod 600 DIR/cleat.db: permission denied"},
		{"a folder", func(t *testing.T, dir string) {
			os.Remove(filepath.Join(dir, "cleat.db"))
			os.Mkdir(filepath.Join(dir, "cleat.db"), 0o700)
		}, "open store DIR: cleat.db cannot be written: check owner and mode of the folder and its files: unable to open database file (14)"},
		{"a file as folder", func(t *testing.T, dir string) {
			os.RemoveAll(dir)
			writeFile(t, dir, nil)
		}, "open store DIR: stat DIR/cleat.db: not a directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := newHome(t, nil)
			test.spoil(t, dir)
			before := folderBytes(t, filepath.Dir(dir))["cleat.db"]
			_, err := store.Open(t.Context(), store.Options{Dir: dir})
			if err == nil {
				t.Fatal("no error")
			}
			if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if errors.Is(err, store.ErrNewer) != (test.name == "newer") {
				t.Errorf("errors.Is(err, ErrNewer) is wrong for %v", err)
			}
			if after := folderBytes(t, filepath.Dir(dir))["cleat.db"]; string(after) != string(before) {
				t.Error("the database was changed")
			}
		})
	}
	if _, err := store.Open(t.Context(), store.Options{}); err == nil {
		t.Error("no folder: no error")
	}
}

func TestOpenCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store.Open(ctx, store.Options{Dir: t.TempDir()}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A damaged page is an error of the records on it, in words, not a wrong result.
func TestDamagedPage(t *testing.T) {
	t.Parallel()
	dir := newHome(t, nil)
	path := filepath.Join(dir, "cleat.db")
	b := readFile(t, path)
	for page := 4096; page < len(b); page += 4096 {
		clear(b[page : page+4096])
	}
	writeFile(t, path, b)
	s, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err == nil {
		defer s.Close()
		_, err = s.Connections(t.Context())
	}
	if err == nil || !strings.Contains(err.Error(), "cleat.db is damaged: restore it from a backup") {
		t.Errorf("got %v", err)
	}
}

// A folder that cannot be written gives an error that says so and is left as it was.
func TestReadOnlyFolder(t *testing.T) {
	t.Parallel()
	if os.Geteuid() <= 0 {
		t.Skip("modes do not bind this user")
	}
	for _, test := range []struct {
		name string
		make func(t *testing.T, dir string)
	}{
		{"empty", func(t *testing.T, dir string) { os.RemoveAll(dir); os.Mkdir(dir, 0o500) }},
		{"parent", func(t *testing.T, dir string) { os.RemoveAll(dir); os.Chmod(filepath.Dir(dir), 0o500) }},
		{"folder", func(t *testing.T, dir string) { os.Chmod(dir, 0o500) }},
		{"database", func(t *testing.T, dir string) { os.Chmod(filepath.Join(dir, "cleat.db"), 0o400) }},
		{"all", func(t *testing.T, dir string) {
			os.Chmod(filepath.Join(dir, "cleat.db"), 0o400)
			os.Chmod(dir, 0o500)
		}},
		{"no access", func(t *testing.T, dir string) { os.Chmod(filepath.Join(dir, "cleat.db"), 0) }},
		{"keyset", func(t *testing.T, dir string) { os.Chmod(filepath.Join(dir, "keyset.json"), 0) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := newHome(t, nil)
			parent := filepath.Dir(dir)
			test.make(t, dir)
			t.Cleanup(func() { os.Chmod(parent, 0o700); os.Chmod(dir, 0o700) })
			_, err := store.Open(t.Context(), store.Options{Dir: dir})
			if got := fmt.Sprint(err); !errors.Is(err, os.ErrPermission) && !strings.Contains(got, "check owner and mode") {
				t.Errorf("got %v", err)
			}
			os.Chmod(parent, 0o700)
			os.Chmod(dir, 0o700)
			os.Chmod(filepath.Join(dir, "cleat.db"), 0o600)
			os.Chmod(filepath.Join(dir, "keyset.json"), 0o600)
			s := openStore(t, store.Options{Dir: dir})
			if test.name != "empty" && test.name != "parent" {
				wantReadable(t, s)
			}
		})
	}
}

// A full disk refuses a change whole, and the store goes on when there is room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	keep := &connect.Record{Name: "keep", Data: blob(1)}
	if err := s.InsertConnection(ctx, keep); err != nil {
		t.Fatal(err)
	}
	limit := func(pages int) {
		t.Helper()
		if _, err := s.Writer().Exec(fmt.Sprintf("pragma max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size
	big := *keep
	big.Name, big.Data = "big", value.Object("v", value.Text(strings.Repeat("x", 60_000))).Collection()
	for what, err := range map[string]error{
		"insert":      s.InsertConnection(ctx, &big),
		"update":      s.UpdateConnection(ctx, &connect.Record{ID: keep.ID, Version: 1, Name: "keep", Data: big.Data}),
		"insert flow": s.InsertFlow(ctx, &connect.Flow{ID: "f", TokenHash: "f", Data: big.Data}),
	} {
		if !errors.Is(err, store.ErrFull) || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	all, err := s.Connections(ctx)
	if err != nil || len(all) != 1 || all[0].Version != 1 {
		t.Fatalf("got %v, error %v", all, err)
	}
	if err := checkBlob(all[0]); err != nil {
		t.Error(err)
	}
	limit(1_000_000)
	if err := s.InsertConnection(ctx, &big); err != nil {
		t.Error(err)
	}
}

// A migration that fails leaves the database as it was.
func TestMigrateWhole(t *testing.T) {
	t.Parallel()
	s := openStore(t, store.Options{Dir: t.TempDir()})
	steps, err := store.Migrations("sqlite")
	if err != nil || len(steps) == 0 {
		t.Fatalf("%d steps, error %v", len(steps), err)
	}
	run := func(steps ...string) error {
		tx, err := s.Writer().Begin()
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if err := store.Migrate(t.Context(), tx, steps); err != nil {
			return err
		}
		return tx.Commit()
	}
	count := func() (tables, version int) {
		t.Helper()
		err := s.Writer().QueryRow("select count(*), user_version from sqlite_schema, pragma_user_version").Scan(&tables, &version)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	tables, version := count()
	if err := run(append(steps, "create table one (a) strict; create table two (a int) strict")...); err == nil {
		t.Fatal("no error")
	}
	if n, v := count(); n != tables || v != version {
		t.Errorf("%d tables at version %d, before: %d at %d", n, v, tables, version)
	}
	if err := run(append(steps, "create table one (a int) strict", "alter table one add b int")...); err != nil {
		t.Fatal(err)
	}
	if n, v := count(); n != tables+1 || v != version+2 {
		t.Errorf("%d tables at version %d, before: %d at %d", n, v, tables, version)
	}
	if err := run(steps...); !errors.Is(err, store.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}

// The clock of the options is used for times and for what has expired.
func TestClock(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	now := time.Date(2030, 1, 2, 3, 4, 5, 678_999_999, time.FixedZone("", 3600))
	s := openStore(t, store.Options{Dir: t.TempDir(), Now: func() time.Time { return now }})
	r := &connect.Record{Name: "a", Expires: now}
	if err := s.InsertConnection(ctx, r); err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2030, 1, 2, 2, 4, 5, 678e6, time.UTC); r.Created != want || r.Updated != want {
		t.Errorf("created %v, updated %v, want %v", r.Created, r.Updated, want)
	}
	insert := func(id string) {
		t.Helper()
		if err := s.InsertFlow(ctx, &connect.Flow{ID: id, TokenHash: id, Expires: now.Add(10 * time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	insert("a")
	now = now.Add(10*time.Minute - time.Millisecond)
	insert("b")
	if _, err := s.FlowBy(ctx, "a", ""); err != nil {
		t.Errorf("a millisecond before the end: %v", err)
	}
	now = now.Add(time.Millisecond)
	insert("c")
	if _, err := s.FlowBy(ctx, "a", ""); !errors.Is(err, connect.ErrNotFound) {
		t.Errorf("at the end: %v", err)
	}
}
