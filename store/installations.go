package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

func installationPlace(team int64, i *connect.Installation) place {
	return place{team: team, table: "installation", row: strconv.Quote(i.App + "/" + i.Connection), version: i.Version}
}

// Installations returns what an app was installed with: its own first, then those of its
// connection types ordered by id. One that cannot be decrypted has neither Parameters nor
// Common.
func (s *Store) Installations(ctx context.Context, app string) ([]*connect.Installation, error) {
	all, err := s.installations(ctx, app)
	if err != nil {
		return nil, fmt.Errorf("read what app %q was installed with: %w", app, explain(err))
	}
	return all, nil
}

func (s *Store) installations(ctx context.Context, app string) ([]*connect.Installation, error) {
	rows, err := all(ctx, s.read, scanInstallation, `select team, app, connection, version, updated, data_key, parameters, common
		from installation where team = ? and app = ? order by connection`, s.team, app)
	if err != nil {
		return nil, err
	}
	list := make([]*connect.Installation, len(rows))
	for n, row := range rows {
		_ = s.withKeys(ctx, row.open) // what does not open stays closed
		list[n] = &row.installation
	}
	return list, nil
}

// sealedInstallation is a row of the table installation, secrets still sealed.
type sealedInstallation struct {
	team                        int64
	installation                connect.Installation
	dataKey, parameters, common []byte
}

func scanInstallation(rows *sql.Rows) (*sealedInstallation, error) {
	row := &sealedInstallation{}
	i := &row.installation
	var updated sql.NullInt64
	err := rows.Scan(&row.team, &i.App, &i.Connection, &i.Version, &updated, &row.dataKey, &row.parameters, &row.common)
	i.Updated = timeOf(updated)
	return row, err
}

// open decrypts both secrets of a row, or none.
func (row *sealedInstallation) open(k *keys) error {
	i := &row.installation
	key, err := k.kek.openDataKey(installationPlace(row.team, i), row.dataKey)
	if err != nil {
		return err
	}
	parameters, err := openCollection(key, "parameters", row.parameters)
	if err != nil {
		return err
	}
	common, err := openCollection(key, "common", row.common)
	if err == nil {
		i.Parameters, i.Common = parameters, common
	}
	return err
}

// PutInstallation stores i when the stored version equals i.Version, 0 for none, and then
// raises i.Version and sets i.Updated; nil Parameters and Common become empty ones.
// Otherwise it returns [connect.ErrConflict] or [ErrTooBig], and i is unchanged.
func (s *Store) PutInstallation(ctx context.Context, i *connect.Installation) error {
	stored := *i
	stored.Version++
	stored.Updated = s.time()
	if stored.Parameters == nil {
		stored.Parameters = &value.Collection{}
	}
	if stored.Common == nil {
		stored.Common = &value.Collection{}
	}
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		cells, err := s.installationCells(k, &stored)
		if err != nil {
			return err
		}
		if i.Version == 0 {
			return execOne(ctx, tx, connect.ErrConflict, `insert into installation (version, updated, data_key, parameters, common, team, app, connection)
				values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`, cells...)
		}
		return execOne(ctx, tx, connect.ErrConflict, `update installation set (version, updated, data_key, parameters, common) = (?, ?, ?, ?, ?)
			where team = ? and app = ? and connection = ? and version = ?`, append(cells, i.Version)...)
	})
	if err != nil {
		return fmt.Errorf("store what app %q was installed with: %w", i.App, err)
	}
	*i = stored
	return nil
}

// installationCells returns version, updated, data_key, parameters, common, team, app and
// connection, secrets sealed.
func (s *Store) installationCells(k *keys, i *connect.Installation) ([]any, error) {
	key, wrapped, err := k.kek.newDataKey(installationPlace(s.team, i))
	if err != nil {
		return nil, err
	}
	parameters, err := sealCollection(key, "parameters", i.Parameters)
	if err != nil {
		return nil, err
	}
	common, err := sealCollection(key, "common", i.Common)
	if err != nil {
		return nil, err
	}
	return []any{i.Version, i.Updated.UnixMilli(), wrapped, parameters, common, s.team, i.App, i.Connection}, nil
}

// DeleteInstallation removes an installation, its secrets and their key, or returns
// [connect.ErrNotFound].
func (s *Store) DeleteInstallation(ctx context.Context, app, connection string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, connect.ErrNotFound, "delete from installation where team = ? and app = ? and connection = ?", s.team, app, connection)
	})
	if err != nil {
		return fmt.Errorf("delete what app %q was installed with: %w", app, err)
	}
	s.scrub(ctx)
	return nil
}
