package server

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// attempts delays those who try passwords: after the fifth failure of an account or an
// address each further one doubles the wait, up to 15 minutes. It counts on this node.
type attempts struct {
	mu  sync.Mutex
	log map[string]*failures
}

type failures struct {
	n    int
	last time.Time
}

const (
	freeFailures   = 5
	maxAttemptWait = 15 * time.Minute
	maxAttempts    = 100_000
)

func (f *failures) wait() time.Duration {
	if f.n < freeFailures {
		return 0
	}
	return min(time.Second<<min(f.n-freeFailures, 20), maxAttemptWait)
}

// begin counts an attempt as a failure until it has succeeded: of many at once no more get
// through than one after the other.
func (t *attempts) begin(now time.Time, keys ...string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		if f := t.log[key]; f != nil {
			if left := f.last.Add(f.wait()).Sub(now); left > 0 {
				return busy(http.StatusTooManyRequests, "too_many_attempts", left, "too many attempts")
			}
		}
	}
	t.count(now, keys)
	return nil
}

func (t *attempts) count(now time.Time, keys []string) {
	if t.log == nil {
		t.log = map[string]*failures{}
	}
	if len(t.log) >= maxAttempts {
		for key, f := range t.log {
			if now.Sub(f.last) > maxAttemptWait {
				delete(t.log, key)
			}
		}
	}
	for _, key := range keys {
		f := t.log[key]
		if f == nil || now.Sub(f.last) > 2*maxAttemptWait {
			f = &failures{}
			t.log[key] = f
		}
		f.n, f.last = f.n+1, now
	}
}

// succeeded forgets the failures of an account. Of an address, where others may try, it
// takes back the one that this attempt was counted as.
func (t *attempts) succeeded(account string, addresses ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.log, account)
	for _, key := range addresses {
		if f := t.log[key]; f != nil {
			f.n--
		}
	}
}

// network is what of an address belongs to one customer of a provider: of IPv6 a /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() {
		return address
	}
	prefix, _ := ip.WithZone("").Prefix(64) // cannot fail for IPv6
	return prefix.String()
}
