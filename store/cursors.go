package store

import "context"

// cursorClass is the class of the advisory locks of transactions that store events.
const cursorClass = 0x65766e74 // "evnt"

// postgresCursors takes numbers for events from a sequence. Transactions end in another
// order than they take numbers, so that an event could appear behind one that a reader has
// seen. Therefore each first takes a lock that names a number below its own, and holds it
// until its events can be seen: readers go no further than the lowest of these.
func postgresCursors(ctx context.Context, tx queries, n int) ([]int64, error) {
	_, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock_shared(?, (last_value & 2147483647)::integer) from event_seq", cursorClass)
	if err != nil {
		return nil, err
	}
	return all(ctx, tx, scanID, "select nextval('event_seq') from generate_series(1, ?)", n)
}

// settledCursor returns a number up to which no event can appear any more. What has a
// number up to the newest one of before has its lock, or has ended, when the locks are
// looked at afterwards.
func settledCursor(ctx context.Context, q queries) (int64, error) {
	var newest int64
	if err := q.QueryRowContext(ctx, "select last_value from event_seq").Scan(&newest); err != nil {
		return 0, err
	}
	// Locks name the last 31 bits of a number: the lowest is the one that is furthest back,
	// unless it is ahead.
	var back int64
	err := q.QueryRowContext(ctx, `select coalesce(max(back), 0) from (select (?::bigint - objid::bigint) & 2147483647 as back from pg_locks
		where locktype = 'advisory' and classid = ?::bigint and objsubid = 2 and granted
		and database = (select oid from pg_database where datname = current_database())) as locks where back < 1073741824`, newest, cursorClass).Scan(&back)
	return newest - back, err
}
