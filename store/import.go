package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/connect"
)

// NamesError means that names of connections to import are in use; nothing was stored.
type NamesError struct {
	Taken  []string // connections that exist
	Others []string // connections that exist and belong to another app or type
	Twice  []string // more than one of the connections to import
}

func (e *NamesError) Error() string {
	var all []string
	for _, part := range []struct {
		names     []string
		one, many string
	}{
		{e.Taken, "a connection named %s exists", "connections named %s exist"},
		{e.Others, "a connection named %s exists and belongs to another app", "connections named %s exist and belong to another app"},
		{e.Twice, "more than one would be named %s", "more than one would be named %s"},
	} {
		switch len(part.names) {
		case 0:
		case 1:
			all = append(all, fmt.Sprintf(part.one, strconv.Quote(part.names[0])))
		default:
			all = append(all, fmt.Sprintf(part.many, quoted(part.names)))
		}
	}
	return strings.Join(all, "; ")
}

// Unwrap returns [connect.ErrNameTaken].
func (e *NamesError) Unwrap() error { return connect.ErrNameTaken }

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = strconv.Quote(name)
	}
	return strings.Join(all, ", ")
}

// ImportConnections stores new connections in one transaction, all or none, and sets what
// InsertConnection sets. Where a name is taken it fails with a [*NamesError] of all that
// are; with replace the imported connection takes the place of the one of the same app and
// type, whose id stays. It returns the names of those.
func (s *Store) ImportConnections(ctx context.Context, records []*connect.Record, replace bool) (replaced []string, err error) {
	stored := make([]connect.Record, len(records))
	err = s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		replaced = nil // a change may be begun anew
		there, err := s.namesakes(ctx, tx, records, replace)
		if err != nil {
			return err
		}
		for i, r := range records {
			if stored[i] = s.firstVersion(r); there[i].id == 0 {
				err = s.insertConnection(ctx, tx, k, &stored[i])
			} else {
				replaced = append(replaced, r.Name)
				err = s.replaceConnection(ctx, tx, k, there[i], &stored[i])
			}
			if err != nil {
				return fmt.Errorf("connection %q: %w", r.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("import connections: %w", err)
	}
	for i := range records {
		*records[i] = stored[i]
	}
	if len(replaced) > 0 {
		s.scrub(ctx)
	}
	return replaced, nil
}

// namesake is the stored connection that has the name of an imported one; id 0 for none.
type namesake struct {
	id, version int64
	created     sql.NullInt64
	app, typ    string
}

// namesakes finds those that exist and refuses names that are in use.
func (s *Store) namesakes(ctx context.Context, tx queries, records []*connect.Record, replace bool) ([]namesake, error) {
	var clash NamesError
	all, seen := make([]namesake, len(records)), map[string]bool{}
	for i, r := range records {
		n := &all[i]
		err := tx.QueryRowContext(ctx, "select id, version, created, app, type from connection where team = ? and name = ?", s.team, r.Name).
			Scan(&n.id, &n.version, &n.created, &n.app, &n.typ)
		switch {
		case err != nil && !errors.Is(err, sql.ErrNoRows):
			return nil, err
		case seen[r.Name]:
			clash.Twice = append(clash.Twice, r.Name)
		case err == nil && !replace:
			clash.Taken = append(clash.Taken, r.Name)
		case err == nil && (n.app != r.App || n.typ != r.Type):
			clash.Others = append(clash.Others, r.Name)
		}
		seen[r.Name] = true
	}
	clash.Twice = slices.Compact(slices.Sorted(slices.Values(clash.Twice)))
	if clash.Taken != nil || clash.Others != nil || len(clash.Twice) > 0 {
		return nil, &clash
	}
	return all, nil
}

// replaceConnection stores r in the place of n. What a renewal of n has left in the journal
// goes.
func (s *Store) replaceConnection(ctx context.Context, tx queries, k *keys, n namesake, r *connect.Record) error {
	r.ID, r.Version, r.Created = n.id, n.version+1, timeOf(n.created)
	if _, err := tx.ExecContext(ctx, "delete from renewal where conn_id = ?", n.id); err != nil {
		return err
	}
	return s.updateConnection(ctx, tx, k, n.version, r)
}
