package scaffold

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
)

// Add makes a component of the app whose makecomapp.json is in dir, and returns the paths
// of the files that it made, the manifest last. A component that cannot be made as it is
// described is an [*InvalidError]; an id or a file that exists is an error of
// [fs.ErrExist].
func Add(dir string, c Component) ([]string, error) {
	manifest, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	definition, _, err := app.Load(filepath.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	if err := c.complete(definition); err != nil {
		return nil, err
	}
	files, err := c.files()
	if err != nil {
		return nil, err
	}
	changed, err := withEntry(manifest, c.Kind, c.ID, c.entry(files))
	if err != nil {
		return nil, err
	}
	made, err := write(dir, files)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, manifestName)
	return append(made, path), replace(path, changed)
}

// complete fills in what follows from the rest, and checks c against the app.
func (c *Component) complete(a *app.App) error {
	if err := c.take(); err != nil {
		return err
	}
	if known := types(c.Kind); known != nil && !slices.Contains(known, c.Type) {
		return invalid("there are "+strings.Join(known, ", "), "a %s has no type %q", c.Kind, c.Type)
	}
	if !app.ValidID(c.Kind, c.ID) {
		return invalid("use at least three letters and digits, a letter first", "%q cannot be the id of a %s", c.ID, c.Kind)
	}
	if slices.Contains(a.IDs(c.Kind), c.ID) {
		return &fs.PathError{Op: "add " + string(c.Kind), Path: c.ID, Err: fs.ErrExist}
	}
	if c.Type == string(app.InstantTrigger) && c.Webhook == "" {
		return invalid("make one with cleat new webhook, and name it with --webhook", "an instant trigger needs a webhook")
	}
	if err := known(a, app.ConnectionKind, c.Connection); err != nil {
		return err
	}
	return known(a, app.WebhookKind, c.Webhook)
}

// take fills in what the gallery knows of a provider.
func (c *Component) take() error {
	if c.Provider == "" {
		return nil
	}
	gallery, err := galleryApp(c.Provider)
	if err != nil {
		return err
	}
	theirs := gallery.Connections[0]
	scheme := map[app.Scheme]string{app.OAuth1: "oauth-1", app.Basic: "basic"}[theirs.Kind()]
	if c.Type != "" && c.Type != scheme {
		return invalid("use the type "+scheme, "the connection to %s is of type %s", theirs.Label, scheme)
	}
	c.Type = scheme
	if c.Label == "" {
		c.Label = theirs.Label
	}
	if c.ID == "" {
		c.ID = theirs.ID
	}
	return nil
}

// known checks that a reference leads to a component.
func known(a *app.App, kind app.Kind, id string) error {
	ids := a.IDs(kind)
	if id == "" || slices.Contains(ids, id) {
		return nil
	}
	hint := "the app has none"
	if len(ids) > 0 {
		hint = "there are " + strings.Join(ids, ", ")
	}
	return invalid(hint, "the app has no %s %q", kind, id)
}

// write makes the files; when one of them exists, none is left behind.
func write(dir string, files []file) (made []string, err error) {
	defer func() {
		if err != nil {
			for _, path := range made {
				err = errors.Join(err, os.Remove(path))
			}
			made = nil
		}
	}()
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return made, err
		}
		if err := create(path, f.content); err != nil {
			return made, err
		}
		made = append(made, path)
	}
	return made, nil
}

// create writes a file that must not exist.
func create(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Close())
}

// replace puts content in the place of the file at path, at once.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), manifestName+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if info, wrong := os.Stat(path); wrong == nil && err == nil {
		err = os.Chmod(f.Name(), info.Mode())
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
