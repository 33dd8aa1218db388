package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cleat-run/cleat/connect"
)

func (s *Store) renewalPlace(id, version int64) place {
	return place{team: s.team, table: "renewal", row: strconv.FormatInt(id, 10), version: version}
}

// ClaimRenewal takes the right to renew a connection until r.Until. It returns
// [connect.ErrClaimed] while another owner holds it, and [connect.ErrNotFound] when there
// is no such connection. What an earlier owner left in the journal is then in r.
func (s *Store) ClaimRenewal(ctx context.Context, r *connect.Renewal, now time.Time) error {
	claimed := *r
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		var known int64
		err := tx.QueryRowContext(ctx, "select id from connection where team = ? and id = ?", s.team, r.ConnID).Scan(&known)
		if errors.Is(err, sql.ErrNoRows) {
			return connect.ErrNotFound
		}
		if err != nil {
			return err
		}
		err = execOne(ctx, tx, connect.ErrClaimed, `insert into renewal (team, conn_id, owner, until) values (?, ?, ?, ?)
			on conflict (conn_id) do update set owner = excluded.owner, until = excluded.until
			where renewal.until <= ? or renewal.owner = excluded.owner`, s.team, r.ConnID, r.Owner, r.Until.UnixMilli(), now.UnixMilli())
		if err != nil {
			return err
		}
		return s.readJournal(ctx, tx, k, &claimed)
	})
	if err != nil {
		return fmt.Errorf("claim the renewal of connection %d: %w", r.ConnID, err)
	}
	*r = claimed
	return nil
}

// readJournal reads the answer that is not yet in the connection. One that cannot be
// decrypted is lost, and the connection is renewed anew.
func (s *Store) readJournal(ctx context.Context, tx queries, k *keys, r *connect.Renewal) error {
	var wrapped, sealed []byte
	err := tx.QueryRowContext(ctx, "select version, data_key, answer from renewal where team = ? and conn_id = ?", s.team, r.ConnID).Scan(&r.Version, &wrapped, &sealed)
	r.Answer = nil
	if err != nil || wrapped == nil {
		return err
	}
	if key, err := k.kek.openDataKey(s.renewalPlace(r.ConnID, r.Version), wrapped); err == nil {
		r.Answer, _ = openCollection(key, "answer", sealed)
	}
	return nil
}

// JournalRenewal keeps r.Answer, which renews version r.Version of the connection. It
// returns [connect.ErrClaimed] when another owner has taken over.
func (s *Store) JournalRenewal(ctx context.Context, r *connect.Renewal) error {
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		key, wrapped, err := k.kek.newDataKey(s.renewalPlace(r.ConnID, r.Version))
		if err != nil {
			return err
		}
		sealed, err := sealCollection(key, "answer", r.Answer)
		if err != nil {
			return err
		}
		return execOne(ctx, tx, connect.ErrClaimed, "update renewal set version = ?, data_key = ?, answer = ? where team = ? and conn_id = ? and owner = ?",
			r.Version, wrapped, sealed, s.team, r.ConnID, r.Owner)
	})
	if err != nil {
		return fmt.Errorf("journal the renewal of connection %d: %w", r.ConnID, err)
	}
	return nil
}

// EndRenewal gives the right back and erases the journal. With a record it first stores
// that as UpdateConnection does, in the same transaction; on an error of that, such as
// [connect.ErrConflict], nothing is changed. It is no error when another owner has taken
// over.
func (s *Store) EndRenewal(ctx context.Context, r *connect.Renewal, record *connect.Record) error {
	var stored connect.Record
	err := s.change(ctx, func(ctx context.Context, tx queries, k *keys) error {
		if record != nil {
			stored = s.nextVersion(record)
			if err := s.updateConnection(ctx, tx, k, record.Version, &stored); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "delete from renewal where team = ? and conn_id = ? and owner = ?", s.team, r.ConnID, r.Owner)
		return err
	})
	if err != nil {
		return fmt.Errorf("end the renewal of connection %d: %w", r.ConnID, err)
	}
	if record != nil {
		*record = stored
		s.scrub(ctx)
	}
	return nil
}

// nextVersion is r as it will be stored.
func (s *Store) nextVersion(r *connect.Record) connect.Record {
	stored := *r
	stored.Version++
	stored.Updated = s.time()
	return stored
}

// updateConnection stores r over the given version of it.
func (s *Store) updateConnection(ctx context.Context, tx queries, k *keys, version int64, r *connect.Record) error {
	if err := s.checkVersion(ctx, tx, r.ID, version); err != nil {
		return err
	}
	if r.Data == nil {
		return errors.New("the record has no data: its secrets could not be decrypted, set new ones")
	}
	cells, err := s.connectionCells(k, r)
	if err != nil {
		return err
	}
	return execOne(ctx, tx, connect.ErrNotFound, "update connection set ("+connectionColumns+") = ("+holes(len(cells))+") where team = ? and id = ?", append(cells, s.team, r.ID)...)
}
