package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// ErrNoMove means that the records are in PostgreSQL already.
var ErrNoMove = errors.New("records can only be moved out of SQLite")

// Move copies everything that a store on SQLite holds, of all teams, into the PostgreSQL
// database at url, where nothing may be yet: ids, ciphertexts and the cursors of events stay
// what they are, and the keyset is the same. It is one transaction there, and nobody can
// write here meanwhile; what is here stays. The database must have been opened once with
// [Open], which makes its tables. each hears of every table and its rows; it may be nil.
func (s *Store) Move(ctx context.Context, url string, each func(table string, rows int64)) error {
	if each == nil {
		each = func(string, int64) {}
	}
	if err := s.move(ctx, url, each); err != nil {
		return fmt.Errorf("move the records to %s: %w", address(url), explain(err))
	}
	return nil
}

// tables are all tables, each behind those that its rows refer to.
var tables = []string{"key", "team", "data_key", "person", "member", "session", "link", "token", "audit", "app", "app_version", "installation",
	"connection", "flow", "renewal", "destination", "hook", "delivery", "received", "reply", "trigger_state", "schedule", "run", "event", "handover"}

func (s *files) move(ctx context.Context, url string, each func(string, int64)) error {
	from, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer from.Rollback()
	config, err := postgresConfig(url)
	if err != nil {
		return err
	}
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	to, err := c.Begin(ctx)
	if err != nil {
		return err
	}
	defer to.Rollback(context.WithoutCancel(ctx))
	m := &move{from, to}
	if err := m.fresh(ctx); err != nil {
		return err
	}
	for _, table := range tables {
		rows, err := m.copy(ctx, table)
		if err != nil {
			return fmt.Errorf("table %s: %w", table, err)
		}
		each(table, rows)
	}
	if err := m.numbers(ctx); err != nil {
		return err
	}
	return to.Commit(ctx)
}

// move is a move under way.
type move struct {
	from *sql.Tx
	to   pgx.Tx
}

// fresh makes sure that nothing is lost, and removes what every store begins with.
func (m *move) fresh(ctx context.Context) error {
	if _, err := m.to.Exec(ctx, "select pg_advisory_xact_lock($1)", prepareLock); err != nil {
		return err
	}
	for _, table := range tables {
		var rows int64
		if err := m.to.QueryRow(ctx, "select count(*) from "+pgx.Identifier{table}.Sanitize()).Scan(&rows); err != nil {
			return err
		}
		if own := table == "key" || table == "team"; rows > 1 || rows == 1 && !own {
			return fmt.Errorf("the database is in use: its table %s has rows; give an empty one", table)
		}
	}
	_, err := m.to.Exec(ctx, "delete from key; delete from team")
	return err
}

// copy copies the rows of a table, and counts them on both sides.
func (m *move) copy(ctx context.Context, table string) (int64, error) {
	columns, err := m.columns(ctx, table)
	if err != nil {
		return 0, err
	}
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	rows, err := m.from.QueryContext(ctx, `select "`+strings.Join(names, `", "`)+`" from "`+table+`"`)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	copied, err := m.to.CopyFrom(ctx, pgx.Identifier{table}, names, &movedRows{rows, columns})
	if err != nil {
		return copied, err
	}
	var here int64
	err = m.from.QueryRowContext(ctx, `select count(*) from "`+table+`"`).Scan(&here)
	if err == nil && here != copied {
		err = fmt.Errorf("%d of %d rows were copied", copied, here)
	}
	return copied, err
}

type column struct{ Name, Type string }

func (m *move) columns(ctx context.Context, table string) ([]column, error) {
	rows, err := m.to.Query(ctx, `select column_name, data_type from information_schema.columns
		where table_schema = current_schema() and table_name = $1 order by ordinal_position`, table)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[column])
}

// movedRows gives rows of SQLite as PostgreSQL takes them.
type movedRows struct {
	*sql.Rows
	columns []column
}

// Values is part of [pgx.CopyFromSource].
func (r *movedRows) Values() ([]any, error) {
	cells, into := make([]any, len(r.columns)), make([]any, len(r.columns))
	for i := range cells {
		into[i] = &cells[i]
	}
	if err := r.Scan(into...); err != nil {
		return nil, err
	}
	for i, c := range r.columns {
		cells[i] = moved(cells[i], c.Type)
	}
	return cells, nil
}

// moved returns a cell of SQLite for a column of a type of PostgreSQL. A text may hold any
// bytes here, and there stands in a column of bytes, or loses what is no text.
func moved(cell any, as string) any {
	switch v := cell.(type) {
	case int64:
		if as == "boolean" {
			return v != 0
		}
	case string:
		if as == "bytea" {
			return []byte(v)
		}
		return storable(v)
	case []byte:
		if as == "text" {
			return storable(string(v))
		}
	}
	return cell
}

// numbers lets new rows be numbered on from where SQLite was: a number is never given
// twice, for it binds ciphertexts and is the cursor of readers.
func (m *move) numbers(ctx context.Context) error {
	rows, err := m.from.QueryContext(ctx, "select name, seq from sqlite_sequence where seq > 0")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		var last int64
		if err := rows.Scan(&table, &last); err != nil {
			return err
		}
		if _, err := m.to.Exec(ctx, `select setval(coalesce((select pg_get_serial_sequence($1, column_name) from information_schema.columns
			where table_schema = current_schema() and table_name = $1 and is_identity = 'YES'), $1 || '_seq'), $2)`, table, last); err != nil {
			return fmt.Errorf("numbers of the table %s: %w", table, err)
		}
	}
	return rows.Err()
}
