package engine

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/cleat-run/cleat/oauth1"
)

// canRepeat reports whether another attempt is safe and may help: the provider said so
// (429, 503), or nothing but reading was asked for.
func canRepeat(w *wire, err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.Retryable() {
		return false
	}
	return e.StatusCode == 429 || e.StatusCode == 503 || w.method == http.MethodGet || w.method == http.MethodHead
}

// maxDelay is the longest wait that a Retry-After can cause between two attempts.
const maxDelay = time.Minute

func retryDelay(err error, attempt int) time.Duration {
	var e *Error
	if errors.As(err, &e) && e.Delay > 0 {
		return min(e.Delay, maxDelay)
	}
	return min(time.Second<<min(attempt, 6), maxDelay)
}

// retryAfter reads the header Retry-After: seconds or a date.
func (r *Run) retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(r.engine.now()))
	}
	return 0
}

// learnsClock reports whether the provider refused the timestamp and told its own time,
// which is then used for that host (connections.md O1-51).
func (r *Run) learnsClock(w *wire, a *answer) bool {
	if w.sign == nil || a.status != 400 && a.status != 401 {
		return false
	}
	problem := oauth1.ParseProblem(a.status, a.header, a.raw)
	return problem != nil && r.engine.clock.Learn(w.url.host, problem, r.engine.now())
}
