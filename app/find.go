package app

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// The names that tell where an app is.
const (
	manifestName = "makecomapp.json"
	metadataName = "metadata.json"
	markerName   = ".sdk"
)

// folderNames are the folders of the components in an export: version 2 has the plural,
// version 1 the singular.
var folderNames = map[Kind][]string{
	ConnectionKind: {"connections", "connection"},
	WebhookKind:    {"webhooks", "webhook"},
	ModuleKind:     {"modules", "module"},
	RPCKind:        {"rpcs", "rpc"},
	FunctionKind:   {"functions", "function"},
	EndpointKind:   {"endpoints", "endpoint"},
}

// findUpwards returns the nearest folder from dir upwards that holds an app, and its
// layout: that of dir, "", when there is none.
func findUpwards(dir string) (string, Layout) {
	for at := dir; ; at = filepath.Dir(at) {
		if layout := layoutOf(os.DirFS(at), filepath.Base(filepath.Dir(at))); layout != "" {
			return at, layout
		}
		if at == filepath.Dir(at) {
			return dir, ""
		}
	}
}

// findUpwardsFS is findUpwards for a file system.
func findUpwardsFS(fsys fs.FS, dir string) (string, Layout) {
	for at := dir; ; at = path.Dir(at) {
		if sub, err := fs.Sub(fsys, at); err == nil {
			if layout := layoutOf(sub, path.Base(path.Dir(at))); layout != "" {
				return at, layout
			}
		}
		if at == "." || at == path.Dir(at) {
			return dir, ""
		}
	}
}

// layoutOf tells whether the folder fsys holds an app. Parent is the name of the folder
// around it: a metadata.json below modules is that of a module.
func layoutOf(fsys fs.FS, parent string) Layout {
	has := func(name string) bool {
		info, err := fs.Stat(fsys, name)
		return err == nil && !info.IsDir()
	}
	switch {
	case has(manifestName):
		return Project
	case has(markerName) && has(metadataName), has(metadataName) && !isComponentFolder(parent), hasComponents(fsys):
		return Folder
	}
	return ""
}

func isComponentFolder(name string) bool {
	for _, names := range folderNames {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

// hasComponents reports whether a component folder holds one with metadata, or a function.
func hasComponents(fsys fs.FS) bool {
	for kind, names := range folderNames {
		proof := metadataName
		if kind == FunctionKind {
			proof = "code.js"
		}
		for _, name := range names {
			entries, _ := fs.ReadDir(fsys, name)
			for _, entry := range entries {
				if info, err := fs.Stat(fsys, path.Join(name, entry.Name(), proof)); err == nil && !info.IsDir() {
					return true
				}
			}
		}
	}
	return false
}

// searchDepth bounds the search for an app below a folder.
const searchDepth = 4

// findBelow returns the first folder below the root of t that holds an app, nearer ones
// first, or "". Hidden folders and installed packages are passed over.
func findBelow(t *tree) string {
	level := []string{"."}
	for range searchDepth {
		var next []string
		for _, dir := range level {
			for _, entry := range t.list(dir) {
				name := entry.Name()
				if !entry.IsDir() || strings.HasPrefix(name, ".") || name == "node_modules" || name == "__MACOSX" {
					continue
				}
				at := path.Join(dir, name)
				if sub, err := fs.Sub(t.fsys, at); err == nil && layoutOf(sub, path.Base(dir)) != "" {
					return at
				}
				next = append(next, at)
			}
		}
		level = next
	}
	return ""
}
