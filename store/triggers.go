package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

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
	cells := []any{tx.bytes(state.Start), millis(state.LastDate), tx.bytes(state.LastID), state.Included, scopeText(state.SameDateIDs),
		state.Version + 1, s.time().UnixMilli(), s.team, id}
	if state.Version == 0 {
		return execOne(ctx, tx, otherwise, `insert into trigger_state (start, last_date, last_id, included, same_date_ids, version, updated, team, id)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`, cells...)
	}
	return execOne(ctx, tx, otherwise, `update trigger_state
		set (start, last_date, last_id, included, same_date_ids, version, updated) = (?, ?, ?, ?, ?, ?, ?)
		where team = ? and id = ? and version = ?`, append(cells, state.Version)...)
}

// LockTrigger waits until no other handle of this store, in this process or another, holds
// the lock of the trigger, and returns the function that ends it. It ends, too, when the
// process dies.
func (s *Store) LockTrigger(ctx context.Context, id string) (unlock func(), err error) {
	name := id
	if s.team != firstTeam {
		name = fmt.Sprintf("%d|%s", s.team, id)
	}
	if unlock, err = s.locks(ctx, name); err != nil {
		return nil, fmt.Errorf("lock trigger %q: %w", id, explain(err))
	}
	return unlock, nil
}
