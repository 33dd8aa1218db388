package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/cleat-run/cleat/record"
)

const selectToken = "select id, team, name, hash, hint, scopes, made_by, created, expires, used, revoked from token "

func scanToken(rows *sql.Rows) (*record.Token, error) {
	var (
		t                               record.Token
		scopes                          string
		created, expires, used, revoked sql.NullInt64
	)
	if err := rows.Scan(&t.ID, &t.Team, &t.Name, &t.Hash, &t.Hint, &scopes, &t.By, &created, &expires, &used, &revoked); err != nil {
		return nil, err
	}
	t.Created, t.Expires, t.Used, t.Revoked = timeOf(created), timeOf(expires), timeOf(used), timeOf(revoked)
	names, err := parseScope(scopes)
	for _, name := range names {
		t.Scopes = append(t.Scopes, record.Scope(name))
	}
	return &t, err
}

// InsertToken stores a token of the team, and sets Team, Created and, unless it is given,
// ID.
func (s *Store) InsertToken(ctx context.Context, t *record.Token) error {
	stored := *t
	stored.ID, stored.Team, stored.Created = s.newID(t.ID, "tok"), s.team, s.time()
	names := make([]string, len(t.Scopes))
	for i, scope := range t.Scopes {
		names[i] = string(scope)
	}
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, nil, "insert into token (id, team, name, hash, hint, scopes, made_by, created, expires, used, revoked) values ("+holes(11)+")",
			stored.ID, stored.Team, stored.Name, stored.Hash, stored.Hint, scopeText(names), stored.By, stored.Created.UnixMilli(),
			millis(stored.Expires), millis(stored.Used), millis(stored.Revoked))
	})
	if err != nil {
		return fmt.Errorf("insert token: %w", taken(err))
	}
	*t = stored
	return nil
}

// Tokens returns the tokens of the team, revoked and expired ones included, the newest
// first.
func (s *Store) Tokens(ctx context.Context) ([]*record.Token, error) {
	tokens, err := all(ctx, s.read, scanToken, selectToken+"where team = ? order by id desc", s.team)
	if err != nil {
		return nil, fmt.Errorf("read tokens: %w", explain(err))
	}
	return tokens, nil
}

// RevokeToken ends a token of the team for good. One that is revoked stays so.
func (s *Store) RevokeToken(ctx context.Context, id string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, record.ErrNotFound, "update token set revoked = coalesce(revoked, ?) where team = ? and id = ?", s.now().UnixMilli(), s.team, id)
	})
	if err != nil {
		return fmt.Errorf("revoke token %s: %w", id, err)
	}
	return nil
}

// TokenWithHash returns a token of any team, revoked and expired ones included, or
// [record.ErrNotFound].
func (s *Store) TokenWithHash(ctx context.Context, hash string) (*record.Token, error) {
	t, err := one(all(ctx, s.read, scanToken, selectToken+"where hash = ?", hash))
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	return t, nil
}

// TokenUsed notes, to the minute, when tokens were used last.
func (s *Store) TokenUsed(ctx context.Context, at time.Time, ids ...string) error {
	minute := at.Truncate(time.Minute).UnixMilli()
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, "update token set used = ? where id = ? and (used is null or used < ?)", minute, id, minute); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note the use of tokens: %w", err)
	}
	return nil
}
