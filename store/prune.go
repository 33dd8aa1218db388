package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cleat-run/cleat/record"
)

// Prune removes up to n records of each kind, over all teams, and returns how many it
// did; call it until that is 0. Each kind is a transaction of its own, so that others come
// in between. A zero time of r keeps its kind.
func (s *Store) Prune(ctx context.Context, r record.Retention, n int) (int, error) {
	total := 0
	for _, p := range s.prunings(r) {
		if p.before.IsZero() {
			continue
		}
		removed, err := s.prune(ctx, p, n)
		if total += removed; err != nil {
			return total, fmt.Errorf("prune %s: %w", p.table, err)
		}
	}
	return total, nil
}

// pruning says which records of a table may go: those before a time for which a condition
// holds. Each ? of the condition is that time.
type pruning struct {
	table, condition string
	before           time.Time
	key              []string // columns
}

func (s *Store) prunings(r record.Retention) []pruning {
	now := s.now()
	return []pruning{
		{"received", "received < ? and not (" + unfinished + ")", r.Deliveries, []string{"id"}},
		{"run", "started < ? and (ended is null or ended < ?)", r.Runs, []string{"id"}}, // one that never ended was cut off
		{"event", "created < ? and not exists (select 1 from handover where handover.seq = event.seq and state = 'pending')", r.Events, []string{"seq"}},
		{"audit", "made < ?", r.Audit, []string{"id"}},
		{"link", "expires <= ?", now, []string{"hash"}},
		{"session", "expires <= ?", now, []string{"hash"}},
		{"reply", "expires <= ?", now, []string{"team", "actor", "key"}},
		{"flow", "expires is not null and expires <= ?", now, []string{"seq"}},
	}
}

// prune removes up to n records. They are looked for before the transaction: where much is
// old and has to stay, such as what a paused destination waits for, that takes long, and
// would hold up those who write.
func (s *Store) prune(ctx context.Context, p pruning, n int) (removed int, err error) {
	times := slices.Repeat([]any{p.before.UnixMilli()}, strings.Count(p.condition, "?"))
	found, err := all(ctx, s.read, p.scan, "select "+strings.Join(p.key, ", ")+" from "+p.table+" where "+p.condition+" limit ?", append(slices.Clone(times), n)...)
	if err != nil || len(found) == 0 {
		return 0, explain(err)
	}
	one := "(" + strings.Join(p.key, " = ? and ") + " = ?)"
	query := "delete from " + p.table + " where (" + strings.Join(slices.Repeat([]string{one}, len(found)), " or ") + ") and " + p.condition
	args := append(slices.Concat(found...), times...)
	err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		result, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		count, err := result.RowsAffected()
		removed = int(count)
		return err
	})
	return removed, err
}

// scan returns the key of a row.
func (p pruning) scan(rows *sql.Rows) ([]any, error) {
	cells := make([]any, len(p.key))
	at := make([]any, len(cells))
	for i := range cells {
		at[i] = &cells[i]
	}
	return cells, rows.Scan(at...)
}
