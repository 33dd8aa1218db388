//go:build linux

package soak_test

import (
	"context"
	"flag"
	"testing"
	"time"
)

var (
	soak     = flag.Duration("soak", 20*time.Second, "how long everything is done")
	triggers = flag.Int("triggers", 200, "polling triggers meanwhile")
)

// samplesWanted is how many are taken of a round.
const samplesWanted = 200

// TestSoak: nothing grows. A day in short: what is kept for days is kept for a minute, so
// that a round sees it go, and triggers are due every ten seconds.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as -soak says")
	}
	const kept = time.Minute
	n := newNode(t, "--limits.run", "10s", "--retention.runs", kept.String(), "--retention.events", kept.String(), "--retention.deliveries", kept.String())
	n.start(t)
	m := startMix(t, n, *triggers, 10*time.Second)
	ctx, end := context.WithTimeout(t.Context(), *soak)
	defer end()
	ended := make(chan struct{})
	go func() { defer close(ended); m.run(ctx) }()
	samples := n.watch(ctx, t)
	<-ended
	m.report(t)
	m.polled(t, *triggers)
	all := rows(samples)
	report(t, all)
	for _, r := range all {
		// What is kept for a while grows until that has passed, and a node settles in more than
		// a few seconds: a short round sees only what doubles.
		if disk := r.name == "records MiB" || r.name == "bus MiB"; *soak < 10*kept {
			if r.slack += r.first; disk {
				continue
			}
		}
		if r.grew() {
			t.Errorf("%s grew from %.1f to %.1f, more than to %.1f", r.name, r.first, r.second, r.allowed())
		}
	}
}

// watch samples a node until ctx ends.
func (n *node) watch(ctx context.Context, t *testing.T) []sample {
	t.Helper()
	tick := time.NewTicker(max(*soak/samplesWanted, 100*time.Millisecond))
	defer tick.Stop()
	var all []sample
	for {
		select {
		case <-ctx.Done():
			return all
		case <-tick.C:
		}
		s, err := n.sample()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
}
