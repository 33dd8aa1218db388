package server

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/store"
)

// TestProblemsThatPass: whatever makes a 429 or a 503, it says when to come again, in the
// header and in the body.
func TestProblemsThatPass(t *testing.T) {
	t.Parallel()
	humaProblems()
	refused := func(reason error, after time.Duration) error {
		return refusal(&bus.Refusal{Reason: reason, RetryAfter: after})
	}
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
		after  int
	}{
		{"a problem without a wait", problem(503, "x", ""), 503, "x", 5},
		{"one too many", problem(429, "x", ""), 429, "x", 5},
		{"a wait", busy(429, "x", 1500*time.Millisecond, ""), 429, "x", 2},
		{"a wait of nothing", busy(503, "x", 0, ""), 503, "x", 1},
		{"a wait in the past", busy(503, "x", -time.Hour, ""), 503, "x", 1},
		{"a full disk", fmt.Errorf("put it: %w", store.ErrFull), 503, "storage_full", 30},
		{"no records", fmt.Errorf("put it: %w", store.ErrUnavailable), 503, "records_unavailable", 5},
		{"no records below an app", &engine.Error{Type: engine.RuntimeError, Cause: store.ErrUnavailable}, 503, "records_unavailable", 5},
		{"a run that was interrupted", &engine.Error{Type: engine.ExecutionInterruptedError}, 503, "interrupted", 5},
		{"the disk of the queue", refused(bus.ErrDisk, 30*time.Second), 503, "unavailable", 30},
		{"a full queue", refused(bus.ErrFull, 30*time.Second), 503, "unavailable", 30},
		{"a silent queue", refused(bus.ErrUnavailable, 5*time.Second), 503, "unavailable", 5},
		{"a queue that closes", refused(bus.ErrClosed, 0), 503, "unavailable", 1},
		{"the quota of a team", refused(bus.ErrBusy, 10*time.Second), 429, "too_many_deliveries", 10},
		{"huma, 503", huma.NewError(503, "x"), 503, "internal", 5},
		{"huma, 429", huma.NewError(429, "x"), 429, "internal", 5},
		{"another failure", errors.New("x"), 500, "internal", 0},
	} {
		p := problemOf(c.err)
		header := p.GetHeaders().Get("Retry-After")
		if p.Status != c.status || p.Code != c.code || p.RetryAfter != c.after || c.after > 0 && header != strconv.Itoa(c.after) || c.after == 0 && header != "" {
			t.Errorf("%s: %d %s after %d, header %q; want %d %s after %d", c.name, p.Status, p.Code, p.RetryAfter, header, c.status, c.code, c.after)
		}
	}
}

// TestAnswersThatPass: what is answered without a problem says it, too.
func TestAnswersThatPass(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{200: "", 302: "", 429: "5", 500: "", 502: "", 503: "5", 504: ""} {
		for said, want := range map[string]string{"": want, "77": "77"} {
			w := httptest.NewRecorder()
			seen := &watched{ResponseWriter: w, control: http.NewResponseController(w)}
			if said != "" {
				seen.Header().Set("Retry-After", said)
			}
			seen.WriteHeader(status)
			if got := w.Header().Get("Retry-After"); got != want {
				t.Errorf("%d that says %q: Retry-After %q, want %q", status, said, got, want)
			}
		}
	}
}
