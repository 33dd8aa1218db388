package oauth1

import (
	"strings"
	"sync"
	"time"
)

// maxClockHosts bounds the memory of a Clock.
const maxClockHosts = 4096

// Clock remembers how far the clocks of servers are from ours, by host, learnt
// from refusals. The zero value is ready; a nil *Clock corrects nothing. It is
// safe for concurrent use.
type Clock struct {
	mu      sync.RWMutex
	offsets map[string]time.Duration
}

// Offset returns what to add to the local time for timestamps sent to host
// (with its port, as in a URL; ports 80 and 443 make no difference).
func (c *Clock) Offset(host string) time.Duration {
	if c == nil {
		return 0
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.offsets == nil {
		return 0
	}
	return c.offsets[clockHost(host)]
}

// Set remembers an offset; 0 forgets it.
func (c *Clock) Set(host string, offset time.Duration) {
	host = clockHost(host)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.offsets == nil {
		c.offsets = make(map[string]time.Duration)
	}
	if offset == 0 {
		delete(c.offsets, host)
		return
	}
	if _, known := c.offsets[host]; !known && len(c.offsets) >= maxClockHosts {
		clear(c.offsets) // learnt again when needed
	}
	c.offsets[host] = offset
}

// Learn takes the time of a server from its refusal: the middle of the
// timestamps it would accept, or its Date header when it says
// [ProblemTimestampRefused]. It reports whether the offset changed by more than
// a second, so that sending again makes sense. now is the uncorrected local
// time.
func (c *Clock) Learn(host string, p *ProblemError, now time.Time) bool {
	if c == nil || p == nil {
		return false
	}
	offset, ok := p.skew(now, c.Offset(host))
	if !ok {
		return false
	}
	change := offset - c.Offset(host)
	c.Set(host, offset)
	return change.Abs() > time.Second
}

// skew returns what to add to now. An offset that is acceptable already is kept.
func (e *ProblemError) skew(now time.Time, known time.Duration) (time.Duration, bool) {
	if !e.AcceptableTo.IsZero() {
		sent := now.Add(known)
		if !sent.Before(e.AcceptableFrom) && !sent.After(e.AcceptableTo) {
			return known, true
		}
		middle := e.AcceptableFrom.Add(e.AcceptableTo.Sub(e.AcceptableFrom) / 2)
		return middle.Sub(now).Round(time.Second), true
	}
	if e.Problem == ProblemTimestampRefused && !e.Date.IsZero() {
		return e.Date.Sub(now).Round(time.Second), true
	}
	return 0, false
}

// clockHost is the name a Clock knows a server by: its own port is left out.
func clockHost(host string) string {
	host = strings.ToLower(host)
	return strings.TrimSuffix(strings.TrimSuffix(host, ":443"), ":80")
}
