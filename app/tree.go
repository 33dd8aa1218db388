package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// The limits of what is read of an app.
const (
	MaxEntries = 5000
	MaxFile    = 8 << 20
	MaxTotal   = 64 << 20
)

// tree reads the files of an app within the limits. Names are relative to the app's
// folder, with forward slashes.
type tree struct {
	fsys    fs.FS
	links   bool // follow links: fsys itself keeps them inside
	listed  int  // entries of folders
	opened  int  // files
	bytes   int64
	over    error // the limit that was exceeded
	checked map[string]error
}

var (
	errLink    = errors.New("a link that leaves the app's folder, or any link where links are not followed")
	errSpecial = errors.New("no regular file")
	errBig     = fmt.Errorf("longer than %d MiB", MaxFile>>20)
)

// read returns the content of a regular file.
func (t *tree) read(name string) ([]byte, error) {
	if err := t.check(name); err != nil {
		return nil, err
	}
	info, err := fs.Stat(t.fsys, name)
	switch {
	case err != nil:
		return nil, t.reason(name, err)
	case !info.Mode().IsRegular():
		return nil, errSpecial
	case info.Size() > MaxFile:
		return nil, errBig
	}
	f, err := t.fsys.Open(name)
	if err != nil {
		return nil, t.reason(name, err)
	}
	defer f.Close()
	return t.inflate(f, info.Size())
}

// inflate reads f and counts what comes out, whatever size was promised.
func (t *tree) inflate(f io.Reader, promised int64) ([]byte, error) {
	if err := t.count(&t.opened, 1); err != nil {
		return nil, err
	}
	left := MaxTotal - t.bytes
	buffer := newSized(min(promised, left))
	n, err := buffer.ReadFrom(io.LimitReader(f, min(MaxFile, left)+1))
	t.bytes += n
	switch {
	case n > left:
		t.over = fmt.Errorf("the app is longer than %d MiB", MaxTotal>>20)
		return nil, t.over
	case n > MaxFile:
		return nil, errBig
	case err != nil:
		return nil, err
	}
	return buffer.Bytes(), nil
}

// list returns the entries of a folder in order, and nothing when there is none.
func (t *tree) list(dir string) []fs.DirEntry {
	if t.check(dir) != nil {
		return nil
	}
	entries, err := fs.ReadDir(t.fsys, dir)
	if err != nil || t.count(&t.listed, len(entries)) != nil {
		return nil
	}
	return entries
}

func (t *tree) count(counter *int, n int) error {
	if *counter += n; *counter > MaxEntries && t.over == nil {
		t.over = fmt.Errorf("the app has more than %d files", MaxEntries)
	}
	return t.over
}

// check refuses links on the way to name where the file system would follow them anywhere.
func (t *tree) check(name string) error {
	if t.links || name == "." {
		return nil
	}
	if err, ok := t.checked[name]; ok {
		return err
	}
	err := t.check(path.Dir(name))
	if err == nil {
		if info, failed := fs.Lstat(t.fsys, name); failed == nil && info.Mode()&fs.ModeSymlink != 0 {
			err = errLink
		}
	}
	if t.checked == nil {
		t.checked = map[string]error{}
	}
	t.checked[name] = err
	return err
}

// reason tells links that were not followed from other failures to open name.
func (t *tree) reason(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fs.ErrNotExist
	}
	for at := name; at != "."; at = path.Dir(at) {
		if info, failed := fs.Lstat(t.fsys, at); failed == nil && info.Mode()&fs.ModeSymlink != 0 {
			return errLink
		}
	}
	var where *fs.PathError
	if errors.As(err, &where) {
		return where.Err
	}
	return err
}

// leaves reports whether the cleaned name lies outside of the folder it is relative to.
func leaves(name string) bool {
	return path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") || len(name) > 1 && name[1] == ':'
}
