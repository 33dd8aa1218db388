// Package store keeps all records of cleat in an SQLite or a PostgreSQL database, secrets
// encrypted: connections, open authorizations, hooks and what they were sent, the states of
// polling triggers, and what a server keeps beside them (package record). [Store]
// implements [connect.Store], [poll.Store], [webhook.Store], [record.Store] and
// [record.TeamStore]; package storetest holds the suites that any implementation has to
// pass. It promises no stable API.
//
// # Teams
//
// Every record belongs to a team, and names are unique in one. A handle is bound to a team:
// [Open] returns that of the first one, number 1, which every store begins with, and
// [Store.ForTeam] others. Every statement of a bound handle names its team. Only the
// methods of [record.Store] look across teams.
//
// # SQLite
//
// A store is a folder, made with mode 0700, with files of mode 0600:
//
//	cleat.db      the records (beside it cleat.db-wal and cleat.db-shm while in use)
//	keyset.json   the key-encryption keys, a Tink keyset in JSON
//	locks         empty files, one for each trigger that was polled; they may go at any
//	              time when nothing runs
//
// Database and keyset are useless without each other: back up both, and keep the copies
// apart. [Store.Backup] copies the database while it is in use. Several processes may open
// one folder at once. The first start of all of them is serialised by the write lock of
// the database: one makes schema and keys, the others find them.
//
// The database runs in WAL mode with synchronous=FULL. One goroutine of a process makes all
// changes: those that wait at the same time share a transaction, each with a savepoint and
// an error of its own, so that many cost one wait for the disk.
//
// # PostgreSQL
//
// With Options.URL the store is a database that many processes on many machines use. All
// are given the same keyset. Tables are made and changed by the first process that starts,
// under an advisory lock. A change is a transaction with one view of the database
// (repeatable read); when another one has changed what it wants to change, it begins anew.
// Locks of triggers are advisory locks on connections of their own, which end with them.
// An unreachable database is [ErrUnavailable], and is reached again without ado. Back it
// up with pg_dump, and the keyset apart from it. What was deleted stands in the files of
// the server until it vacuums them, encrypted as it was.
//
// # Durability
//
// A change is on the disk when the method returns, and is whole: after a crash a record is
// as it was before or after. A change of a record that was read names its version
// (compare-and-set); of two writers one gets [connect.ErrConflict], [poll.ErrConflict],
// [record.ErrConflict]. The outcome of a poll or of a delivery is stored in one transaction
// with the proof that nobody else has stored one, or [record.ErrFenced] is returned and
// nothing is stored.
//
// Events are read by cursor, and none appears behind a cursor that was given out. SQLite
// has one writer at a time; with PostgreSQL see cursors.go.
//
// # Encryption
//
//	key-encryption keyset   keyset.json or given; AES-256-GCM
//	  wraps data keys       one AES-256-GCM keyset per record and version
//	    seal columns        connection: data, uid; flow: temp, data; renewal: answer;
//	                        hook: token, address, uid, parameters, trigger_parameters,
//	                        data; delivery: bundles
//	  wraps data keys       one per process and hour, in the table data_key
//	    seal columns        app_version: archive; run: transcript; schedule: parameters;
//	                        received: request; event: bundle; destination: url, secret;
//	                        link: details; reply: body
//	  wraps the uid key     HMAC-SHA-256 key of the columns uid_hash and token_hash, one
//	                        per store
//
// Every ciphertext, wrapped keys included, is bound by its associated data to team (but the
// first), table, row, column and version: it cannot be opened anywhere else, nor in a
// later version of its own row. [Store.RotateKeys] wraps the data keys anew, with a new key
// that it adds to keyset.json, or with the newest of a keyset that was given; it does not
// touch what they seal, and older keys stay in the keyset so that backups remain readable.
//
// Clear are ids, names, app, type, kind, metadata, scope, end user, times, states, the
// reason of Broken and masked texts of errors, the hashes and redirect URI of a flow,
// numbers and sizes, the states of triggers: dates and ids of items, users with the hashes
// of their passwords, and the audit log. With SQLite, deleting a connection or a hook and
// claiming a flow overwrite the sealed bytes in the database and, unless another process is
// reading at that moment, empty the WAL.
//
// A connection that cannot be decrypted does not disturb the others: it is returned without
// Data and UID and with Broken set. A keyset that does not belong to the database is
// refused by [Open].
//
// # Migrations
//
// The schema is the list of files in schema/sqlite or schema/postgres, the number applied
// is the database's user_version, or stands in the table cleat_schema. They go forward
// only, and an older program refuses a newer database with [ErrNewer]. They are run by a
// migrator of our own instead of goose, which costs 1.0 MB of binary (8.7 to 9.7 MB) and 15
// packages of 4 modules, and has no lock for SQLite: two first starts would race between
// its check and its change. Here the check, the change, the number and the first keys are
// one transaction.
package store
