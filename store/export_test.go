package store

import "database/sql"

// For tests in package store_test.
var (
	EncodeCollection = encodeCollection
	DecodeCollection = decodeCollection
	Migrate          = migrate
	Migrations       = migrations
)

// Writer returns the pool of the one connection that writes.
func (s *Store) Writer() *sql.DB { return s.write }
