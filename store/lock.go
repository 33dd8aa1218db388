package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"path/filepath"
	"time"

	sqlitelib "modernc.org/sqlite/lib"
)

// lockWait is how often a poll that waits for another one looks.
const lockWait = 50 * time.Millisecond

// lock is SQLite's own write lock on an empty database beside that of the records: it needs
// no code for each system, and the operating system ends it when the process dies.
func (s *files) lock(ctx context.Context, name string) (unlock func(), err error) {
	pool, err := s.lockDatabase(name)
	if err != nil {
		return nil, err
	}
	return holdDatabase(ctx, pool)
}

// lockDatabase opens the database that stands for a lock.
func (s *files) lockDatabase(name string) (*sql.DB, error) {
	dir := filepath.Join(s.dir, "locks")
	sum := sha256.Sum256([]byte(name))
	path := filepath.Join(dir, hex.EncodeToString(sum[:8])+".db")
	if err := createFiles(dir, path); err != nil {
		return nil, err
	}
	return openPool(path, 1)
}

// holdDatabase takes the lock. It is held however ctx ends later.
func holdDatabase(ctx context.Context, pool *sql.DB) (unlock func(), err error) {
	for {
		tx, err := beginAtOnce(context.WithoutCancel(ctx), pool)
		if err == nil {
			return func() { _, _ = tx.Rollback(), pool.Close() }, nil
		}
		if resultCode(err)&0xff != sqlitelib.SQLITE_BUSY {
			return nil, errors.Join(err, pool.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), pool.Close())
		case <-time.After(lockWait):
		}
	}
}

// beginAtOnce begins a write transaction, or fails without waiting for others.
func beginAtOnce(ctx context.Context, pool *sql.DB) (*sql.Tx, error) {
	if _, err := pool.ExecContext(ctx, "pragma busy_timeout = 0"); err != nil {
		return nil, err
	}
	return pool.BeginTx(ctx, nil)
}
