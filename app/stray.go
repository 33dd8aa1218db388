package app

import (
	"path"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/source"
)

// own notes that the manifest names a file for a component; nobody owns a shared one.
func (l *loader) own(name string, c component) {
	if other, ok := l.owners[name]; ok && other != c {
		c = nil
	}
	l.owners[name] = c
}

// strays reports code files in the folders of components that the manifest does not name.
// A folder belongs to a component when all files named in it are of that component.
func (l *loader) strays() {
	folders := map[string]component{}
	for name, owner := range l.owners {
		dir := path.Dir(name)
		if other, ok := folders[dir]; ok && other != owner {
			owner = nil
		}
		folders[dir] = owner
	}
	var dirs []string
	for dir, owner := range folders {
		if _, general := owner.(*App); owner != nil && !general && dir != "." {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		for _, entry := range l.tree.list(dir) {
			name := path.Join(dir, entry.Name())
			stem, extension := sectionStem(entry.Name())
			if _, named := l.owners[name]; !named && stem != "" && extension != ".md" && entry.Name() != metadataName && !entry.IsDir() && !isTest(entry.Name()) {
				l.reportFile(name, source.Warning, "MAN008", "the manifest does not name this file", "")
			}
		}
	}
}

// isTest reports whether a file holds tests of components: the manifest names none of
// them (components.md 11.2).
func isTest(name string) bool {
	return strings.HasSuffix(name, ".test.json") || strings.HasSuffix(name, ".test.js")
}
