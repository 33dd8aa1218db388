package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	sqlitelib "modernc.org/sqlite/lib"

	"github.com/cleat-run/cleat/poll"
)

// TriggerState returns the state of a polling trigger, and the zero state when there is
// none.
func (s *Store) TriggerState(ctx context.Context, id string) (*poll.State, error) {
	var (
		state    poll.State
		lastDate sql.NullInt64
		ids      string
	)
	err := s.read.QueryRowContext(ctx, `select start, last_date, last_id, included, same_date_ids, version
		from trigger_state where team = ? and id = ?`, s.team, id).
		Scan(&state.Start, &lastDate, &state.LastID, &state.Included, &ids, &state.Version)
	if errors.Is(err, sql.ErrNoRows) {
		return &poll.State{}, nil
	}
	if err == nil {
		state.LastDate = timeOf(lastDate)
		state.SameDateIDs, err = parseScope(ids)
	}
	if err != nil {
		return nil, fmt.Errorf("read the state of trigger %q: %w", id, explain(err))
	}
	return &state, nil
}

// PutTriggerState stores state when the stored version equals state.Version, and then
// raises state.Version. Otherwise it returns [poll.ErrConflict] and state is unchanged.
func (s *Store) PutTriggerState(ctx context.Context, id string, state *poll.State) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return s.moveState(ctx, tx, id, state, poll.ErrConflict)
	})
	if err != nil {
		return fmt.Errorf("store the state of trigger %q: %w", id, err)
	}
	state.Version++
	return nil
}

// moveState stores state over the version that it names; otherwise is its error when that
// is not the stored one.
func (s *Store) moveState(ctx context.Context, tx queries, id string, state *poll.State, otherwise error) error {
	cells := []any{state.Start, millis(state.LastDate), state.LastID, state.Included, scopeText(state.SameDateIDs),
		state.Version + 1, s.time().UnixMilli(), s.team, id}
	if state.Version == 0 {
		return execOne(ctx, tx, otherwise, `insert into trigger_state (start, last_date, last_id, included, same_date_ids, version, updated, team, id)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`, cells...)
	}
	return execOne(ctx, tx, otherwise, `update trigger_state
		set (start, last_date, last_id, included, same_date_ids, version, updated) = (?, ?, ?, ?, ?, ?, ?)
		where team = ? and id = ? and version = ?`, append(cells, state.Version)...)
}

// lockWait is how often a poll that waits for another one looks.
const lockWait = 50 * time.Millisecond

// LockTrigger waits until no other handle of this folder, in this process or another,
// holds the lock of the trigger, and returns the function that ends it. The operating
// system ends it, too, when the process dies.
//
// The lock is SQLite's own write lock on an empty database beside that of the records:
// it needs no code for each system.
func (s *Store) LockTrigger(ctx context.Context, id string) (unlock func(), err error) {
	pool, err := s.lockDatabase(id)
	if err == nil {
		unlock, err = holdDatabase(ctx, pool)
	}
	if err != nil {
		return nil, fmt.Errorf("lock trigger %q: %w", id, explain(err))
	}
	return unlock, nil
}

// lockDatabase opens the database that stands for the lock of a trigger.
func (s *Store) lockDatabase(id string) (*sql.DB, error) {
	dir := filepath.Join(s.keyset.dir, "locks")
	if s.team != firstTeam {
		id = fmt.Sprintf("%d|%s", s.team, id)
	}
	sum := sha256.Sum256([]byte(id))
	path := filepath.Join(dir, hex.EncodeToString(sum[:8])+".db")
	if err := createFiles(dir, path); err != nil {
		return nil, err
	}
	return openPool(path, 1)
}

// holdDatabase takes the lock. It is held however ctx ends later.
func holdDatabase(ctx context.Context, pool *sql.DB) (unlock func(), err error) {
	for {
		tx, err := beginAtOnce(context.WithoutCancel(ctx), pool)
		if err == nil {
			return func() { _, _ = tx.Rollback(), pool.Close() }, nil
		}
		if resultCode(err)&0xff != sqlitelib.SQLITE_BUSY {
			return nil, errors.Join(err, pool.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), pool.Close())
		case <-time.After(lockWait):
		}
	}
}

// beginAtOnce begins a write transaction, or fails without waiting for others.
func beginAtOnce(ctx context.Context, pool *sql.DB) (*sql.Tx, error) {
	if _, err := pool.ExecContext(ctx, "pragma busy_timeout = 0"); err != nil {
		return nil, err
	}
	return pool.BeginTx(ctx, nil)
}
