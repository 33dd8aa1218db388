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

func receivedPlace(team int64, id string) place {
	return place{team: team, table: "received", row: strconv.Quote(id)}
}

// unfinished is true for deliveries of which something may still come.
const unfinished = "received.state in ('running', 'waiting')"

// BeginDelivery stores d as running with a raised fence, which is then in d. When the
// stored one is final already it returns it in d, without its request, and false. It
// returns [record.ErrNotFound] when the id is that of another team.
func (s *Store) BeginDelivery(ctx context.Context, d *record.Delivery) (wanted bool, err error) {
	if wanted, err = s.beginDelivery(ctx, d); err != nil {
		return false, fmt.Errorf("begin delivery %q: %w", d.ID, err)
	}
	return wanted, nil
}

func (s *Store) beginDelivery(ctx context.Context, d *record.Delivery) (wanted bool, err error) {
	key, err := s.sealer(ctx)
	if err != nil {
		return false, err
	}
	id := s.newID(d.ID, "dlv")
	sealed, err := key.seal(receivedPlace(s.team, id), "request", d.Request)
	if err != nil {
		return false, err
	}
	var fence int64
	err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return tx.QueryRowContext(ctx, `insert into received (id, team, hook, received, source, state, attempt, fence, node, error, bundles, replay_of, seal_key, request)
			values (?, ?, ?, ?, ?, 'running', ?, 1, ?, ?, 0, ?, ?, ?)
			on conflict (id) do update set (state, attempt, fence, node, retry_at, seal_key, request) =
				('running', excluded.attempt, received.fence + 1, excluded.node, null, excluded.seal_key, excluded.request)
			where received.team = excluded.team and `+unfinished+" returning fence",
			id, s.team, d.Hook, d.Received.UnixMilli(), d.Source, d.Attempt, d.Node, d.Error, d.ReplayOf, key.id, sealed).Scan(&fence)
	})
	if errors.Is(err, sql.ErrNoRows) { // final, or of another team
		final, err := one(all(ctx, s.read, scanReceived, selectReceived+"where team = ? and id = ?", s.team, id))
		if err == nil {
			*d = final.delivery
		}
		return false, err
	}
	if err != nil {
		return false, err
	}
	d.ID, d.State, d.Fence, d.RetryAt = id, record.DeliveryRunning, fence, time.Time{}
	return true, nil
}

// EndDelivery stores the outcome of the attempt with the given fence and everything that
// came of it in one transaction. It returns [record.ErrFenced] when that attempt is not
// the one that runs, and [record.ErrNotFound] when there is no such delivery.
func (s *Store) EndDelivery(ctx context.Context, id string, fence int64, end *record.DeliveryEnd) error {
	outcome, err := s.sealOutcome(ctx, end.Events, end.Run)
	if err == nil {
		err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
			if err := s.endDelivery(ctx, tx, id, fence, end); err != nil {
				return err
			}
			return outcome.store(ctx, tx)
		})
	}
	if err != nil {
		return fmt.Errorf("end delivery %q: %w", id, err)
	}
	return nil
}

func (s *Store) endDelivery(ctx context.Context, tx queries, id string, fence int64, end *record.DeliveryEnd) error {
	var ended sql.NullInt64
	if end.State.Final() {
		ended = millis(s.now())
	}
	err := compareAndSet(ctx, tx, "received", "team = ? and id = ?", []any{s.team, id},
		`update received set (state, error, retry_at, ended, bundles) = (?, ?, ?, ?, ?) where team = ? and id = ? and fence = ? and state = 'running'`,
		string(end.State), end.Error, millis(end.RetryAt), ended, len(end.Events), s.team, id, fence)
	if errors.Is(err, record.ErrConflict) {
		return record.ErrFenced
	}
	return err
}

const receivedColumns = "id, team, hook, received, source, state, attempt, fence, node, error, bundles, replay_of, retry_at, ended"

const selectReceived = "select " + receivedColumns + ", null, null from received "

