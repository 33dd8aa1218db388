package cli

import (
	"fmt"
	"sync"
	"time"

	"github.com/cleat-run/cleat/engine"
)

// progress shows a person who watches how far a run is, once it takes longer than a
// moment: one line that is written over and over, and taken away before anything else is
// printed. It is safe for concurrent use.
type progress struct {
	*factory
	began  time.Time
	ticker *time.Ticker
	done   chan struct{}
	ended  sync.Once

	mu       sync.Mutex
	requests int
	bundles  int
	shown    bool
}

// patience is how long a run may take without a word, and how often the word is renewed.
const patience = time.Second

// progress begins to watch a run. The caller must end it.
func (f *factory) progress() *progress {
	p := &progress{factory: f, began: time.Now(), done: make(chan struct{})}
	if f.std.IsTerminal && !f.trace && !f.json {
		p.ticker = time.NewTicker(patience)
		go p.tick()
	}
	return p
}

func (p *progress) tick() {
	for {
		select {
		case <-p.done:
			return
		case <-p.ticker.C:
			p.draw()
		}
	}
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.done:
		return
	default:
	}
	fmt.Fprintf(p.std.Err, "\r\x1b[K%s, %s, %s ", counted(p.requests, "request"), counted(p.bundles, "bundle"), time.Since(p.began).Round(time.Second))
	p.shown = true
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// exchange counts a request.
func (p *progress) exchange(engine.Exchange) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests++
}

// bundle counts a bundle and lets write print it.
func (p *progress) bundle(write func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bundles++
	p.clear()
	return write()
}

// clear takes the line away; p.mu is held.
func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.std.Err, "\r\x1b[K")
		p.shown = false
	}
}

// end takes the line away for good. It may be called again.
func (p *progress) end() {
	p.ended.Do(func() { close(p.done) })
	if p.ticker != nil {
		p.ticker.Stop()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}
