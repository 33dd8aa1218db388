package store

import (
	"context"
	"errors"
	"time"

	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// fault is a failure of the database with what a person can do about it.
type fault struct {
	text  string
	cause error
}

func (f *fault) Error() string { return f.text + ": " + f.cause.Error() }
func (f *fault) Unwrap() error { return f.cause }

// explain puts what a person can do about it before a failure of the database, once. The
// text of SQLite's own errors never holds values of a statement.
func explain(err error) error {
	if _, done := errors.AsType[*fault](err); done {
		return err
	}
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
	return &fault{text, err}
}

// resultCode returns SQLite's extended result code of err, 0 for other errors.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

func isUniqueViolation(err error) bool {
	code := resultCode(err)
	return code == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || code == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY
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
