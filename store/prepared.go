package store

import (
	"context"
	"database/sql"
)

const maxStatements = 256 // that are kept prepared

// statements are those of the one connection that writes, by their text: to compile a
// statement takes SQLite longer than to run it. Only one goroutine uses them.
type statements struct {
	ready map[string]*sql.Stmt
	seen  map[string]int // how often others were run
}

// in returns what runs statements in tx, prepared where they are.
func (s *statements) in(tx *sql.Tx) executor { return preparedTx{tx, s} }

// prepare compiles, outside of a transaction, what was run more than once.
func (s *statements) prepare(pool *sql.DB) {
	for query, times := range s.seen {
		if times < 2 || len(s.ready) >= maxStatements {
			continue
		}
		if stmt, err := pool.Prepare(query); err == nil {
			s.ready[query] = stmt
		}
		delete(s.seen, query)
	}
	if len(s.seen) > maxStatements {
		clear(s.seen)
	}
}

// preparedTx is a transaction with prepared statements.
type preparedTx struct {
	*sql.Tx
	known *statements
}

// stmt returns the prepared statement, or nil.
func (p preparedTx) stmt(ctx context.Context, query string) *sql.Stmt {
	if stmt := p.known.ready[query]; stmt != nil {
		return p.StmtContext(ctx, stmt)
	}
	p.known.seen[query]++
	return nil
}

func (p preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if stmt := p.stmt(ctx, query); stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return p.Tx.ExecContext(ctx, query, args...)
}

func (p preparedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := p.stmt(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return p.Tx.QueryContext(ctx, query, args...)
}

func (p preparedTx) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := p.stmt(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return p.Tx.QueryRowContext(ctx, query, args...)
}
