package server

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cleat-run/cleat/record"
)

// watchEvery is how often the folder of apps is looked at.
const watchEvery = time.Second

// WatchApps uploads each app in a folder, and again when it changes, to the first team,
// until ctx ends. An app is a folder or a ZIP; it is for development. What the team has had
// as a version already is left alone when it is seen for the first time: of several nodes
// with such a folder one uploads what is new, and one that starts with an older copy, or
// after somebody has activated another version, changes nothing.
func (i *Instance) WatchApps(ctx context.Context, dir string) {
	seen := map[string]string{}
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		entries, err := os.ReadDir(dir)
		if err != nil {
			i.Log.Error("the folder of apps cannot be read", "error", err)
		}
		for _, e := range entries {
			if strings.HasPrefix(e.Name(), ".") || !e.IsDir() && !strings.EqualFold(filepath.Ext(e.Name()), ".zip") {
				continue
			}
			path := filepath.Join(dir, e.Name())
			if stamp := stampOf(path); stamp != seen[path] {
				i.uploadFrom(ctx, path, seen[path] != "")
				seen[path] = stamp
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// stampOf changes when a file below path does.
func stampOf(path string) string {
	sum := sha256.New()
	_ = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil || skipped(d) {
			return skip(d, err)
		}
		if info, err := d.Info(); err == nil && !d.IsDir() {
			fmt.Fprintln(sum, name, info.Size(), info.ModTime().UnixNano())
		}
		return nil
	})
	return string(sum.Sum(nil))
}

func skipped(d fs.DirEntry) bool {
	return d.IsDir() && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && len(d.Name()) > 1)
}

func skip(d fs.DirEntry, err error) error {
	if err == nil && d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// uploadFrom uploads the app at path, which has changed or is seen for the first time.
func (i *Instance) uploadFrom(ctx context.Context, path string, changed bool) {
	archive, err := archiveFrom(path)
	kept := false
	if err == nil {
		kept, err = i.keepApp(ctx, archive, strings.TrimSuffix(filepath.Base(path), ".zip"), changed)
	}
	switch {
	case err != nil:
		i.Log.Warn("an app is not loaded", "path", path, "error", err)
	case kept:
		i.Log.Info("an app is loaded", "path", path)
	default:
		i.Log.Info("an app is there already", "path", path)
	}
}

// keepApp makes an archive the version that runs, unless it has not changed and is known.
func (i *Instance) keepApp(ctx context.Context, archive []byte, name string, changed bool) (kept bool, err error) {
	loaded, err := readApp(archive, name)
	if err != nil {
		return false, err
	}
	if !changed {
		if known, err := i.knownApp(ctx, loaded.Name, archive); known || err != nil {
			return false, err
		}
	}
	found := findings(loaded)
	a := &record.App{Name: loaded.Name, Label: loaded.Label}
	v := &record.Version{Declared: fmt.Sprint(loaded.Version), Errors: len(found.Errors())}
	if err := i.records.OfTeam(1).InsertVersion(ctx, a, v, archive, true); err != nil {
		return false, err
	}
	i.Node.Catalog.Forget(1, a.Name)
	return true, nil
}

// knownApp reports whether an archive is a version of an app already, active or not.
func (i *Instance) knownApp(ctx context.Context, name string, archive []byte) (bool, error) {
	records := i.records.OfTeam(1)
	a, err := records.AppNamed(ctx, name)
	if errors.Is(err, record.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	versions, err := records.Versions(ctx, a.ID)
	sum := sha256.Sum256(archive)
	digest := hex.EncodeToString(sum[:])
	return slices.ContainsFunc(versions, func(v *record.Version) bool { return v.Digest == digest }), err
}

// archiveFrom reads a ZIP, or packs a folder.
func archiveFrom(path string) ([]byte, error) {
	if strings.EqualFold(filepath.Ext(path), ".zip") {
		return os.ReadFile(path)
	}
	root, err := os.OpenRoot(path) // links do not lead out of it
	if err != nil {
		return nil, err
	}
	defer root.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || skipped(d) {
			return skip(d, err)
		}
		if d.IsDir() || !d.Type().IsRegular() {
			return nil
		}
		content, err := fs.ReadFile(root.FS(), name)
		if err != nil {
			return err
		}
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write(content)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
