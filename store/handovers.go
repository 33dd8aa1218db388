package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/cleat-run/cleat/record"
)

const selectHandover = "select event, team, destination, state, tries, next_at, status, error, owner, updated from handover "

func scanHandover(rows *sql.Rows) (*record.Handover, error) {
	var (
		h               record.Handover
		nextAt, updated sql.NullInt64
	)
	err := rows.Scan(&h.Event, &h.Team, &h.Destination, &h.State, &h.Tries, &nextAt, &h.Status, &h.Error, &h.Owner, &updated)
	h.NextAt, h.Updated = timeOf(nextAt), timeOf(updated)
	return &h, err
}

// Handovers returns those of a destination in one state, or in all with "", the newest
// first; the cursor is the id of the event.
func (s *Store) Handovers(ctx context.Context, destination string, state record.HandoverState, p record.Page) ([]*record.Handover, error) {
	var f filter
	f.and("destination = ?", destination)
	f.equal("state", string(state))
	f.and("team = ?", s.team)
	end, args := f.page("event", p)
	handovers, err := all(ctx, s.read, scanHandover, selectHandover+end, args...)
	if err != nil {
		return nil, fmt.Errorf("read handovers: %w", explain(err))
	}
	return handovers, nil
}

// Replay makes the handovers of events pending again, as if never tried, and returns how
// many. One that is being sent at the moment is left alone.
func (s *Store) Replay(ctx context.Context, destination string, events ...string) (count int, err error) {
	err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		count = 0
		now := s.now().UnixMilli()
		for part := range slices.Chunk(events, 500) {
			args := []any{now, now, destination, s.team}
			for _, id := range part {
				args = append(args, id)
			}
			result, err := tx.ExecContext(ctx, `update handover set state = 'pending', tries = 0, status = 0, error = '', owner = '', next_at = ?, updated = ?
				where destination = ? and team = ? and (state <> 'pending' or owner = '') and event in (`+holes(len(part))+")", args...)
			if err != nil {
				return err
			}
			n, err := result.RowsAffected()
			if err != nil {
				return err
			}
			count += int(n)
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("replay events: %w", err)
	}
	return count, nil
}

// DueDestinations returns the destinations of all teams that are not paused and may have
// something due at now: whether what waits of a sequential source is due is not looked at.
func (s *Store) DueDestinations(ctx context.Context, now time.Time) ([]record.Due, error) {
	due, err := all(ctx, s.read, func(rows *sql.Rows) (d record.Due, err error) { return d, rows.Scan(&d.Team, &d.ID) },
		dueDestinations, now.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("find destinations with something due: %w", explain(err))
	}
	return due, nil
}

// ClaimHandovers takes handovers that are due at now for owner until then, together with
// their events: of each destination at most as many as the wish says. Of a sequential
// source only the oldest unfinished one is given; of a paused destination none.
func (s *Store) ClaimHandovers(ctx context.Context, owner string, now, until time.Time, wish []record.Share) ([]*record.Handover, []*record.Event, error) {
	c := claim{owner, now.UnixMilli(), until.UnixMilli(), wish}
	var (
		handovers []*record.Handover
		sealed    []*sealedEvent
	)
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) (err error) {
		if handovers, err = c.take(ctx, tx); err == nil {
			sealed, err = eventsOf(ctx, tx, handovers)
		}
		return err
	})
	var events []*record.Event
	if err == nil {
		events, err = s.openEvents(ctx, sealed)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("claim handovers: %w", explain(err))
	}
	return handovers, events, nil
}

// claim is the wish for work.
type claim struct {
	owner      string
	now, until int64
	wish       []record.Share
}

// dueDestinations are those that are not paused and have something due. Whether what is
// due of a sequential source is its oldest is not looked at.
const dueDestinations = `select team, id from destination where paused = '' and (
	exists (select 1 from handover where destination = destination.id and state = 'pending' and not sequential and next_at <= ?) or
	exists (select 1 from handover where destination = destination.id and state = 'pending' and sequential))`

func (c claim) take(ctx context.Context, tx queries) ([]*record.Handover, error) {
	var taken []*record.Handover
	for _, s := range c.wish {
		heads, err := all(ctx, tx, scanHandover, dueHeads, s.Destination, s.Destination, s.Destination, s.Destination, c.now, s.Destination, s.Most)
		if err != nil {
			return nil, err
		}
		free, err := all(ctx, tx, scanHandover, dueHandovers, s.Destination, c.now, s.Destination, s.Most-len(heads))
		if err != nil {
			return nil, err
		}
		taken = append(append(taken, heads...), free...)
	}
	return taken, c.mark(ctx, tx, taken)
}

// notPaused is true unless the destination was paused since the wish was made.
const notPaused = "exists (select 1 from destination where id = ? and paused = '')"

// dueHandovers are those of a destination that do not wait for others.
const dueHandovers = selectHandover + `where destination = ? and state = 'pending' and not sequential and next_at <= ? and ` + notPaused + `
	order by next_at limit ?`

// dueHeads are the oldest unfinished ones of the sequential sources of a destination. The
// sources are found one after the other in the index, not by reading all that waits.
const dueHeads = `with recursive lane (source) as (
		select min(source) from handover where destination = ? and state = 'pending' and sequential
		union all
		select (select min(source) from handover where destination = ? and state = 'pending' and sequential and source > lane.source)
		from lane where lane.source is not null)
	` + selectHandover + `where seq in (select (select min(seq) from handover where destination = ? and state = 'pending' and sequential and source = lane.source) from lane
		where lane.source is not null)
	and destination = ? and next_at <= ? and ` + notPaused + ` order by next_at limit ?`

// mark stores that the handovers are taken.
func (c claim) mark(ctx context.Context, tx queries, taken []*record.Handover) error {
	for _, h := range taken {
		h.Owner, h.NextAt = c.owner, time.UnixMilli(c.until).UTC()
		if _, err := tx.ExecContext(ctx, "update handover set owner = ?, next_at = ? where event = ?", c.owner, c.until, h.Event); err != nil {
			return err
		}
	}
	return nil
}

// eventsOf returns the events of handovers in their order.
func eventsOf(ctx context.Context, tx queries, handovers []*record.Handover) ([]*sealedEvent, error) {
	events := make([]*sealedEvent, len(handovers))
	for i, h := range handovers {
		e, err := one(all(ctx, tx, scanEvent, selectEvent+"where id = ?", h.Event))
		if err != nil {
			return nil, err
		}
		events[i] = e
	}
	return events, nil
}

// EndHandover stores what became of a claimed handover: State, Tries, NextAt, Status and
// Error. It returns [record.ErrFenced] when another owner has it. With pause not "" its
// destination is paused in the same step.
func (s *Store) EndHandover(ctx context.Context, h *record.Handover, pause string) error {
	now := s.time()
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		err := execOne(ctx, tx, record.ErrFenced, `update handover set (state, tries, next_at, status, error, owner, updated) = (?, ?, ?, ?, ?, '', ?)
			where event = ? and team = ? and owner = ? and owner <> '' and state = 'pending'`,
			string(h.State), h.Tries, millis(h.NextAt), h.Status, h.Error, now.UnixMilli(), h.Event, h.Team, h.Owner)
		if err != nil || pause == "" {
			return err
		}
		_, err = tx.ExecContext(ctx, "update destination set paused = ?, updated = ? where team = ? and id = ? and paused = ''",
			pause, now.UnixMilli(), h.Team, h.Destination)
		return err
	})
	if err != nil {
		return fmt.Errorf("end the handover of event %q: %w", h.Event, err)
	}
	h.Owner, h.Updated = "", now
	return nil
}
