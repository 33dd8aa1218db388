package store

import (
	"context"
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
	table, key, condition string
	before                time.Time
}

func (s *Store) prunings(r record.Retention) []pruning {
	now := s.now()
	return []pruning{
		{"received", "id", "received < ? and not (" + unfinished + ")", r.Deliveries},
		{"run", "id", "started < ? and (ended is null or ended < ?)", r.Runs}, // one that never ended was cut off
		{"event", "seq", "created < ? and not exists (select 1 from handover where handover.seq = event.seq and state = 'pending')", r.Events},
		{"audit", "id", "made < ?", r.Audit},
		{"link", "hash", "expires <= ?", now},
		{"session", "hash", "expires <= ?", now},
		{"reply", "team, actor, key", "expires <= ?", now},
	}
}

func (s *Store) prune(ctx context.Context, p pruning, n int) (removed int, err error) {
	args := slices.Repeat([]any{p.before.UnixMilli()}, strings.Count(p.condition, "?"))
	err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		result, err := tx.ExecContext(ctx, "delete from "+p.table+" where ("+p.key+") in (select "+p.key+" from "+p.table+" where "+p.condition+" limit ?)",
			append(slices.Clone(args), n)...)
		if err != nil {
			return err
		}
		count, err := result.RowsAffected()
		removed = int(count)
		return err
	})
	return removed, err
}
