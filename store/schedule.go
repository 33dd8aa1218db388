package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
)

func schedulePlace(team int64, t *record.Trigger) place {
	return place{team: team, table: "schedule", row: strconv.Quote(t.ID), version: t.Version}
}

// scheduleColumns are the columns that both insert and update set.
const scheduleColumns = `name, app, module, connection, every, cron, timezone, start, most, destination, sequential, paused, next_at, offered_at,
	updated, version, seal_key, parameters`

// scheduleCells returns the values of scheduleColumns for t, secrets sealed.
func (s *Store) scheduleCells(key *sealer, t *record.Trigger) ([]any, error) {
	sealed, err := key.sealCollection(schedulePlace(s.team, t), "parameters", t.Parameters)
	return []any{t.Name, t.App, t.Module, t.Connection, int64(t.Every), t.Cron, t.Timezone, t.From, t.Limit, t.Destination, t.Sequential, t.Paused,
		millis(t.NextAt), 0, t.Updated.UnixMilli(), t.Version, key.id, sealed}, err
}

const selectSchedule = `select schedule.id, name, app, module, connection, every, cron, timezone, schedule.start, most, destination, sequential, paused,
	failures, last_error, last_run, next_at, created, schedule.updated, schedule.version, seal_key, parameters,
	coalesce(state.start, ''), state.last_date, coalesce(state.last_id, ''), coalesce(state.included, false), coalesce(state.same_date_ids, '[]'), coalesce(state.version, 0)
	from schedule left join trigger_state as state on state.team = schedule.team and state.id = schedule.id `

// sealedTrigger is a row of the table schedule, parameters still sealed.
type sealedTrigger struct {
	trigger    record.Trigger
	key        int64
	parameters []byte
}

func scanTrigger(rows *sql.Rows) (*sealedTrigger, error) {
	var (
		sealed                                      sealedTrigger
		t                                           = &sealed.trigger
		lastRun, nextAt, created, updated, lastDate sql.NullInt64
		ids                                         string
	)
	err := rows.Scan(&t.ID, &t.Name, &t.App, &t.Module, &t.Connection, &t.Every, &t.Cron, &t.Timezone, &t.From, &t.Limit, &t.Destination, &t.Sequential, &t.Paused,
		&t.Failures, &t.LastError, &lastRun, &nextAt, &created, &updated, &t.Version, &sealed.key, &sealed.parameters,
		&t.State.Start, &lastDate, &t.State.LastID, &t.State.Included, &ids, &t.State.Version)
	if err != nil {
		return nil, err
	}
	t.LastRun, t.NextAt, t.Created, t.Updated, t.State.LastDate = timeOf(lastRun), timeOf(nextAt), timeOf(created), timeOf(updated), timeOf(lastDate)
	t.State.SameDateIDs, err = parseScope(ids)
	return &sealed, err
}

// InsertTrigger stores a new trigger and sets ID, unless it is given, Created, Updated and
// Version; nil Parameters become empty ones, and State is not stored. It returns
// [record.ErrTaken] when the name is in use, and [record.ErrNotFound] when the destination
// is none of the team.
func (s *Store) InsertTrigger(ctx context.Context, t *record.Trigger) error {
	stored := *t
	stored.ID, stored.Version, stored.Created = s.newID(t.ID, "trg"), 1, s.time()
	if stored.Updated = stored.Created; stored.Parameters == nil {
		stored.Parameters = &value.Collection{}
	}
	err := s.putTrigger(ctx, &stored, func(ctx context.Context, tx queries, cells []any) error {
		cells = append(cells, stored.ID, s.team, stored.Failures, stored.LastError, millis(stored.LastRun), stored.Created.UnixMilli())
		return execOne(ctx, tx, nil, "insert into schedule ("+scheduleColumns+", id, team, failures, last_error, last_run, created) values ("+holes(len(cells))+")", cells...)
	})
	if err != nil {
		return fmt.Errorf("insert trigger %q: %w", t.Name, err)
	}
	*t = stored
	return nil
}

// putTrigger seals t and stores it with put.
func (s *Store) putTrigger(ctx context.Context, t *record.Trigger, put func(context.Context, queries, []any) error) error {
	key, err := s.sealer(ctx)
	if err != nil {
		return err
	}
	cells, err := s.scheduleCells(key, t)
	if err != nil {
		return err
	}
	err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		if err := s.ownDestination(ctx, tx, t.Destination); err != nil {
			return err
		}
		return put(ctx, tx, slices.Clone(cells))
	})
	return taken(err)
}

