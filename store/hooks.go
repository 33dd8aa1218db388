package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// errHookSecrets stands for the secrets of a hook that cannot be decrypted.
var errHookSecrets = errors.New("its secrets cannot be decrypted; set up the hook again")

// Hook returns the hook with the given id, or [webhook.ErrNotFound].
func (s *Store) Hook(ctx context.Context, id int64) (*webhook.Record, error) {
	r, err := s.hook(ctx, "and id = ?", id)
	if err != nil {
		return nil, fmt.Errorf("read hook %d: %w", id, err)
	}
	return r, nil
}

// HookNamed returns the hook with exactly the given name, or [webhook.ErrNotFound].
func (s *Store) HookNamed(ctx context.Context, name string) (*webhook.Record, error) {
	r, err := s.hook(ctx, "and name = ?", name)
	if err != nil {
		return nil, fmt.Errorf("read hook %q: %w", name, err)
	}
	return r, nil
}

// HooksWithUID returns the ids of the hooks of an app's webhook whose account at the
// service is uid, ascending. An empty uid has none.
func (s *Store) HooksWithUID(ctx context.Context, app, typ, uid string) ([]int64, error) {
	if uid == "" {
		return nil, nil
	}
	ids, err := all(ctx, s.read, scanID, "select id from hook where team = ? and uid_hash = ? and type = ? order by id",
		s.team, s.keys.Load().uidHash(app, uid), typ)
	if err != nil {
		return nil, fmt.Errorf("read hooks of an account: %w", explain(err))
	}
	return ids, nil
}

func scanID(rows *sql.Rows) (id int64, err error) { return id, rows.Scan(&id) }

// HookWithToken returns the team and the id of the hook with a token, of whatever team, or
// [record.ErrNotFound].
func (s *Store) HookWithToken(ctx context.Context, token string) (team, hook int64, err error) {
	if token == "" {
		return 0, 0, record.ErrNotFound
	}
	err = s.read.QueryRowContext(ctx, "select team, id from hook where token_hash = ? order by id limit 1", s.keys.Load().tokenHash(token)).Scan(&team, &hook)
	if err != nil {
		return 0, 0, fmt.Errorf("find the hook of a token: %w", notFound(err))
	}
	return team, hook, nil
}

// fillTokenHashes makes the hashes of hooks that are older than them. A hook whose secrets
// cannot be decrypted stays without one.
func fillTokenHashes(ctx context.Context, tx queries, k *keys) error {
	old, err := all(ctx, tx, scanHook, selectHook+"where token_hash is null")
	if err != nil {
		return err
	}
	for _, h := range old {
		if h.open(k) != nil || h.record.Token == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, "update hook set token_hash = ? where id = ?", k.tokenHash(h.record.Token), h.record.ID); err != nil {
			return err
		}
	}
	return nil
}

// Hooks returns all hooks in the byte order of their names. One whose secrets cannot be
// decrypted is returned without them, and disabled.
func (s *Store) Hooks(ctx context.Context) ([]*webhook.Record, error) {
	sealed, err := all(ctx, s.read, scanHook, selectHook+"where team = ? order by name", s.team)
	if err != nil {
		return nil, fmt.Errorf("read hooks: %w", explain(err))
	}
	records := make([]*webhook.Record, len(sealed))
	for i, h := range sealed {
		records[i] = &h.record
		if err := s.withKeys(ctx, h.open); err != nil {
			clear := h.record
			clear.Token, clear.Address, clear.UID, clear.Parameters, clear.TriggerParameters, clear.Data = "", "", "", nil, nil, nil
			clear.Disabled = true
			records[i] = &clear
		}
	}
	return records, nil
}

// ConnectionUses returns the names of the hooks and of the triggers that were made with a
// connection.
func (s *Store) ConnectionUses(ctx context.Context, id int64) (hooks, triggers []string, err error) {
	hooks, err = all(ctx, s.read, scanText, "select name from hook where team = ? and connection = ? and connection <> 0 order by name", s.team, id)
	if err == nil {
		triggers, err = all(ctx, s.read, scanText, "select name from schedule where team = ? and connection = ? and connection <> 0 order by name", s.team, id)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("find the uses of connection %d: %w", id, explain(err))
	}
	return hooks, triggers, nil
}

func scanText(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }

