package bus

import (
	"context"
	"sync"
	"time"
)

// stealAfter is how long a worker is idle before it takes work of the other class.
const stealAfter = 100 * time.Millisecond

// pool is the free workers of a runner. Each belongs to a class, 0 or 1, and helps the
// other one when it has nothing to do.
type pool struct {
	mu    sync.Mutex
	idle  [2][]worker      // those longest idle first
	queue [2][]chan worker // who waits for one, in order
}

type worker struct {
	class int
	since time.Time
}

func newPool(sizes ...int) *pool {
	p := &pool{}
	for class, size := range sizes {
		for range size {
			p.idle[class] = append(p.idle[class], worker{class, time.Time{}})
		}
	}
	return p
}

// take waits for a worker for a class; false when ctx ends before there is one.
func (p *pool) take(ctx context.Context, class int) (worker, bool) {
	handed := make(chan worker, 1)
	p.mu.Lock()
	p.queue[class] = append(p.queue[class], handed)
	p.match(time.Now())
	p.mu.Unlock()

	tick := time.NewTicker(stealAfter)
	defer tick.Stop()
	for {
		select {
		case w := <-handed:
			return w, true
		case now := <-tick.C:
			p.mu.Lock()
			p.match(now)
			p.mu.Unlock()
		case <-ctx.Done():
			p.leave(class, handed)
			return worker{}, false
		}
	}
}

// leave ends a wait. What was handed over at the same moment goes back.
func (p *pool) leave(class int, handed chan worker) {
	p.mu.Lock()
	for i, q := range p.queue[class] {
		if q == handed {
			p.queue[class] = append(p.queue[class][:i], p.queue[class][i+1:]...)
			break
		}
	}
	p.mu.Unlock()
	select {
	case w := <-handed:
		p.give(w)
	default:
	}
}

// give returns a worker to its class.
func (p *pool) give(w worker) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.since = time.Now()
	p.idle[w.class] = append(p.idle[w.class], w)
	p.match(w.since)
}

// match hands idle workers to those who wait, own class first.
func (p *pool) match(now time.Time) {
	for class := range p.queue {
		for len(p.queue[class]) > 0 {
			w, ok := p.pick(class, now)
			if !ok {
				break
			}
			p.queue[class][0] <- w
			p.queue[class] = p.queue[class][1:]
		}
	}
}

func (p *pool) pick(class int, now time.Time) (worker, bool) {
	own, other := p.idle[class], p.idle[1-class]
	if n := len(own); n > 0 {
		p.idle[class] = own[:n-1]
		return own[n-1], true
	}
	if len(other) > 0 && now.Sub(other[0].since) >= stealAfter {
		p.idle[1-class] = other[1:]
		return other[0], true
	}
	return worker{}, false
}

// contended tells whether somebody waits for a worker.
func (p *pool) contended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue[0])+len(p.queue[1]) > 0
}
