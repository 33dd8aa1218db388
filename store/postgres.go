package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Sizes of the pools of one process. The locks have a pool of their own, so that those who
// hold one can always work.
const (
	postgresConns = 16
	postgresIdle  = 5 * time.Minute
)

// connectTimeout is the longest that a new connection may take. The address may say less.
const connectTimeout = 10 * time.Second

var postgresDialect = &dialect{
	name:     "postgres",
	numbered: true,
	nextID:   "select nextval(pg_get_serial_sequence('%s', 'id'))",
	cursors:  postgresCursors,
	settled:  settledCursor,
}

// server is a store on PostgreSQL.
type server struct {
	*database
	pool, held *sql.DB
}

// address returns the address of a database without its password.
func address(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "postgres"
	}
	return u.Redacted()
}

func postgresConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("the address of the database cannot be read") // the cause quotes it
	}
	config.ConnectTimeout = min(config.ConnectTimeout, connectTimeout)
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "cleat"
	}
	return config, nil
}

// openPostgres opens the store in a database, and makes the tables that are missing there.
func (s *database) openPostgres(ctx context.Context, o Options) error {
	if o.Keyset == nil && o.KeysetFile == "" {
		return fmt.Errorf("PostgreSQL needs a keyset that all processes are given: %w", ErrKeyset)
	}
	s.keyset.fixed = true
	config, err := postgresConfig(o.URL)
	if err != nil {
		return err
	}
	p := &server{s, stdlib.OpenDB(*config), stdlib.OpenDB(*config)}
	for _, pool := range []*sql.DB{p.pool, p.held} {
		pool.SetConnMaxIdleTime(postgresIdle)
		pool.SetMaxIdleConns(postgresConns)
	}
	p.pool.SetMaxOpenConns(postgresConns)
	s.engine = engine{"the database", queries{&repeater{p.pool}, postgresDialect}, transactions{p.pool}, p.lock,
		func(context.Context) {}, func(context.Context, string) error { return ErrNoBackup },
		func(context.Context, string, func(string, int64)) error { return ErrNoMove }, p.close}
	if err := p.prepare(ctx); err != nil {
		return errors.Join(err, p.close())
	}
	return nil
}

func (s *server) close() error { return errors.Join(s.pool.Close(), s.held.Close()) }

// prepareLock is the advisory lock of those who make or check tables and keys.
const prepareLock = 0x636c6561

// prepare makes or checks tables and keys in one transaction, one process at a time.
func (s *server) prepare(ctx context.Context) error {
	steps, err := migrations(postgresDialect.name)
	if err != nil {
		return err
	}
	tx, err := s.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	q := queries{tx, postgresDialect}
	if _, err := q.ExecContext(ctx, "select pg_advisory_xact_lock(?)", prepareLock); err != nil {
		return err
	}
	if err := migratePostgres(ctx, q, steps); err != nil {
		return err
	}
	k, err := s.firstKeys(ctx, q)
	if err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	s.keys.Store(k)
	return nil
}

// migratePostgres brings the database to the newest schema.
func migratePostgres(ctx context.Context, tx queries, steps []string) error {
	_, err := tx.ExecContext(ctx, "create table if not exists cleat_schema (version bigint not null)")
	if err != nil {
		return err
	}
	var version int
	if err := tx.QueryRowContext(ctx, "select coalesce(max(version), 0) from cleat_schema").Scan(&version); err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("the database has schema %d, this program knows %d: %w; update cleat", version, len(steps), ErrNewer)
	}
	for i, step := range steps[version:] {
		if _, err := tx.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("migrate the database to schema %d: %w", version+i+1, err)
		}
		if _, err := tx.ExecContext(ctx, "insert into cleat_schema (version) values (?)", version+i+1); err != nil {
			return err
		}
	}
	return nil
}

// transactions runs changes on PostgreSQL.
type transactions struct{ pool *sql.DB }

// maxRepeats bounds how often a change begins anew because others came in between, and how
// often dead connections of the pool are met.
const maxRepeats = 100

// do runs a change with one view of the database: when another transaction has changed a
// row meanwhile that the change wants to change, it begins anew. So what a change has read
// and then sets is as it was read, as on SQLite.
func (t transactions) do(ctx context.Context, change func(context.Context, queries) error) error {
	for n := 1; ; n++ {
		err := t.once(ctx, change)
		if !isCollision(err) || n == maxRepeats {
			return err
		}
		pause := rand.N(min(time.Duration(n)*time.Millisecond, 50*time.Millisecond))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (t transactions) once(ctx context.Context, change func(context.Context, queries) error) error {
	tx, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := change(ctx, queries{tx, postgresDialect}); err != nil {
		return err
	}
	return tx.Commit()
}

// begin begins a transaction. Connections of the pool that a restart of the server has
// ended fail at once, and are left behind.
func (t transactions) begin(ctx context.Context) (*sql.Tx, error) {
	for n := 0; ; n++ {
		tx, err := t.pool.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead})
		if !isBroken(err) || n == postgresConns {
			return tx, err
		}
	}
}

// repeater reads again when it meets a dead connection of its pool: reading twice does no
// harm.
type repeater struct{ *sql.DB }

func (r *repeater) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	for n := 0; ; n++ {
		rows, err := r.DB.QueryContext(ctx, query, args...)
		if !isBroken(err) || n == postgresConns {
			return rows, err
		}
	}
}

func (r *repeater) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	for n := 0; ; n++ {
		row := r.DB.QueryRowContext(ctx, query, args...)
		if !isBroken(row.Err()) || n == postgresConns {
			return row
		}
	}
}

// lock is an advisory lock on a connection of its own: the server ends it when that breaks.
func (s *server) lock(ctx context.Context, name string) (unlock func(), err error) {
	sum := sha256.Sum256([]byte(name))
	key := int64(binary.BigEndian.Uint64(sum[:8]))
	c, err := s.held.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.ExecContext(ctx, "select pg_advisory_lock($1)", key); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return func() {
		// A connection that cannot end the lock goes, and the lock with it.
		_ = c.Raw(func(conn any) error {
			_, err := conn.(*stdlib.Conn).Conn().Exec(context.Background(), "select pg_advisory_unlock($1)", key)
			if err != nil {
				return errors.Join(err, conn.(*stdlib.Conn).Conn().Close(context.Background()))
			}
			return nil
		})
		_ = c.Close()
	}, nil
}

// storable returns an argument as PostgreSQL takes it: no text there holds a zero or is
// other than UTF-8.
func storable(arg any) any {
	text, ok := arg.(string)
	if !ok {
		return arg
	}
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}
