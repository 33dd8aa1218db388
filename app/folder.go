package app

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// exported loads the layout of exports, packed or not: a folder for each component with
// its metadata and code.
func (l *loader) exported() {
	l.appMetadata()
	names := l.names(".")
	for _, s := range Sections(General) {
		for _, name := range names {
			if stem, extension := sectionStem(strings.Replace(name, "README", "readme", 1)); stem == s.Name && s.Shape.in(extension) {
				l.exportedCode(General, l.app, s, name)
				break
			}
		}
	}
	for _, kind := range Kinds() {
		for _, folder := range folderNames[kind] {
			for _, entry := range l.tree.list(folder) {
				if !strings.HasPrefix(entry.Name(), ".") {
					l.exportedComponent(kind, path.Join(folder, entry.Name()))
				}
			}
		}
	}
}

// appMetadata reads metadata.json of the app, or general.json, which stands in its place
// in trees that were made by hand. There may be none.
func (l *loader) appMetadata() {
	m, ok := l.metadata(metadataName)
	if !ok {
		if m, ok = l.metadata("general.json"); !ok {
			return
		}
	}
	f := fields{m, l}
	a := l.app
	a.Meta = m
	a.Name, a.Label, a.Description = f.text("name"), f.text("label"), f.text("description")
	a.Version, a.ManifestVersion = f.number("version", 1), f.number("manifestVersion", 2)
	a.Theme, a.Language, a.Audience = f.text("theme"), f.text("language"), f.text("audience")
	a.Countries = f.texts("countries")
}

// metadata reads a metadata.json and whether there is one. What is no object or cannot be
// read is reported and gives no node.
func (l *loader) metadata(name string) (Meta, bool) {
	f, err := l.open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Meta{}, false
	case err != nil:
		l.reportFile(name, source.Error, "MAN007", "the file cannot be read: "+err.Error(), "")
		return Meta{}, true
	}
	doc := l.parse(f)
	switch root := doc.Root; {
	case root == nil:
		l.reportFile(name, source.Error, "MAN002", "the metadata are empty", "")
	case !root.Is(jsonc.Object):
		l.report(Meta{doc, root}, source.Error, "MAN002", "the metadata must be an object, but are "+article(root.Kind.String()), "")
	default:
		return Meta{doc, root}, true
	}
	return Meta{Doc: doc}, true
}

// exportedComponent loads the component in a folder.
func (l *loader) exportedComponent(kind Kind, folder string) {
	names := l.names(folder)
	if len(names) == 0 {
		return
	}
	id, m, ok := l.identify(kind, folder)
	if !ok || l.repeated(kind, id, m) {
		return
	}
	if kind != ConnectionKind && kind != WebhookKind {
		l.checkID(kind, id, fields{m, l}.first("name"))
	}
	c := l.component(kind, id, m)
	l.exportedSections(kind, c, folder, names)
}

// identify returns the id and the metadata of the component in a folder, and whether it
// can be loaded.
func (l *loader) identify(kind Kind, folder string) (id string, m Meta, ok bool) {
	if kind == FunctionKind {
		id, m = l.identifyFunction(folder)
		return id, m, true
	}
	m, ok = l.metadata(path.Join(folder, metadataName))
	if !ok {
		l.reportFile(folder, source.Error, "MAN007", "the "+string(kind)+" has no "+metadataName+" and is left out", "")
		return "", m, false
	}
	if id = (fields{m, l}).text("name"); id == "" {
		id = path.Base(folder)
	}
	return id, m, m.Node != nil
}

// identifyFunction returns the id of the function in a folder: it has no metadata, and is
// called as the function that its code declares.
func (l *loader) identifyFunction(folder string) (id string, m Meta) {
	f, err := l.open(path.Join(folder, "code.js"))
	if err != nil {
		l.reportFile(folder, source.Error, "MAN007", "the function has no code.js", "")
		return path.Base(folder), Meta{Doc: &jsonc.Document{File: source.NewFile(folder, nil)}}
	}
	if id = functionName(f.source.Text()); id == "" {
		id = path.Base(folder)
	}
	return id, Meta{Doc: &jsonc.Document{File: f.source}}
}

// exportedSections places the files of a component by their names.
func (l *loader) exportedSections(kind Kind, c component, folder string, names []string) {
	done := map[string]bool{}
	for _, name := range names {
		stem, extension := sectionStem(name)
		if m, ok := c.(*Module); ok && stem == "publish" && m.Type == Responder {
			stem = "api" // the section's name in old apps
		}
		s, ok := sectionNamed(kind, stem)
		switch {
		case name == metadataName, stem == "", !ok && extension == ".md":
		case !ok, !s.Shape.in(extension):
			l.reportFile(path.Join(folder, name), source.Warning, "MAN008",
				article(string(kind))+" has no section "+quote(stem), l.didYouMean(stem, sectionNames(kind)))
		case done[s.Name]:
			l.reportFile(path.Join(folder, name), source.Warning, "MAN008", "there is another file for "+s.Name, "this one is ignored")
		default:
			done[s.Name] = true
			l.exportedCode(kind, c, s, path.Join(folder, name))
		}
	}
}

func (l *loader) exportedCode(kind Kind, owner component, s Section, name string) {
	f, err := l.open(name)
	switch {
	case err == nil:
		l.place(kind, owner, s, f)
	default:
		l.reportFile(name, source.Error, "MAN007", "the file cannot be read: "+err.Error(), "")
	}
}

// names returns the names of the files in a folder.
func (l *loader) names(folder string) []string {
	var names []string
	for _, entry := range l.tree.list(folder) {
		if !entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names
}

// extensions are those that code of an app has.
var extensions = []string{".iml.jsonc", ".iml.json", ".imljson", ".jsonc", ".json", ".js", ".md"}

// sectionStem returns the API name of the section that a file holds by its name, and its
// extension; "" when the name is not that of code. Endpoints have their sections in snake
// case.
func sectionStem(name string) (stem, extension string) {
	for _, extension := range extensions {
		if stem, ok := strings.CutSuffix(name, extension); ok {
			return camel(stem), extension
		}
	}
	return "", ""
}

// in reports whether a section of this shape is kept in files with the extension.
func (s Shape) in(extension string) bool {
	switch s {
	case Script:
		return extension == ".js"
	case Markdown:
		return extension == ".md"
	}
	return extension != ".js" && extension != ".md"
}

// camel turns snake_case and kebab-case into camelCase.
func camel(name string) string {
	var b strings.Builder
	up := false
	for _, r := range name {
		switch {
		case r == '_' || r == '-':
			up = b.Len() > 0
		case up:
			b.WriteString(strings.ToUpper(string(r)))
			up = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func sectionNamed(kind Kind, name string) (Section, bool) {
	for _, s := range Sections(kind) {
		if s.Name == name {
			return s, true
		}
	}
	return Section{}, false
}

func sectionNames(kind Kind) []string {
	var names []string
	for _, s := range Sections(kind) {
		names = append(names, s.Name)
	}
	return names
}
