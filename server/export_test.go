package server

// Patterns returns the patterns of all addresses that are served.
func (s *Server) Patterns() []string { return s.mux.patterns }

// Fail is what the bus calls when it cannot go on.
func (i *Instance) Fail(err error) { i.fail(err) }
