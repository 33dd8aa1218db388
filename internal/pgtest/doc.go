// Package pgtest gives tests a PostgreSQL of their own: a server in a temporary folder that
// listens on a Unix socket there, started once for each test process.
//
// The binaries are taken from the PATH or from where Debian puts them. A test that finds
// none is skipped, or fails where CI is true. PostgreSQL does not run as root: then it
// runs as the system's user postgres, or nobody.
package pgtest
