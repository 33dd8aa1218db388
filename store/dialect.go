package store

import (
	"context"
	"database/sql"
	"math"
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
	// cursors gives those of the next n events of a transaction.
	cursors func(ctx context.Context, tx queries, n int) ([]int64, error)
	// settled gives a cursor up to which no event can appear any more. It is to be asked
	// before the events are read.
	settled func(ctx context.Context, q queries) (int64, error)
}

var sqliteDialect = &dialect{
	name:   "sqlite",
	nextID: "select coalesce(max(seq), 0) + 1 from sqlite_sequence where name = '%s'",
	cursors: func(ctx context.Context, tx queries, n int) ([]int64, error) {
		cursors := make([]int64, n)
		err := tx.QueryRowContext(ctx, "select coalesce(max(seq), 0) + 1 from sqlite_sequence where name = 'event'").Scan(&cursors[0])
		for i := range cursors {
			cursors[i] = cursors[0] + int64(i)
		}
		return cursors, err
	},
	// One writer at a time: events appear in the order of their numbers.
	settled: func(context.Context, queries) (int64, error) { return math.MaxInt64, nil },
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
	return q.on.ExecContext(ctx, q.text(query), q.cells(args)...)
}

func (q queries) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return q.on.QueryContext(ctx, q.text(query), q.cells(args)...)
}

func (q queries) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return q.on.QueryRowContext(ctx, q.text(query), q.cells(args)...)
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

// cells returns arguments as the database takes them.
func (d *dialect) cells(args []any) []any {
	if !d.numbered {
		return args
	}
	taken := make([]any, len(args))
	for i, arg := range args {
		taken[i] = storable(arg)
	}
	return taken
}

// bytes is the argument for a column of texts that may hold any bytes.
func (d *dialect) bytes(text string) any {
	if d.numbered {
		return []byte(text)
	}
	return text
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
