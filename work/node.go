package work

import (
	"log/slog"
	"time"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/trace"
)

// Node is one process of a server. The fields must not change once it runs.
type Node struct {
	Name    string // of this process, for people
	Records Records
	Teams   *Teams
	Catalog *Catalog
	Log     *slog.Logger
	Trace   *trace.Tracer    // nil: nothing is traced
	Now     func() time.Time // nil means time.Now

	// Attempts is how often a delivery is tried at most; 0 means 10.
	Attempts int
	// BeatEvery is how often a run that is stored as running says that it is; 0 means 10 s.
	BeatEvery time.Duration
	// Stored hears of events that were just stored; nil means that nobody listens.
	Stored func(team int64, events []*record.Event)
}

func (n *Node) now() time.Time {
	if n.Now != nil {
		return n.Now()
	}
	return time.Now()
}

func (n *Node) attempts() int {
	if n.Attempts > 0 {
		return n.Attempts
	}
	return 10
}

func (n *Node) events(team int64, events []*record.Event) {
	if n.Stored != nil && len(events) > 0 {
		n.Stored(team, events)
	}
}
