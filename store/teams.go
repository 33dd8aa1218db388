package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/cleat-run/cleat/record"
)

const selectTeam = "select id, name, branding, created, version from team "

func scanTeam(rows *sql.Rows) (*record.Team, error) {
	var (
		t        record.Team
		branding string
		created  sql.NullInt64
	)
	if err := rows.Scan(&t.ID, &t.Name, &branding, &created, &t.Version); err != nil {
		return nil, err
	}
	t.Created = timeOf(created)
	if json.Unmarshal([]byte(branding), &t.Branding) != nil {
		return nil, errMalformed
	}
	return &t, nil
}

// one returns the only row that was found, or [record.ErrNotFound].
func one[T any](found []T, err error) (T, error) {
	if err == nil && len(found) == 0 {
		err = record.ErrNotFound
	}
	if err != nil {
		var none T
		return none, explain(err)
	}
	return found[0], nil
}

// Team returns a team, or [record.ErrNotFound].
func (s *Store) Team(ctx context.Context, id int64) (*record.Team, error) {
	t, err := one(all(ctx, s.read, scanTeam, selectTeam+"where id = ?", id))
	if err != nil {
		return nil, fmt.Errorf("read team %d: %w", id, err)
	}
	return t, nil
}

// Teams returns all teams by id.
func (s *Store) Teams(ctx context.Context) ([]*record.Team, error) {
	teams, err := all(ctx, s.read, scanTeam, selectTeam+"order by id")
	if err != nil {
		return nil, fmt.Errorf("read teams: %w", explain(err))
	}
	return teams, nil
}

// brandingText returns what a column holds for b.
func brandingText(b record.Branding) string {
	text, _ := json.Marshal(b) // cannot fail for texts
	return string(text)
}

// InsertTeam stores a new team and sets ID, Created and Version.
func (s *Store) InsertTeam(ctx context.Context, t *record.Team) error {
	stored := *t
	stored.Created, stored.Version = s.time(), 1
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		var err error
		if stored.ID, err = nextID(ctx, tx, "team"); err != nil {
			return err
		}
		return execOne(ctx, tx, nil, "insert into team (id, name, branding, created, version) values (?, ?, ?, ?, ?)",
			stored.ID, stored.Name, brandingText(stored.Branding), stored.Created.UnixMilli(), stored.Version)
	})
	if err != nil {
		return fmt.Errorf("insert team %q: %w", t.Name, err)
	}
	*t = stored
	return nil
}

// UpdateTeam stores name and branding when the stored version equals t.Version, which it
// then raises.
func (s *Store) UpdateTeam(ctx context.Context, t *record.Team) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return compareAndSet(ctx, tx, "team", "id = ?", []any{t.ID}, "update team set (name, branding, version) = (?, ?, ?) where id = ? and version = ?",
			t.Name, brandingText(t.Branding), t.Version+1, t.ID, t.Version)
	})
	if err != nil {
		return fmt.Errorf("update team %d: %w", t.ID, err)
	}
	t.Version++
	return nil
}

// compareAndSet runs an update that names the version that was read. When it finds none,
// the row has changed meanwhile, or there is no row for which the condition own holds.
func compareAndSet(ctx context.Context, tx queries, table, own string, args []any, update string, cells ...any) error {
	err := execOne(ctx, tx, record.ErrConflict, update, cells...)
	if !errors.Is(err, record.ErrConflict) {
		return err
	}
	var found int
	if wrong := tx.QueryRowContext(ctx, "select 1 from "+table+" where "+own, args...).Scan(&found); wrong != nil {
		return notFound(wrong)
	}
	return err
}

// holdTeam makes other transactions that hold the team wait, or begin anew.
func holdTeam(ctx context.Context, tx queries, team int64) error {
	return execOne(ctx, tx, record.ErrNotFound, "update team set version = version where id = ?", team)
}
