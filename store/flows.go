package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/connect"
)

func flowPlace(team int64, id string) place {
	return place{team: team, table: "flow", row: strconv.Quote(id)}
}

// InsertFlow stores an open flow and removes those that have expired. A flow without
// Expires stays until it is used and longer. It returns [ErrTooBig] when Temp or Data
// does not fit.
func (s *Store) InsertFlow(ctx context.Context, f *connect.Flow) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		if _, err := tx.ExecContext(ctx, "delete from flow where expires <= ?", s.now().UnixMilli()); err != nil {
			return err
		}
		return s.insertFlow(ctx, tx, k, f)
	})
	if isUniqueViolation(err) {
		err = errors.New("a flow with this id exists")
	}
	if err != nil {
		return fmt.Errorf("insert flow: %w", err)
	}
	return nil
}

func (s *Store) insertFlow(ctx context.Context, tx queries, k *keys, f *connect.Flow) error {
	key, wrapped, err := k.kek.newDataKey(flowPlace(s.team, f.ID))
	if err != nil {
		return err
	}
	temp, err := sealCollection(key, "temp", f.Temp)
	if err != nil {
		return err
	}
	data, err := sealCollection(key, "data", f.Data)
	if err != nil {
		return err
	}
	return execOne(ctx, tx, nil, `insert into flow (team, id, app, type, name, conn_id, session_hash, state_hash, token_hash,
			redirect_uri, any_account, scope, end_user, created, expires, data_key, temp, data)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		s.team, f.ID, f.App, f.Type, f.Name, f.ConnID, f.SessionHash, f.StateHash, f.TokenHash,
		f.RedirectURI, f.AnyAccount, scopeText(f.Scope), f.EndUser, millis(f.Created), millis(f.Expires), wrapped, temp, data)
}

// FlowBy returns the flow, used or not, whose token hash (or, with an empty token hash,
// whose session hash) is the given one; of several the one inserted last. It returns
// [connect.ErrNotFound] when there is none or both hashes are empty. A used flow has
// neither Temp nor Data.
func (s *Store) FlowBy(ctx context.Context, tokenHash, sessionHash string) (*connect.Flow, error) {
	if tokenHash == "" {
		return s.flow(ctx, "session_hash", sessionHash)
	}
	return s.flow(ctx, "token_hash", tokenHash)
}

// FlowByState is [Store.FlowBy] with the hash of a state.
func (s *Store) FlowByState(ctx context.Context, stateHash string) (*connect.Flow, error) {
	return s.flow(ctx, "state_hash", stateHash)
}

func (s *Store) flow(ctx context.Context, column, hash string) (*connect.Flow, error) {
	f, err := s.readFlow(ctx, column, hash)
	if err != nil {
		return nil, fmt.Errorf("read flow: %w", err)
	}
	return f, nil
}

func (s *Store) readFlow(ctx context.Context, column, hash string) (*connect.Flow, error) {
	if hash == "" {
		return nil, connect.ErrNotFound
	}
	var (
		f                   connect.Flow
		scope               string
		created, expires    sql.NullInt64
		wrapped, temp, data []byte
	)
	err := s.read.QueryRowContext(ctx, `select id, app, type, name, conn_id, session_hash, state_hash, token_hash,
			redirect_uri, any_account, scope, end_user, created, expires, used, data_key, temp, data
		from flow where team = ? and `+column+" = ? and "+column+" <> '' order by seq desc limit 1", s.team, hash).
		Scan(&f.ID, &f.App, &f.Type, &f.Name, &f.ConnID, &f.SessionHash, &f.StateHash, &f.TokenHash,
			&f.RedirectURI, &f.AnyAccount, &scope, &f.EndUser, &created, &expires, &f.Used, &wrapped, &temp, &data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, connect.ErrNotFound
	}
	if err != nil {
		return nil, explain(err)
	}
	f.Created, f.Expires = timeOf(created), timeOf(expires)
	if f.Scope, err = parseScope(scope); err != nil || f.Used {
		return &f, err
	}
	err = s.withKeys(ctx, func(k *keys) error { return s.openFlow(k, &f, wrapped, temp, data) })
	if err != nil {
		return nil, errors.New("its secrets cannot be decrypted; begin the authorization again")
	}
	return &f, nil
}

// openFlow decrypts the secrets of a row into f.
func (s *Store) openFlow(k *keys, f *connect.Flow, wrapped, temp, data []byte) error {
	key, err := k.kek.openDataKey(flowPlace(s.team, f.ID), wrapped)
	if err != nil {
		return err
	}
	if f.Temp, err = openCollection(key, "temp", temp); err != nil {
		return err
	}
	f.Data, err = openCollection(key, "data", data)
	return err
}

// ClaimFlow marks the flow as used and erases its secrets and their key. Of several
// callers one gets nil, the others [connect.ErrFlowUsed]; [connect.ErrNotFound] when
// there is no such flow. It does not look at Expires.
func (s *Store) ClaimFlow(ctx context.Context, id string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		var used bool
		err := tx.QueryRowContext(ctx, "select used from flow where team = ? and id = ?", s.team, id).Scan(&used)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return connect.ErrNotFound
		case err == nil && used:
			return connect.ErrFlowUsed
		case err != nil:
			return err
		}
		return execOne(ctx, tx, connect.ErrFlowUsed, "update flow set used = true, data_key = null, temp = null, data = null where team = ? and id = ?", s.team, id)
	})
	if err != nil {
		return fmt.Errorf("claim flow: %w", err)
	}
	s.scrub(ctx)
	return nil
}
