package cli

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
)

func newRestore(f *factory) *cobra.Command {
	o := &serveOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "restore <file>",
		Short: "Put back what cleat backup has written",
		Long: `Put what cleat backup has written into an empty CLEAT_HOME, in which only the keyset and
cleat.yaml may lie already. Put the keyset there first: it is tried, and without the right
one nothing is put back.

Work that waited when the backup was made is done again if it was done since: receivers
get such bundles twice, with the same webhook-id.`,
		Example: "  mkdir fresh; cp $CLEAT_HOME/keyset.json fresh; CLEAT_HOME=fresh cleat restore friday.backup",
		Args:    arguments("<file>"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runRestore(cmd.Context(), o, args[0]) },
	}
	o.place(cmd)
	return cmd
}

func runRestore(ctx context.Context, o *serveOptions, file string) error {
	records, queue, err := o.places()
	if err != nil {
		return err
	}
	if err := empty(records, queue); err != nil {
		return err
	}
	if err := os.MkdirAll(records.Dir, 0o700); err != nil {
		return err
	}
	// What is put back is complete and tried before it stands in its place.
	dir, err := os.MkdirTemp(records.Dir, "restore-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := extract(file, dir); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if err := try(ctx, records, dir); err != nil {
		return err
	}
	if err := settle(dir, records, queue); err != nil {
		return err
	}
	if o.json {
		return writeJSON(o.std.Out, map[string]string{"home": records.Dir})
	}
	fmt.Fprintf(o.std.Err, "%s is put back into %s; cleat serve can start\n", file, records.Dir)
	return nil
}

// empty refuses to put anything over what is there.
func empty(records store.Options, queue bus.Options) error {
	for _, path := range []string{filepath.Join(records.Dir, backupDatabase), queue.Dir} {
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			return &hintedError{fmt.Errorf("%s is there already", path), "restore into an empty CLEAT_HOME"}
		}
	}
	return nil
}

// extract unpacks a backup. Names lead nowhere but into the folder, and there are only
// files and folders.
func extract(file, dir string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		return errors.New("it is no backup of cleat")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	archive := tar.NewReader(zipped)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("it is damaged: %w", err)
		}
		if err := unpack(root, header, archive); err != nil {
			return err
		}
	}
	// What follows the archive is the checksum.
	if _, err := io.Copy(io.Discard, zipped); err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	if info, err := root.Stat(backupDatabase); err != nil || info.Size() == 0 {
		return errors.New("it is no backup of cleat: there is no database in it")
	}
	return nil
}

func unpack(root *os.Root, header *tar.Header, content io.Reader) error {
	name := strings.TrimSuffix(header.Name, "/")
	switch {
	case name == ".":
		return nil
	case name != backupDatabase && name != backupWork && !strings.HasPrefix(name, backupWork+"/"):
		return fmt.Errorf("it is no backup of cleat: it holds %q", cut(name))
	case header.Typeflag == tar.TypeDir:
		return root.MkdirAll(filepath.FromSlash(name), 0o700)
	case header.Typeflag != tar.TypeReg:
		return fmt.Errorf("%q is no file", cut(name))
	}
	f, err := root.OpenFile(filepath.FromSlash(name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = io.Copy(f, content); err != nil {
		err = fmt.Errorf("it is damaged: %w", err)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

func cut(name string) string { return name[:min(len(name), 100)] }

// try opens the unpacked database with the keyset that the server will use.
func try(ctx context.Context, records store.Options, dir string) error {
	const hint = "put the keyset of the server that was backed up into CLEAT_HOME, or name it with CLEAT_KEYSET"
	if records.Keyset == nil {
		var err error
		if records.Keyset, err = os.ReadFile(filepath.Join(records.Dir, "keyset.json")); err != nil {
			return &hintedError{fmt.Errorf("keyset.json is missing: %w", err), hint}
		}
	}
	records.Dir = dir
	s, err := store.Open(ctx, records)
	if errors.Is(err, store.ErrKeyset) {
		return &hintedError{err, hint}
	}
	if err != nil {
		return err
	}
	return s.Close()
}

// settle moves what is unpacked to its place; the database last, for it is what makes a
// home one that is in use.
func settle(dir string, records store.Options, queue bus.Options) error {
	work := filepath.Join(dir, backupWork)
	if _, err := os.Lstat(work); err == nil {
		if err := os.MkdirAll(filepath.Dir(queue.Dir), 0o700); err != nil {
			return err
		}
		if err := os.Rename(work, queue.Dir); err != nil {
			return err
		}
	}
	return os.Rename(filepath.Join(dir, backupDatabase), filepath.Join(records.Dir, backupDatabase))
}
