package scaffold

import (
	"embed"
	"path"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/examples"
)

//go:embed templates
var templates embed.FS

// file is a file to be made, and what the manifest calls it.
type file struct {
	key, path string
	content   []byte
}

// files returns the code files of c, in the order of the manifest.
func (c Component) files() ([]file, error) {
	if c.Provider != "" {
		return c.fromGallery()
	}
	var list []file
	for _, s := range app.Sections(c.Kind) {
		if c.has(s) {
			list = append(list, file{s.Key, c.fileOf(s), c.content(s)})
		}
	}
	return list, nil
}

// content is what a file holds at first: the template of the type, that of the kind, or
// what means empty.
func (c Component) content(s app.Section) []byte {
	for _, folder := range []string{path.Join(string(c.Kind), c.Type), string(c.Kind)} {
		if text, err := templates.ReadFile(path.Join("templates", folder, s.Key+".txt")); err == nil {
			return []byte(strings.ReplaceAll(string(text), "FUNCTION", c.ID))
		}
	}
	return empty(s.Shape)
}

// empty is the content of a section that holds nothing.
func empty(s app.Shape) []byte {
	switch s {
	case app.Form, app.List:
		return []byte("[]\n")
	case app.Script:
		return nil
	}
	return []byte("{}\n")
}

// fromGallery returns the files of the provider's connection.
func (c Component) fromGallery() ([]file, error) {
	gallery, err := galleryApp(c.Provider)
	if err != nil {
		return nil, err
	}
	written := map[string][]byte{} // by the section's API name
	for _, code := range gallery.Codes() {
		if code.Kind == app.ConnectionKind {
			written[code.Name] = []byte(code.File.Text())
		}
	}
	var list []file
	for _, s := range app.Sections(c.Kind) {
		if content, ok := written[s.Name]; ok {
			list = append(list, file{s.Key, c.fileOf(s), content})
		} else if c.has(s) {
			list = append(list, file{s.Key, c.fileOf(s), empty(s.Shape)})
		}
	}
	return list, nil
}

// galleryApp is the app of a provider: one connection, and a module for any request.
func galleryApp(provider string) (*app.App, error) {
	if !slices.Contains(Providers(), provider) {
		return nil, invalid("there are "+strings.Join(Providers(), ", "), "the gallery has no provider %q", provider)
	}
	gallery, found, err := app.LoadFS(examples.Providers(), provider)
	if err == nil {
		err = found.Err()
	}
	return gallery, err
}
