// Package kill holds the suite that kills, freezes and fills a server in every way and
// counts what is left: three nodes of cleat serve, PostgreSQL and three servers of NATS,
// each a process of its own on loopback, under load (work.md 14, server.md 6).
//
// # Load
//
// Requests to three hooks, whose bundles go to a destination, and to a sequential one, at
// all nodes in turn; polling triggers; and six connections at an OAuth 2.0 provider, used
// through all nodes, whose access tokens end after seconds and whose refresh tokens are
// good once.
//
// # What must hold
//
//   - Every accepted request is a bundle, once; those of a sequential hook are in order.
//   - What is not accepted is 503 or 429 with Retry-After, or has no answer at all.
//   - Every trigger gives each item once and in order. No two accepted polls of one overlap,
//     and each moves its state by one version.
//   - Every bundle reaches the destination. One that was sent twice was first sent while a
//     node or PostgreSQL was in trouble, and a delivery that was begun twice was in hand
//     while anything was.
//   - Each expiry of a token is refreshed once. A refresh token is used twice, and the
//     answer to a refresh lost, only where the node that asked was killed or frozen in the
//     middle of it.
//   - After every fault hooks are taken again and all servers follow their leaders.
//
// The table of faults is in fault_test.go. Disks are file systems in memory that shrink to
// what is on them; the suite mounts them in a namespace of its own, as root or where user
// namespaces are allowed. Elsewhere it says that these faults are not made, and why.
//
// # Use
//
// `go test ./internal/kill` runs a short round, in which several faults happen at once;
// `make kill` a long one: every fault by itself, then rounds in random order with two at
// once. The flags behind -args:
//
//	-rounds n      1: the short round; more: all faults, n times
//	-faults re     only faults whose names match, each by itself
//	-seed n        of the random order, as it was of a run that failed
//	-rate n        requests to hooks in a second
//	-triggers n    polling triggers, the last six with a connection
//	-every d       between two polls of each
//	-item d        between two new items that triggers find
//
// The suite runs on Linux: it freezes processes, and asks the system who has a connection.
package kill
