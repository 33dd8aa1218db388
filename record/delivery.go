package record

import (
	"context"
	"time"
)

// Delivery is one incoming request of a hook, as far as it was worked on. Its raw form is
// on the bus until its outcome is stored.
type Delivery struct {
	ID       string // dlv_…
	Hook     int64
	Received time.Time
	Source   string // address of the sender
	State    DeliveryState
	Attempt  int
	Fence    int64 // raised with each attempt
	Node     string
	Error    string // masked
	Bundles  int
	ReplayOf string    // id of the delivery that this one repeats
	RetryAt  time.Time // when the next attempt is due that is too late for the bus; zero: none
	Ended    time.Time
	// Request is the raw request as the bus carried it, kept for replays; secret.
	Request []byte
}

// DeliveryState is how far a delivery is.
type DeliveryState string

// The states of a delivery. Done, Dropped and Dead are final.
const (
	DeliveryRunning DeliveryState = "running"
	DeliveryWaiting DeliveryState = "waiting" // for the next attempt
	DeliveryDone    DeliveryState = "done"
	DeliveryDropped DeliveryState = "dropped" // the condition or the verification did not want it
	DeliveryDead    DeliveryState = "dead"    // given up, see Error
)

// Final reports whether nothing more will come of a delivery.
func (s DeliveryState) Final() bool {
	return s == DeliveryDone || s == DeliveryDropped || s == DeliveryDead
}

// DeliveryEnd is what came of an attempt.
type DeliveryEnd struct {
	State   DeliveryState
	Error   string
	RetryAt time.Time
	Events  []*Event
	Run     *Run // nil: none kept
}

// DeliveryFilter picks deliveries; zero fields pick all.
type DeliveryFilter struct {
	Hook     int64
	State    DeliveryState
	From, To time.Time // of Received; To is excluded
}

// Deliveries keeps what the hooks of a team were sent.
type Deliveries interface {
	// BeginDelivery stores d as running with a raised fence, which is then in d. When the
	// stored one is final already it returns it in d and false (work.md 7).
	BeginDelivery(ctx context.Context, d *Delivery) (wanted bool, err error)
	// EndDelivery stores the outcome of the attempt with the given fence and everything
	// that came of it in one transaction, or returns ErrFenced.
	EndDelivery(ctx context.Context, id string, fence int64, end *DeliveryEnd) error
	Delivery(ctx context.Context, id string) (*Delivery, error)
	// Deliveries returns deliveries without their requests, the newest first.
	Deliveries(ctx context.Context, f DeliveryFilter, p Page) ([]*Delivery, error)
}

// Retries finds the deliveries of all teams whose late attempt is due.
type Retries interface {
	// DueRetries returns up to n deliveries that wait for an attempt before now, with
	// their requests, and the team of each.
	DueRetries(ctx context.Context, now time.Time, n int) ([]*Delivery, []int64, error)
}