// InsertHook stores a new hook and sets its ID, Version, Created and Updated; nil
// Parameters and Data become empty ones. The id of a deleted hook is not used again. It
// returns [webhook.ErrNameTaken] when the name is in use and [ErrTooBig] when Parameters
// or Data do not fit; r is then unchanged.
func (s *Store) InsertHook(ctx context.Context, r *webhook.Record) error {
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
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		var err error
		if stored.ID, err = nextID(ctx, tx, "hook"); err != nil {
			return err
		}
		if err := s.ownDestination(ctx, tx, stored.Destination); err != nil {
			return err
		}
		cells, err := s.hookCells(k, &stored)
		if err != nil {
			return err
		}
		cells = append(cells, s.team, stored.ID, stored.Created.UnixMilli())
		return execOne(ctx, tx, nil, "insert into hook ("+hookColumns+", team, id, created) values ("+holes(len(cells))+")", cells...)
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
func (s *Store) UpdateHook(ctx context.Context, r *webhook.Record) error {
	stored := *r
	stored.Version++
	stored.Updated = s.time()
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		var version int64
		err := tx.QueryRowContext(ctx, "select version from hook where team = ? and id = ?", s.team, r.ID).Scan(&version)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return webhook.ErrNotFound
		case err != nil:
			return err
		case version != r.Version:
			return webhook.ErrConflict
		}
		if err := s.ownDestination(ctx, tx, stored.Destination); err != nil {
			return err
		}
		cells, err := s.hookCells(k, &stored)
		if err != nil {
			return err
		}
		return execOne(ctx, tx, webhook.ErrNotFound, "update hook set ("+hookColumns+") = ("+holes(len(cells))+") where team = ? and id = ?", append(cells, s.team, r.ID)...)
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
func (s *Store) DeleteHook(ctx context.Context, id int64) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, webhook.ErrNotFound, "delete from hook where team = ? and id = ?", s.team, id)
	})
	if err != nil {
		return fmt.Errorf("delete hook %d: %w", id, err)
	}
	s.scrub(ctx)
	return nil
}

func hookPlace(team, id, version int64) place {
	return place{team: team, table: "hook", row: strconv.FormatInt(id, 10), version: version}
}

// sealedHook is a row of the table hook, secrets still sealed.
type sealedHook struct {
	team                                           int64
	record                                         webhook.Record
	dataKey, token, address, uid, parameters, data []byte
	triggerParameters                              []byte
}

const selectHook = `select team, id, name, app, root, type, connection, attached, disabled, sequential, trigger_module, destination,
	version, created, updated, data_key, token, address, uid, parameters, trigger_parameters, data from hook `

func scanHook(rows *sql.Rows) (*sealedHook, error) {
	h := &sealedHook{}
	r := &h.record
	var created, updated sql.NullInt64
	err := rows.Scan(&h.team, &r.ID, &r.Name, &r.App, &r.Root, &r.Type, &r.Connection, &r.Attached, &r.Disabled, &r.Sequential, &r.Trigger, &r.Destination,
		&r.Version, &created, &updated, &h.dataKey, &h.token, &h.address, &h.uid, &h.parameters, &h.triggerParameters, &h.data)
	r.Created, r.Updated = timeOf(created), timeOf(updated)
	return h, err
}

func (s *Store) hook(ctx context.Context, where string, args ...any) (*webhook.Record, error) {
	found, err := all(ctx, s.read, scanHook, selectHook+"where team = ? "+where, append([]any{s.team}, args...)...)
	if err != nil {
		return nil, explain(err)
	}
	if len(found) == 0 {
		return nil, webhook.ErrNotFound
	}
	if err := s.withKeys(ctx, found[0].open); err != nil {
		return nil, errHookSecrets
	}
	return &found[0].record, nil
}

// withKeys decrypts with the keys that are known, and once more when the keyset has
// changed since.
func (s *database) withKeys(ctx context.Context, open func(*keys) error) error {
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
	key, err := k.kek.openDataKey(hookPlace(h.team, r.ID, r.Version), h.dataKey)
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
	if h.triggerParameters != nil {
		if r.TriggerParameters, err = openCollection(key, "trigger_parameters", h.triggerParameters); err != nil {
			return err
		}
	}
	r.Data, err = openCollection(key, "data", h.data)
	return err
}

// hookColumns are the columns that both insert and update set.
const hookColumns = `name, app, root, type, connection, attached, disabled, sequential, trigger_module, destination, version, updated,
	uid_hash, token_hash, data_key, token, address, uid, parameters, data, trigger_parameters`

// hookCells returns the values of hookColumns for r, secrets sealed.
func (s *Store) hookCells(k *keys, r *webhook.Record) ([]any, error) {
	key, wrapped, err := k.kek.newDataKey(hookPlace(s.team, r.ID, r.Version))
	if err != nil {
		return nil, err
	}
	cells := []any{r.Name, r.App, r.Root, r.Type, r.Connection, r.Attached, r.Disabled, r.Sequential, r.Trigger, r.Destination,
		r.Version, r.Updated.UnixMilli(), k.uidHash(r.App, r.UID), k.tokenHash(r.Token), wrapped}
	for _, c := range []struct{ name, text string }{{"token", r.Token}, {"address", r.Address}, {"uid", r.UID}} {
		sealed, err := key.seal(c.name, []byte(c.text))
		if err != nil {
			return nil, err
		}
		cells = append(cells, sealed)
	}
	for _, c := range []struct {
		name    string
		content *value.Collection
	}{{"parameters", r.Parameters}, {"data", r.Data}, {"trigger_parameters", r.TriggerParameters}} {
		if c.content == nil && c.name == "trigger_parameters" {
			cells = append(cells, nil)
			continue
		}
		sealed, err := sealCollection(key, c.name, c.content)
		if err != nil {
			return nil, err
		}
		cells = append(cells, sealed)
	}
	return cells, nil
}
