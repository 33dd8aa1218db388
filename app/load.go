package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// Load reads the app at a path: its folder, makecomapp.json, any folder or file inside,
// or a ZIP. Files of the app are named relative to its folder. The error is a
// [source.Diagnostic], also part of the findings, when nothing can be read at all.
func Load(name string) (*App, source.Diagnostics, error) {
	info, err := os.Stat(name)
	if err != nil {
		return unreadable(name, cause(err))
	}
	dir, err := filepath.Abs(name)
	if err != nil {
		return unreadable(name, err)
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return unreadable(name, errSpecial)
		}
		if isZIP(name) {
			return loadZIPFile(name)
		}
		dir = filepath.Dir(dir)
	}
	dir, layout := findUpwards(dir)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return unreadable(name, cause(err))
	}
	defer root.Close()
	l := &loader{tree: &tree{fsys: root.FS(), links: true}, name: filepath.Base(dir), outside: outsideOf(dir)}
	return l.load(layout, dir)
}

// LoadFS reads the app at a path of a file system: its folder, makecomapp.json, any
// folder or file inside, or a ZIP. Links are not followed.
func LoadFS(fsys fs.FS, name string) (*App, source.Diagnostics, error) {
	name = path.Clean(name)
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return unreadable(name, cause(err))
	}
	dir := name
	if !info.IsDir() {
		if strings.EqualFold(path.Ext(name), ".zip") {
			content, err := (&tree{fsys: fsys}).read(name)
			if err != nil {
				return unreadable(name, cause(err))
			}
			return loadArchive(bytes.NewReader(content), int64(len(content)), name)
		}
		dir = path.Dir(name)
	}
	dir, layout := findUpwardsFS(fsys, dir)
	sub, err := fs.Sub(fsys, dir)
	if err != nil {
		return unreadable(name, err)
	}
	l := &loader{tree: &tree{fsys: sub}, name: path.Base(dir)}
	whole := &tree{fsys: fsys}
	l.outside = func(file string) ([]byte, error) { return whole.read(path.Join(dir, file)) }
	return l.load(layout, dir)
}

func loadZIPFile(name string) (*App, source.Diagnostics, error) {
	f, err := os.Open(name)
	if err != nil {
		return unreadable(name, cause(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return unreadable(name, cause(err))
	}
	app, found, err := loadArchive(f, info.Size(), name)
	if app != nil {
		app.Root = name
	}
	return app, found, err
}

// isZIP reports whether the file begins as a ZIP does, or is called one.
func isZIP(name string) bool {
	if strings.EqualFold(filepath.Ext(name), ".zip") {
		return true
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && string(magic[:]) == "PK\x03\x04"
}

// outsideOf reads readmes outside of the app's folder dir.
func outsideOf(dir string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		at := filepath.Join(dir, filepath.FromSlash(name))
		root, err := os.OpenRoot(filepath.Dir(at))
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return (&tree{fsys: root.FS(), links: true}).read(filepath.Base(at))
	}
}

// unreadable returns the finding that nothing can be read as the error.
func unreadable(name string, err error) (*App, source.Diagnostics, error) {
	d := source.Diagnostic{Code: "MAN001", Message: err.Error(), File: name}
	return nil, source.Diagnostics{d}, d
}

func cause(err error) error {
	var where *fs.PathError
	if errors.As(err, &where) {
		err = where.Err
	}
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("no such file or folder")
	}
	return err
}

// loader builds one App.
type loader struct {
	tree     *tree
	name     string                       // of the folder
	outside  func(string) ([]byte, error) // reads a file outside of the folder; may be nil
	app      *App
	found    source.Diagnostics
	files    map[string]*file
	ids      map[Kind]map[string]bool
	owners   map[string]component // of the files that a manifest names
	reported int                  // findings about metadata
	hints    int                  // searches for similar names
	listed   map[string][]string  // names in folders, for hints
}

// file is a file of the app, read once however often it is named.
type file struct {
	source *source.File
	doc    *jsonc.Document // nil until it is read as JSON
}

// load is the whole story: metadata and code of each component, then what only shows
// when all of them are known.
func (l *loader) load(layout Layout, root string) (*App, source.Diagnostics, error) {
	l.app = &App{Layout: layout, Root: root, Version: 1, ManifestVersion: 2}
	l.files, l.listed = map[string]*file{}, map[string][]string{}
	l.ids, l.owners = map[Kind]map[string]bool{}, map[string]component{}
	for _, kind := range Kinds() {
		l.ids[kind] = map[string]bool{}
	}
	var err error
	switch layout {
	case Project:
		err = l.project()
	case Export, Folder:
		l.exported()
	default:
		l.app.Layout = Folder
		l.nothingHere()
	}
	if err == nil && l.tree.over != nil {
		_, found, failed := unreadable(l.name, l.tree.over)
		l.found.Add(found...)
		err = failed
	}
	if err != nil {
		return nil, l.found, err
	}
	l.defaults()
	l.app.index()
	l.references()
	l.found.Sort()
	return l.app, l.found, nil
}

func (l *loader) defaults() {
	a := l.app
	if a.Name == "" {
		a.Name = l.name
	}
	if a.Name == "" || a.Name == "." || a.Name == "/" {
		a.Name = "app"
	}
	if a.Label == "" {
		a.Label = a.Name
	}
}

func (l *loader) nothingHere() {
	hint := "give the folder that holds the app"
	if at := findBelow(&tree{fsys: l.tree.fsys, links: l.tree.links}); at != "" {
		hint = fmt.Sprintf("there is one in %s", at)
	}
	l.found.Add(source.Diagnostic{
		Severity: source.Warning, Code: "MAN001", File: l.name, Hint: hint,
		Message: "no app here: there is no " + manifestName + ", no " + metadataName + " of an export and no component folder with one",
	})
}

// MaxFindings is the number of findings about metadata that are reported.
const MaxFindings = 500

// report adds a finding about metadata.
func (l *loader) report(m Meta, severity source.Severity, code, message, hint string) {
	d := source.Diagnostic{Severity: severity, Code: code, Message: message, Hint: hint}
	switch l.reported++; {
	case l.reported <= MaxFindings:
		l.found.Add(m.Doc.Diagnose(m.Node, d))
	case l.reported == MaxFindings+1:
		l.found.Add(source.Diagnostic{Severity: severity, Code: code, File: l.name, Message: "too many findings; the rest is not shown"})
	}
}

// reportFile adds a finding about a whole file or folder.
func (l *loader) reportFile(name string, severity source.Severity, code, message, hint string) {
	l.report(Meta{Doc: &jsonc.Document{File: source.NewFile(name, nil)}}, severity, code, message, hint)
}
