package app_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/source"
)

const apps = "../testdata/apps"

// TestLoadPaths finds the same app from every path that leads to it.
func TestLoadPaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, root string }{
		{"petshop", "petshop"},
		{"petshop/makecomapp.json", "petshop"},
		{"petshop/modules/watch-pets", "petshop"},
		{"petshop/modules/watch-pets/watch-pets.epoch.iml.json", "petshop"},
		{"petshop-export", "petshop-export"},
		{"petshop-export/metadata.json", "petshop-export"},
		{"petshop-export/modules/watchPets", "petshop-export"},
		{"petshop-export/modules/watchPets/metadata.json", "petshop-export"},
		{"petshop-export/functions/petName/code.js", "petshop-export"},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			a, found, err := app.Load(filepath.Join(apps, filepath.FromSlash(c.path)))
			if err != nil || len(found) > 0 {
				t.Fatal(err, found)
			}
			if want, _ := filepath.Abs(filepath.Join(apps, c.root)); a.Root != want {
				t.Errorf("root %s, want %s", a.Root, want)
			}
			if a, _, err := app.LoadFS(os.DirFS(apps), c.path); err != nil || len(a.Modules) == 0 {
				t.Errorf("LoadFS: %v", err)
			}
		})
	}
}

// TestLayoutsAgree holds that the same app in every layout consists of the same things.
func TestLayoutsAgree(t *testing.T) {
	t.Parallel()
	folder, found, err := app.Load(filepath.Join(apps, "petshop-export"))
	if err != nil || len(found) > 0 {
		t.Fatal(err, found)
	}
	want := folder.Summary(nil)
	for name, archive := range map[string][]byte{
		"version 2":      zipOf(t, os.DirFS(filepath.Join(apps, "petshop-export")), "petshop/", nil),
		"no root folder": zipOf(t, os.DirFS(filepath.Join(apps, "petshop-export")), "", nil),
		"version 1":      zipOf(t, os.DirFS(filepath.Join(apps, "petshop-export")), "petshop/", singular),
	} {
		a, found, err := loadZIP(archive)
		if err != nil || len(found) > 0 {
			t.Fatal(name, err, found)
		}
		got := a.Summary(nil)
		if got.Layout != app.Export {
			t.Errorf("%s: layout %s", name, got.Layout)
		}
		got.Layout = want.Layout
		if strings.Contains(name, "1") { // which has no endpoints
			got.Components.Endpoint = want.Components.Endpoint
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

// singular names the folders of an export of version 1.
func singular(name string) string {
	if strings.HasPrefix(name, "endpoints/") || name == ".sdk" {
		return ""
	}
	if folder, rest, ok := strings.Cut(name, "/"); ok {
		return strings.TrimSuffix(folder, "s") + "/" + rest
	}
	return name
}

func TestLoadProjectInZIP(t *testing.T) {
	t.Parallel()
	archive := zipOf(t, os.DirFS(filepath.Join(apps, "petshop")), "repository-main/integrations/make/", nil)
	name := filepath.Join(t.TempDir(), "archive") // told by its content
	if err := os.WriteFile(name, archive, 0o600); err != nil {
		t.Fatal(err)
	}
	a, found, err := app.Load(name)
	if err != nil || len(found) > 0 || a.Layout != app.Project || a.Root != name || a.Connection("account") == nil {
		t.Fatal(a, found, err)
	}
}

func TestLoadZIPInFS(t *testing.T) {
	t.Parallel()
	archive := zipOf(t, os.DirFS(filepath.Join(apps, "petshop-export")), "petshop/", nil)
	a, found, err := app.LoadFS(fstest.MapFS{"in/petshop.zip": {Data: archive}}, "in/petshop.zip")
	if err != nil || len(found) > 0 || a.Layout != app.Export {
		t.Fatal(a, found, err)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	a, found, err := app.Load(filepath.Join(apps, "petshop"))
	if err != nil {
		t.Fatal(err)
	}
	found.Add(source.Diagnostic{Severity: source.Warning, Code: "X001", Message: "m", File: "f", Line: 1, Column: 2, Pointer: "/p", Hint: "h"})
	got, err := json.MarshalIndent(a.Summary(found), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/summary.json"
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(got)+"\n" != string(want) {
		t.Errorf("got:\n%s", got)
	}
	empty, _ := json.Marshal((&app.App{Version: 1}).Summary(nil))
	if strings.Contains(string(empty), "null") {
		t.Errorf("null list: %s", empty)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.zip")
	if err := os.WriteFile(broken, []byte("PK\x03\x04"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		filepath.Join(dir, "nowhere"): filepath.Join(dir, "nowhere") + ": no such file or folder",
		"":                            "no such file or folder",
		broken:                        broken + ": no ZIP archive: zip: not a valid zip file",
	} {
		a, found, err := app.Load(name)
		if a != nil || err == nil || len(found) != 1 {
			t.Fatal(name, a, found, err)
		}
		d, ok := errors.AsType[source.Diagnostic](err)
		if !ok || d != found[0] || d.Error() != want || d.Code != "MAN001" {
			t.Errorf("%q: got %v", name, err)
		}
	}
	if _, _, err := app.LoadFS(fstest.MapFS{}, "x/y"); err == nil || err.Error() != "x/y: no such file or folder" {
		t.Errorf("LoadFS: %v", err)
	}
}

func TestClimbingReadme(t *testing.T) {
	t.Parallel()
	const manifest = `{"fileVersion": 1, "generalCodeFiles": {"base": "../base.json", "common": null, "readme": "../README.md", "groups": null},
 "components": {"connection": {}, "webhook": {}, "module": {}, "rpc": {}, "function": {}, "endpoint": {}}, "origins": []}`
	files := map[string]string{"app/makecomapp.json": manifest, "README.md": "# Outside", "base.json": "{}"}
	dir, fsys := t.TempDir(), fstest.MapFS{}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	if err := os.CopyFS(dir, fsys); err != nil {
		t.Fatal(err)
	}
	fromDisk, found, err := app.Load(filepath.Join(dir, "app"))
	check := func(a *app.App, found source.Diagnostics, err error) {
		t.Helper()
		if err != nil || a.Readme != "# Outside" || a.Base != nil || len(found) != 2 {
			t.Fatal(err, found)
		}
		if found[0].Severity != source.Error || found[0].Pointer != "/generalCodeFiles/base" ||
			found[1].Severity != source.Warning || found[1].Pointer != "/generalCodeFiles/readme" || found[1].Code != "MAN009" {
			t.Errorf("findings %v", found)
		}
	}
	check(fromDisk, found, err)
	check(app.LoadFS(fsys, "app"))
}

func TestLinks(t *testing.T) {
	t.Parallel()
	const manifest = `{"fileVersion": 1, "generalCodeFiles": {"base": "out.json", "common": "outside/secret.json", "readme": null, "groups": "in.json"},
 "components": {"connection": {}, "webhook": {}, "module": {}, "rpc": {}, "function": {}, "endpoint": {}}, "origins": []}`
	dir := t.TempDir()
	for name, content := range map[string]string{"app/makecomapp.json": manifest, "app/real.json": "[]", "secret.json": "{}"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"out.json": "../secret.json", "outside": "..", "in.json": "real.json"} {
		if err := os.Symlink(target, filepath.Join(dir, "app", link)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	a, found, err := app.Load(filepath.Join(dir, "app"))
	if err != nil || a.Base != nil || a.Common != nil || a.Groups == nil {
		t.Fatal(err, found)
	}
	if len(found) != 2 || found[0].Code != "MAN009" || found[1].Code != "MAN009" {
		t.Errorf("findings %v", found)
	}
	a, found, err = app.LoadFS(os.DirFS(dir), "app")
	if err != nil || a.Base != nil || a.Common != nil || a.Groups != nil || len(found) != 3 {
		t.Errorf("LoadFS follows links: %v %v", err, found)
	}
}

// opaque is a file system whose files named base.json and metadata.json in folders of
// modules never end, whatever their size is said to be.
type opaque struct{ fstest.MapFS }

type endless struct{ fs.File }

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func (o opaque) Open(name string) (fs.File, error) {
	f, err := o.MapFS.Open(name)
	if err == nil && (strings.HasSuffix(name, "base.json") || strings.HasPrefix(name, "modules/")) {
		return endless{f}, nil
	}
	return f, err
}

func TestEndlessFile(t *testing.T) {
	t.Parallel()
	a, found, err := app.LoadFS(opaque{fstest.MapFS{
		"makecomapp.json": {Data: []byte(`{"generalCodeFiles": {"base": "base.json"}, "origins": []}`)},
		"base.json":       {Data: []byte(`{}`)},
	}}, ".")
	if err != nil || a.Base != nil || !strings.HasSuffix(found[2].Message, "longer than 8 MiB") {
		t.Error(err, found)
	}
	many := opaque{fstest.MapFS{}}
	for i := range 20 {
		many.MapFS[fmt.Sprintf("modules/m%d/metadata.json", i)] = &fstest.MapFile{Data: []byte("{}")}
	}
	a, found, err = app.LoadFS(many, ".")
	if a != nil || err == nil || err.Error() != ".: the app is longer than 64 MiB" {
		t.Error(err, found)
	}
}
