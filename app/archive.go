package app

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/cleat-run/cleat/source"
)

// LoadZIP reads an app from a ZIP: an export, or the files of a project. Entries whose
// names leave the archive and links are refused one by one; an archive beyond the limits
// is refused as a whole.
func LoadZIP(r io.ReaderAt, size int64) (*App, source.Diagnostics, error) {
	return loadArchive(r, size, "archive")
}

// loadArchive is LoadZIP for an archive with a path.
func loadArchive(r io.ReaderAt, size int64, name string) (*App, source.Diagnostics, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return unreadable(name, fmt.Errorf("no ZIP archive: %w", err))
	}
	refused, err := vet(archive)
	if err != nil {
		return unreadable(name, err)
	}
	dir, layout := ".", layoutOf(archive, "")
	if layout == "" {
		if dir = findBelow(&tree{fsys: archive, links: true}); dir == "" {
			dir = "."
		} else if layout = Export; hasManifest(archive, dir) {
			layout = Project
		}
	} else if layout == Folder {
		layout = Export
	}
	sub, err := fs.Sub(archive, dir)
	if err != nil {
		return unreadable(name, err)
	}
	l := &loader{tree: &tree{fsys: sub, links: true}, name: path.Base(dir), found: refused}
	if dir == "." {
		l.name = strings.TrimSuffix(path.Base(filepath.ToSlash(name)), ".zip")
	}
	return l.load(layout, "")
}

func hasManifest(fsys fs.FS, dir string) bool {
	info, err := fs.Stat(fsys, path.Join(dir, manifestName))
	return err == nil && !info.IsDir()
}

// vet takes hostile entries out of the archive and reports them. What is beyond the
// limits by its own account is the error; what lies about it is found while inflating.
func vet(archive *zip.Reader) (source.Diagnostics, error) {
	if len(archive.File) > MaxEntries {
		return nil, fmt.Errorf("the archive has more than %d entries", MaxEntries)
	}
	var found source.Diagnostics
	var total uint64
	seen := map[string]bool{}
	kept := archive.File[:0]
	for _, f := range archive.File {
		if total += min(f.UncompressedSize64, MaxTotal+1); total > MaxTotal {
			return nil, fmt.Errorf("the archive is longer than %d MiB when unpacked", MaxTotal>>20)
		}
		why := hostile(f)
		if name := strings.TrimSuffix(f.Name, "/"); why == "" && seen[name] {
			why = "a second entry with the same name"
		} else if why == "" {
			seen[name] = true
		}
		if why == "" {
			kept = append(kept, f)
			continue
		}
		found.Add(source.Diagnostic{Code: "MAN009", File: f.Name, Message: "entry of the archive refused: " + why})
	}
	archive.File = kept
	return found, nil
}

// hostile tells why an entry is refused, "" when it is not.
func hostile(f *zip.File) string {
	name := strings.TrimSuffix(f.Name, "/")
	switch mode := f.Mode(); {
	case strings.Contains(name, `\`):
		return "a back slash in its name"
	case leaves(name), !fs.ValidPath(name):
		return "its name leaves the archive"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	case !mode.IsDir() && !mode.IsRegular():
		return "no regular file"
	}
	return ""
}
