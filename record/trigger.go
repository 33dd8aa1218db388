package record

import (
	"context"
	"time"

	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
)

// Trigger is a polling trigger of an app that runs on a schedule.
type Trigger struct {
	ID          string // trg_…
	Name        string // unique in a team
	App         string // name
	Module      string
	Connection  int64             // 0 for none
	Parameters  *value.Collection // secret
	Every       time.Duration     // between two polls; 0 when Cron says it
	Cron        string            // minute hour day month weekday, in Timezone
	Timezone    string            // IANA name, "" is UTC
	From        string            // start choice, see poll.ParseStart
	Limit       int               // most bundles of one poll, 0 for that of the module
	Destination string            // id, "" for the event log only
	Sequential  bool              // the destination gets bundles in order, one after the other
	Paused      string            // why it does not run; "" while it does
	Failures    int               // polls that failed since the last good one
	LastError   string            // masked; "" after a good one
	LastRun     time.Time
	NextAt      time.Time // when it is due
	State       poll.State
	Created     time.Time
	Updated     time.Time
	Version     int64 // of the definition; State has its own
}

// Due is a trigger that has to be offered to the workers, or a destination with something
// to hand over.
type Due struct {
	Team int64
	ID   string
}

// PollEnd is what came of a poll.
type PollEnd struct {
	State  poll.State // with the version that was read; nothing else is stored unless it still is
	Events []*Event
	Run    *Run // nil: none kept
	NextAt time.Time
	Error  string // masked; then State did not move, and failures are counted
	Paused string // not "": the trigger stops
}

// Triggers keeps the triggers of a team.
type Triggers interface {
	InsertTrigger(ctx context.Context, t *Trigger) error
	Trigger(ctx context.Context, id string) (*Trigger, error)
	Triggers(ctx context.Context, p Page) ([]*Trigger, error)
	// UpdateTrigger compares Version and stores everything but State, Failures, LastError
	// and LastRun, and offers the trigger anew. A changed From begins anew with the next poll,
	// which compares it with State.Start.
	UpdateTrigger(ctx context.Context, t *Trigger) error
	DeleteTrigger(ctx context.Context, id string) error
	// EndPoll stores events, state, run and next time in one transaction, or returns
	// ErrFenced when the state has moved since it was read (work.md 8). A poll that failed
	// leaves the state as it is. The cursors of the events are then in them.
	EndPoll(ctx context.Context, id string, end *PollEnd) error
}

// Schedule finds the triggers of all teams that are due (work.md 8).
type Schedule interface {
	// DueTriggers returns up to n triggers that are due at now, not paused, and were not
	// offered after stale, the longest due first.
	DueTriggers(ctx context.Context, now, stale time.Time, n int) ([]Due, error)
	// Offered notes that triggers were offered to the workers.
	Offered(ctx context.Context, at time.Time, due ...Due) error
}
