package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat/app"
)

// FuzzLoadFS holds that no manifest and no metadata make loading panic, and that what is
// loaded can be told.
func FuzzLoadFS(f *testing.F) {
	for _, name := range []string{"petshop/makecomapp.json", "petshop-export/metadata.json", "petshop-export/modules/getPet/metadata.json"} {
		content, err := os.ReadFile(filepath.Join(apps, filepath.FromSlash(name)))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	cases, err := filepath.Glob("testdata/load/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range cases {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range unpack(string(content)) {
			f.Add(file.Data)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		file := &fstest.MapFile{Data: content}
		for _, fsys := range []fstest.MapFS{
			{"makecomapp.json": file, "c.json": file, "f.js": file},
			{"metadata.json": file, "base.imljson": file, "functions/f/code.js": file, "endpoints/e/metadata.json": file,
				"connections/c/metadata.json": file, "webhooks/w/metadata.json": file, "rpcs/r/metadata.json": file,
				"modules/m/metadata.json": file, "modules/m/api.imljson": file, "modules/m/samples.imljson": file},
		} {
			a, found, err := app.LoadFS(fsys, ".")
			if (a == nil) != (err != nil) {
				t.Fatalf("app %v, error %v", a, err)
			}
			for _, d := range found {
				if d.Message == "" || d.Code == "" || d.File == "" {
					t.Fatalf("incomplete finding %+v", d)
				}
			}
			if a == nil {
				continue
			}
			a.Summary(found)
			a.Codes()
			for _, c := range a.Connections {
				c.Kind()
			}
		}
	})
}
