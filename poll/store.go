package poll

import (
	"context"
	"errors"
)

// ErrConflict means that somebody else has changed the state since it was read.
var ErrConflict = errors.New("the state of the trigger was changed meanwhile")

// Store keeps the states of triggers by their ids. Package storetest holds the suite that
// any implementation has to pass. It is safe for concurrent use.
type Store interface {
	// LockTrigger waits until nobody else, in this process or another, polls the trigger,
	// and returns the function that lets the next one in. A process that dies lets it in.
	LockTrigger(ctx context.Context, id string) (unlock func(), err error)
	// TriggerState returns the state, and the zero State when there is none.
	TriggerState(ctx context.Context, id string) (*State, error)
	// PutTriggerState stores s when the stored version equals s.Version, and then raises
	// s.Version; otherwise it returns ErrConflict and s is unchanged.
	PutTriggerState(ctx context.Context, id string, s *State) error
}
