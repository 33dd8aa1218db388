package work

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
)

const (
	beatEvery = 10 * time.Second
	silence   = 60 * time.Second // after that a run that says nothing is lost; clocks of nodes may differ by half of it
	lostBatch = 100
)

// What a run ended with whose node is gone. It is not begun anew: an action may have been
// done.
const (
	lostType = engine.ExecutionInterruptedError
	lostText = "the node that ran it ended"
)

// Beat says until ctx ends that a run which is stored as running is at work, and calls
// stop when somebody else has ended it.
func (n *Node) Beat(ctx context.Context, team int64, run string, stop func()) {
	tick := time.NewTicker(cmp.Or(n.BeatEvery, beatEvery))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := n.Records.OfTeam(team).BeatRun(ctx, run)
		if errors.Is(err, record.ErrFenced) || errors.Is(err, record.ErrNotFound) {
			stop()
			return
		}
		if err != nil && ctx.Err() == nil {
			n.Log.Error("the records do not answer", "doing", "keep a run", "run", run, "error", err)
		}
	}
}

// lookout ends the runs whose node has ended (server.md 1: nothing runs for ever). It
// belongs to one goroutine.
type lookout struct {
	node  *Node
	since time.Time // when the records began to answer without a break
}

// look ends what has been silent while the records answered all the time: when they did
// not, nobody could say anything.
func (o *lookout) look(ctx context.Context) error {
	now := o.node.now()
	before := now.Add(-silence)
	if o.since.IsZero() {
		o.since = now
	}
	if o.since.After(before) {
		before = time.Time{} // asks only whether they answer
	}
	ended, err := o.node.Records.EndLostRuns(ctx, before, lostType, lostText, lostBatch)
	if err != nil {
		o.since = time.Time{}
		return err
	}
	if len(ended) > 0 {
		o.node.Log.Warn("runs ended with their nodes", "runs", ended)
	}
	return nil
}
