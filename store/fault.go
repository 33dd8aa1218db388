package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlitelib "modernc.org/sqlite/lib"
)

// ErrUnavailable means that the database cannot be reached at the moment. A change that
// failed like that may have been made: look before it is repeated.
var ErrUnavailable = errors.New("the database is unreachable")

// ErrFull means that the disk of the database is full. Nothing of the change was made.
var ErrFull = errors.New("the disk is full")

// fault is a failure of the database with what a person can do about it.
type fault struct {
	text  string
	cause error
	kind  error // nil, or ErrUnavailable for one that passes
}

func (f *fault) Error() string   { return f.text + ": " + f.cause.Error() }
func (f *fault) Unwrap() []error { return []error{f.cause, f.kind} }

// explain puts what a person can do about it before a failure of the database, once. The
// text of SQLite's own errors never holds values of a statement.
func explain(err error) error {
	if _, done := errors.AsType[*fault](err); done || errors.Is(err, ErrUnavailable) || errors.Is(err, ErrFull) {
		return err
	}
	if isUnavailable(err) {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if isFull(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	var text string
	var kind error
	switch resultCode(err) & 0xff {
	case sqlitelib.SQLITE_READONLY, sqlitelib.SQLITE_CANTOPEN, sqlitelib.SQLITE_PERM:
		text = databaseName + " cannot be written: check owner and mode of the folder and its files"
	case sqlitelib.SQLITE_CORRUPT, sqlitelib.SQLITE_NOTADB:
		text = databaseName + " is damaged: restore it from a backup"
	case sqlitelib.SQLITE_BUSY:
		text, kind = "another process is holding "+databaseName, ErrUnavailable
	case sqlitelib.SQLITE_IOERR:
		text, kind = databaseName+" cannot be read or written: check the disk and its free space", ErrUnavailable
	default:
		return err
	}
	return &fault{text, err, kind}
}

// resultCode returns SQLite's extended result code of err, 0 for other errors.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return 0
}

// sqlState returns PostgreSQL's code of err, "" for other errors.
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

func isUniqueViolation(err error) bool {
	code := resultCode(err)
	return code == sqlitelib.SQLITE_CONSTRAINT_UNIQUE || code == sqlitelib.SQLITE_CONSTRAINT_PRIMARYKEY || sqlState(err) == "23505"
}

func isForeignKeyViolation(err error) bool {
	return resultCode(err) == sqlitelib.SQLITE_CONSTRAINT_FOREIGNKEY || sqlState(err) == "23503"
}

// isCollision reports whether a transaction of PostgreSQL has to begin anew because of
// another one (serialization_failure, deadlock_detected).
func isCollision(err error) bool {
	return sqlState(err) == "40001" || sqlState(err) == "40P01"
}

// isFull reports whether there was no room: SQLite says so in its own words for the file
// that readers and writers share (disk_full of PostgreSQL).
func isFull(err error) bool {
	code := resultCode(err)
	return code&0xff == sqlitelib.SQLITE_FULL || code == sqlitelib.SQLITE_IOERR_SHMSIZE || sqlState(err) == "53100"
}

// isDown reports whether a code of PostgreSQL says that the server is going down or coming
// up, or takes no more (admin_shutdown, crash_shutdown, cannot_connect_now,
// too_many_connections, connection exceptions).
func isDown(code string) bool {
	return code == "57P01" || code == "57P02" || code == "57P03" || code == "53300" || strings.HasPrefix(code, "08")
}

// isBroken reports whether a connection is lost that had been good: another one may work.
func isBroken(err error) bool {
	_, fresh := errors.AsType[*pgconn.ConnectError](err)
	return !fresh && isUnavailable(err)
}

// isUnavailable reports whether the connection to PostgreSQL is lost, or there is none.
func isUnavailable(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return sqlState(err) == "" || isDown(sqlState(err))
	}
	switch code := sqlState(err); {
	case isDown(code):
		return true
	case code != "" || err == nil || resultCode(err) != 0 || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return false
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.ErrUnexpectedEOF) || err.Error() == "conn closed"
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
