package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/cleat-run/cleat/record"
)

// AppendAudit adds a line to the audit log of the team, and sets ID and At unless they are
// given.
func (s *Store) AppendAudit(ctx context.Context, a *record.Audit) error {
	stored := *a
	stored.ID = s.newID(a.ID, "aud")
	if stored.At.IsZero() {
		stored.At = s.time()
	}
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, nil, "insert into audit (id, team, made, actor, action, object, address, detail) values (?, ?, ?, ?, ?, ?, ?, ?)",
			stored.ID, s.team, stored.At.UnixMilli(), stored.Actor, stored.Action, stored.Object, stored.Address, stored.Detail)
	})
	if err != nil {
		return fmt.Errorf("append to the audit log: %w", taken(err))
	}
	*a = stored
	return nil
}

// Audits returns lines of the audit log of the team, the newest first.
func (s *Store) Audits(ctx context.Context, p record.Page) ([]*record.Audit, error) {
	var f filter
	f.and("team = ?", s.team)
	end, args := f.page("id", p)
	lines, err := all(ctx, s.read, func(rows *sql.Rows) (*record.Audit, error) {
		var (
			a  record.Audit
			at sql.NullInt64
		)
		err := rows.Scan(&a.ID, &at, &a.Actor, &a.Action, &a.Object, &a.Address, &a.Detail)
		a.At = timeOf(at)
		return &a, err
	}, "select id, made, actor, action, object, address, detail from audit "+end, args...)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", explain(err))
	}
	return lines, nil
}
