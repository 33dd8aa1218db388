// Package server is the HTTP interface of cleat serve: connections, runs, triggers, hooks
// and what administers them, for programs and people of many teams; the callbacks of
// providers; the addresses of hooks; and the hosted page on which end users connect an
// account.
//
// Each resource is one file. A route is registered with the scope that it needs, which
// api.go checks; whoever asks is an [Actor], found by actor.go. Every record is looked up
// in the team of the actor, so what belongs to another team does not exist. Failures are
// application/problem+json, made in one place, problem.go.
//
// What runs in the background is package work's.
//
// The package promises no stable API; the HTTP interface under /v1 is what is promised,
// described by /openapi.json.
package server
