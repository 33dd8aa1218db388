package cli

import (
	"fmt"
	"time"

	"github.com/cleat-run/cleat/engine"
)

// progress shows a person who watches how far a run is, once it takes longer than a
// moment: one line that is written over and over.
type progress struct {
	*factory
	began    time.Time
	requests int
	bundles  int
	shown    bool
}

func (f *factory) progress() *progress { return &progress{factory: f, began: time.Now()} }

// patience is how long a run may take without a word.
const patience = time.Second

// exchange counts a request. The run calls it from the goroutine that takes the bundles.
func (p *progress) exchange(engine.Exchange) {
	p.requests++
	if !p.std.IsTerminal || p.trace || p.json || time.Since(p.began) < patience {
		return
	}
	fmt.Fprintf(p.std.Err, "\r%d requests, %d bundles, %s ", p.requests, p.bundles, time.Since(p.began).Round(time.Second))
	p.shown = true
}

// end takes the line away.
func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.std.Err, "\r\x1b[K")
	}
}
