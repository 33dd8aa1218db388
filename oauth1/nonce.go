package oauth1

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Nonce is what must be unique (RFC 5849 3.3): a nonce together with the client,
// the token and the timestamp it was used with.
type Nonce struct {
	ConsumerKey string
	Token       string
	Nonce       string
	Timestamp   time.Time
}

// NonceStore remembers used nonces, at least as long as a [Verifier] would
// accept their timestamps. It must be safe for concurrent use, and atomic:
// of two equal nonces at the same time only one is fresh.
type NonceStore interface {
	// UseNonce remembers n and reports whether it was fresh.
	UseNonce(ctx context.Context, n Nonce) (fresh bool, err error)
}

// defaultMaxNonces bounds one consumer of a MemoryNonces.
const defaultMaxNonces = 10_000

// MemoryNonces is a NonceStore in memory. It holds at most Max nonces for each
// consumer key. When one is full the oldest timestamps are forgotten, and from
// then on every nonce with such an old timestamp counts as used: memory stays
// bounded and no replay gets through. The zero value is ready, and safe for
// concurrent use.
type MemoryNonces struct {
	// Max is the number of nonces kept for each consumer key, 0 = 10,000.
	Max int

	mu        sync.Mutex
	consumers map[string]*consumerNonces
}

type consumerNonces struct {
	used   map[Nonce]bool
	oldest nonceHeap
	floor  time.Time // timestamps up to here count as used
}

// UseNonce implements [NonceStore]; it never returns an error.
func (m *MemoryNonces) UseNonce(_ context.Context, n Nonce) (fresh bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	limit := m.Max
	if limit <= 0 {
		limit = defaultMaxNonces
	}
	return m.consumer(n.ConsumerKey).use(n, limit), nil
}

func (m *MemoryNonces) consumer(key string) *consumerNonces {
	if m.consumers == nil {
		m.consumers = make(map[string]*consumerNonces)
	}
	c := m.consumers[key]
	if c == nil {
		c = &consumerNonces{used: make(map[Nonce]bool)}
		m.consumers[key] = c
	}
	return c
}

func (c *consumerNonces) use(n Nonce, limit int) (fresh bool) {
	n.Timestamp = time.Unix(n.Timestamp.Unix(), 0).UTC() // comparable as a map key
	if c.used[n] || !c.floor.IsZero() && !n.Timestamp.After(c.floor) {
		return false
	}
	c.used[n] = true
	heap.Push(&c.oldest, n)
	for len(c.oldest) > limit {
		forgotten := heap.Pop(&c.oldest).(Nonce)
		delete(c.used, forgotten)
		c.floor = forgotten.Timestamp
	}
	return true
}

// nonceHeap has the oldest timestamp on top.
type nonceHeap []Nonce

func (h nonceHeap) Len() int           { return len(h) }
func (h nonceHeap) Less(i, j int) bool { return h[i].Timestamp.Before(h[j].Timestamp) }
func (h nonceHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *nonceHeap) Push(x any)        { *h = append(*h, x.(Nonce)) }

func (h *nonceHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
