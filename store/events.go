package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cleat-run/cleat/record"
)

func eventPlace(team int64, id string) place {
	return place{team: team, table: "event", row: strconv.Quote(id)}
}

// outcome is what came of a poll or a delivery, secrets sealed, on its way into the store.
type outcome struct {
	*Store
	key     *sealer
	events  []*record.Event
	bundles [][]byte // sealed
	runs    [][]any
	now     time.Time
}

// sealOutcome encrypts before a transaction begins. Events without ID or Created get
// them.
func (s *Store) sealOutcome(ctx context.Context, events []*record.Event, run *record.Run) (*outcome, error) {
	key, err := s.sealer(ctx)
	if err != nil {
		return nil, err
	}
	o := &outcome{Store: s, key: key, events: events, bundles: make([][]byte, len(events)), now: s.time()}
	for i, e := range events {
		e.ID = s.newID(e.ID, "evt")
		if e.Created.IsZero() {
			e.Created = o.now
		}
		if o.bundles[i], err = key.seal(eventPlace(s.team, e.ID), "bundle", e.Bundle); err != nil {
			return nil, err
		}
	}
	o.runs, err = s.sealRuns(ctx, []*record.Run{run})
	return o, err
}

// AppendEvents stores events that no trigger and no hook gave, such as the bundles of a run
// that nobody waits for, all or none.
func (s *Store) AppendEvents(ctx context.Context, events ...*record.Event) error {
	outcome, err := s.sealOutcome(ctx, events, nil)
	if err == nil {
		err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error { return outcome.store(ctx, tx) })
	}
	if err != nil {
		return fmt.Errorf("append events: %w", err)
	}
	return nil
}

// store stores events with their handovers, and the run.
func (o *outcome) store(ctx context.Context, tx queries) error {
	if err := putRuns(ctx, tx, o.runs); err != nil || len(o.events) == 0 {
		return err
	}
	cursors, err := tx.cursors(ctx, tx, len(o.events))
	if err != nil {
		return err
	}
	destinations := make(map[string]bool)
	for i, e := range o.events {
		e.Seq = cursors[i]
		err := execOne(ctx, tx, nil, `insert into event (seq, id, team, source, app, run, destination, sequential, created, seal_key, bundle)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.Seq, e.ID, o.team, e.Source, e.App, e.Run, e.Destination, e.Sequential, e.Created.UnixMilli(), o.key.id, o.bundles[i])
		if err == nil {
			err = o.handOver(ctx, tx, e, destinations)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// handOver stores that e waits for its destination, if there still is one.
func (o *outcome) handOver(ctx context.Context, tx queries, e *record.Event, destinations map[string]bool) error {
	if e.Destination == "" {
		return nil
	}
	exists, known := destinations[e.Destination]
	if !known {
		_, err := o.destinationState(ctx, tx, e.Destination)
		if err != nil && !errors.Is(err, record.ErrNotFound) {
			return err
		}
		exists = err == nil
		destinations[e.Destination] = exists
	}
	if !exists {
		return nil
	}
	return execOne(ctx, tx, nil, `insert into handover (seq, event, team, destination, source, sequential, state, tries, next_at, status, error, owner, updated)
		values (?, ?, ?, ?, ?, ?, 'pending', 0, ?, 0, '', '', ?)`,
		e.Seq, e.ID, o.team, e.Destination, e.Source, e.Sequential, o.now.UnixMilli(), o.now.UnixMilli())
}

const selectEvent = "select event.seq, event.id, event.team, event.source, app, run, event.destination, event.sequential, created, seal_key, bundle from event "

// sealedEvent is a row of the table event, the bundle still sealed.
type sealedEvent struct {
	team   int64
	event  record.Event
	key    int64
	bundle []byte
}

func scanEvent(rows *sql.Rows) (*sealedEvent, error) {
	var (
		sealed  sealedEvent
		e       = &sealed.event
		created sql.NullInt64
	)
	err := rows.Scan(&e.Seq, &e.ID, &sealed.team, &e.Source, &e.App, &e.Run, &e.Destination, &e.Sequential, &created, &sealed.key, &sealed.bundle)
	e.Created = timeOf(created)
	return &sealed, err
}

// openEvents decrypts the bundles.
func (s *database) openEvents(ctx context.Context, sealed []*sealedEvent) ([]*record.Event, error) {
	events := make([]*record.Event, len(sealed))
	for i, row := range sealed {
		bundle, err := s.unseal(ctx, row.key, eventPlace(row.team, row.event.ID), "bundle", row.bundle)
		if err != nil {
			return nil, err
		}
		row.event.Bundle = bundle
		events[i] = &row.event
	}
	return events, nil
}

// Events returns up to n events of the team behind the cursor after, the oldest first. No
// event appears later behind a cursor that was given out.
func (s *Store) Events(ctx context.Context, f record.EventFilter, after int64, n int) ([]*record.Event, error) {
	var where filter
	where.and("team = ?", s.team)
	where.equal("source", f.Source)
	if where.equal("app", f.App); f.Destination != "" {
		where.and("destination <> '' and destination = ?", f.Destination)
	}
	where.and("seq > ?", after)
	settled, err := s.read.settled(ctx, s.read)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", explain(err))
	}
	where.and("seq <= ?", settled)
	sealed, err := all(ctx, s.read, scanEvent, selectEvent+where.text()+" order by seq limit ?", append(where.args, pageSize(n))...)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", explain(err))
	}
	events, err := s.openEvents(ctx, sealed)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

// Event returns an event, or [record.ErrNotFound].
func (s *Store) Event(ctx context.Context, id string) (*record.Event, error) {
	sealed, err := one(all(ctx, s.read, scanEvent, selectEvent+"where team = ? and id = ?", s.team, id))
	var events []*record.Event
	if err == nil {
		events, err = s.openEvents(ctx, []*sealedEvent{sealed})
	}
	if err != nil {
		return nil, fmt.Errorf("read event %q: %w", id, err)
	}
	return events[0], nil
}

// LastEvent is the cursor of the newest event of the team, 0 when there is none.
func (s *Store) LastEvent(ctx context.Context) (seq int64, err error) {
	settled, err := s.read.settled(ctx, s.read)
	if err == nil {
		err = s.read.QueryRowContext(ctx, "select coalesce(max(seq), 0) from event where team = ? and seq <= ?", s.team, settled).Scan(&seq)
	}
	if err != nil {
		return 0, fmt.Errorf("read events: %w", explain(err))
	}
	return seq, nil
}
