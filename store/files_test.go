package store_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age/armor"
	_ "modernc.org/sqlite"
)

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// folderBytes returns the content of every file in dir by name.
func folderBytes(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all[entry.Name()] = readFile(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// rawDatabase opens the database of a store as somebody without the keys would.
func rawDatabase(t testing.TB, dir string) *sql.DB {
	t.Helper()
	address := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(dir, "cleat.db")), RawQuery: "_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// rawPostgres opens a database as somebody without the keys would.
func rawPostgres(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func execute(t testing.TB, db *sql.DB, query string, args ...any) {
	t.Helper()
	if _, err := db.Exec(query, args...); err != nil {
		t.Fatal(err)
	}
}

// armored is a file of age as text.
func armored(t testing.TB, file []byte) io.Reader {
	t.Helper()
	var text bytes.Buffer
	w := armor.NewWriter(&text)
	_, err := w.Write(file)
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return &text
}

func unarmored(t testing.TB, text []byte) []byte {
	t.Helper()
	file, err := io.ReadAll(armor.NewReader(bytes.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return file
}
