package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/cleat-run/cleat/record"
)

const selectSession = "select hash, person, team, address, agent, created, expires from session "

func scanSession(rows *sql.Rows) (*record.Session, error) {
	var (
		n                record.Session
		created, expires sql.NullInt64
	)
	err := rows.Scan(&n.Hash, &n.User, &n.Team, &n.Address, &n.Agent, &created, &expires)
	n.Created, n.Expires = timeOf(created), timeOf(expires)
	return &n, err
}

// InsertSession stores a session, and sets Created unless it is given.
func (s *Store) InsertSession(ctx context.Context, n *record.Session) error {
	created := n.Created
	if created.IsZero() {
		created = s.time()
	}
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, nil, "insert into session (hash, person, team, address, agent, created, expires) values (?, ?, ?, ?, ?, ?, ?)",
			n.Hash, n.User, n.Team, n.Address, n.Agent, created.UnixMilli(), n.Expires.UnixMilli())
	})
	if err != nil {
		return fmt.Errorf("insert session: %w", taken(err))
	}
	n.Created = created
	return nil
}

// Session returns a session that has not expired, or [record.ErrNotFound].
func (s *Store) Session(ctx context.Context, hash string) (*record.Session, error) {
	n, err := one(all(ctx, s.read, scanSession, selectSession+"where hash = ? and expires > ?", hash, s.now().UnixMilli()))
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	return n, nil
}

// Sessions returns the sessions of a user that have not expired, the newest first.
func (s *Store) Sessions(ctx context.Context, user string) ([]*record.Session, error) {
	sessions, err := all(ctx, s.read, scanSession, selectSession+"where person = ? and expires > ? order by created desc", user, s.now().UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", explain(err))
	}
	return sessions, nil
}

// EndSession ends a session; one that is not there does not matter.
func (s *Store) EndSession(ctx context.Context, hash string) error {
	return s.endSessions(ctx, "hash = ?", hash)
}

// EndSessions ends all sessions of a user but the one with the hash but, which may be "".
func (s *Store) EndSessions(ctx context.Context, user, but string) error {
	return s.endSessions(ctx, "person = ? and hash <> ?", user, but)
}

func (s *Store) endSessions(ctx context.Context, where string, args ...any) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		_, err := tx.ExecContext(ctx, "delete from session where "+where, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
