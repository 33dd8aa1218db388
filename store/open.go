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
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/webhook"
)

// databaseName is the file of the records inside the folder of a store.
const databaseName = "cleat.db"

const (
	busyTimeout = 10 * time.Second // how long a change waits for other processes
	readers     = 4                // connections of the pool for reading
)

// Options say where a store is. Dir is required, the rest may stay zero.
type Options struct {
	// Dir is the folder of the store, $CLEAT_HOME; it is made when it does not exist.
	Dir string
	// Keyset is the key-encryption keyset as [NextKeyset] makes it. Nil means the file
	// keyset.json in Dir, made on the first start.
	Keyset []byte
	// Now is the clock, [time.Now] when nil.
	Now func() time.Time
}

// Store is a store in a database, bound to one team: what belongs to another team does not
// exist for it. The methods of [record.Store] alone look across teams. It is safe for
// concurrent use, and several processes may have the same store open. Errors never hold
// secrets.
type Store struct {
	*database
	team int64
}

// SQLite is the name that [Store] had while SQLite was the only database.
type SQLite = Store

// database is what the handles of all teams share.
type database struct {
	write  *sql.DB // one connection
	read   queries
	pool   *sql.DB // of read
	now    func() time.Time
	keyset keysetSource
	keys   atomic.Pointer[keys]
	seals  sealing
	writer writer
}

// firstTeam is the team that every store begins with.
const firstTeam = 1

var (
	_ connect.Store    = (*Store)(nil)
	_ webhook.Store    = (*Store)(nil)
	_ poll.Store       = (*Store)(nil)
	_ record.Store     = (*Store)(nil)
	_ record.TeamStore = (*Store)(nil)
)

// ForTeam returns a handle bound to another team. It shares everything with s, and ends
// when any of them is closed. Whether there is such a team is not looked at.
func (s *Store) ForTeam(id int64) *Store { return &Store{s.database, id} }

// Open opens the store in o.Dir and makes folder, database and keyset when they do not
// exist. It fails with an error wrapping [ErrKeyset] when the keyset is missing,
// unreadable or of another database, and [ErrNewer] when the database is newer than
// the program. The caller must close the store.
func Open(ctx context.Context, o Options) (*Store, error) {
	s, err := open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", o.Dir, explain(err))
	}
	return s, nil
}

func open(ctx context.Context, o Options) (*Store, error) {
	if o.Dir == "" {
		return nil, errors.New("no folder given")
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, databaseName)
	if err := createFiles(dir, path); err != nil {
		return nil, err
	}
	s := &Store{&database{now: o.Now, keyset: keysetSource{dir: dir, given: o.Keyset}}, firstTeam}
	if s.now == nil {
		s.now = time.Now
	}
	if s.write, err = openPool(path, 1, "journal_mode(wal)", "secure_delete(on)"); err != nil {
		return nil, err
	}
	if s.pool, err = openPool(path, readers, "query_only(on)"); err != nil {
		return nil, errors.Join(err, s.write.Close())
	}
	s.read = queries{s.pool, sqliteDialect}
	s.writer.start(s.write)
	if err := whileBusy(ctx, func() error { return s.prepare(ctx) }); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
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
func (s *database) prepare(ctx context.Context) error {
	steps, err := migrations()
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
func (s *Store) scrub(ctx context.Context) {
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

// Close closes the store. The last process to close a folder merges the WAL into the
// database.
func (s *Store) Close() error {
	s.writer.stop()
	return errors.Join(s.pool.Close(), s.write.Close())
}
