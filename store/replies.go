package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/record"
)

func (s *Store) replyPlace(r *record.Reply) place {
	return place{team: s.team, table: "reply", row: strconv.Quote(r.Actor) + "|" + strconv.Quote(r.Key)}
}

// BeginReply reserves the key of an actor until r.Expires, or returns in r what is stored
// under it and false.
func (s *Store) BeginReply(ctx context.Context, r *record.Reply) (first bool, err error) {
	err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		err := execOne(ctx, tx, errKept, `insert into reply (team, actor, key, digest, status, header, expires) values (?, ?, ?, ?, 0, '', ?)
			on conflict (team, actor, key) do update set (digest, status, header, expires, seal_key, body) = (excluded.digest, 0, '', excluded.expires, null, null)
			where reply.expires <= ?`, s.team, r.Actor, r.Key, r.Digest, r.Expires.UnixMilli(), s.now().UnixMilli())
		first = err == nil
		if errors.Is(err, errKept) {
			return nil
		}
		return err
	})
	if err == nil && !first {
		err = s.readReply(ctx, r)
	}
	if err != nil {
		return false, fmt.Errorf("reserve an idempotency key: %w", err)
	}
	return first, nil
}

// errKept means that a reply is stored already.
var errKept = errors.New("kept")

func (s *Store) readReply(ctx context.Context, r *record.Reply) error {
	var (
		stored  = record.Reply{Key: r.Key, Actor: r.Actor}
		header  string
		expires sql.NullInt64
		key     sql.NullInt64
		sealed  []byte
	)
	err := s.read.QueryRowContext(ctx, "select digest, status, header, expires, seal_key, body from reply where team = ? and actor = ? and key = ?", s.team, r.Actor, r.Key).
		Scan(&stored.Digest, &stored.Status, &header, &expires, &key, &sealed)
	if err != nil {
		return notFound(err)
	}
	stored.Expires = timeOf(expires)
	if header != "" {
		stored.Header = []byte(header)
	}
	if key.Valid {
		if stored.Body, err = s.unseal(ctx, key.Int64, s.replyPlace(r), "body", sealed); err != nil {
			return err
		}
	}
	*r = stored
	return nil
}

// EndReply stores the answer under a reserved key, until r.Expires, or returns [record.ErrNotFound] when it
// is not reserved. With status 0 the key is free again.
func (s *Store) EndReply(ctx context.Context, r *record.Reply) error {
	err := s.endReply(ctx, r)
	if err != nil {
		return fmt.Errorf("store the answer of an idempotency key: %w", err)
	}
	return nil
}

func (s *Store) endReply(ctx context.Context, r *record.Reply) error {
	if r.Status == 0 {
		return s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
			return execOne(ctx, tx, record.ErrNotFound, "delete from reply where team = ? and actor = ? and key = ? and status = 0", s.team, r.Actor, r.Key)
		})
	}
	key, err := s.sealer(ctx)
	if err != nil {
		return err
	}
	sealed, err := key.seal(s.replyPlace(r), "body", r.Body)
	if err != nil {
		return err
	}
	return s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, record.ErrNotFound, `update reply set (status, header, expires, seal_key, body) = (?, ?, ?, ?, ?)
			where team = ? and actor = ? and key = ? and digest = ?`, r.Status, string(r.Header), r.Expires.UnixMilli(), key.id, sealed, s.team, r.Actor, r.Key, r.Digest)
	})
}
