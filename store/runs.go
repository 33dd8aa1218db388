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

func runPlace(team int64, id string) place {
	return place{team: team, table: "run", row: strconv.Quote(id)}
}

const runColumns = "id, kind, app, component, connection, source, made_by, state, error, error_type, bundles, exchanges, started, ended, node"

// putRun stores a run, or over the stored one what became of it. How it ended is stored
// once: its node may hear too late that somebody has cancelled it, or given it up. That of
// another team is not touched.
const putRun = "insert into run (" + runColumns + `, team, beat, seal_key, transcript) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
	on conflict (id) do update set (state, error, error_type, ended) = (
		case run.state when 'running' then excluded.state else run.state end, case run.state when 'running' then excluded.error else run.error end,
		case run.state when 'running' then excluded.error_type else run.error_type end, case run.state when 'running' then excluded.ended else run.ended end),
	(bundles, exchanges, node, beat, seal_key, transcript) = (excluded.bundles, excluded.exchanges, excluded.node, excluded.beat, excluded.seal_key, excluded.transcript)
	where run.team = excluded.team`

// runCells returns the values of putRun for r, which gets an id if it has none. A
// transcript that is too long is not kept.
func (s *Store) runCells(key *sealer, r *record.Run) ([]any, error) {
	if r.ID == "" { // otherwise it is only read: whoever made the run may be reading it, too
		r.ID = s.newID("", "run")
	}
	cells := []any{r.ID, r.Kind, r.App, r.Component, r.Connection, r.Source, r.By, string(r.State), r.Error, r.ErrorType, r.Bundles, r.Exchanges,
		r.Started.UnixMilli(), millis(r.Ended), r.Node, s.team, sql.NullInt64{Int64: s.now().UnixMilli(), Valid: r.State == record.Running}}
	if len(r.Transcript) == 0 || len(r.Transcript) > record.MaxTranscript {
		return append(cells, nil, nil), nil
	}
	sealed, err := key.seal(runPlace(s.team, r.ID), "transcript", r.Transcript)
	return append(cells, key.id, sealed), err
}

// PutRuns stores runs, or what became of them, all or none; those without an id get one.
// One that has ended stays as it ended, and gets the rest. A transcript longer than [record.MaxTranscript] is left out.
func (s *Store) PutRuns(ctx context.Context, runs ...*record.Run) error {
	cells, err := s.sealRuns(ctx, runs)
	if err == nil {
		err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error { return putRuns(ctx, tx, cells) })
	}
	if err != nil {
		return fmt.Errorf("store runs: %w", err)
	}
	return nil
}

// sealRuns returns what putRuns stores. A nil run is none.
func (s *Store) sealRuns(ctx context.Context, runs []*record.Run) ([][]any, error) {
	key, err := s.sealer(ctx)
	if err != nil {
		return nil, err
	}
	var cells [][]any
	for _, r := range runs {
		if r == nil {
			continue
		}
		row, err := s.runCells(key, r)
		if err != nil {
			return nil, err
		}
		cells = append(cells, row)
	}
	return cells, nil
}

func putRuns(ctx context.Context, tx queries, cells [][]any) error {
	for _, row := range cells {
		if err := execOne(ctx, tx, record.ErrNotFound, putRun, row...); err != nil {
			return err
		}
	}
	return nil
}

func scanRun(rows *sql.Rows, more ...any) (*record.Run, error) {
	var (
		r              record.Run
		started, ended sql.NullInt64
	)
	err := rows.Scan(append([]any{&r.ID, &r.Kind, &r.App, &r.Component, &r.Connection, &r.Source, &r.By, &r.State, &r.Error, &r.ErrorType,
		&r.Bundles, &r.Exchanges, &started, &ended, &r.Node}, more...)...)
	r.Started, r.Ended = timeOf(started), timeOf(ended)
	return &r, err
}

// Run returns a run with its transcript, or [record.ErrNotFound].
func (s *Store) Run(ctx context.Context, id string) (*record.Run, error) {
	var (
		key    sql.NullInt64
		sealed []byte
	)
	r, err := one(all(ctx, s.read, func(rows *sql.Rows) (*record.Run, error) { return scanRun(rows, &key, &sealed) },
		"select "+runColumns+", seal_key, transcript from run where team = ? and id = ?", s.team, id))
	if err == nil && key.Valid {
		r.Transcript, err = s.unseal(ctx, key.Int64, runPlace(s.team, id), "transcript", sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("read run %q: %w", id, err)
	}
	return r, nil
}

// Runs returns runs without their transcripts, the newest first.
func (s *Store) Runs(ctx context.Context, f record.RunFilter, p record.Page) ([]*record.Run, error) {
	var where filter
	where.and("team = ?", s.team)
	where.equal("app", f.App)
	where.equal("component", f.Component)
	where.equal("kind", f.Kind)
	if where.equal("state", string(f.State)); f.Source != "" {
		where.and("source <> '' and source = ?", f.Source)
	}
	if f.Connection != 0 {
		where.and("connection <> 0 and connection = ?", f.Connection)
	}
	end, args := where.page("id", p)
	runs, err := all(ctx, s.read, func(rows *sql.Rows) (*record.Run, error) { return scanRun(rows) }, "select "+runColumns+" from run "+end, args...)
	if err != nil {
		return nil, fmt.Errorf("read runs: %w", explain(err))
	}
	return runs, nil
}

// BeatRun says that a run is still at work. It returns [record.ErrFenced] when it has ended
// meanwhile, and [record.ErrNotFound].
func (s *Store) BeatRun(ctx context.Context, id string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return compareAndSet(ctx, tx, "run", "team = ? and id = ?", []any{s.team, id},
			"update run set beat = ? where team = ? and id = ? and state = 'running'", s.now().UnixMilli(), s.team, id)
	})
	if errors.Is(err, record.ErrConflict) {
		err = record.ErrFenced
	}
	if err != nil {
		return fmt.Errorf("keep run %q: %w", id, err)
	}
	return nil
}

// CancelRun ends a run as cancelled, wherever it is at work; its node hears of it with its
// next beat. It returns [record.ErrConflict] when the run has ended, and
// [record.ErrNotFound].
func (s *Store) CancelRun(ctx context.Context, id string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return compareAndSet(ctx, tx, "run", "team = ? and id = ?", []any{s.team, id},
			"update run set state = 'cancelled', ended = ? where team = ? and id = ? and state = 'running'", s.now().UnixMilli(), s.team, id)
	})
	if err != nil {
		return fmt.Errorf("cancel run %q: %w", id, err)
	}
	return nil
}

// EndLostRuns ends up to n runs of all teams whose last beat was before, as failed with the
// given type and text, and returns their ids. Of their bundles those count that are events.
func (s *Store) EndLostRuns(ctx context.Context, before time.Time, kind, text string, n int) ([]string, error) {
	const lost = "select id from run where state = 'running' and beat < ? order by beat limit ?"
	found, err := all(ctx, s.read, scanText, lost, before.UnixMilli(), n)
	var ended []string
	if err == nil && len(found) > 0 { // else without a write each time
		err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) (err error) {
			ended, err = all(ctx, tx, scanText, `update run set (state, error, error_type, ended, bundles) = ('failed', ?, ?, ?,
				(select count(*) from event where event.team = run.team and event.source = run.id))
				where state = 'running' and id in (`+lost+") returning id", text, kind, s.now().UnixMilli(), before.UnixMilli(), n)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("end lost runs: %w", explain(err))
	}
	return ended, nil
}
