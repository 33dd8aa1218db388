package server

// Plain returns the patterns of the addresses that are no operations of the interface.
func (s *Server) Plain() []string { return s.plain }
