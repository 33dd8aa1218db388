package work

import (
	"maps"
	"sync"
	"time"
)

// shares divide workers among teams. A team may begin one more job as long as it holds
// less than three times of what is free (a dynamic threshold: Choudhury and Hahne,
// IEEE/ACM Transactions on Networking 6, 1998): one team alone gets three quarters, and
// however many want all they can get, some workers are left for a team that holds none. It
// is safe for concurrent use.
type shares struct {
	workers int

	mu   sync.Mutex
	busy int
	held map[int64]int       // by team
	back map[int64]time.Time // when the last job of a team that was put off comes again
}

func newShares(workers int) *shares {
	return &shares{workers: workers, held: map[int64]int{}, back: map[int64]time.Time{}}
}

// threshold is how much more than what is free a team may hold.
const threshold = 3

// What a team has no worker for comes again after a while, each job a little later than
// the one before: ten thousand at once would only be put off once more.
const (
	putOff      = 250 * time.Millisecond
	putOffApart = 5 * time.Millisecond
)

// enter begins a job of a team, which [shares.leave] ends, or says after how long to try
// again.
func (s *shares) enter(team int64, now time.Time) (wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[team] < threshold*(s.workers-s.busy) {
		s.take(team)
		return 0
	}
	s.back[team] = later(now.Add(putOff), s.back[team].Add(putOffApart))
	return s.back[team].Sub(now)
}

func (s *shares) take(team int64) {
	s.busy++
	s.held[team]++
}

// begin counts a job that a draft has let in.
func (s *shares) begin(team int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.take(team)
}

func (s *shares) leave(team int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy--
	if s.held[team]--; s.held[team] == 0 {
		delete(s.held, team)
		delete(s.back, team)
	}
}

// draft is a copy to make plans with.
func (s *shares) draft() *shares {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &shares{workers: s.workers, busy: s.busy, held: maps.Clone(s.held), back: map[int64]time.Time{}}
}
