package bus

import "time"

// Outcome is what a handler made of a job. The zero Outcome drops the job: it is neither
// acknowledged nor returned and comes again after AckWait. That is right for a worker that
// lost its fence: another one works on the same job.
type Outcome struct {
	kind   outcomeKind
	after  time.Duration
	reason string
}

type outcomeKind int

const (
	dropped outcomeKind = iota
	acked
	retried
	buried
	paused
)

// Ack says that the outcome is committed in SQL: the job is finished.
func Ack() Outcome { return Outcome{kind: acked} }

// Retry returns the job to the queue for another try after a while. A crash may shorten the
// wait to AckWait. Long waits belong into SQL.
func Retry(after time.Duration) Outcome { return Outcome{kind: retried, after: after} }

// Dead says that the job will never succeed and that this is committed in SQL. The raw
// delivery is kept for 30 days, see [Bus.ReadDead].
func Dead(reason string) Outcome { return Outcome{kind: buried, reason: reason} }

// Pause says that SQL does not answer. The job comes again after half of AckWait; after three
// of these in a row no more jobs are taken until the Probe of the Runner succeeds.
func Pause() Outcome { return Outcome{kind: paused} }
