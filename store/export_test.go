package store

import (
	"context"
	"database/sql"
)

// For tests in package store_test.
var (
	EncodeCollection = encodeCollection
	DecodeCollection = decodeCollection
	Migrate          = migrate
	SealedTables     = sealedTables
)

// Migrations returns the steps of the schema of a dialect.
func Migrations(dialect string) ([]string, error) { return migrations(dialect) }

// Writer returns the pool of the one connection that writes.
func (s *Store) Writer() *sql.DB { return s.write.(*writer).pool }

// Record tells note the text of every statement that s runs from now on.
func (s *Store) Record(note func(query string)) {
	s.read.on = recorder{s.read.on, note}
	s.write = recorder{note: note}.transactions(s.write)
}

type recorder struct {
	executor
	note func(string)
}

func (r recorder) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	r.note(query)
	return r.executor.ExecContext(ctx, query, args...)
}

func (r recorder) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	r.note(query)
	return r.executor.QueryContext(ctx, query, args...)
}

func (r recorder) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	r.note(query)
	return r.executor.QueryRowContext(ctx, query, args...)
}

type recordedTransactions struct {
	transactor
	recorder
}

func (r recorder) transactions(t transactor) transactor { return recordedTransactions{t, r} }

func (r recordedTransactions) do(ctx context.Context, change func(context.Context, queries) error) error {
	return r.transactor.do(ctx, func(ctx context.Context, tx queries) error {
		return change(ctx, queries{recorder{tx.on, r.note}, tx.dialect})
	})
}
