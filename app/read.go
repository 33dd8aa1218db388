package app

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// newSized returns an empty buffer with room for a file of the given size.
func newSized(size int64) *bytes.Buffer {
	return bytes.NewBuffer(make([]byte, 0, max(size, 0)+bytes.MinRead))
}

// open returns the file with a clean name inside the app's folder.
func (l *loader) open(name string) (*file, error) {
	if f, ok := l.files[name]; ok {
		return f, nil
	}
	content, err := l.tree.read(name)
	if err != nil {
		return nil, err
	}
	f := &file{source: source.NewFile(name, content)}
	l.files[name] = f
	return f, nil
}

// parse returns the tree of f; its findings are reported once.
func (l *loader) parse(f *file) *jsonc.Document {
	if f.doc == nil {
		doc, found := jsonc.Parse(f.source)
		f.doc = doc
		if f.source.Concealed() {
			for i := range found {
				found[i].Pointer = "" // what is no name may be taken for one
			}
		}
		l.found.Add(found...)
	}
	return f.doc
}

// named opens the file that the manifest names at m. What is wrong with the path is
// reported, and the result is then nil.
func (l *loader) named(m Meta, s Section) *file {
	name := m.Node.Text
	if strings.Contains(name, `\`) {
		l.report(m, source.Warning, "MAN002", "back slash in a path", "separate folders by /")
		name = strings.ReplaceAll(name, `\`, "/")
	}
	if name == "" {
		l.report(m, source.Error, "MAN007", "the path is empty", "write null when there is no file")
		return nil
	}
	name = path.Clean(name)
	if leaves(name) {
		return l.climbing(m, s, name)
	}
	f, err := l.open(name)
	switch {
	case err == nil:
		return f
	case errors.Is(err, errLink):
		l.report(m, source.Error, "MAN009", quote(name)+" is "+err.Error(), "put the file into the app's folder")
	case errors.Is(err, fs.ErrNotExist):
		l.report(m, source.Error, "MAN007", "the file "+quote(name)+" does not exist", l.similar(name))
	case l.tree.over == nil:
		l.report(m, source.Error, "MAN007", "the file "+quote(name)+" cannot be read: "+err.Error(), "")
	}
	return nil
}

// climbing deals with a path that leaves the app's folder. Only a readme is read there.
func (l *loader) climbing(m Meta, s Section, name string) *file {
	readme := s.Name == "readme" && strings.EqualFold(path.Ext(name), ".md") && !path.IsAbs(name)
	if readme && l.outside != nil {
		if content, err := l.outside(name); err == nil {
			l.report(m, source.Warning, "MAN009", "the path leaves the app's folder", "an export or a deploy from elsewhere will miss the file")
			return &file{source: source.NewFile(name, content)}
		}
	}
	l.report(m, source.Error, "MAN009", "the path leaves the app's folder", "put the file into the app's folder")
	return nil
}

// similar returns a hint with the name of the file that was perhaps meant.
func (l *loader) similar(name string) string {
	dir := path.Dir(name)
	names, ok := l.listed[dir]
	if !ok {
		entries, _ := fs.ReadDir(l.tree.fsys, dir)
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		l.listed[dir] = names
	}
	return l.didYouMean(path.Base(name), names)
}

// place puts the file f into the section s of owner.
func (l *loader) place(kind Kind, owner component, s Section, f *file) {
	switch o := owner.(type) {
	case *App:
		if s.Name == "readme" {
			o.Readme = f.source.Text()
			return
		}
	case *Function:
		if s.Name == "code" {
			o.Code = f.source
		} else {
			o.Test = f.source
		}
		return
	case *Endpoint:
		if s.Name == "context" {
			o.Context = f.source
			return
		}
	}
	if s.Name == "common" { // docs: common data hold secrets, such as a client's
		f.source.Conceal()
	}
	code := &Code{Name: s.Name, Kind: kind, Owner: owner.id(), File: f.source, Doc: l.parse(f)}
	*owner.section(s.Name) = code
	if root := code.Root(); !s.Shape.fits(root) {
		l.report(Meta{code.Doc, root}, source.Error, "FMT004",
			fmt.Sprintf("%s must be %s, but is %s", s.Name, s.Shape, article(root.Kind.String())), "")
	}
}

func article(word string) string {
	if strings.ContainsAny(word[:1], "aeio") {
		return "an " + word
	}
	return "a " + word
}

func quote(text string) string { return `"` + text + `"` }
