package app_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/source"
)

func loadZIP(archive []byte) (*app.App, source.Diagnostics, error) {
	return app.LoadZIP(bytes.NewReader(archive), int64(len(archive)))
}

// zipOf packs the files of fsys below a folder, under other names when rename is given.
func zipOf(t *testing.T, fsys fs.FS, folder string, rename func(string) string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		if rename != nil {
			if name = rename(name); name == "" {
				return nil
			}
		}
		f, err := w.Create(folder + name)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// entry is an entry of a hostile archive.
type entry struct {
	name, content string
	mode          fs.FileMode
}

func zipWith(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.mode != 0 {
			h.SetMode(e.mode)
		}
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.content)); err != nil && !strings.HasSuffix(e.name, "/") {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var harmless = []entry{
	{name: "app/metadata.json", content: `{"name": "app", "label": "App"}`},
	{name: "app/modules/getThing/metadata.json", content: `{"name": "getThing", "label": "Get", "typeId": 4}`},
	{name: "app/modules/getThing/api.imljson", content: `{}`},
	{name: "__MACOSX/app/modules/._x", content: "x"},
	{name: "app/.DS_Store", content: "x"},
	{name: "app/assets/icon.png", content: "\x89PNG"},
	{name: "app/rpcs/"},
}

// TestHostileEntries holds that what is refused does not keep the rest from loading.
func TestHostileEntries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		entry entry
		want  string
	}{
		{"parent", entry{name: "../evil.json"}, "../evil.json: entry of the archive refused: its name leaves the archive"},
		{"inner parent", entry{name: "app/../../evil.json"}, "app/../../evil.json: entry of the archive refused: its name leaves the archive"},
		{"absolute", entry{name: "/etc/passwd"}, "/etc/passwd: entry of the archive refused: its name leaves the archive"},
		{"drive", entry{name: "C:/evil.json"}, "C:/evil.json: entry of the archive refused: its name leaves the archive"},
		{"back slash", entry{name: `..\evil.json`}, `..\evil.json: entry of the archive refused: a back slash in its name`},
		{"link", entry{"app/base.imljson", "/etc/passwd", fs.ModeSymlink | 0o777}, "app/base.imljson: entry of the archive refused: a link"},
		{"device", entry{"app/base.imljson", "", fs.ModeDevice | 0o666}, "app/base.imljson: entry of the archive refused: no regular file"},
		{"twice", entry{name: "app/metadata.json", content: `{"name": "evil"}`}, "app/metadata.json: entry of the archive refused: a second entry with the same name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a, found, err := loadZIP(zipWith(t, append(harmless[:len(harmless):len(harmless)], c.entry)...))
			if err != nil {
				t.Fatal(err)
			}
			if a.Name != "app" || a.Module("getThing") == nil || a.Base != nil {
				t.Errorf("the rest was not loaded: %+v", a)
			}
			if len(found) != 1 || found[0].Error() != c.want || found[0].Code != "MAN009" || found[0].Severity != source.Error {
				t.Errorf("got %v, want %s", found, c.want)
			}
		})
	}
}

func TestHostileSizes(t *testing.T) {
	t.Parallel()
	crowd := make([]entry, app.MaxEntries+1)
	for i := range crowd {
		crowd[i].name = fmt.Sprintf("app/modules/m%d/", i)
	}
	for _, c := range []struct {
		name    string
		archive []byte
		want    string
	}{
		{"entries", zipWith(t, crowd...), "archive: the archive has more than 5000 entries"},
		{"declared size", declaring(t, 9, nil, app.MaxFile), "archive: the archive is longer than 64 MiB when unpacked"},
		{"no archive", []byte("{}"), "archive: no ZIP archive: zip: not a valid zip file"},
	} {
		a, found, err := loadZIP(c.archive)
		if a != nil || err == nil || err.Error() != c.want || len(found) != 1 {
			t.Errorf("%s: got %v %v %v", c.name, a, found, err)
		}
	}
	a, found, err := loadZIP(zipWith(t, append(harmless[:2:2], entry{name: "app/base.imljson", content: strings.Repeat("0", app.MaxFile+1)})...))
	if err != nil || a.Base != nil || found.Error() != "base.imljson: the file cannot be read: longer than 8 MiB" {
		t.Errorf("long file: %v %v", found, err)
	}
}

// TestLyingSizes holds that an entry that is longer than declared is not read.
func TestLyingSizes(t *testing.T) {
	t.Parallel()
	bomb := declaring(t, 40, deflate(t, strings.Repeat("0", app.MaxFile)), 10)
	a, found, err := loadZIP(bomb)
	if err != nil || a.Module("getThing") == nil || len(a.RPCs) > 0 || len(found) != 40 {
		t.Fatalf("got %v %v", found, err)
	}
	if got := found[0].Error(); got != "rpcs/r0/metadata.json: the file cannot be read: zip: not a valid zip file" {
		t.Errorf("got %s", got)
	}
}

// declaring returns an archive with n RPCs whose metadata are content, deflated, and said
// to have the given size.
func declaring(t *testing.T, n int, content []byte, size uint64) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range harmless[:2] {
		f, err := w.Create(e.name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(e.content)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		f, err := w.CreateRaw(&zip.FileHeader{Name: fmt.Sprintf("app/rpcs/r%d/metadata.json", i), Method: zip.Deflate,
			CompressedSize64: uint64(len(content)), UncompressedSize64: size})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// deflate returns the compressed form of text by way of an archive.
func deflate(t *testing.T, text string) []byte {
	t.Helper()
	archive := zipWith(t, entry{name: "x", content: text})
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	offset, err := r.File[0].DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	return archive[offset : offset+int64(r.File[0].CompressedSize64)]
}
