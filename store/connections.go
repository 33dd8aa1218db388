package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

// unreadable is the reason of Broken of a record whose secrets cannot be decrypted.
const unreadable = "the stored secrets cannot be decrypted; set up the connection again"

const selectConnection = `select team, id, name, app, root, type, kind, metadata_type, metadata_value, scope, expires, broken,
	end_user, version, created, updated, data_key, data, uid from connection `

// Connection returns the connection with the given id, or [connect.ErrNotFound].
func (s *Store) Connection(ctx context.Context, id int64) (*connect.Record, error) {
	r, err := s.connection(ctx, "and id = ?", id)
	if err != nil {
		return nil, fmt.Errorf("read connection %d: %w", id, err)
	}
	return r, nil
}

// ConnectionNamed returns the connection with exactly the given name, or
// [connect.ErrNotFound].
func (s *Store) ConnectionNamed(ctx context.Context, name string) (*connect.Record, error) {
	r, err := s.connection(ctx, "and name = ?", name)
	if err != nil {
		return nil, fmt.Errorf("read connection %q: %w", name, err)
	}
	return r, nil
}

// Connections returns all connections in the byte order of their names. A record whose
// secrets cannot be decrypted is returned without Data and UID and with Broken set.
func (s *Store) Connections(ctx context.Context) ([]*connect.Record, error) {
	records, err := s.connections(ctx, "order by name")
	if err != nil {
		return nil, fmt.Errorf("read connections: %w", err)
	}
	return records, nil
}

// ConnectionsWithUID returns the connections of an app whose account at the provider is
// uid, ordered by name: those that one shared webhook serves. An empty uid has none.
func (s *Store) ConnectionsWithUID(ctx context.Context, app, uid string) ([]*connect.Record, error) {
	if uid == "" {
		return nil, nil
	}
	records, err := s.connections(ctx, "and uid_hash = ? order by name", s.keys.Load().uidHash(app, uid))
	if err != nil {
		return nil, fmt.Errorf("read connections of an account: %w", err)
	}
	return records, nil
}

// InsertConnection stores a new connection and sets its ID, Version, Created and
// Updated; a nil Data becomes an empty one. The id of a deleted connection is not used
// again. It returns [connect.ErrNameTaken] when the name is in use and [ErrTooBig] when
// Data does not fit; r is then unchanged.
func (s *Store) InsertConnection(ctx context.Context, r *connect.Record) error {
	stored := s.firstVersion(r)
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error { return s.insertConnection(ctx, tx, k, &stored) })
	if isUniqueViolation(err) {
		err = connect.ErrNameTaken
	}
	if err != nil {
		return fmt.Errorf("insert connection %q: %w", r.Name, err)
	}
	*r = stored
	return nil
}

// firstVersion is r as it will be stored when it is new, but for its id.
func (s *Store) firstVersion(r *connect.Record) connect.Record {
	stored := *r
	if stored.Data == nil {
		stored.Data = &value.Collection{}
	}
	stored.Version = 1
	stored.Created = s.time()
	stored.Updated = stored.Created
	return stored
}

// insertConnection stores a new connection and sets its id.
func (s *Store) insertConnection(ctx context.Context, tx queries, k *keys, r *connect.Record) error {
	var err error
	if r.ID, err = nextID(ctx, tx, "connection"); err != nil {
		return err
	}
	cells, err := s.connectionCells(k, r)
	if err != nil {
		return err
	}
	cells = append(cells, s.team, r.ID, r.Created.UnixMilli())
	return execOne(ctx, tx, nil, "insert into connection ("+connectionColumns+", team, id, created) values ("+holes(len(cells))+")", cells...)
}

// UpdateConnection stores r when the stored version equals r.Version, and then raises
// r.Version and sets r.Updated; the stored Created stays. Otherwise it returns
// [connect.ErrConflict], [connect.ErrNotFound], [connect.ErrNameTaken] or [ErrTooBig],
// and r is unchanged. A nil Data is refused: a record that was read without Data because
// its secrets could not be decrypted must not erase them, for the right keyset may yet
// come back.
func (s *Store) UpdateConnection(ctx context.Context, r *connect.Record) error {
	stored := s.nextVersion(r)
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		return s.updateConnection(ctx, tx, k, r.Version, &stored)
	})
	if isUniqueViolation(err) {
		err = connect.ErrNameTaken
	}
	if err != nil {
		return fmt.Errorf("update connection %q: %w", r.Name, err)
	}
	*r = stored
	return nil
}

