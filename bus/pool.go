package bus

import (
	"context"
	"sync"
	"time"
)

// stealAfter is how long a worker is idle before it takes work of the other class, and how
// long the other class waits before it gets every second worker that becomes free.
const stealAfter = 100 * time.Millisecond

// pool is the free workers of a runner. Each belongs to a class, 0 or 1, and helps the
// other one when it has nothing to do, or when that has waited for long: all workers of a
// class may be in jobs that hang, while those of the other one never rest.
type pool struct {
	mu    sync.Mutex
	idle  [2][]worker // those longest idle first
	queue [2][]waiter // in order
	lent  [2]bool     // the last worker of the class went to the other one
}

// waiter is somebody who waits for a worker.
type waiter struct {
	handed chan worker
	since  time.Time
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
	now := time.Now()
	p.queue[class] = append(p.queue[class], waiter{handed, now})
	p.match(now)
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
		if q.handed == handed {
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

// match hands idle workers to those who wait.
func (p *pool) match(now time.Time) {
	for class := range p.idle {
		for len(p.idle[class]) > 0 {
			to, ok := p.receiver(class, now)
			if !ok {
				break
			}
			w := p.pick(class, to)
			p.lent[class] = to != class
			p.queue[to][0].handed <- w
			p.queue[to] = p.queue[to][1:]
		}
	}
}

// receiver is the class that an idle worker of a class goes to.
func (p *pool) receiver(class int, now time.Time) (to int, ok bool) {
	own, other := p.queue[class], p.queue[1-class]
	long := len(other) > 0 && len(p.idle[1-class]) == 0 && now.Sub(other[0].since) >= stealAfter
	switch {
	case long && (len(own) == 0 || !p.lent[class]):
		return 1 - class, true
	case len(own) > 0:
		return class, true
	case len(other) > 0 && now.Sub(p.idle[class][0].since) >= stealAfter:
		return 1 - class, true
	}
	return 0, false
}

// pick takes the worker of a class that was busy last; to another class the one that has
// been idle for longest.
func (p *pool) pick(class, to int) (w worker) {
	all := p.idle[class]
	if class == to {
		w, p.idle[class] = all[len(all)-1], all[:len(all)-1]
	} else {
		w, p.idle[class] = all[0], all[1:]
	}
	return w
}

// contended tells whether somebody waits for a worker.
func (p *pool) contended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue[0])+len(p.queue[1]) > 0
}
