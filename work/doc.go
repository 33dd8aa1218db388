// Package work does what a server does in the background, and what its HTTP interface and
// the background have in common: the apps of teams, compiled once ([Catalog]); the
// runtimes that run them ([Teams]); the history of runs ([History]).
//
// A [Node] is one process of a server. All nodes are equal: each takes deliveries of hooks
// and due polls from the bus, and bundles that wait for a destination from the records;
// whoever holds a lease offers what is due and removes what nobody needs.
//
//	request of a service -> bus -> delivery.go  \
//	schedule -> lease -> bus -> poll.go          -> events -> outbox.go -> destination
//
// What a run gives is stored in one transaction with the proof that nobody has done the
// same work meanwhile; only then the bus hears that the work is done (work.md 1). So each
// piece of work leaves its trace once, however often it was begun.
//
// The package promises no stable API.
package work
