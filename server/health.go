package server

import (
	"context"
	"net/http"
	"strings"
	"time"
)

func (s *Server) healthRoutes() {
	s.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok\n")) })
	s.mux.HandleFunc("GET /readyz", s.ready)
	s.mux.HandleFunc("GET /metrics", s.metrics.serve)
	s.mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		writeProblem(w, r, s.Log, problem(http.StatusNotFound, "not_found", "there is no %s %s", r.Method, r.URL.Path))
	})
}

const readyTime = 2 * time.Second

// ready says whether requests should be sent here.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	var wrong []string
	select {
	case <-s.draining:
		wrong = append(wrong, "draining")
	default:
	}
	for _, c := range s.Ready {
		if err := c.Ready(ctx); err != nil {
			wrong = append(wrong, c.Name) // the reason may hold addresses: it is in the log
			s.Log.WarnContext(r.Context(), "not ready", "part", c.Name, "error", err)
		}
	}
	if len(wrong) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("not ready: " + strings.Join(wrong, ", ") + "\n"))
		return
	}
	_, _ = w.Write([]byte("ready\n"))
}
