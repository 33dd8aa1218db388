package work

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/cleat-run/cleat/record"
)

// lanes bound what an outbox sends to each destination at once, so that one that hangs
// keeps no others waiting. What waits stays in the records. It is safe for concurrent use.
type lanes struct {
	teams *shares

	mu    sync.Mutex
	known map[string]*lane
}

func newLanes(workers int) *lanes {
	return &lanes{teams: newShares(workers), known: map[string]*lane{}}
}

// lane is what is known of a destination.
type lane struct {
	busy int
	health
}

// health is how a destination took the last handover.
type health struct {
	failed bool      // until one succeeds it is sent one at a time
	rest   time.Time // it said 429: nothing is sent before (RFC 6585 4)
}

const (
	laneWidth = 8           // handovers of a destination at once
	maxRest   = time.Minute // longer than that it is asked again
	maxLanes  = 10_000
)

func (l *lanes) of(destination string) *lane {
	d := l.known[destination]
	if d == nil {
		d = &lane{}
		l.known[destination] = d
	}
	return d
}

// room is how many more a destination may be sent now.
func (l *lanes) room(destination string, now time.Time) int {
	d := l.known[destination]
	switch {
	case d == nil:
		return laneWidth
	case now.Before(d.rest):
		return 0
	case d.failed:
		return 1 - d.busy
	}
	return laneWidth - d.busy
}

// plan divides free places among destinations that have something due, one by one in turn
// and in no order, and within the share of each team.
func (l *lanes) plan(due []record.Due, free int, now time.Time) []record.Share {
	l.mu.Lock()
	defer l.mu.Unlock()
	rand.Shuffle(len(due), func(i, j int) { due[i], due[j] = due[j], due[i] })
	most := map[string]int{}
	taken := l.teams.draft()
	for given := true; given; {
		given = false
		for _, d := range due {
			if free > 0 && most[d.ID] < l.room(d.ID, now) && taken.enter(d.Team, now) == 0 {
				most[d.ID]++
				free--
				given = true
			}
		}
	}
	var wish []record.Share
	for _, d := range due {
		if n := most[d.ID]; n > 0 {
			wish = append(wish, record.Share{Destination: d.ID, Most: n})
		}
	}
	return wish
}

// begin counts a handover that is being sent.
func (l *lanes) begin(h *record.Handover) {
	l.teams.begin(h.Team)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of(h.Destination).busy++
}

// end learns from what came of it.
func (l *lanes) end(h *record.Handover, is health) {
	l.teams.leave(h.Team)
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.of(h.Destination)
	d.busy--
	d.health = is
	if d.busy == 0 && (!is.failed || len(l.known) > maxLanes) {
		delete(l.known, h.Destination)
	}
}
