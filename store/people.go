package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/cleat-run/cleat/record"
)

const userColumns = "person.id, person.email, person.name, person.password, person.subject, person.disabled, person.created, person.version"

func userFields(u *record.User, created *sql.NullInt64) []any {
	return []any{&u.ID, &u.Email, &u.Name, &u.Password, &u.Subject, &u.Disabled, created, &u.Version}
}

func scanUser(rows *sql.Rows) (*record.User, error) {
	var (
		u       record.User
		created sql.NullInt64
	)
	err := rows.Scan(userFields(&u, &created)...)
	u.Created = timeOf(created)
	return &u, err
}

// InsertUser stores a user as a member of m.Team, and sets ID, unless it is given, Created
// and Version. It returns [record.ErrTaken] when the address or the subject is in use, and
// [record.ErrNotFound] when there is no such team.
func (s *Store) InsertUser(ctx context.Context, u *record.User, m record.Member) error {
	stored := *u
	stored.ID, stored.Created, stored.Version = s.newID(u.ID, "usr"), s.time(), 1
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		err := execOne(ctx, tx, nil, "insert into person (id, email, name, password, subject, disabled, created, version) values (?, ?, ?, ?, ?, ?, ?, ?)",
			stored.ID, stored.Email, stored.Name, stored.Password, stored.Subject, stored.Disabled, stored.Created.UnixMilli(), stored.Version)
		if err != nil {
			return err
		}
		return putMember(ctx, tx, record.Member{Team: m.Team, User: stored.ID, Role: m.Role})
	})
	if err != nil {
		return fmt.Errorf("insert user: %w", taken(err))
	}
	*u = stored
	return nil
}

// taken returns err, or what it means for a record that refers to others.
func taken(err error) error {
	switch {
	case isUniqueViolation(err):
		return record.ErrTaken
	case isForeignKeyViolation(err):
		return record.ErrNotFound
	}
	return err
}

// UpdateUser stores u when the stored version equals u.Version, which it then raises.
func (s *Store) UpdateUser(ctx context.Context, u *record.User) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return compareAndSet(ctx, tx, "person", "id = ?", []any{u.ID},
			"update person set (email, name, password, subject, disabled, version) = (?, ?, ?, ?, ?, ?) where id = ? and version = ?",
			u.Email, u.Name, u.Password, u.Subject, u.Disabled, u.Version+1, u.ID, u.Version)
	})
	if err != nil {
		return fmt.Errorf("update user %s: %w", u.ID, taken(err))
	}
	u.Version++
	return nil
}

// User returns the user with the given id, or [record.ErrNotFound].
func (s *Store) User(ctx context.Context, id string) (*record.User, error) {
	return s.user(ctx, "id", id)
}

// UserWithEmail returns the user with an address in lower case, or [record.ErrNotFound].
func (s *Store) UserWithEmail(ctx context.Context, email string) (*record.User, error) {
	return s.user(ctx, "email", email)
}

// UserWithSubject returns the user with a subject of OpenID Connect, or
// [record.ErrNotFound]. An empty subject has none.
func (s *Store) UserWithSubject(ctx context.Context, subject string) (*record.User, error) {
	return s.user(ctx, "subject <> '' and subject", subject)
}

func (s *Store) user(ctx context.Context, column, key string) (*record.User, error) {
	u, err := one(all(ctx, s.read, scanUser, "select "+userColumns+" from person where "+column+" = ?", key))
	if err != nil {
		return nil, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

// CountUsers counts the users of all teams.
func (s *Store) CountUsers(ctx context.Context) (n int, err error) {
	if err := s.read.QueryRowContext(ctx, "select count(*) from person").Scan(&n); err != nil {
		return 0, fmt.Errorf("count users: %w", explain(err))
	}
	return n, nil
}

// Memberships returns the teams of a user, by id.
func (s *Store) Memberships(ctx context.Context, user string) ([]record.Member, error) {
	members, err := all(ctx, s.read, func(rows *sql.Rows) (m record.Member, err error) {
		return m, rows.Scan(&m.Team, &m.User, &m.Role)
	}, "select team, person, role from member where person = ? order by team", user)
	if err != nil {
		return nil, fmt.Errorf("read memberships: %w", explain(err))
	}
	return members, nil
}

// Members returns the people of the team, by address.
func (s *Store) Members(ctx context.Context) ([]record.MemberUser, error) {
	members, err := all(ctx, s.read, func(rows *sql.Rows) (m record.MemberUser, err error) {
		var created sql.NullInt64
		err = rows.Scan(append(userFields(&m.User, &created), &m.Role)...)
		m.Created = timeOf(created)
		return m, err
	}, "select "+userColumns+", member.role from member join person on person.id = member.person where member.team = ? order by person.email", s.team)
	if err != nil {
		return nil, fmt.Errorf("read members: %w", explain(err))
	}
	return members, nil
}

// PutMember adds a member or changes the role of one. It returns [record.ErrConflict]
// instead of taking the last owner away, and [record.ErrNotFound] when there is no such
// team or user.
func (s *Store) PutMember(ctx context.Context, m record.Member) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		if err := keepOwner(ctx, tx, m.Team, m.User, m.Role); err != nil {
			return err
		}
		return putMember(ctx, tx, m)
	})
	if err != nil {
		return fmt.Errorf("put user %s into team %d: %w", m.User, m.Team, taken(err))
	}
	return nil
}

func putMember(ctx context.Context, tx queries, m record.Member) error {
	return execOne(ctx, tx, nil, `insert into member (team, person, role) values (?, ?, ?)
		on conflict (team, person) do update set role = excluded.role`, m.Team, m.User, string(m.Role))
}

// keepOwner fails when the team would be left without an owner.
func keepOwner(ctx context.Context, tx queries, team int64, user string, role record.Role) error {
	if err := holdTeam(ctx, tx, team); err != nil || role == record.Owner {
		return err
	}
	var now string
	err := tx.QueryRowContext(ctx, "select role from member where team = ? and person = ?", team, user).Scan(&now)
	if errors.Is(err, sql.ErrNoRows) || err == nil && record.Role(now) != record.Owner {
		return nil
	}
	if err != nil {
		return err
	}
	var others int
	err = tx.QueryRowContext(ctx, "select count(*) from member where team = ? and role = ? and person <> ?", team, string(record.Owner), user).Scan(&others)
	if err == nil && others == 0 {
		err = record.ErrConflict
	}
	return err
}

// RemoveMember takes a user out of a team and ends the user's sessions there. It returns
// [record.ErrConflict] instead of taking the last owner away, and [record.ErrNotFound]
// when the user is no member.
func (s *Store) RemoveMember(ctx context.Context, team int64, user string) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		if err := keepOwner(ctx, tx, team, user, ""); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "delete from session where person = ? and team = ?", user, team); err != nil {
			return err
		}
		return execOne(ctx, tx, record.ErrNotFound, "delete from member where team = ? and person = ?", team, user)
	})
	if err != nil {
		return fmt.Errorf("remove user %s from team %d: %w", user, team, err)
	}
	return nil
}

// newID returns id, or a new one of its kind when it is empty.
func (s *database) newID(id, kind string) string {
	if id == "" {
		return record.NewID(kind, s.now())
	}
	return id
}
