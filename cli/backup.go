package cli

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/store"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// What is in a backup: a tar archive, compressed with gzip.
const (
	backupDatabase = "cleat.db"
	backupWork     = "work" // the folder of the embedded bus
)

type backupOptions struct {
	serveOptions
	recordsOnly bool
}

func newBackup(f *factory) *cobra.Command {
	o := &backupOptions{serveOptions: serveOptions{factory: f}}
	cmd := &cobra.Command{
		Use:   "backup <file>",
		Short: "Write what cleat serve has stored into one file",
		Long: `Write what cleat serve has stored on this machine into one new file: the database, and
the work that waits in the embedded bus. The server must not run; with --records-only it
may, and what waits is left out.

The keyset is not in the file. Keep a copy of it elsewhere: connections cannot be read
without it, and whoever has both has everything. Deliveries that wait stand in the file as
they came.

The settings of the server count, from the environment and its file. A database in
PostgreSQL is backed up with pg_dump, and the streams of a NATS cluster with nats stream
backup.`,
		Example: "  cleat backup monday.backup\n  cleat backup --records-only monday.backup",
		Args:    arguments("<file>"),
		RunE:    func(cmd *cobra.Command, args []string) error { return runBackup(cmd.Context(), o, args[0]) },
	}
	o.place(cmd)
	cmd.Flags().BoolVar(&o.recordsOnly, "records-only", false, "only the database, while the server runs")
	return cmd
}

// place adds the flag that says where settings are.
func (o *serveOptions) place(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.config, "config", "", "`file` with the settings of the server (default cleat.yaml in CLEAT_HOME, if there is one)")
}

// places returns where the server of this machine keeps things. Only SQLite is a place.
func (o *serveOptions) places() (store.Options, bus.Options, error) {
	flags := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	flags.SetNormalizeFunc(settingName)
	o.set.add(flags)
	if _, err := o.readSettings(flags); err != nil {
		return store.Options{}, bus.Options{}, err
	}
	home, err := o.home()
	if err != nil {
		return store.Options{}, bus.Options{}, err
	}
	records, err := o.set.store(home)
	if err != nil {
		return records, bus.Options{}, err
	}
	if records.URL != "" {
		return records, bus.Options{}, &hintedError{errors.New("the database is PostgreSQL, which this command does not copy"), "use pg_dump and pg_restore, and keep the keyset"}
	}
	queue, err := o.set.bus(home)
	return records, queue, err
}

func runBackup(ctx context.Context, o *backupOptions, file string) (err error) {
	records, queue, err := o.places()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(records.Dir, backupDatabase)); err != nil {
		return fmt.Errorf("there is nothing to back up: %w", err)
	}
	work := ""
	if !o.recordsOnly && len(queue.Servers) == 0 {
		unlock, err := bus.Lock(queue.Dir)
		if err != nil {
			return &hintedError{err, "stop cleat serve first, or leave out what waits with --records-only"}
		}
		defer unlock()
		work = queue.Dir
	}
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(writeBackup(ctx, out, records, work), out.Sync(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return o.backedUp(file, work != "")
}

// writeBackup writes the database as of one moment, and the folder of the bus, if any.
func writeBackup(ctx context.Context, out io.Writer, records store.Options, work string) error {
	s, err := store.Open(ctx, records)
	if err != nil {
		return err
	}
	defer s.Close()
	dir, err := os.MkdirTemp(records.Dir, "backup-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := s.Backup(ctx, filepath.Join(dir, backupDatabase)); err != nil {
		return err
	}
	zipped := gzip.NewWriter(out)
	archive := tar.NewWriter(zipped)
	err = addTree(archive, dir, "")
	if err == nil && work != "" {
		err = addTree(archive, work, backupWork)
	}
	return errors.Join(err, archive.Close(), zipped.Close())
}

// addTree adds the files of a folder under a name, and its folders, but nothing else.
func addTree(archive *tar.Writer, dir, under string) error {
	return fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() && !d.Type().IsRegular() || name == bus.LockName {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		header := &tar.Header{Name: path.Join(under, name), Mode: 0o600, Size: info.Size(), ModTime: info.ModTime(), Typeflag: tar.TypeReg}
		if d.IsDir() {
			header.Mode, header.Size, header.Typeflag = 0o700, 0, tar.TypeDir
		}
		if err := archive.WriteHeader(header); err != nil || d.IsDir() {
			return err
		}
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		defer f.Close()
		_, err = io.Copy(archive, f)
		return err
	})
}

func (o *backupOptions) backedUp(file string, work bool) error {
	if o.json {
		return writeJSON(o.std.Out, struct {
			File string `json:"file"`
			Work bool   `json:"work"`
		}{file, work})
	}
	what := "the database and the work that waits"
	if !work {
		what = "the database; work that waits is not in it"
	}
	fmt.Fprintf(o.std.Err, "%s holds %s\n", file, what)
	keyset := o.set.keyset
	if keyset == "" {
		home, err := o.home()
		if err != nil {
			return err
		}
		keyset = filepath.Join(home, "keyset.json")
	}
	fmt.Fprintf(o.std.Err, "the keyset is not in it: keep a copy of %s elsewhere\n", keyset)
	return nil
}
