package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
)

// newHome returns the folder of a closed store with one connection named a.
func newHome(t *testing.T, given []byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	s := openStore(t, store.Options{Dir: dir, Keyset: given})
	if err := s.InsertConnection(t.Context(), &connect.Record{Name: "a", App: "x", UID: secretUID, Data: secretData()}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

func newKeyset(t *testing.T, old []byte) []byte {
	t.Helper()
	text, err := store.NextKeyset(old)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// wantReadable wants the connection a of newHome to be whole.
func wantReadable(t *testing.T, s connect.Store) {
	t.Helper()
	r, err := s.ConnectionNamed(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if r.Broken != "" || r.Data.Get("token").Str() != secretToken || r.UID != secretUID {
		t.Errorf("got data %v, uid %q, broken %q", r.Data, r.UID, r.Broken)
	}
}

func TestModes(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	dir := filepath.Join(t.TempDir(), "config", "cleat")
	s := openStore(t, store.Options{Dir: dir})
	if err := s.InsertConnection(t.Context(), &connect.Record{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"..", ".", "cleat.db", "cleat.db-wal", "cleat.db-shm", "keyset.json"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got[name] = info.Mode().String()
	}
	want := map[string]string{"..": "drwx------", ".": "drwx------", "cleat.db": "-rw-------",
		"cleat.db-wal": "-rw-------", "cleat.db-shm": "-rw-------", "keyset.json": "-rw-------"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("modes (-want +got):\n%s", diff)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("the folder holds %v, error %v", entries, err)
	}
}

// An existing keyset that cannot be used is reported and never touched.
func TestUnusableKeyset(t *testing.T) {
	t.Parallel()
	foreign := newKeyset(t, nil)
	macHandle, err := keyset.NewHandle(mac.HMACSHA256Tag256KeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	var macKeyset bytes.Buffer
	if err := insecurecleartextkeyset.Write(macHandle, keyset.NewJSONWriter(&macKeyset)); err != nil {
		t.Fatal(err)
	}
	content := func(b []byte) func(t *testing.T, path string) {
		return func(t *testing.T, path string) { writeFile(t, path, b) }
	}
	for _, test := range []struct {
		name  string
		spoil func(t *testing.T, path string)
		want  string
	}{
		{"missing", func(t *testing.T, path string) { os.Remove(path) },
			"keyset.json is missing: no usable keyset: the secrets in cleat.db need it, put it back (or remove cleat.db to start anew)"},
		{"of another database", content(foreign),
			"keyset.json does not belong to cleat.db, restore the one that does: no usable keyset"},
		{"empty", content(nil),
			"keyset.json cannot be used, restore it from a backup: the text is no Tink keyset in JSON: no usable keyset"},
		{"no JSON", content([]byte("primaryKeyId: secret")),
			"keyset.json cannot be used, restore it from a backup: the text is no Tink keyset in JSON: no usable keyset"},
		{"cut", content(foreign[:len(foreign)/2]),
			"keyset.json cannot be used, restore it from a backup: the text is no Tink keyset in JSON: no usable keyset"},
		{"for another purpose", content(macKeyset.Bytes()),
			"keyset.json cannot be used, restore it from a backup: the keyset is not for AEAD: no usable keyset"},
		{"readable by others", func(t *testing.T, path string) { os.Chmod(path, 0o640) },
			"keyset.json can be read by other users (mode 0640), run: chmod 600 PATH: no usable keyset"},
		{"a folder", func(t *testing.T, path string) { os.Remove(path); os.Mkdir(path, 0o700) },
			"keyset.json cannot be used, restore it from a backup: it is no file: no usable keyset"},
		{"a link to nothing", func(t *testing.T, path string) { os.Remove(path); os.Symlink("nowhere", path) },
			"keyset.json cannot be read, repair its mode or restore it from a backup: no usable keyset: open PATH: no such file or directory"},
	} {
		for _, database := range []string{"with database", "without database"} {
			if database == "without database" && (test.name == "missing" || test.name == "of another database") {
				continue // both are fine then
			}
			t.Run(test.name+"/"+database, func(t *testing.T) {
				t.Parallel()
				dir := newHome(t, nil)
				path := filepath.Join(dir, "keyset.json")
				test.spoil(t, path)
				if database == "without database" {
					os.Remove(filepath.Join(dir, "cleat.db"))
				}
				before := lookAt(path)
				for range 2 {
					_, err := store.Open(t.Context(), store.Options{Dir: dir})
					if err == nil || !errors.Is(err, store.ErrKeyset) {
						t.Fatalf("got %v, want an error that is ErrKeyset", err)
					}
					want := "open store DIR: " + test.want
					if got := strings.NewReplacer(path, "PATH", dir, "DIR").Replace(err.Error()); got != want {
						t.Errorf("got  %s\nwant %s", got, want)
					}
				}
				if after := lookAt(path); after != before {
					t.Errorf("the file was changed: %s, before: %s", after, before)
				}
			})
		}
	}
}

// lookAt describes what stands at path.
func lookAt(path string) string {
	info, err := os.Lstat(path)
	if err != nil {
		return "nothing"
	}
	content, _ := os.ReadFile(path)
	return info.Mode().String() + " " + string(content)
}

func TestKeysetPutBack(t *testing.T) {
	t.Parallel()
	dir := newHome(t, nil)
	path := filepath.Join(dir, "keyset.json")
	saved := readFile(t, path)
	os.Remove(path)
	if _, err := store.Open(t.Context(), store.Options{Dir: dir}); !errors.Is(err, store.ErrKeyset) {
		t.Fatalf("got %v", err)
	}
	writeFile(t, path, saved)
	wantReadable(t, openStore(t, store.Options{Dir: dir}))
}

// An existing keyset without a database is taken, and what a crash left is removed.
func TestKeysetWithoutDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := newKeyset(t, nil)
	writeFile(t, filepath.Join(dir, "keyset.json"), text)
	openStore(t, store.Options{Dir: dir})
	if !bytes.Equal(readFile(t, filepath.Join(dir, "keyset.json")), text) {
		t.Error("the keyset was changed")
	}

	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, "keyset.json.new"), []byte("half"))
	openStore(t, store.Options{Dir: dir})
	if _, err := os.Stat(filepath.Join(dir, "keyset.json.new")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("keyset.json.new is still there: %v", err)
	}
}

func TestGivenKeyset(t *testing.T) {
	t.Parallel()
	given := newKeyset(t, nil)
	dir := newHome(t, given)
	if _, err := os.Stat(filepath.Join(dir, "keyset.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("keyset.json was made: %v", err)
	}
	wantReadable(t, openStore(t, store.Options{Dir: dir, Keyset: given}))
	for name, wrong := range map[string][]byte{"another": newKeyset(t, nil), "empty": {}, "text": []byte("secret-text"), "none": nil} {
		_, err := store.Open(t.Context(), store.Options{Dir: dir, Keyset: wrong})
		if !errors.Is(err, store.ErrKeyset) || strings.Contains(err.Error(), "secret-text") {
			t.Errorf("%s: got %v, want an error that is ErrKeyset", name, err)
		}
	}
	if _, err := store.NextKeyset([]byte("secret-text")); !errors.Is(err, store.ErrKeyset) {
		t.Errorf("NextKeyset: got %v", err)
	}
}
