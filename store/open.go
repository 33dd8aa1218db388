package store

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/webhook"
)

// Options say where a store is. Dir or URL is required, the rest may stay zero.
type Options struct {
	// Dir is the folder of a store on SQLite, $CLEAT_HOME; it is made when it does not
	// exist.
	Dir string
	// URL is the address of a PostgreSQL database, postgres://…, which many processes on
	// many machines may use. It comes before Dir.
	URL string
	// Keyset is the key-encryption keyset as [NextKeyset] makes it. Nil means the file
	// KeysetFile; with SQLite that is keyset.json in Dir, made on the first start, unless
	// it is named. With PostgreSQL one of the two must be given.
	Keyset     []byte
	KeysetFile string
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

// database is what the handles of all teams share.
type database struct {
	engine
	now    func() time.Time
	keyset keysetSource
	keys   atomic.Pointer[keys]
	seals  sealing
}

// engine is what makes a database work.
type engine struct {
	name  string  // for messages
	read  queries // outside of transactions
	write transactor
	// locks waits until it holds a lock, and returns the function that ends it.
	locks func(ctx context.Context, name string) (unlock func(), err error)
	// scrub removes what was erased from where it may still stand.
	scrub  func(ctx context.Context)
	backup func(ctx context.Context, path string) error
	move   func(ctx context.Context, url string, each func(table string, rows int64)) error
	close  func() error
}

// transactor runs changes in transactions. A change that it has returned without an error
// is on the disk, of another there is no trace. It may run more than once, and works with
// the context that it is given.
type transactor interface {
	do(ctx context.Context, change func(context.Context, queries) error) error
}

// firstTeam is the team that every store begins with.
const firstTeam = 1

var (
	_ connect.Store         = (*Store)(nil)
	_ connect.Installations = (*Store)(nil)
	_ webhook.Store         = (*Store)(nil)
	_ poll.Store            = (*Store)(nil)
	_ record.Store          = (*Store)(nil)
	_ record.TeamStore      = (*Store)(nil)
)

// ForTeam returns a handle bound to another team. It shares everything with s, and ends
// when any of them is closed. Whether there is such a team is not looked at.
func (s *Store) ForTeam(id int64) *Store { return &Store{s.database, id} }

// Open opens the store at o.URL, or in o.Dir, and makes folder, tables and keyset when they
// do not exist. The handle is that of the first team. It fails with an error wrapping [ErrKeyset] when the keyset is missing,
// unreadable or of another database, and [ErrNewer] when the database is newer than
// the program. The caller must close the store.
func Open(ctx context.Context, o Options) (*Store, error) {
	d := &database{now: o.Now, keyset: keysetSource{path: o.KeysetFile, given: o.Keyset}}
	if d.now == nil {
		d.now = time.Now
	}
	open, place := d.openSQLite, o.Dir
	if o.URL != "" {
		open, place = d.openPostgres, address(o.URL)
	}
	if err := open(ctx, o); err != nil {
		return nil, fmt.Errorf("open store %s: %w", place, explain(err))
	}
	return &Store{d, firstTeam}, nil
}

// change runs do in a write transaction, with keys that are current in it. do may run more
// than once, and uses the context that it is given.
func (s *database) change(ctx context.Context, do func(context.Context, queries, *keys) error) error {
	return explain(s.write.do(ctx, func(ctx context.Context, tx queries) error {
		k, err := s.currentKeys(ctx, tx)
		if err != nil {
			return err
		}
		return do(ctx, tx, k)
	}))
}

// Close closes the store, for all teams. With SQLite the last process to close a folder
// merges the WAL into the database.
func (s *Store) Close() error { return s.close() }
