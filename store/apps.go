package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/record"
)

const selectApp = "select id, name, label, active, created, updated from app "

func scanApp(rows *sql.Rows) (*record.App, error) {
	var (
		a                record.App
		created, updated sql.NullInt64
	)
	err := rows.Scan(&a.ID, &a.Name, &a.Label, &a.Active, &created, &updated)
	a.Created, a.Updated = timeOf(created), timeOf(updated)
	return &a, err
}

const selectVersion = "select app, number, declared, digest, size, errors, warnings, made_by, created from app_version "

func scanVersion(rows *sql.Rows) (*record.Version, error) {
	var (
		v       record.Version
		created sql.NullInt64
	)
	err := rows.Scan(&v.App, &v.Number, &v.Declared, &v.Digest, &v.Size, &v.Errors, &v.Warnings, &v.By, &created)
	v.Created = timeOf(created)
	return &v, err
}

// ownApp is true when the app belongs to the team.
const ownApp = "exists (select 1 from app where app.id = app_version.app and app.team = ?)"

func (s *Store) versionPlace(app string, number int) place {
	return place{team: s.team, table: "app_version", row: strconv.Quote(app) + "|" + strconv.Itoa(number)}
}

// InsertVersion stores an archive as the next version of the app named a.Name, which is
// made when there is none, and sets the rest of a but Label, and of v the id of the app,
// Number, Digest, Size and Created. With activate, and with the first version, it is the
// one that runs. The same archive as that of the newest version makes no new one: v is
// then that version.
func (s *Store) InsertVersion(ctx context.Context, a *record.App, v *record.Version, archive []byte, activate bool) error {
	key, err := s.sealer(ctx)
	if err != nil {
		return fmt.Errorf("store app %q: %w", a.Name, err)
	}
	sum := sha256.Sum256(archive)
	up := upload{Store: s, key: key, archive: archive, activate: activate}
	for range maxRepeats {
		err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
			up.app, up.version = *a, *v
			up.version.Digest, up.version.Size = hex.EncodeToString(sum[:]), int64(len(archive))
			return up.store(ctx, tx)
		})
		if !isUniqueViolation(err) { // else another upload was faster, and is there now
			break
		}
	}
	if err != nil {
		return fmt.Errorf("store app %q: %w", a.Name, err)
	}
	*a, *v = up.app, up.version
	return nil
}

// upload is a version on its way into the store.
type upload struct {
	*Store
	key      *sealer
	archive  []byte
	app      record.App
	version  record.Version
	activate bool
}

func (u *upload) store(ctx context.Context, tx queries) error {
	if err := u.findApp(ctx, tx); err != nil {
		return err
	}
	newest, err := one(all(ctx, tx, scanVersion, selectVersion+"where app = ? order by number desc limit 1", u.app.ID))
	switch {
	case err == nil && newest.Digest == u.version.Digest:
		u.version = *newest
	case err == nil || errors.Is(err, record.ErrNotFound):
		u.version.Number = 1
		if err == nil {
			u.version.Number = newest.Number + 1
		}
		if err := u.insert(ctx, tx); err != nil {
			return err
		}
	default:
		return err
	}
	if u.activate || u.app.Active == 0 {
		u.app.Active = u.version.Number
	}
	u.app.Updated = u.time()
	return execOne(ctx, tx, record.ErrNotFound, "update app set (label, active, updated) = (?, ?, ?) where id = ?",
		u.app.Label, u.app.Active, u.app.Updated.UnixMilli(), u.app.ID)
}

// findApp finds the app by its name, or makes it.
func (u *upload) findApp(ctx context.Context, tx queries) error {
	found, err := one(all(ctx, tx, scanApp, selectApp+"where team = ? and name = ?", u.team, u.app.Name))
	if err == nil {
		u.app.ID, u.app.Active, u.app.Created = found.ID, found.Active, found.Created
		return nil
	}
	if !errors.Is(err, record.ErrNotFound) {
		return err
	}
	u.app.ID, u.app.Active, u.app.Created = u.newID("", "app"), 0, u.time()
	return execOne(ctx, tx, nil, "insert into app (id, team, name, label, active, created, updated) values (?, ?, ?, ?, ?, ?, ?)",
		u.app.ID, u.team, u.app.Name, u.app.Label, 0, u.app.Created.UnixMilli(), u.app.Created.UnixMilli())
}

