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

// errHookSecrets stands for the secrets of a hook that cannot be decrypted.
var errHookSecrets = errors.New("its secrets cannot be decrypted; set up the hook again")

// Hook returns the hook with the given id, or [webhook.ErrNotFound].
func (s *SQLite) Hook(ctx context.Context, id int64) (*webhook.Record, error) {
	r, err := s.hook(ctx, "id = ?", id)
	if err != nil {
		return nil, fmt.Errorf("read hook %d: %w", id, err)
	}
	return r, nil
}

// HookNamed returns the hook with exactly the given name, or [webhook.ErrNotFound].
func (s *SQLite) HookNamed(ctx context.Context, name string) (*webhook.Record, error) {
	r, err := s.hook(ctx, "name = ?", name)
	if err != nil {
		return nil, fmt.Errorf("read hook %q: %w", name, err)
	}
	return r, nil
}

// HooksWithUID returns the ids of the hooks of an app's webhook whose account at the
// service is uid, ascending. An empty uid has none.
func (s *SQLite) HooksWithUID(ctx context.Context, app, typ, uid string) ([]int64, error) {
	if uid == "" {
		return nil, nil
	}
	ids, err := s.hookIDs(ctx, s.keys.Load().uidHash(app, uid), typ)
	if err != nil {
		return nil, fmt.Errorf("read hooks of an account: %w", explain(err))
	}
	return ids, nil
}

func (s *SQLite) hookIDs(ctx context.Context, hash []byte, typ string) ([]int64, error) {
	rows, err := s.read.QueryContext(ctx, "select id from hook where uid_hash = ? and type = ? order by id", hash, typ)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var ids []int64
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// InsertHook stores a new hook and sets its ID, Version, Created and Updated; nil
// Parameters and Data become empty ones. The id of a deleted hook is not used again. It
// returns [webhook.ErrNameTaken] when the name is in use and [ErrTooBig] when Parameters
// or Data do not fit; r is then unchanged.
func (s *SQLite) InsertHook(ctx context.Context, r *webhook.Record) error {
	stored := *r
	if stored.Parameters == nil {
		stored.Parameters = &value.Collection{}
	}
	if stored.Data == nil {
		stored.Data = &value.Collection{}
	}
	stored.Version = 1
	stored.Created = s.time()
	stored.Updated = stored.Created
	err := s.change(ctx, func(tx *sql.Tx, k *keys) error {
		err := tx.QueryRowContext(ctx, `select coalesce(max(seq), 0) + 1 from sqlite_sequence
			where name = 'hook'`).Scan(&stored.ID)
		if err != nil {
			return err
		}
		cells, err := hookCells(k, &stored)
		if err != nil {
			return err
		}
		cells = append(cells, stored.ID, stored.Created.UnixMilli())
		return execOne(ctx, tx, nil, "insert into hook ("+hookColumns+", id, created) values ("+hookHoles+", ?, ?)", cells...)
	})
	if isUniqueViolation(err) {
		err = webhook.ErrNameTaken
	}
	if err != nil {
		return fmt.Errorf("insert hook %q: %w", r.Name, err)
	}
	*r = stored
	return nil
}

// UpdateHook stores r when the stored version equals r.Version, and then raises r.Version
// and sets r.Updated; the stored Created stays. Otherwise it returns
// [webhook.ErrConflict], [webhook.ErrNotFound], [webhook.ErrNameTaken] or [ErrTooBig],
// and r is unchanged.
func (s *SQLite) UpdateHook(ctx context.Context, r *webhook.Record) error {
	stored := *r
	stored.Version++
	stored.Updated = s.time()
	err := s.change(ctx, func(tx *sql.Tx, k *keys) error {
		var version int64
		err := tx.QueryRowContext(ctx, "select version from hook where id = ?", r.ID).Scan(&version)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return webhook.ErrNotFound
		case err != nil:
			return err
		case version != r.Version:
			return webhook.ErrConflict
		}
		cells, err := hookCells(k, &stored)
		if err != nil {
			return err
		}
		return execOne(ctx, tx, webhook.ErrNotFound, "update hook set ("+hookColumns+") = ("+hookHoles+") where id = ?", append(cells, r.ID)...)
	})
	if isUniqueViolation(err) {
		err = webhook.ErrNameTaken
	}
	if err != nil {
		return fmt.Errorf("update hook %q: %w", r.Name, err)
	}
	*r = stored
	return nil
}

