// Package record says what a server keeps beside connections, hooks and the states of
// triggers: who may do what, which apps there are, what ran and what came of it. It holds
// the records and the interfaces of what keeps them; package store implements them over
// SQLite and PostgreSQL, and package storetest has the suite that any implementation has
// to pass. It promises no stable API.
//
// # Teams
//
// Every record belongs to one team, the tenant (server.md 1). The interfaces in team.go,
// and [Directory], look across teams; all others are bound to one, and what belongs to
// another does not exist for them: [ErrNotFound].
//
// # Inserting
//
// What is inserted gets an id of [NewID] unless it has one, the present as Created and
// Updated, and Version 1. A record that names a destination, a team or a user that does
// not exist for the team is refused: [ErrNotFound]. When an error is returned the record
// that was passed is unchanged.
//
// # Compare and set
//
// A record with a Version is stored when the stored version is the one that was read, and
// then raises it; otherwise [ErrConflict]. What a run gives is stored in one transaction
// with the proof that nobody else has stored in the meantime: the version of a trigger,
// the fence of a delivery. When the proof fails the result leaves no trace (work.md 7, 8).
package record
