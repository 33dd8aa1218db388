package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoBackup means that the database is not one that Backup can copy.
var ErrNoBackup = errors.New("back up PostgreSQL with pg_dump")

// Backup writes a copy of an SQLite database, as of one moment and while others go on
// writing, to a new file of mode 0600. Put it as cleat.db into a folder with the keyset to
// open it; the keyset is not in it. It returns [ErrNoBackup] with PostgreSQL.
func (s *Store) Backup(ctx context.Context, path string) error {
	err := s.backup(ctx, path)
	if err != nil {
		return fmt.Errorf("back up the store: %w", explain(err))
	}
	return nil
}

// backup copies into an empty file, which SQLite accepts.
func (s *files) backup(ctx context.Context, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(s.copyInto(ctx, path), f.Sync(), f.Close()); err == nil {
		return syncFolder(filepath.Dir(path))
	}
	return errors.Join(err, os.Remove(path))
}

func (s *files) copyInto(ctx context.Context, path string) error {
	pool, err := openPool(filepath.Join(s.dir, databaseName), 1)
	if err != nil {
		return err
	}
	_, err = pool.ExecContext(ctx, "vacuum into ?", path)
	return errors.Join(err, pool.Close())
}
