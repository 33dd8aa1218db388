package store

import (
	"context"
	"database/sql"
	"sync"
)

const maxStatements = 256 // that are kept prepared

// statements are those of a pool, by their text: to compile a
// statement takes SQLite longer than to run it. One goroutine at a time uses them.
type statements struct {
	ready map[string]*sql.Stmt
	seen  map[string]int // how often others were run
}

func newStatements() statements {
	return statements{make(map[string]*sql.Stmt), make(map[string]int)}
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
	s.bound()
}

// bound forgets what was seen when that is much.
func (s *statements) bound() {
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

// preparedPool is a pool for reading with prepared statements. It is safe for concurrent
// use.
type preparedPool struct {
	*sql.DB
	mu    sync.Mutex
	known statements
}

func newPreparedPool(pool *sql.DB) *preparedPool {
	return &preparedPool{DB: pool, known: newStatements()}
}

// stmt returns the prepared statement, or nil the first time that it is asked for.
func (p *preparedPool) stmt(ctx context.Context, query string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if stmt := p.known.ready[query]; stmt != nil || len(p.known.ready) >= maxStatements {
		return stmt
	}
	if p.known.seen[query]++; p.known.seen[query] < 2 {
		p.known.bound()
		return nil
	}
	stmt, err := p.PrepareContext(ctx, query)
	if err != nil {
		return nil // as it will be without
	}
	p.known.ready[query] = stmt
	delete(p.known.seen, query)
	return stmt
}

func (p *preparedPool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if stmt := p.stmt(ctx, query); stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return p.DB.QueryContext(ctx, query, args...)
}

func (p *preparedPool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if stmt := p.stmt(ctx, query); stmt != nil {
		return stmt.QueryRowContext(ctx, args...)
	}
	return p.DB.QueryRowContext(ctx, query, args...)
}
