package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cleat-run/cleat/engine"
)

// keepFiles lets large binary answers be written to the folder of --files.
func (o *runOptions) keepFiles(e *engine.Options) error {
	if o.files == "" {
		return nil
	}
	if err := os.MkdirAll(o.files, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(o.files)
	e.Files = folder{root, o.files}
	return err
}

// folder is where answers are written to. It stays open until the program ends.
type folder struct {
	root *os.Root
	path string
}

// maxNamesakes is how many answers of one name fit into a folder.
const maxNamesakes = 10_000

// Create reserves a name that nobody has, such as a-2.pdf, and writes to a file beside it
// until the answer is complete. Nothing outside the folder is reached.
func (dir folder) Create(name string) (engine.File, error) {
	extension := filepath.Ext(name)
	for n := 1; n <= maxNamesakes; n++ {
		free := name
		if n > 1 {
			free = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, extension), n, extension)
		}
		reserved, err := dir.root.OpenFile(free, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		reserved.Close()
		part, err := dir.root.OpenFile(free+".part", os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, errors.Join(err, dir.root.Remove(free))
		}
		return &download{part, dir, free}, nil
	}
	return nil, fmt.Errorf("there are %d files called %s already", maxNamesakes, name)
}

// download is an answer on its way to a file.
type download struct {
	*os.File
	dir  folder
	name string
}

// Name returns where the file is when it is complete.
func (d *download) Name() string { return filepath.Join(d.dir.path, d.name) }

// Close puts the complete file into its place.
func (d *download) Close() error {
	err := d.File.Close()
	if err == nil {
		err = d.dir.root.Rename(d.name+".part", d.name)
	}
	return err
}

// Remove takes away the file, complete or not.
func (d *download) Remove() error {
	d.File.Close() // closed already when the file is complete
	err := d.dir.root.Remove(d.name + ".part")
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, d.dir.root.Remove(d.name))
}
