package bus

import (
	"context"
	"sync"
	"time"
)

const (
	pausesToClose = 3
	probePause    = time.Second
)

// gate holds up a runner while SQL does not answer: its messages would only be returned.
type gate struct {
	probe func(context.Context) error

	probing sync.WaitGroup

	mu     sync.Mutex
	pauses int           // outcomes of Pause in a row
	open   chan struct{} // closed when the gate opens again; nil while it is open
}

// wait returns when the gate is open; false when ctx ends before.
func (g *gate) wait(ctx context.Context) bool {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	if open == nil {
		return ctx.Err() == nil
	}
	select {
	case <-open:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g *gate) closed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open != nil
}

// note counts an outcome, and closes the gate with the third pause in a row. Whoever closed
// it probes until it opens.
func (g *gate) note(ctx context.Context, o Outcome) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if o.kind != paused {
		g.pauses = 0
		return
	}
	if g.pauses++; g.pauses < pausesToClose || g.open != nil {
		return
	}
	open := make(chan struct{})
	g.open = open
	g.probing.Go(func() {
		for pause(ctx, probePause) && g.probe != nil && g.probe(ctx) != nil {
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.pauses, g.open = 0, nil
		close(open)
	})
}
