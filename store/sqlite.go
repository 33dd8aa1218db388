package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
)

// databaseName is the file of the records inside the folder of a store.
const databaseName = "cleat.db"

const (
	busyTimeout = 10 * time.Second // how long a change waits for other processes
	readers     = 4                // connections of the pool for reading
)

// files is a store on SQLite.
type files struct {
	*database
	dir         string
	write, read *sql.DB // write has one connection
	writer      *writer
}

// openSQLite opens the store in a folder, and makes what is missing there.
func (s *database) openSQLite(ctx context.Context, o Options) error {
	if o.Dir == "" {
		return errors.New("no folder given")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, databaseName)
	if err := createFiles(dir, path); err != nil {
		return err
	}
	if s.keyset.path == "" {
		s.keyset.path = filepath.Join(dir, keysetName)
	}
	f := &files{database: s, dir: dir}
	if f.write, err = openPool(path, 1, "journal_mode(wal)", "secure_delete(on)"); err != nil {
		return err
	}
	if f.read, err = openPool(path, readers, "query_only(on)"); err != nil {
		return errors.Join(err, f.write.Close())
	}
	f.writer = newWriter(f.write)
	s.engine = engine{databaseName, queries{newPreparedPool(f.read), sqliteDialect}, f.writer, f.lock, f.scrub, f.backup, f.move, f.close}
	if err := whileBusy(ctx, func() error { return f.prepare(ctx) }); err != nil {
		return errors.Join(err, f.close())
	}
	return nil
}

func (f *files) close() error {
	f.writer.stop()
	return errors.Join(f.read.Close(), f.write.Close())
}

// createFiles makes the folder and an empty database. SQLite would make the file with
// the mode of the umask; the WAL gets the mode of the database.
func createFiles(dir, path string) error {
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
		if err := syncFolder(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		return errors.Join(createEmpty(path), syncFolder(dir))
	}
	if err == nil && info.Mode()&0o600 != 0o600 {
		// SQLite would open it for reading and leave a WAL of this mode behind.
		err = fmt.Errorf("%s has mode %04o, run: chmod 600 %s: %w", databaseName, info.Mode().Perm(), path, os.ErrPermission)
	}
	return err
}

// createEmpty makes an empty file at path unless there is one. The file appears under
// its name when it is closed already: closing it later would take away the locks that
// this process may have on it meanwhile (POSIX fcntl).
func createEmpty(path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), databaseName+".*.new")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err == nil || errors.Is(err, os.ErrExist) {
		return nil
	}
	direct, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // no hard links here
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return direct.Close()
}

// openPool returns a pool of at most size connections to the database at path.
func openPool(path string, size int, pragmas ...string) (*sql.DB, error) {
	pragmas = append(pragmas, fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"synchronous(full)", "foreign_keys(on)", "trusted_schema(off)")
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}, "mode": {"rw"},
		"_dqs": {"0"}, "_defensive": {"1"}, "_error_rc": {"1"}}
	path = "/" + strings.TrimPrefix(filepath.ToSlash(path), "/") // a drive letter needs it, too
	address := url.URL{Scheme: "file", Path: path, RawQuery: query.Encode()}
	connector, err := sqlite.NewConnector(address.String())
	if err != nil {
		return nil, err
	}
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool, nil
}

// prepare makes or checks schema and keys in one transaction, so that of several first
// starts one does it and the others find it done.
func (s *files) prepare(ctx context.Context) error {
	steps, err := migrations(sqliteDialect.name)
	if err != nil {
		return err
	}
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	q := queries{tx, sqliteDialect}
	var mode string
	if err := q.QueryRowContext(ctx, "pragma journal_mode").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the folder cannot hold a database in WAL mode (it is %q): is it on a network file system?", mode)
	}
	if err := migrate(ctx, q, steps); err != nil {
		return err
	}
	k, err := s.firstKeys(ctx, q)
	if err != nil {
		return err
	}
	if err := fillTokenHashes(ctx, q, k); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.keys.Store(k)
	return nil
}

// scrub empties the WAL, in which erased secrets may still stand. It gives up soon when
// another process is reading; a later checkpoint does the rest.
func (s *files) scrub(ctx context.Context) {
	ctx = context.WithoutCancel(ctx)
	c, err := s.write.Conn(ctx)
	if err != nil {
		return
	}
	defer c.Close()
	if _, err := c.ExecContext(ctx, "pragma busy_timeout = 100"); err != nil {
		return
	}
	_, _ = c.ExecContext(ctx, "pragma wal_checkpoint(truncate)")
	_, _ = c.ExecContext(ctx, fmt.Sprintf("pragma busy_timeout = %d", busyTimeout.Milliseconds()))
}
