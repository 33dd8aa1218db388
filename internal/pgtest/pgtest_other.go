//go:build !unix

package pgtest

import "testing"

// Process would be what a test process has started.
type Process struct{}

// Database skips the test: the server is started as Unix does it.
func (p *Process) Database(t testing.TB) string {
	t.Skip("the tests start PostgreSQL on Unix only")
	return ""
}

// Stop does nothing.
func (p *Process) Stop() error { return nil }

// Server would be a server.
type Server struct{}

// Start skips the test.
func Start(t testing.TB) *Server {
	t.Skip("the tests start PostgreSQL on Unix only")
	return nil
}

// StartIn skips the test.
func StartIn(t testing.TB, _ string) *Server { return Start(t) }

// URL is never called.
func (s *Server) URL(string) string { return "" }

// Restart is never called.
func (s *Server) Restart() error { return nil }

// Kill is never called.
func (s *Server) Kill() error { return nil }

// Stop is never called.
func (s *Server) Stop() error { return nil }
