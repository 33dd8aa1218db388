package store

import (
	"context"
	"fmt"
	"strconv"
)

// Uses is who works with a connection.
type Uses struct {
	Hooks    []string // names of those that the service was told of
	Triggers []string // ids of the states of polling triggers
}

// ConnectionUses returns who works with the connection of the given id. The state of a
// trigger tells by the id that [github.com/cleat-run/cleat.Component.TriggerID] gives it; one
// that a person named does not.
func (s *SQLite) ConnectionUses(ctx context.Context, id int64) (Uses, error) {
	var uses Uses
	var err error
	if uses.Hooks, err = s.texts(ctx, "select name from hook where connection = ? and attached = 1 order by name", id); err == nil {
		part := "%#" + strconv.FormatInt(id, 10)
		uses.Triggers, err = s.texts(ctx, "select id from trigger_state where id like ? or id like ? order by id", part, part+"?%")
	}
	if err != nil {
		return Uses{}, fmt.Errorf("read what uses connection %d: %w", id, explain(err))
	}
	return uses, nil
}

// texts returns the only column of a query.
func (s *SQLite) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, rows.Err()
}
