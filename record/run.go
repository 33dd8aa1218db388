package record

import (
	"context"
	"time"
)

// Run is one execution of a module, an RPC, a poll or a hook call.
type Run struct {
	ID         string // run_…
	Kind       string // module, rpc, poll, hook
	App        string // name
	Component  string
	Connection int64  // 0 for none
	Source     string // id of the trigger or the delivery that it was for, "" for none
	By         string // user or token, "" for the server
	State      RunState
	Error      string // masked text of the failure, "" without one
	ErrorType  string // Make's type of it
	Bundles    int64
	Exchanges  int
	Started    time.Time
	Ended      time.Time
	Node       string // the process that ran it
	// Transcript is the JSON of its exchanges, secrets masked, at most MaxTranscript bytes.
	Transcript []byte
}

// MaxTranscript is the most that is kept of the exchanges of one run.
const MaxTranscript = 1 << 20

// RunState is how far a run is.
type RunState string

// The states of a run.
const (
	Running   RunState = "running"
	Succeeded RunState = "succeeded"
	Failed    RunState = "failed"
	Cancelled RunState = "cancelled"
)

// RunFilter picks runs; zero fields pick all.
type RunFilter struct {
	App, Component, Kind, Source string
	Connection                   int64
	State                        RunState
}

// Runs keeps the history of a team's runs.
type Runs interface {
	// PutRuns stores runs, or what became of them, all or none. How one ended is stored once.
	PutRuns(ctx context.Context, runs ...*Run) error
	// BeatRun says that a run that was stored as running is still at work; ErrFenced when
	// somebody has ended it.
	BeatRun(ctx context.Context, id string) error
	// CancelRun ends a run wherever it is at work; ErrConflict when it has ended.
	CancelRun(ctx context.Context, id string) error
	Run(ctx context.Context, id string) (*Run, error)
	// Runs returns runs without their transcripts, the newest first.
	Runs(ctx context.Context, f RunFilter, p Page) ([]*Run, error)
}

// LostRuns finds the runs of all teams whose node has ended.
type LostRuns interface {
	// EndLostRuns ends up to n runs whose last beat was before, as failed with the given
	// type and text, and returns their ids.
	EndLostRuns(ctx context.Context, before time.Time, kind, text string, n int) ([]string, error)
}
