package record

import (
	"context"
	"time"
)

// Event is a bundle that a trigger or a hook gave: a line of the event log (server.md 2).
type Event struct {
	Seq         int64  // cursor in the log of the store: grows, with gaps
	ID          string // evt_…
	Source      string // id of the trigger, or of the hook: hook_7
	App         string
	Run         string // id of the run or the delivery that gave it
	Destination string // id, "" for the log only
	Sequential  bool   // handed on in order per Source
	Created     time.Time
	Bundle      []byte // JSON; secret
}

// EventFilter picks events; zero fields pick all.
type EventFilter struct {
	Source, App, Destination string
}

// Events keeps the event log of a team.
type Events interface {
	// AppendEvents stores events that no trigger and no hook gave, all or none.
	AppendEvents(ctx context.Context, events ...*Event) error
	// Events returns up to n events behind the cursor after, the oldest first. None appears
	// later behind a cursor that was given out; so one that was just stored may take a
	// moment to appear while others are being stored.
	Events(ctx context.Context, f EventFilter, after int64, n int) ([]*Event, error)
	Event(ctx context.Context, id string) (*Event, error)
	// LastEvent is the cursor of the newest event, 0 when there is none.
	LastEvent(ctx context.Context) (int64, error)
}

// Destination is where bundles go (server.md 3).
type Destination struct {
	ID      string // dst_…
	Name    string // unique in a team
	URL     string // secret: it may hold one
	Secret  string // whsec_…, see Standard Webhooks
	Paused  string // why nothing is sent; "" while it is
	Created time.Time
	Updated time.Time
	Version int64
}

// Handover is the progress of one event to its destination.
type Handover struct {
	Event       string // id
	Team        int64
	Destination string
	State       HandoverState
	Tries       int
	NextAt      time.Time
	Status      int    // of the last answer, 0 when there was none
	Error       string // of the last try, masked
	Owner       string // who is sending it now
	Updated     time.Time
}

// HandoverState is how far a handover is.
type HandoverState string

// The states of a handover.
const (
	HandoverPending HandoverState = "pending"
	HandoverDone    HandoverState = "done"
	HandoverDead    HandoverState = "dead" // given up; can be replayed
)

// Destinations keeps the destinations of a team and what they were sent.
type Destinations interface {
	InsertDestination(ctx context.Context, d *Destination) error
	Destination(ctx context.Context, id string) (*Destination, error)
	Destinations(ctx context.Context) ([]*Destination, error)
	// UpdateDestination compares and sets. With Paused taken away what waits is due again.
	UpdateDestination(ctx context.Context, d *Destination) error
	// DeleteDestination removes it with what waits for it; ErrConflict while triggers or
	// hooks use it.
	DeleteDestination(ctx context.Context, id string) error
	// Handovers returns those of a destination in one state, or in all with "", the newest
	// first; the cursor is the id of the event.
	Handovers(ctx context.Context, destination string, s HandoverState, p Page) ([]*Handover, error)
	// Replay makes the handovers of events pending again, as if never tried, and returns how
	// many there were. One that is being sent is left alone.
	Replay(ctx context.Context, destination string, events ...string) (int, error)
}

// Share is how many handovers of a destination are wanted at most.
type Share struct {
	Destination string
	Most        int
}

// Outbox is the work on handovers over all teams. An event that has a destination is
// stored with its handover.
type Outbox interface {
	// DueDestinations returns the destinations of all teams that are not paused and may have
	// something due at now.
	DueDestinations(ctx context.Context, now time.Time) ([]Due, error)
	// ClaimHandovers takes handovers that are due at now for owner until then, together with
	// their events: of each destination at most as many as the wish says. Of a sequential
	// source only the oldest unfinished one is given; of a paused destination none. What has
	// not ended by until is given again.
	ClaimHandovers(ctx context.Context, owner string, now, until time.Time, wish []Share) ([]*Handover, []*Event, error)
	// EndHandover stores what became of a claimed handover: state, tries, next time, status
	// and error; ErrFenced when another owner has it. With pause not "" its destination is
	// paused in the same step.
	EndHandover(ctx context.Context, h *Handover, pause string) error
}

// Retention says what may be removed: everything that ended before.
type Retention struct {
	Deliveries, Runs, Events, Audit time.Time
}

// Pruner removes what nobody needs any more, over all teams.
type Pruner interface {
	// Prune removes up to n records of each kind and returns how many it did; call it
	// until that is 0. Unfinished deliveries and handovers stay. Links, sessions,
	// idempotency keys and flows go when they have expired.
	Prune(ctx context.Context, r Retention, n int) (int, error)
}

// Reply is what a POST with an idempotency key was answered.
type Reply struct {
	Key     string // of the caller
	Actor   string
	Digest  string // of the request: another one under the same key is a mistake
	Status  int    // 0 while the request is being worked on
	Header  []byte // JSON
	Body    []byte // secret
	Expires time.Time
}

// Replies keeps answers, so that a repeated POST does not act twice (Idempotency-Key).
type Replies interface {
	// BeginReply reserves a key of an actor until Expires, or returns in r what is stored
	// under it and false.
	BeginReply(ctx context.Context, r *Reply) (first bool, err error)
	// EndReply stores the answer to the request with the same Digest until Expires. With Status 0 it gives
	// the key back, as if nothing was asked.
	EndReply(ctx context.Context, r *Reply) error
}
