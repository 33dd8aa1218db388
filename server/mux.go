package server

import "net/http"

// mux is a ServeMux that can tell what it serves: a test holds every address against its
// tables, so that none is added without saying who may use it.
type mux struct {
	http.ServeMux
	patterns []string
}

// HandleFunc registers an address. All of them come through here, those of huma, too.
func (m *mux) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.HandleFunc(pattern, h)
}
