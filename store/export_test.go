package store

import "database/sql"

// For tests in package store_test.
var (
	EncodeCollection = encodeCollection
	DecodeCollection = decodeCollection
	Migrate          = migrate
)

// Migrations returns the steps of the schema of SQLite.
func Migrations() ([]string, error) { return migrations(sqliteDialect.name) }

// Writer returns the pool of the one connection that writes.
func (s *Store) Writer() *sql.DB { return s.write.(*writer).pool }