func (u *upload) insert(ctx context.Context, tx queries) error {
	v := &u.version
	v.App, v.Created = u.app.ID, u.time()
	sealed, err := u.key.seal(u.versionPlace(v.App, v.Number), "archive", u.archive)
	if err != nil {
		return err
	}
	return execOne(ctx, tx, nil, `insert into app_version (app, number, declared, digest, size, errors, warnings, made_by, created, seal_key, archive)
		values (`+holes(11)+")", v.App, v.Number, v.Declared, v.Digest, v.Size, v.Errors, v.Warnings, v.By, v.Created.UnixMilli(), u.key.id, sealed)
}

// Apps returns the apps of the team by name.
func (s *Store) Apps(ctx context.Context) ([]*record.App, error) {
	apps, err := all(ctx, s.read, scanApp, selectApp+"where team = ? order by name", s.team)
	if err != nil {
		return nil, fmt.Errorf("read apps: %w", explain(err))
	}
	return apps, nil
}

// App returns the app with the given id, or [record.ErrNotFound].
func (s *Store) App(ctx context.Context, id string) (*record.App, error) {
	return s.app(ctx, "id", id)
}

// AppNamed returns the app with the given name, or [record.ErrNotFound].
func (s *Store) AppNamed(ctx context.Context, name string) (*record.App, error) {
	return s.app(ctx, "name", name)
}

func (s *Store) app(ctx context.Context, column, key string) (*record.App, error) {
	a, err := one(all(ctx, s.read, scanApp, selectApp+"where team = ? and "+column+" = ?", s.team, key))
	if err != nil {
		return nil, fmt.Errorf("read app %q: %w", key, err)
	}
	return a, nil
}

// Versions returns the versions of an app, the newest first, or [record.ErrNotFound] when
// there is no such app.
func (s *Store) Versions(ctx context.Context, app string) ([]*record.Version, error) {
	versions, err := all(ctx, s.read, scanVersion, selectVersion+"where app = ? and "+ownApp+" order by number desc", app, s.team)
	if _, err = one(versions, err); err != nil {
		return nil, fmt.Errorf("read the versions of app %q: %w", app, err)
	}
	return versions, nil
}

// Archive returns the archive of a version, or [record.ErrNotFound].
func (s *Store) Archive(ctx context.Context, app string, number int) ([]byte, error) {
	var (
		key    int64
		sealed []byte
	)
	err := s.read.QueryRowContext(ctx, "select seal_key, archive from app_version where app = ? and number = ? and "+ownApp, app, number, s.team).Scan(&key, &sealed)
	if err = notFound(err); err == nil {
		sealed, err = s.unseal(ctx, key, s.versionPlace(app, number), "archive", sealed)
	}
	if err != nil {
		return nil, fmt.Errorf("read version %d of app %q: %w", number, app, err)
	}
	return sealed, nil
}

// Activate makes a version the one that runs, or returns [record.ErrNotFound].
func (s *Store) Activate(ctx context.Context, app string, number int) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, record.ErrNotFound, `update app set (active, updated) = (?, ?) where team = ? and id = ?
			and exists (select 1 from app_version where app = ? and number = ?)`, number, s.now().UnixMilli(), s.team, app, app, number)
	})
	if err != nil {
		return fmt.Errorf("activate version %d of app %q: %w", number, app, err)
	}
	return nil
}

// DeleteApp removes an app with its versions. It returns [record.ErrConflict] while
// connections, triggers or hooks use it, and [record.ErrNotFound].
func (s *Store) DeleteApp(ctx context.Context, id string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		a, err := one(all(ctx, tx, scanApp, selectApp+"where team = ? and id = ?", s.team, id))
		if err != nil {
			return err
		}
		var used bool
		err = tx.QueryRowContext(ctx, `select exists (select 1 from connection where team = ? and app = ?)
			or exists (select 1 from schedule where team = ? and app = ?) or exists (select 1 from hook where team = ? and app = ?)`,
			s.team, a.Name, s.team, a.Name, s.team, a.Name).Scan(&used)
		if err == nil && used {
			err = record.ErrConflict
		}
		if err != nil {
			return err
		}
		return execOne(ctx, tx, record.ErrNotFound, "delete from app where id = ?", id)
	})
	if err != nil {
		return fmt.Errorf("delete app %q: %w", id, err)
	}
	return nil
}
