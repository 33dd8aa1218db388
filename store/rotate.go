package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rotation is the result of [Store.RotateKeys].
type Rotation struct {
	Rewrapped  int // data keys, of records or of hours, that are now wrapped by the newest key
	Unreadable int // records left as they are because their data key cannot be opened
	Removed    int // data keys of hours of which nothing is left
}

// RotateKeys adds a key to keyset.json and wraps the data keys of all records with it,
// in one transaction; the sealed data stay as they are. With a keyset given in the
// options it wraps with the newest key of that keyset and adds none. Other processes
// that have the store open go on working: they read keyset.json again. After a failure
// or a crash the old keys still serve and the rotation may be repeated. Data keys that seal
// nothing any more are removed, but for those of the last day.
func (s *Store) RotateKeys(ctx context.Context) (Rotation, error) {
	var (
		done    Rotation
		rotated *keys
	)
	spent, err := s.spentKeys(ctx)
	if err != nil {
		return Rotation{}, fmt.Errorf("rotate keys: %w", err)
	}
	err = s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		kek, err := s.keyset.grow()
		if err != nil {
			return err
		}
		if rotated, err = rewrapUIDKey(ctx, tx, kek, k.uid); err != nil {
			return err
		}
		if err := removeKeys(ctx, tx, spent); err != nil {
			return err
		}
		done, err = rewrapDataKeys(ctx, tx, kek)
		done.Removed = len(spent)
		return err
	})
	if err != nil {
		return Rotation{}, fmt.Errorf("rotate keys: %w", err)
	}
	s.keys.Store(rotated)
	return done, nil
}

// spentAge is how old a data key has to be to be removed: much older than one with which a
// process may be about to seal (sealerLife).
const spentAge = 24 * time.Hour

// sealedTables are those whose column seal_key names a data key.
var sealedTables = []string{"link", "app_version", "run", "schedule", "received", "event", "destination", "reply"}

// spentKeys returns the data keys that seal nothing and never will. It is asked outside of
// the transaction, for it reads whole tables: nobody seals with a key of this age, so that
// one which is spent stays so.
func (s *database) spentKeys(ctx context.Context) ([]int64, error) {
	uses := make([]string, len(sealedTables))
	for i, table := range sealedTables {
		uses[i] = "select seal_key from " + table + " where seal_key is not null"
	}
	spent, err := all(ctx, s.read, scanID, "select id from data_key where created < ? and id not in ("+strings.Join(uses, " union all ")+") order by id",
		s.now().Add(-spentAge).UnixMilli())
	return spent, explain(err)
}

func removeKeys(ctx context.Context, tx queries, ids []int64) error {
	for _, id := range ids {
		if _, err := tx.ExecContext(ctx, "delete from data_key where id = ?", id); err != nil {
			return err
		}
	}
	return nil
}

func rewrapUIDKey(ctx context.Context, tx queries, k *kek, uid []byte) (*keys, error) {
	wrapped, err := k.aead.Encrypt(uid, uidKeyPlace.column("wrapped"))
	if err != nil {
		return nil, err
	}
	err = execOne(ctx, tx, ErrKeyset, "update key set wrapped = ? where name = 'uid'", wrapped)
	return &keys{kek: k, wrapped: wrapped, uid: uid}, err
}

func rewrapDataKeys(ctx context.Context, tx queries, k *kek) (Rotation, error) {
	var done Rotation
	rows, err := wrappedDataKeys(ctx, tx)
	if err != nil {
		return done, err
	}
	for _, row := range rows {
		handle, err := k.unwrap(row.wrapped, row.place)
		if err != nil {
			done.Unreadable++
			continue
		}
		wrapped, err := k.wrap(handle, row.place)
		if err != nil {
			return done, err
		}
		if err := execOne(ctx, tx, nil, rewrap[row.place.table], wrapped, row.id); err != nil {
			return done, err
		}
		done.Rewrapped++
	}
	return done, nil
}

// rewrap stores the newly wrapped key of a row.
var rewrap = map[string]string{
	"connection":   "update connection set data_key = ? where id = ?",
	"flow":         "update flow set data_key = ? where seq = ?",
	"renewal":      "update renewal set data_key = ? where conn_id = ?",
	"hook":         "update hook set data_key = ? where id = ?",
	"delivery":     "update delivery set data_key = ? where seq = ?",
	"installation": "update installation set data_key = ? where seq = ?",
	"data_key":     "update data_key set wrapped = ? where id = ?",
}

type wrappedDataKey struct {
	place   place
	id      int64 // the row's primary key
	wrapped []byte
}

func wrappedDataKeys(ctx context.Context, tx queries) ([]wrappedDataKey, error) {
	rows, err := tx.QueryContext(ctx, `
		select 'connection', team, id, cast(id as text), version, data_key from connection
		union all
		select 'flow', team, seq, id, 0, data_key from flow where data_key is not null
		union all
		select 'renewal', team, conn_id, cast(conn_id as text), version, data_key from renewal where data_key is not null
		union all
		select 'hook', team, id, cast(id as text), version, data_key from hook
		union all
		select 'delivery', hook.team, seq, delivery.id, 0, delivery.data_key from delivery join hook on hook.id = hook
		union all
		select 'installation', team, seq, app || '/' || connection, version, data_key from installation
		union all
		select 'data_key', 0, id, cast(id as text), 0, wrapped from data_key`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []wrappedDataKey
	for rows.Next() {
		var k wrappedDataKey
		if err := rows.Scan(&k.place.table, &k.place.team, &k.id, &k.place.row, &k.place.version, &k.wrapped); err != nil {
			return nil, err
		}
		switch k.place.table {
		case "flow":
			k.place = flowPlace(k.place.team, k.place.row)
		case "delivery":
			k.place = deliveryPlace(k.place.team, k.place.row)
		case "installation":
			k.place.row = strconv.Quote(k.place.row)
		}
		all = append(all, k)
	}
	return all, rows.Err()
}
