package bus

import (
	"errors"
	"fmt"
	"time"
)

// The reasons of a Refusal, for errors.Is.
var (
	ErrFull        = errors.New("the queue is full")           // 503
	ErrDisk        = errors.New("the disk is almost full")     // 503
	ErrUnavailable = errors.New("the queue does not answer")   // 503
	ErrBusy        = errors.New("too many deliveries waiting") // 429: of this tenant
	ErrClosed      = errors.New("the bus is closed")
)

// Refusal is why something was not accepted. Nothing may be told to the sender but that:
// the message may still have been stored, and is then run.
type Refusal struct {
	Reason     error         // one of the errors above
	RetryAfter time.Duration // what to tell the sender
	Cause      error         // may be nil
}

// Error says the reason and its cause.
func (r *Refusal) Error() string {
	if r.Cause == nil {
		return r.Reason.Error()
	}
	return fmt.Sprintf("%v: %v", r.Reason, r.Cause)
}

// Unwrap gives the reason and the cause.
func (r *Refusal) Unwrap() []error { return []error{r.Reason, r.Cause} }
