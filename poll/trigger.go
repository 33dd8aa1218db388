package poll

import (
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/source"
)

// Trigger is a compiled polling trigger. It is immutable and safe for concurrent use.
type Trigger struct {
	communication *engine.Plan
	epoch         *engine.Plan // nil when the trigger has none
}

// Compile compiles the communication s and, merged over it, the epoch, which may be nil.
// It reports all mistakes at once. The kind of s need not be set.
func Compile(s engine.Source, epoch *app.Code) (*Trigger, source.Diagnostics) {
	s.Kind = engine.Trigger
	communication, found := engine.Compile(s)
	t := &Trigger{communication: communication}
	if epoch.Root() == nil || len(epoch.Root().Members)+len(epoch.Root().Elements) == 0 {
		return t, found
	}
	// docs: component-blocks/epoch: it is an RPC. What is wrong with the communication
	// has been reported already.
	s.Kind, s.Epoch = engine.RPC, epoch
	merged, more := engine.Compile(s)
	t.epoch = merged
	for _, d := range more {
		if d.File == epoch.Doc.File.Name() {
			found.Add(d)
		}
	}
	return t, found
}

// HasEpoch reports whether there are items to choose the start from.
func (t *Trigger) HasEpoch() bool { return t.epoch != nil }
