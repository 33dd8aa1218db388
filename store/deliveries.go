package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// MaxDelivery is the greatest size of the bundles of a delivery in the form in which they
// are stored: a request of the usual 5 MiB, written out several times.
const MaxDelivery = 32 << 20

func deliveryPlace(team int64, id string) place {
	return place{team: team, table: "delivery", row: strconv.Quote(id)}
}

// Append puts deliveries at the end of the queues of their hooks, all or none. It returns
// [webhook.ErrNotFound] when a hook does not exist and [webhook.ErrTooBig] when the
// bundles of a delivery do not fit into [MaxDelivery].
func (s *Store) Append(ctx context.Context, deliveries ...*webhook.Delivery) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		for _, d := range deliveries {
			if err := s.appendDelivery(ctx, tx, k, d); err != nil {
				return err
			}
		}
		return nil
	})
	if isForeignKeyViolation(err) {
		err = webhook.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("queue a delivery: %w", err)
	}
	return nil
}

func (s *Store) appendDelivery(ctx context.Context, tx queries, k *keys, d *webhook.Delivery) error {
	var known int64
	err := tx.QueryRowContext(ctx, "select id from hook where team = ? and id = ?", s.team, d.Hook).Scan(&known)
	if errors.Is(err, sql.ErrNoRows) {
		return webhook.ErrNotFound
	}
	if err != nil {
		return err
	}
	key, wrapped, err := k.kek.newDataKey(deliveryPlace(s.team, d.ID))
	if err != nil {
		return err
	}
	text, err := encodeList(d.Bundles, MaxDelivery)
	if err != nil {
		return err
	}
	sealed, err := key.seal("bundles", text)
	if err != nil {
		return err
	}
	return execOne(ctx, tx, nil, "insert into delivery (id, hook, received, size, data_key, bundles) values (?, ?, ?, ?, ?, ?)",
		d.ID, d.Hook, d.Received.UnixMilli(), len(text), wrapped, sealed)
}

// Next returns up to n deliveries of a hook, the oldest first, at most as many as have
// [MaxDelivery] bytes together, but one if there is any. They stay in the queue until
// they are done.
func (s *Store) Next(ctx context.Context, hook int64, n int) ([]*webhook.Delivery, error) {
	rows, err := s.sealedDeliveries(ctx, hook, n)
	if err != nil {
		return nil, fmt.Errorf("read the queue of hook %d: %w", hook, explain(err))
	}
	all := make([]*webhook.Delivery, len(rows))
	for i, row := range rows {
		if err := s.withKeys(ctx, row.open); err != nil {
			return nil, fmt.Errorf("read the queue of hook %d: %w", hook, errors.New("a delivery cannot be decrypted; delete the hook"))
		}
		all[i] = &row.delivery
	}
	return all, nil
}

// ownHook is true when the hook of the team exists.
const ownHook = "exists (select 1 from hook where id = ? and team = ?)"

// sealedDelivery is a row of the table delivery, bundles still sealed.
type sealedDelivery struct {
	team             int64
	delivery         webhook.Delivery
	dataKey, bundles []byte
}

func (s *Store) sealedDeliveries(ctx context.Context, hook int64, n int) ([]*sealedDelivery, error) {
	rows, err := s.read.QueryContext(ctx, `select id, hook, received, size, data_key, bundles from delivery
		where hook = ? and `+ownHook+" order by seq limit ?", hook, hook, s.team, n)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*sealedDelivery
	for total := 0; rows.Next(); {
		d := &sealedDelivery{team: s.team}
		var received sql.NullInt64
		var size int
		if err := rows.Scan(&d.delivery.ID, &d.delivery.Hook, &received, &size, &d.dataKey, &d.bundles); err != nil {
			return nil, err
		}
		if total += size; total > MaxDelivery && len(all) > 0 {
			return all, nil
		}
		d.delivery.Received = timeOf(received)
		all = append(all, d)
	}
	return all, rows.Err()
}

func (d *sealedDelivery) open(k *keys) error {
	key, err := k.kek.openDataKey(deliveryPlace(d.team, d.delivery.ID), d.dataKey)
	if err != nil {
		return err
	}
	text, err := key.open("bundles", d.bundles)
	if err != nil {
		return err
	}
	d.delivery.Bundles, err = decodeList(text)
	return err
}

// Done removes deliveries from the queue; those that are not there do not matter.
func (s *Store) Done(ctx context.Context, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	args := make([]any, len(ids), len(ids)+1)
	for i, id := range ids {
		args[i] = id
	}
	args = append(args, s.team)
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		_, err := tx.ExecContext(ctx, "delete from delivery where id in ("+holes(len(ids))+") and hook in (select id from hook where team = ?)", args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("take deliveries out of the queue: %w", err)
	}
	return nil
}

// Backlog returns what waits in the queue of a hook.
func (s *Store) Backlog(ctx context.Context, hook int64) (webhook.Backlog, error) {
	var b webhook.Backlog
	err := s.read.QueryRowContext(ctx, "select count(*), coalesce(sum(size), 0) from delivery where hook = ? and "+ownHook, hook, hook, s.team).Scan(&b.Deliveries, &b.Bytes)
	if err != nil {
		return b, fmt.Errorf("read the queue of hook %d: %w", hook, explain(err))
	}
	return b, nil
}

// encodeList returns list in the form that is encrypted; see encodeCollection.
func encodeList(list []value.Value, limit int) ([]byte, error) {
	e := encoder{limit: limit}
	err := e.array(value.NewArray(list...))
	if errors.Is(err, ErrTooBig) {
		err = webhook.ErrTooBig
	}
	return e.out, err
}

// decodeList is the inverse of encodeList.
func decodeList(text []byte) ([]value.Value, error) {
	raw, err := value.ParseJSON(text)
	if err != nil {
		return nil, errMalformed
	}
	v, err := decodeValue(raw)
	if err != nil || v.Array() == nil {
		return nil, errMalformed
	}
	return v.Array().Items(), nil
}
