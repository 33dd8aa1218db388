package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// Files of tests, by the ends of their names: tests as data, and scripts that call capture.
const (
	dataTests   = ".test.json"
	scriptTests = ".test.js"
)

// maxTestFiles is how many files of an app's folder are looked at.
const maxTestFiles = 20_000

// testFiles are the files of component tests in an app's folder, sorted, but for the test
// files of functions. An archive has none.
func testFiles(a *cleat.App) ([]string, error) {
	info, err := os.Stat(a.Root)
	if a.Root == "" || err != nil || !info.IsDir() {
		return nil, nil
	}
	functions := map[string]bool{}
	for _, f := range a.Functions {
		if f.Test != nil {
			functions[f.Test.Name()] = true
		}
	}
	var names []string
	seen := 0
	err = fs.WalkDir(os.DirFS(a.Root), ".", func(name string, entry fs.DirEntry, err error) error {
		switch seen++; {
		case err != nil:
			return unreadable(filepath.Join(a.Root, name), err)
		case seen > maxTestFiles:
			return fmt.Errorf("%s holds more than %d files", a.Root, maxTestFiles)
		case entry.IsDir() && name != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.Type().IsRegular() && !functions[name] && (strings.HasSuffix(name, dataTests) || strings.HasSuffix(name, scriptTests)):
			names = append(names, name)
		}
		return nil
	})
	return names, err
}

// readCaptures reads a file of tests: one object, or an array of them. What cannot be read
// is an error with its place.
func (f *factory) readCaptures(root, name string) ([]*capture, error) {
	content, err := f.read(filepath.Join(root, name))
	if err != nil {
		return nil, err
	}
	doc, found := jsonc.Parse(source.NewFile(name, content))
	if err := found.Err(); err != nil {
		return nil, err
	}
	nodes := []*jsonc.Node{doc.Root}
	if doc.Root.Is(jsonc.Array) {
		nodes = doc.Root.Elements
	}
	var all []*capture
	for _, node := range nodes {
		c, err := captureOf(node)
		if err != nil {
			return nil, doc.Diagnose(node, source.Diagnostic{Message: err.Error()})
		}
		if c.recording != "" {
			if !filepath.IsLocal(path.Join(path.Dir(name), c.recording)) {
				return nil, doc.Diagnose(node.Get("recording"), source.Diagnostic{Message: "the recording is outside of the app's folder"})
			}
			c.recording = filepath.Join(root, path.Dir(name), c.recording)
		}
		c.place = doc.Position(node)
		all = append(all, c)
	}
	return all, nil
}

func captureOf(node *jsonc.Node) (*capture, error) {
	if !node.Is(jsonc.Object) {
		return nil, errors.New("a test is an object")
	}
	return readCapture(node.Value().Collection())
}

// joined is an error of these lines, nil without any.
func joined(lines []string) error {
	if len(lines) == 0 {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}
