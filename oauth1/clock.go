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
// (with its port, as in a URL).
func (c *Clock) Offset(host string) time.Duration {
	if c == nil {
		return 0
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.offsets == nil {
		return 0
	}
	return c.offsets[strings.ToLower(host)]
}

// Set remembers an offset; 0 forgets it.
func (c *Clock) Set(host string, offset time.Duration) {
	host = strings.ToLower(host)
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
