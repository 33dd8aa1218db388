package app_test

import (
	"encoding/json"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat/app"
)

var update = flag.Bool("update", false, "write what was seen into the golden files")

// TestLoadFindings reads testdata/load: each file holds an app, and behind the mark
// "-- want --" what it consists of and everything that is found wrong with it.
func TestLoadFindings(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/load/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in, want, _ := strings.Cut(string(content), "-- want --\n")
			got := describe(unpack(in), ".")
			if *update {
				if err := os.WriteFile(file, []byte(in+"-- want --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// unpack reads files that follow each other behind lines "-- name --". A first line
// "crlf" gives all of them such line ends.
func unpack(text string) fstest.MapFS {
	text, crlf := strings.CutPrefix(text, "crlf\n")
	files := fstest.MapFS{}
	for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
		name, content, _ := strings.Cut(part, " --")
		content = strings.TrimPrefix(content, "\n")
		if crlf {
			content = strings.ReplaceAll(content, "\n", "\r\n")
		}
		files[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return files
}

// describe loads an app and returns what a person would want to compare.
func describe(fsys fs.FS, name string) string {
	a, found, err := app.LoadFS(fsys, name)
	var b strings.Builder
	if err != nil {
		b.WriteString("error: " + err.Error() + "\n")
	} else {
		s := a.Summary(nil)
		summary, _ := json.Marshal(s.Components)
		b.WriteString(strings.Join([]string{string(a.Layout), a.Name, a.Label}, " | ") + "\n")
		b.WriteString(strings.ReplaceAll(string(summary), `],"`, "],\n \"") + "\n")
	}
	for _, d := range found {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}
