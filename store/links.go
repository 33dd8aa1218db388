package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/cleat-run/cleat/record"
)

func linkPlace(team int64, hash string) place {
	return place{team: team, table: "link", row: strconv.Quote(hash)}
}

// InsertLink keeps a link, and sets Created unless it is given.
func (s *Store) InsertLink(ctx context.Context, l *record.Link) error {
	created := l.Created
	if created.IsZero() {
		created = s.time()
	}
	err := s.insertLink(ctx, l, created.UnixMilli())
	if err != nil {
		return fmt.Errorf("insert link: %w", taken(err))
	}
	l.Created = created
	return nil
}

func (s *Store) insertLink(ctx context.Context, l *record.Link, created int64) error {
	key, err := s.sealer(ctx)
	if err != nil {
		return err
	}
	sealed, err := key.seal(linkPlace(l.Team, l.Hash), "details", l.Details)
	if err != nil {
		return err
	}
	return s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, nil, "insert into link (hash, purpose, team, person, created, expires, used, seal_key, details) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			l.Hash, l.Purpose, l.Team, l.User, created, l.Expires.UnixMilli(), false, key.id, sealed)
	})
}

// sealedLink is a row of the table link, details still sealed.
type sealedLink struct {
	link    record.Link
	used    bool
	key     sql.NullInt64
	details []byte
}

func readLink(ctx context.Context, q executor, hash string) (*sealedLink, error) {
	return one(all(ctx, q, func(rows *sql.Rows) (*sealedLink, error) {
		var (
			l                = &sealedLink{}
			created, expires sql.NullInt64
		)
		err := rows.Scan(&l.link.Hash, &l.link.Purpose, &l.link.Team, &l.link.User, &created, &expires, &l.used, &l.key, &l.details)
		l.link.Created, l.link.Expires = timeOf(created), timeOf(expires)
		return l, err
	}, "select hash, purpose, team, person, created, expires, used, seal_key, details from link where hash = ?", hash))
}

// openLink returns the link with its details, or [record.ErrUsed].
func (s *Store) openLink(ctx context.Context, l *sealedLink) (*record.Link, error) {
	if l.used || !s.now().Before(l.link.Expires) {
		return nil, record.ErrUsed
	}
	var err error
	l.link.Details, err = s.unseal(ctx, l.key.Int64, linkPlace(l.link.Team, l.link.Hash), "details", l.details)
	return &l.link, err
}

// Link returns a link that can still be used. It returns [record.ErrUsed] when it cannot,
// and [record.ErrNotFound] when there is none.
func (s *Store) Link(ctx context.Context, hash string) (*record.Link, error) {
	sealed, err := readLink(ctx, s.read, hash)
	if err != nil {
		return nil, fmt.Errorf("read link: %w", err)
	}
	l, err := s.openLink(ctx, sealed)
	if err != nil {
		return nil, fmt.Errorf("read link: %w", err)
	}
	return l, nil
}

// UseLink returns a link and erases its details. Of several callers one gets it, the
// others [record.ErrUsed].
func (s *Store) UseLink(ctx context.Context, hash string) (*record.Link, error) {
	l, err := s.Link(ctx, hash)
	if err != nil {
		return nil, err
	}
	err = s.change(ctx, func(ctx context.Context, tx queries, _ *keys) error {
		return execOne(ctx, tx, record.ErrUsed, "update link set used = true, seal_key = null, details = null where hash = ? and not used", hash)
	})
	if err != nil {
		return nil, fmt.Errorf("use link: %w", err)
	}
	return l, nil
}
