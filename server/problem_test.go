package server_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/store"
)

// Records that are away for a moment are no mistake of the caller, who is told to come again.
func TestProblemOfRecordsThatAreAway(t *testing.T) {
	t.Parallel()
	p := server.ProblemOf(fmt.Errorf("read run %q: %w", "run_1", store.ErrUnavailable))
	if p.Status != http.StatusServiceUnavailable || p.Code != "unavailable" || p.GetHeaders().Get("Retry-After") != "1" {
		t.Errorf("%+v", p)
	}
}
