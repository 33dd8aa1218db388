// Package cli is the command line of cleat: one file for each command, each a struct of
// options, a constructor and a run function. cmd/cleat only calls [Main].
//
// # Output
//
// Data go to standard output, everything for people to standard error. With --json the
// output is one JSON document, or one a line where a command streams, and an error is one
// JSON object on standard error.
//
// # Exit codes
//
//	0  done
//	1  failed
//	2  usage: unknown command or flag, missing or impossible value
//	3  findings of lint or of tests
//	4  a connection needs the user
//
// The package promises no stable Go API; the commands are the API.
package cli
