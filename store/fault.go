package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// explain puts what a person can do about it before a failure of the database. The
// text of SQLite's own errors never holds values of a statement.
func explain(err error) error {
	var text string
	switch resultCode(err) & 0xff {
	case sqlitelib.SQLITE_FULL:
		text = "the disk is full"
	case sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_PERM:
		text = databaseName + " cannot be written: check owner and mode of the folder and its files"
	case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB:
		text = databaseName + " is damaged: restore it from a backup"
	case sqlitelib.SQLITE_BUSY:
		text = "another process is holding " + databaseName
	case sqlitelib.SQLITE_IOERR:
		text = databaseName + " cannot be read or written: check the disk and its free space"
	default:
		return err
	}
	return fmt.Errorf("%s: %w", text, err)
}

// resultCode returns SQLite's extended result code of err, 0 for other errors.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

func isUniqueViolation(err error) bool {
	return resultCode(err) == sqlitelib.SQLITE_CONSTRAINT_UNIQUE
}

// whileBusy repeats do as long as it fails because another process holds a lock. It is
// for what SQLite's own busy timeout does not cover: the change to WAL mode and the
// recovery of a WAL.
func whileBusy(ctx context.Context, do func() error) error {
	deadline := time.Now().Add(busyTimeout)
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		err := do()
		if resultCode(err)&0xff != sqlitelib.SQLITE_BUSY || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func isForeignKeyViolation(err error) bool {
	return resultCode(err) == sqlitelib.SQLITE_CONSTRAINT_FOREIGNKEY
}
