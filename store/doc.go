// Package store keeps connections, open authorizations, the states of polling triggers,
// hooks and what they were sent in an SQLite database, secrets encrypted. It implements
// [connect.Store], [poll.Store] and [webhook.Store]; package storetest holds the suites
// that any implementation has to pass. It promises no stable API.
//
// # Files
//
// A store is a folder, made with mode 0700, with files of mode 0600:
//
//	cleat.db      the records (beside it cleat.db-wal and cleat.db-shm while in use)
//	keyset.json   the key-encryption keys, a Tink keyset in JSON
//	locks         empty files, one for each trigger that was polled; they may go at any
//	              time when nothing runs
//
// Database and keyset are useless without each other: back up both, and keep the copies
// apart. Several processes may open one folder at once. The first start of all of them
// is serialised by the write lock of the database: one makes schema and keys, the
// others find them.
//
// # Durability
//
// The database runs in WAL mode with synchronous=FULL: a change is on the disk when the
// method returns. Each change is one immediate transaction, so a crash leaves a record
// as it was before or after. A change of a connection names the version that was read
// (compare-and-set); of two writers one gets [connect.ErrConflict]. So does one of the
// state of a trigger, [poll.ErrConflict].
//
// # Encryption
//
//	key-encryption keyset   keyset.json or Options.Keyset; AES-256-GCM
//	  wraps data keys       one AES-256-GCM keyset per record and version
//	    seal columns        connection: data, uid; flow: temp, data; renewal: answer;
//	                        hook: token, address, uid, parameters, data;
//	                        delivery: bundles
//	  wraps the uid key     HMAC-SHA-256 key of the column uid_hash, one per store
//
// Every ciphertext, wrapped keys included, is bound by its associated data to table,
// row, column and version: it cannot be opened anywhere else, nor in a later version of
// its own row. Each write makes a new data key. [Store.RotateKeys] adds a key to the
// keyset and wraps the data keys anew; it does not touch what they seal, and older
// keys stay in the keyset so that backups remain readable.
//
// Clear are ids, names, app, type, kind, metadata, scope, times, the reason of Broken,
// the hashes and redirect URI of a flow, the number and sizes of deliveries, and the states
// of triggers: dates and ids of items. Deleting a connection or a hook and claiming a flow
// overwrite the sealed bytes in the database and, unless another process is reading at
// that moment, empty the WAL.
//
// A record that cannot be decrypted does not disturb the others: it is returned without
// Data and UID and with Broken set. A keyset that does not belong to the database is
// refused by [Open].
//
// # Migrations
//
// The schema is the list of files in schema/, the number applied is the database's
// user_version. They are run by a migrator of our own instead of goose, which costs
// 1.0 MB of binary (8.7 to 9.7 MB) and 15 packages of 4 modules, and has no lock for
// SQLite: two first starts would race between its check and its change. Here the check,
// the change, the number and the first keys are one transaction.
package store
