// Package kill holds the suite that kills a server in every way and counts what is left:
// three nodes of cleat serve, PostgreSQL and three servers of NATS, each a process of its
// own on loopback, under load (work.md 14, server.md 6).
//
// `go test ./internal/kill` runs a short round; `make kill` a long one, see the flags in
// kill_test.go.
package kill
