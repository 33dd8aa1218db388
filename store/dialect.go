package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
)

// dialect is what differs between the databases. All other statements of this package
// are the subset that they have in common, with ? for arguments.
type dialect struct {
	name string
	// numbered is set when arguments are written $1, $2 instead of ?.
	numbered bool
	// nextID gives the next id of the table that replaces %s. Ids of deleted rows are
	// never used again: they bind the ciphertexts.
	nextID string
	// eventSeq gives the cursor of the first event that a transaction stores; the others
	// follow it. A transaction asks once.
	eventSeq string
	// settledSeq is the cursor below which no event can appear any more.
	settledSeq string
}

var sqliteDialect = &dialect{
	name:   "sqlite",
	nextID: "select coalesce(max(seq), 0) + 1 from sqlite_sequence where name = '%s'",
	// One writer at a time: events appear in the order of their numbers.
	eventSeq:   "select coalesce(max(seq), 0) + 1 from sqlite_sequence where name = 'event'",
	settledSeq: "9223372036854775807",
}

// executor is what pools and transactions have in common.
type executor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// queries runs statements in the dialect of a database.
type queries struct {
	on executor
	*dialect
}

func (q queries) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return q.on.ExecContext(ctx, q.text(query), args...)
}

func (q queries) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return q.on.QueryContext(ctx, q.text(query), args...)
}

func (q queries) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return q.on.QueryRowContext(ctx, q.text(query), args...)
}

// text returns a statement as the database wants it. No statement has a ? that stands
// for itself.
func (d *dialect) text(query string) string {
	if !d.numbered || !strings.Contains(query, "?") {
		return query
	}
	var b strings.Builder
	b.Grow(len(query) + 16)
	for n := 1; ; n++ {
		before, after, found := strings.Cut(query, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		b.WriteString("$" + strconv.Itoa(n))
		query = after
	}
}

// holes returns n placeholders.
func holes(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// all returns what scan makes of each row.
func all[T any](ctx context.Context, q executor, scan func(*sql.Rows) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}
