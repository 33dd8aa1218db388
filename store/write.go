package store

import (
	"context"
	"database/sql"
	"errors"
	"sync"
)

// maxBatch bounds how many changes share a transaction, so that none waits for long.
const maxBatch = 128

// work is one change that waits.
type work struct {
	ctx  context.Context // of the caller
	do   func(context.Context, queries) error
	done chan error // has room for one
}

// writer makes the changes of one process on SQLite, many in one transaction: a commit
// waits for the disk, and one wait is enough for all that came meanwhile. Each change has
// a savepoint and an error of its own. None runs in the context of its caller: a statement
// that is interrupted takes all of the transaction with it.
type writer struct {
	pool    *sql.DB // one connection
	known   statements
	waiting chan *work
	quit    chan struct{}
	ended   sync.WaitGroup
	once    sync.Once
}

func newWriter(pool *sql.DB) *writer {
	w := &writer{pool: pool, known: newStatements(), waiting: make(chan *work), quit: make(chan struct{})}
	w.ended.Go(func() {
		for {
			select {
			case first := <-w.waiting:
				w.batch(first)
				w.known.prepare(pool)
			case <-w.quit:
				return
			}
		}
	})
	return w
}

// stop lets the transaction under way end. What waits gets an error.
func (w *writer) stop() {
	w.once.Do(func() { close(w.quit) })
	w.ended.Wait()
}

var errClosed = errors.New("the store is closed")

// do waits until a change is made, or not. When ctx ends before it has begun, it is not
// made.
func (w *writer) do(ctx context.Context, change func(context.Context, queries) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	c := &work{ctx, change, make(chan error, 1)}
	select {
	case w.waiting <- c:
		return <-c.done
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return errClosed
	}
}

// batch makes first and everything that comes while it does so in one transaction. When
// that fails as a whole each change is tried by itself.
func (w *writer) batch(first *work) {
	made := []*work{first}
	err := w.transaction(func(tx queries) error {
		if err := first.run(tx); err != nil {
			first.done <- err
			made = nil
			return err
		}
		for len(made) < maxBatch {
			select {
			case next := <-w.waiting:
				ok, err := next.within(tx)
				if ok || err != nil {
					made = append(made, next)
				}
				if err != nil {
					return err
				}
			default:
				return nil
			}
		}
		return nil
	})
	if err == nil || len(made) == 1 {
		for _, c := range made {
			c.done <- err
		}
		return
	}
	for _, c := range made {
		c.done <- w.transaction(c.run)
	}
}

// run makes the change unless nobody waits for it any more.
func (c *work) run(tx queries) error {
	if err := c.ctx.Err(); err != nil {
		return err
	}
	return c.do(context.WithoutCancel(c.ctx), tx)
}

// within makes the change behind others in a transaction, and reports whether it is to be
// committed with them. One that fails is undone and told so. An error means that the
// transaction is lost: some failures, such as a full disk, end all of it.
func (c *work) within(tx queries) (made bool, err error) {
	ctx := context.WithoutCancel(c.ctx)
	if _, err := tx.ExecContext(ctx, "savepoint one"); err != nil {
		return false, err
	}
	failed := c.run(tx)
	if failed != nil {
		if _, err := tx.ExecContext(ctx, "rollback to one"); err != nil {
			return false, err
		}
	}
	if _, err := tx.ExecContext(ctx, "release one"); err != nil {
		return false, err
	}
	if failed != nil {
		c.done <- failed
	}
	return failed == nil, nil
}

// transaction runs do in a transaction of its own.
func (w *writer) transaction(do func(queries) error) error {
	tx, err := w.pool.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(queries{w.known.in(tx), sqliteDialect}); err != nil {
		return err
	}
	return tx.Commit()
}