// checkVersion compares; the write transaction tx keeps others from setting meanwhile.
func (s *Store) checkVersion(ctx context.Context, tx queries, id, wanted int64) error {
	var version int64
	err := tx.QueryRowContext(ctx, "select version from connection where team = ? and id = ?", s.team, id).Scan(&version)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return connect.ErrNotFound
	case err == nil && version != wanted:
		return connect.ErrConflict
	}
	return err
}

// DeleteConnection removes the connection with the given id, its secrets, their key and
// the journal of its renewal, or returns [connect.ErrNotFound].
func (s *Store) DeleteConnection(ctx context.Context, id int64) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		if _, err := tx.ExecContext(ctx, "delete from renewal where team = ? and conn_id = ?", s.team, id); err != nil {
			return err
		}
		return execOne(ctx, tx, connect.ErrNotFound, "delete from connection where team = ? and id = ?", s.team, id)
	})
	if err != nil {
		return fmt.Errorf("delete connection %d: %w", id, err)
	}
	s.scrub(ctx)
	return nil
}

// sealedConnection is a row of the table connection, secrets still sealed.
type sealedConnection struct {
	team               int64
	record             connect.Record
	scope              string
	dataKey, data, uid []byte
}

func connectionPlace(team int64, r *connect.Record) place {
	return place{team: team, table: "connection", row: strconv.FormatInt(r.ID, 10), version: r.Version}
}

func (s *Store) connection(ctx context.Context, where string, args ...any) (*connect.Record, error) {
	records, err := s.connections(ctx, where, args...)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, connect.ErrNotFound
	}
	return records[0], nil
}

func (s *Store) connections(ctx context.Context, where string, args ...any) ([]*connect.Record, error) {
	k := s.keys.Load()
	rows, err := s.sealedConnections(ctx, where, args...)
	if err != nil {
		return nil, explain(err)
	}
	records := make([]*connect.Record, len(rows))
	reread := false
	for i, row := range rows {
		err := row.open(k)
		if err != nil && !reread {
			reread = true
			if newer := s.newerKeys(ctx, k); newer != nil {
				k = newer
				err = row.open(k)
			}
		}
		if err != nil {
			row.record.Data, row.record.UID, row.record.Broken = nil, "", unreadable
		}
		records[i] = &row.record
	}
	return records, nil
}

func (s *Store) sealedConnections(ctx context.Context, where string, args ...any) ([]*sealedConnection, error) {
	rows, err := s.read.QueryContext(ctx, selectConnection+"where team = ? "+where, append([]any{s.team}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []*sealedConnection
	for rows.Next() {
		c := &sealedConnection{}
		r := &c.record
		var expires, created, updated sql.NullInt64
		err := rows.Scan(&c.team, &r.ID, &r.Name, &r.App, &r.Root, &r.Type, &r.Kind, &r.Metadata.Type, &r.Metadata.Value, &c.scope,
			&expires, &r.Broken, &r.EndUser, &r.Version, &created, &updated, &c.dataKey, &c.data, &c.uid)
		if err != nil {
			return nil, err
		}
		r.Expires, r.Created, r.Updated = timeOf(expires), timeOf(created), timeOf(updated)
		all = append(all, c)
	}
	return all, rows.Err()
}

// open decrypts the secrets of c into its record.
func (c *sealedConnection) open(k *keys) error {
	r := &c.record
	var err error
	if r.Scope, err = parseScope(c.scope); err != nil {
		return err
	}
	key, err := k.kek.openDataKey(connectionPlace(c.team, r), c.dataKey)
	if err != nil {
		return err
	}
	if r.Data, err = openCollection(key, "data", c.data); err != nil {
		return err
	}
	uid, err := key.open("uid", c.uid)
	r.UID = string(uid)
	return err
}

// connectionColumns are the columns that both insert and update set.
const connectionColumns = `name, app, root, type, kind, metadata_type, metadata_value, scope, expires, broken,
	end_user, version, updated, uid_hash, data_key, data, uid`

// connectionCells returns the values of connectionColumns for r, secrets sealed.
func (s *Store) connectionCells(k *keys, r *connect.Record) ([]any, error) {
	key, wrapped, err := k.kek.newDataKey(connectionPlace(s.team, r))
	if err != nil {
		return nil, err
	}
	data, err := sealCollection(key, "data", r.Data)
	if err != nil {
		return nil, err
	}
	uid, err := key.seal("uid", []byte(r.UID))
	if err != nil {
		return nil, err
	}
	return []any{r.Name, r.App, r.Root, r.Type, string(r.Kind), r.Metadata.Type, r.Metadata.Value,
		scopeText(r.Scope), millis(r.Expires), r.Broken,
		r.EndUser, r.Version, r.Updated.UnixMilli(), k.uidHash(r.App, r.UID), wrapped, data, uid}, nil
}
