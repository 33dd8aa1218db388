// Package soak holds the suites that watch a real `cleat serve`, a process of its own on
// loopback, for as long as it takes to see what grows:
//
//   - TestSoak drives everything that a node does at once, and fails when memory, goroutines,
//     open files or the database grow on after a warm-up (a day, shortened);
//   - TestScale lets many polling triggers become due, and says how late they begin;
//   - TestOverdue lets all of them be due when the node starts;
//   - TestMemory says what a node holds when it is idle, and under runs.
//
// `go test ./internal/soak` runs short rounds of them. `make soak` and `make scale` run the
// long ones, which compare with the figures of server.md 6; see the flags in each file.
package soak