// sealedReceived is a row of the table received, the request still sealed.
type sealedReceived struct {
	team     int64
	delivery record.Delivery
	key      sql.NullInt64
	request  []byte
}

func scanReceived(rows *sql.Rows) (*sealedReceived, error) {
	var (
		sealed                   sealedReceived
		d                        = &sealed.delivery
		received, retryAt, ended sql.NullInt64
	)
	err := rows.Scan(&d.ID, &sealed.team, &d.Hook, &received, &d.Source, &d.State, &d.Attempt, &d.Fence, &d.Node, &d.Error, &d.Bundles, &d.ReplayOf,
		&retryAt, &ended, &sealed.key, &sealed.request)
	d.Received, d.RetryAt, d.Ended = timeOf(received), timeOf(retryAt), timeOf(ended)
	return &sealed, err
}

func (s *database) openReceived(ctx context.Context, sealed *sealedReceived) (err error) {
	d := &sealed.delivery
	d.Request, err = s.unseal(ctx, sealed.key.Int64, receivedPlace(sealed.team, d.ID), "request", sealed.request)
	return err
}

// Delivery returns a delivery with its request, or [record.ErrNotFound].
func (s *Store) Delivery(ctx context.Context, id string) (*record.Delivery, error) {
	sealed, err := one(all(ctx, s.read, scanReceived, "select "+receivedColumns+", seal_key, request from received where team = ? and id = ?", s.team, id))
	if err == nil {
		err = s.openReceived(ctx, sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("read delivery %q: %w", id, err)
	}
	return &sealed.delivery, nil
}

// Deliveries returns deliveries without their requests, the newest first.
func (s *Store) Deliveries(ctx context.Context, f record.DeliveryFilter, p record.Page) ([]*record.Delivery, error) {
	var where filter
	where.and("team = ?", s.team)
	if f.Hook != 0 {
		where.and("hook = ?", f.Hook)
	}
	where.equal("state", string(f.State))
	if !f.From.IsZero() {
		where.and("received >= ?", f.From.UnixMilli())
	}
	if !f.To.IsZero() {
		where.and("received < ?", f.To.UnixMilli())
	}
	end, args := where.page("id", p)
	found, err := all(ctx, s.read, scanReceived, selectReceived+end, args...)
	if err != nil {
		return nil, fmt.Errorf("read deliveries: %w", explain(err))
	}
	deliveries := make([]*record.Delivery, len(found))
	for i, sealed := range found {
		deliveries[i] = &sealed.delivery
	}
	return deliveries, nil
}

// DueRetries returns up to n deliveries of all teams that wait for an attempt before now,
// the longest due first, with their requests, and the team of each. They have at most
// [MaxDelivery] bytes together, but there is one if there is any.
func (s *Store) DueRetries(ctx context.Context, now time.Time, n int) ([]*record.Delivery, []int64, error) {
	found, err := s.dueRetries(ctx, now, n)
	if err != nil {
		return nil, nil, fmt.Errorf("find deliveries that are due: %w", explain(err))
	}
	var (
		due   []*record.Delivery
		teams []int64
	)
	for _, sealed := range found {
		if err := s.openReceived(ctx, sealed); err != nil {
			return nil, nil, fmt.Errorf("read delivery %q: %w", sealed.delivery.ID, err)
		}
		due, teams = append(due, &sealed.delivery), append(teams, sealed.team)
	}
	return due, teams, nil
}

func (s *Store) dueRetries(ctx context.Context, now time.Time, n int) ([]*sealedReceived, error) {
	rows, err := s.read.QueryContext(ctx, "select "+receivedColumns+`, seal_key, request from received
		where retry_at is not null and retry_at < ? and state = 'waiting' order by retry_at limit ?`, now.UnixMilli(), n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []*sealedReceived
	for total := 0; rows.Next(); {
		sealed, err := scanReceived(rows)
		if err != nil {
			return nil, err
		}
		if total += len(sealed.request); total > MaxDelivery && len(found) > 0 {
			return found, nil
		}
		found = append(found, sealed)
	}
	return found, rows.Err()
}