// Trigger returns the trigger with the given id, or [record.ErrNotFound].
func (s *Store) Trigger(ctx context.Context, id string) (*record.Trigger, error) {
	sealed, err := one(all(ctx, s.read, scanTrigger, selectSchedule+"where schedule.team = ? and schedule.id = ?", s.team, id))
	if err == nil {
		err = s.openTrigger(ctx, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("read trigger %q: %w", id, err)
	}
	return &sealed.trigger, nil
}

func (s *Store) openTrigger(ctx context.Context, sealed *sealedTrigger) (err error) {
	t := &sealed.trigger
	t.Parameters, err = s.unsealCollection(ctx, sealed.key, schedulePlace(s.team, t), "parameters", sealed.parameters)
	return err
}

// Triggers returns triggers of the team, the newest first. One whose parameters cannot be
// decrypted is returned without them.
func (s *Store) Triggers(ctx context.Context, p record.Page) ([]*record.Trigger, error) {
	var f filter
	f.and("schedule.team = ?", s.team)
	end, args := f.page("schedule.id", p)
	found, err := all(ctx, s.read, scanTrigger, selectSchedule+end, args...)
	if err != nil {
		return nil, fmt.Errorf("read triggers: %w", explain(err))
	}
	triggers := make([]*record.Trigger, len(found))
	for i, sealed := range found {
		if err := s.openTrigger(ctx, sealed); err != nil && !errors.Is(err, errSealed) {
			return nil, fmt.Errorf("read triggers: %w", err)
		}
		triggers[i] = &sealed.trigger
	}
	return triggers, nil
}

// UpdateTrigger stores everything but State, Failures, LastError and LastRun when the
// stored version equals t.Version, and then raises that and sets Updated. Otherwise it
// returns [record.ErrConflict], [record.ErrNotFound] or [record.ErrTaken], and t is
// unchanged. The time is offered to the workers anew.
func (s *Store) UpdateTrigger(ctx context.Context, t *record.Trigger) error {
	stored := *t
	stored.Updated = s.time()
	stored.Version++
	err := s.putTrigger(ctx, &stored, func(ctx context.Context, tx queries, cells []any) error {
		return compareAndSet(ctx, tx, "schedule", "team = ? and id = ?", []any{s.team, t.ID},
			"update schedule set ("+scheduleColumns+") = ("+holes(len(cells))+") where team = ? and id = ? and version = ?", append(cells, s.team, t.ID, t.Version)...)
	})
	if err != nil {
		return fmt.Errorf("update trigger %q: %w", t.Name, err)
	}
	*t = stored
	return nil
}

// DeleteTrigger removes a trigger with its state, or returns [record.ErrNotFound]. Its
// events and runs stay.
func (s *Store) DeleteTrigger(ctx context.Context, id string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		if _, err := tx.ExecContext(ctx, "delete from trigger_state where team = ? and id = ?", s.team, id); err != nil {
			return err
		}
		return execOne(ctx, tx, record.ErrNotFound, "delete from schedule where team = ? and id = ?", s.team, id)
	})
	if err != nil {
		return fmt.Errorf("delete trigger %q: %w", id, err)
	}
	return nil
}

// EndPoll stores events, state, run and next time in one transaction, and in the events
// their cursors. It returns [record.ErrFenced] when the state has moved since it was read
// and [record.ErrNotFound] when the trigger is gone; then nothing is stored.
func (s *Store) EndPoll(ctx context.Context, id string, end *record.PollEnd) error {
	outcome, err := s.sealOutcome(ctx, end.Events, end.Run)
	if err == nil {
		err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
			if err := s.endPoll(ctx, tx, id, end); err != nil {
				return err
			}
			return outcome.store(ctx, tx)
		})
	}
	if err != nil {
		return fmt.Errorf("end a poll of trigger %q: %w", id, err)
	}
	return nil
}

// endPoll moves the trigger and its state.
func (s *Store) endPoll(ctx context.Context, tx queries, id string, end *record.PollEnd) error {
	failures := "0"
	if end.Error != "" {
		failures = "failures + 1"
	}
	err := execOne(ctx, tx, record.ErrNotFound, "update schedule set failures = "+failures+`, last_error = ?, last_run = ?, next_at = ?, offered_at = 0,
		paused = case when ? = '' then paused else ? end where team = ? and id = ?`,
		end.Error, s.now().UnixMilli(), millis(end.NextAt), end.Paused, end.Paused, s.team, id)
	if err != nil {
		return err
	}
	if end.Error == "" {
		return s.moveState(ctx, tx, id, &end.State, record.ErrFenced)
	}
	var version int64
	err = tx.QueryRowContext(ctx, "select coalesce(max(version), 0) from trigger_state where team = ? and id = ?", s.team, id).Scan(&version)
	if err == nil && version != end.State.Version {
		err = record.ErrFenced
	}
	return err
}

// DueTriggers returns up to n triggers of all teams that are due at now, not paused, and
// were not offered after stale, the longest due first.
func (s *Store) DueTriggers(ctx context.Context, now, stale time.Time, n int) ([]record.Due, error) {
	due, err := all(ctx, s.read, func(rows *sql.Rows) (d record.Due, err error) { return d, rows.Scan(&d.Team, &d.ID) },
		"select team, id from schedule where paused = '' and next_at is not null and next_at <= ? and offered_at <= ? order by next_at limit ?",
		now.UnixMilli(), max(stale.UnixMilli(), 0), n)
	if err != nil {
		return nil, fmt.Errorf("find triggers that are due: %w", explain(err))
	}
	return due, nil
}

// Offered notes that triggers were offered to the workers.
func (s *Store) Offered(ctx context.Context, at time.Time, due ...record.Due) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		for part := range slices.Chunk(due, 500) {
			args := []any{at.UnixMilli()}
			for _, d := range part {
				args = append(args, d.ID) // unique over all teams
			}
			if _, err := tx.ExecContext(ctx, "update schedule set offered_at = ? where id in ("+holes(len(part))+")", args...); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note the triggers that were offered: %w", err)
	}
	return nil
}
