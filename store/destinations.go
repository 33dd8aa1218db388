package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/record"
)

func destinationPlace(team int64, d *record.Destination) place {
	return place{team: team, table: "destination", row: strconv.Quote(d.ID), version: d.Version}
}

// destinationColumns are the columns that both insert and update set.
const destinationColumns = "name, paused, updated, version, seal_key, url, secret"

// destinationCells returns the values of destinationColumns for d, secrets sealed.
func (s *Store) destinationCells(ctx context.Context, d *record.Destination) ([]any, error) {
	key, err := s.sealer(ctx)
	if err != nil {
		return nil, err
	}
	cells := []any{d.Name, d.Paused, d.Updated.UnixMilli(), d.Version, key.id}
	for _, c := range []struct{ name, text string }{{"url", d.URL}, {"secret", d.Secret}} {
		sealed, err := key.seal(destinationPlace(s.team, d), c.name, []byte(c.text))
		if err != nil {
			return nil, err
		}
		cells = append(cells, sealed)
	}
	return cells, nil
}

// sealedDestination is a row of the table destination, secrets still sealed.
type sealedDestination struct {
	destination record.Destination
	key         int64
	url, secret []byte
}

const selectDestination = "select id, name, paused, created, updated, version, seal_key, url, secret from destination "

func scanDestination(rows *sql.Rows) (*sealedDestination, error) {
	var (
		sealed           sealedDestination
		d                = &sealed.destination
		created, updated sql.NullInt64
	)
	err := rows.Scan(&d.ID, &d.Name, &d.Paused, &created, &updated, &d.Version, &sealed.key, &sealed.url, &sealed.secret)
	d.Created, d.Updated = timeOf(created), timeOf(updated)
	return &sealed, err
}

func (s *Store) openDestination(ctx context.Context, sealed *sealedDestination) error {
	d := &sealed.destination
	for _, c := range []struct {
		name   string
		sealed []byte
		into   *string
	}{{"url", sealed.url, &d.URL}, {"secret", sealed.secret, &d.Secret}} {
		text, err := s.unseal(ctx, sealed.key, destinationPlace(s.team, d), c.name, c.sealed)
		if err != nil {
			return err
		}
		*c.into = string(text)
	}
	return nil
}

// InsertDestination stores a new destination and sets ID, unless it is given, Created,
// Updated and Version. It returns [record.ErrTaken] when the name is in use.
func (s *Store) InsertDestination(ctx context.Context, d *record.Destination) error {
	stored := *d
	stored.ID, stored.Version, stored.Created = s.newID(d.ID, "dst"), 1, s.time()
	stored.Updated = stored.Created
	cells, err := s.destinationCells(ctx, &stored)
	if err == nil {
		cells = append(cells, stored.ID, s.team, stored.Created.UnixMilli())
		err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
			return execOne(ctx, tx, nil, "insert into destination ("+destinationColumns+", id, team, created) values ("+holes(len(cells))+")", cells...)
		})
	}
	if err != nil {
		return fmt.Errorf("insert destination %q: %w", d.Name, taken(err))
	}
	*d = stored
	return nil
}

// Destination returns the destination with the given id, or [record.ErrNotFound].
func (s *Store) Destination(ctx context.Context, id string) (*record.Destination, error) {
	sealed, err := one(all(ctx, s.read, scanDestination, selectDestination+"where team = ? and id = ?", s.team, id))
	if err == nil {
		err = s.openDestination(ctx, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("read destination %q: %w", id, err)
	}
	return &sealed.destination, nil
}

// Destinations returns the destinations of the team by name.
func (s *Store) Destinations(ctx context.Context) ([]*record.Destination, error) {
	found, err := all(ctx, s.read, scanDestination, selectDestination+"where team = ? order by name", s.team)
	if err != nil {
		return nil, fmt.Errorf("read destinations: %w", explain(err))
	}
	destinations := make([]*record.Destination, len(found))
	for i, sealed := range found {
		if err := s.openDestination(ctx, sealed); err != nil {
			return nil, fmt.Errorf("read destination %q: %w", sealed.destination.Name, err)
		}
		destinations[i] = &sealed.destination
	}
	return destinations, nil
}

// destinationState returns why a destination of the team is paused, "" while it is not, or
// [record.ErrNotFound].
func (s *Store) destinationState(ctx context.Context, tx queries, id string) (paused string, err error) {
	err = tx.QueryRowContext(ctx, "select paused from destination where team = ? and id = ?", s.team, id).Scan(&paused)
	return paused, notFound(err)
}

// ownDestination returns [record.ErrNotFound] when the id, unless it is empty, is that of
// no destination of the team.
func (s *Store) ownDestination(ctx context.Context, tx queries, id string) error {
	if id == "" {
		return nil
	}
	_, err := s.destinationState(ctx, tx, id)
	return err
}

// UpdateDestination stores d when the stored version equals d.Version, and then raises
// that and sets Updated. With Paused taken away what waits is due again.
func (s *Store) UpdateDestination(ctx context.Context, d *record.Destination) error {
	stored := *d
	stored.Updated = s.time()
	stored.Version++
	cells, err := s.destinationCells(ctx, &stored)
	if err == nil {
		cells = append(cells, s.team, d.ID, d.Version)
		err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
			return s.updateDestination(ctx, tx, &stored, cells)
		})
	}
	if err != nil {
		return fmt.Errorf("update destination %q: %w", d.Name, taken(err))
	}
	*d = stored
	return nil
}

func (s *Store) updateDestination(ctx context.Context, tx queries, d *record.Destination, cells []any) error {
	paused, err := s.destinationState(ctx, tx, d.ID)
	if err != nil {
		return err
	}
	err = execOne(ctx, tx, record.ErrConflict, "update destination set ("+destinationColumns+") = ("+holes(7)+") where team = ? and id = ? and version = ?", cells...)
	if err != nil || paused == "" || d.Paused != "" {
		return err
	}
	_, err = tx.ExecContext(ctx, "update handover set next_at = ? where destination = ? and state = 'pending' and next_at > ?",
		d.Updated.UnixMilli(), d.ID, d.Updated.UnixMilli())
	return err
}

// DeleteDestination removes a destination with its handovers. It returns
// [record.ErrConflict] while triggers or hooks use it, and [record.ErrNotFound].
func (s *Store) DeleteDestination(ctx context.Context, id string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		if _, err := s.destinationState(ctx, tx, id); err != nil {
			return err
		}
		var used bool
		err := tx.QueryRowContext(ctx, `select exists (select 1 from schedule where team = ? and destination <> '' and destination = ?)
			or exists (select 1 from hook where team = ? and destination <> '' and destination = ?)`, s.team, id, s.team, id).Scan(&used)
		if err == nil && used {
			err = record.ErrConflict
		}
		if err != nil {
			return err
		}
		return execOne(ctx, tx, record.ErrNotFound, "delete from destination where team = ? and id = ?", s.team, id)
	})
	if err != nil {
		return fmt.Errorf("delete destination %q: %w", id, err)
	}
	return nil
}
