package cli

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// cleatIn runs a command with a home of its own and returns what it prints.
func cleatIn(t *testing.T, home string, args ...string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "cleat", args...)
	cmd.Env = append(os.Environ(), "CLEAT_HOME="+home)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.WriteFile(to, text, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// contents are the files of a folder and what is in them.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		all[name] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(all, "lock")
	return all
}

// TestBackupAndRestore takes a server to another home, with everything that was in it.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	posixShell(t)
	dir := t.TempDir()
	home, other, file := filepath.Join(dir, "home"), filepath.Join(dir, "other"), filepath.Join(dir, "backup")
	keyset := filepath.Join(home, "keyset.json")
	s := startServe(t, home)
	s.owner()
	s.upload("http://127.0.0.1:1")
	code, out := cleatIn(t, home, "backup", file)
	if want := "cleat: folder " + filepath.Join(home, "bus") + ": another process uses it\n  hint: stop cleat serve first, or leave out what waits with --records-only\n"; code != exitFailed || out != want {
		t.Errorf("while the server runs: %d %s", code, out)
	}
	code, out = cleatIn(t, home, "backup", "--records-only", filepath.Join(dir, "records"))
	if want := filepath.Join(dir, "records") + " holds the database; work that waits is not in it\nthe keyset is not in it: keep a copy of " + keyset + " elsewhere\n"; code != exitDone || out != want {
		t.Errorf("the records alone: %d %s", code, out)
	}
	if code := s.end(syscall.SIGTERM); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, s.errs)
	}
	before := contents(t, filepath.Join(home, "bus"))
	code, out = cleatIn(t, home, "backup", file)
	if want := file + " holds the database and the work that waits\nthe keyset is not in it: keep a copy of " + keyset + " elsewhere\n"; code != exitDone || out != want {
		t.Fatalf("%d %s", code, out)
	}
	if code, out := cleatIn(t, home, "backup", file); code != exitFailed || !strings.Contains(out, "file exists") {
		t.Errorf("over another one: %d %s", code, out)
	}
	if code, out := cleatIn(t, home, "restore", file); code != exitFailed || !strings.Contains(out, "cleat.db is there already\n  hint: restore into an empty CLEAT_HOME") {
		t.Errorf("over a home in use: %d %s", code, out)
	}
	if code, out := cleatIn(t, other, "restore", file); code != exitFailed || !strings.Contains(out, "keyset.json is missing") {
		t.Errorf("without the keyset: %d %s", code, out)
	}
	copyFile(t, keyset, filepath.Join(other, "keyset.json"))
	if code, out := cleatIn(t, other, "restore", file); code != exitDone || out != file+" is put back into "+other+"; cleat serve can start\n" {
		t.Fatalf("%d %s", code, out)
	}
	onlyOwner(t, other)
	after := contents(t, filepath.Join(other, "bus"))
	if len(before) < 10 || len(after) != len(before) {
		t.Errorf("%d files of work, %d are back", len(before), len(after))
	}
	for name, text := range before {
		if after[name] != text {
			t.Errorf("%s is another one", name)
		}
	}
	back := startServe(t, other)
	back.token = s.token
	if apps := back.get("/v1/apps"); back.SignIn != "" || !strings.Contains(apps, `"name":"slow"`) {
		t.Errorf("the link %q, the apps %s", back.SignIn, apps)
	}
	if code := back.end(syscall.SIGTERM); code != exitDone {
		t.Errorf("exit code %d\n%s", code, back.errs)
	}
}

// TestRestoreRefuses puts nothing back of what is no backup, and leaves nothing behind.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	archive := func(headers ...tar.Header) []byte {
		var b bytes.Buffer
		zipped := gzip.NewWriter(&b)
		w := tar.NewWriter(zipped)
		for _, h := range headers {
			if err := errors.Join(w.WriteHeader(&h), w.Flush()); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(w.Close(), zipped.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	whole := archive(tar.Header{Name: "cleat.db", Typeflag: tar.TypeReg})
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"text", []byte("backup"), "it is no backup of cleat"},
		{"nothing", archive(), "it is no backup of cleat: there is no database in it"},
		{"cut off", whole[:len(whole)-12], "it is damaged: unexpected EOF"},
		{"another file", archive(tar.Header{Name: "keyset.json", Typeflag: tar.TypeReg}), `it is no backup of cleat: it holds "keyset.json"`},
		{"a way out", archive(tar.Header{Name: "../evil", Typeflag: tar.TypeReg}), `it is no backup of cleat: it holds "../evil"`},
		{"an empty database", whole, "it is no backup of cleat: there is no database in it"},
		{"a longer way out through a folder", archive(tar.Header{Name: "work", Typeflag: tar.TypeDir}, tar.Header{Name: "work/../../evil", Typeflag: tar.TypeReg}),
			"openat work/../../evil: path escapes from parent"},
		{"a longer way out", archive(tar.Header{Name: "work/../../evil", Typeflag: tar.TypeReg}), "openat work/../../evil: no such file or directory"},
		{"a link", archive(tar.Header{Name: "work/x", Linkname: "/etc", Typeflag: tar.TypeSymlink}), `"work/x" is no file`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			home, file := filepath.Join(dir, "home"), filepath.Join(dir, "backup")
			if err := os.WriteFile(file, test.file, 0o600); err != nil {
				t.Fatal(err)
			}
			if code, out := cleatIn(t, home, "restore", file); code != exitFailed || out != "cleat: "+file+": "+test.want+"\n" {
				t.Errorf("%d %s", code, out)
			}
			if left := contents(t, dir); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestBackupOfPostgreSQL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	settings := filepath.Join(dir, "cleat.yaml")
	code, keyset := cleatIn(t, dir, "keys", "new")
	err := errors.Join(os.WriteFile(settings, []byte("database: postgres://db/cleat\nkeyset: "+filepath.Join(dir, "k.json")+"\n"), 0o600), os.WriteFile(filepath.Join(dir, "k.json"), []byte(keyset), 0o600))
	if code != exitDone || err != nil {
		t.Fatal(code, err)
	}
	want := "cleat: the database is PostgreSQL, which this command does not copy\n  hint: use pg_dump and pg_restore, and keep the keyset\n"
	for _, command := range []string{"backup", "restore"} {
		if code, out := cleatIn(t, dir, command, filepath.Join(dir, "x")); code != exitFailed || out != want {
			t.Errorf("%s: %d %s", command, code, out)
		}
	}
}
