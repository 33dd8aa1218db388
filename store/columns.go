package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
)

// time returns the present in the precision and zone of the store.
func (s *database) time() time.Time { return time.UnixMilli(s.now().UnixMilli()).UTC() }

// millis returns what a column holds for t.
func millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

// timeOf is the inverse of millis.
func timeOf(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

// scopeText returns what a column holds for a scope.
func scopeText(scope []string) string {
	if len(scope) == 0 {
		return "[]"
	}
	text, _ := json.Marshal(scope) // cannot fail for strings
	return string(text)
}

// parseScope is the inverse of scopeText; an empty scope is nil.
func parseScope(text string) ([]string, error) {
	var scope []string
	if err := json.Unmarshal([]byte(text), &scope); err != nil {
		return nil, errMalformed
	}
	if len(scope) == 0 {
		return nil, nil
	}
	return scope, nil
}

// sealCollection encrypts the encoded form of c.
func sealCollection(key dataKey, column string, c *value.Collection) ([]byte, error) {
	text, err := encodeCollection(c)
	if err != nil {
		return nil, err
	}
	return key.seal(column, text)
}

// openCollection is the inverse of sealCollection.
func openCollection(key dataKey, column string, sealed []byte) (*value.Collection, error) {
	text, err := key.open(column, sealed)
	if err != nil {
		return nil, err
	}
	return decodeCollection(text)
}

// nextID returns the id for a new row of a table.
func nextID(ctx context.Context, tx queries, table string) (id int64, err error) {
	err = tx.QueryRowContext(ctx, fmt.Sprintf(tx.nextID, table)).Scan(&id)
	return id, err
}

// notFound returns err, or [record.ErrNotFound] when there was no row.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return record.ErrNotFound
	}
	return explain(err)
}

// execOne runs a statement that changes one row; otherwise is its error when there was
// no such row.
func execOne(ctx context.Context, tx queries, otherwise error, query string, args ...any) error {
	result, err := tx.ExecContext(ctx, query, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	if err == nil && n == 0 {
		err = otherwise
	}
	return err
}
