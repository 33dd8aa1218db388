package server

// Patterns returns the patterns of all addresses that are served.
func (s *Server) Patterns() []string { return s.mux.patterns }