// DeleteHook removes a hook, its secrets and what waits in its queue, or returns
// [webhook.ErrNotFound].
func (s *SQLite) DeleteHook(ctx context.Context, id int64) error {
	err := s.change(ctx, func(tx *sql.Tx, _ *keys) error {
		return execOne(ctx, tx, webhook.ErrNotFound, "delete from hook where id = ?", id)
	})
	if err != nil {
		return fmt.Errorf("delete hook %d: %w", id, err)
	}
	s.scrub(ctx)
	return nil
}

func hookPlace(id, version int64) place {
	return place{table: "hook", row: strconv.FormatInt(id, 10), version: version}
}

// sealedHook is a row of the table hook, secrets still sealed.
type sealedHook struct {
	record                                         webhook.Record
	dataKey, token, address, uid, parameters, data []byte
}

func (s *SQLite) hook(ctx context.Context, where string, args ...any) (*webhook.Record, error) {
	h := &sealedHook{}
	r := &h.record
	var created, updated sql.NullInt64
	err := s.read.QueryRowContext(ctx, `select id, name, app, root, type, connection, attached, disabled, sequential, version, created, updated,
		data_key, token, address, uid, parameters, data from hook where `+where, args...).
		Scan(&r.ID, &r.Name, &r.App, &r.Root, &r.Type, &r.Connection, &r.Attached, &r.Disabled, &r.Sequential, &r.Version, &created, &updated,
			&h.dataKey, &h.token, &h.address, &h.uid, &h.parameters, &h.data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, webhook.ErrNotFound
	}
	if err != nil {
		return nil, explain(err)
	}
	r.Created, r.Updated = timeOf(created), timeOf(updated)
	if err := s.withKeys(ctx, h.open); err != nil {
		return nil, errHookSecrets
	}
	return r, nil
}

// withKeys decrypts with the keys that are known, and once more when the keyset has
// changed since.
func (s *SQLite) withKeys(ctx context.Context, open func(*keys) error) error {
	k := s.keys.Load()
	err := open(k)
	if err != nil {
		if newer := s.newerKeys(ctx, k); newer != nil {
			err = open(newer)
		}
	}
	return err
}

// open decrypts the secrets of h into its record.
func (h *sealedHook) open(k *keys) error {
	r := &h.record
	key, err := k.kek.openDataKey(hookPlace(r.ID, r.Version), h.dataKey)
	if err != nil {
		return err
	}
	for _, c := range []struct {
		name   string
		sealed []byte
		into   *string
	}{{"token", h.token, &r.Token}, {"address", h.address, &r.Address}, {"uid", h.uid, &r.UID}} {
		text, err := key.open(c.name, c.sealed)
		if err != nil {
			return err
		}
		*c.into = string(text)
	}
	if r.Parameters, err = openCollection(key, "parameters", h.parameters); err != nil {
		return err
	}
	r.Data, err = openCollection(key, "data", h.data)
	return err
}

// hookColumns are the columns that both insert and update set.
const (
	hookColumns = `name, app, root, type, connection, attached, disabled, sequential, version, updated, uid_hash,
		data_key, token, address, uid, parameters, data`
	hookHoles = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
)

// hookCells returns the values of hookColumns for r, secrets sealed.
func hookCells(k *keys, r *webhook.Record) ([]any, error) {
	key, wrapped, err := k.kek.newDataKey(hookPlace(r.ID, r.Version))
	if err != nil {
		return nil, err
	}
	cells := []any{r.Name, r.App, r.Root, r.Type, r.Connection, r.Attached, r.Disabled, r.Sequential, r.Version, r.Updated.UnixMilli(),
		k.uidHash(r.App, r.UID), wrapped}
	for _, c := range []struct{ name, text string }{{"token", r.Token}, {"address", r.Address}, {"uid", r.UID}} {
		sealed, err := key.seal(c.name, []byte(c.text))
		if err != nil {
			return nil, err
		}
		cells = append(cells, sealed)
	}
	parameters, err := sealCollection(key, "parameters", r.Parameters)
	if err != nil {
		return nil, err
	}
	data, err := sealCollection(key, "data", r.Data)
	return append(cells, parameters, data), err
}
