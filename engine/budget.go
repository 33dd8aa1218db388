package engine

import (
	"fmt"

	"github.com/cleat-run/cleat/value"
)

// Limits of one run (communication.md 11.4).
const (
	maxRequests    = 100
	maxPages       = 50 // page requests after the first
	maxPastRecords = 3200
	maxCalls       = 100 // of endpoints
	// maxOverride is the most that common of an app can raise a limit to.
	maxOverride = 100_000
)

// budget is what a run may still do. A run and the endpoints that it calls share one.
type budget struct {
	requests, pages, calls            int
	maxRequests, maxPages, maxRecords int
}

func newBudget(common value.Value) *budget {
	return &budget{maxRequests: override(common, "maxRequestCount", maxRequests), maxPages: override(common, "maxPaginationRequestCount", maxPages),
		maxRecords: override(common, "maxPastRecords", maxPastRecords)}
}

func override(common value.Value, name string, otherwise int) int {
	if n := common.Member(name).ToNumber(); n >= 1 {
		return int(min(n, maxOverride))
	}
	return otherwise
}

// spend takes one request.
func (b *budget) spend() *Error {
	if b.requests >= b.maxRequests {
		return newError(RuntimeError, fmt.Sprintf("more than %d requests in one run", b.maxRequests))
	}
	b.requests++
	return nil
}

// call takes one call of an endpoint.
func (b *budget) call() *Error {
	if b.calls >= maxCalls {
		return newError(RuntimeError, fmt.Sprintf("more than %d endpoint calls in one run", maxCalls))
	}
	b.calls++
	return nil
}

// nextPage takes one page and reports whether there was one left.
func (b *budget) nextPage() bool {
	if b.pages >= b.maxPages || b.requests >= b.maxRequests {
		return false
	}
	b.pages++
	return true
}
