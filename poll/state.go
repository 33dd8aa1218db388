package poll

import (
	"fmt"
	"slices"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// State is how far a trigger has come (components.md 6). It knows nothing of the app's
// code, which may change from poll to poll.
type State struct {
	Version int64  // counts the changes; 0 means that the trigger was never begun
	Start   string // the start choice it began with, see [Start.String]

	LastDate    time.Time // of the item given last, or where to begin; zero when nothing is known
	LastID      string    // of the item given last, or where to begin; "" when nothing is known
	Included    bool      // the item LastID is itself to come
	SameDateIDs []string  // ids of the items given that have exactly LastDate
}

// data is what the code sees as data.lastDate and data.lastID. An item that is itself to
// come is not shown: a service asked for what follows it would leave it out.
func (s *State) data(w engine.Watch) value.Value {
	data := value.NewCollection(2)
	switch {
	case !s.LastDate.IsZero():
		data.Set("lastDate", value.Time(s.LastDate))
	case w.ByDate: // components.md 6: 1970-01-01 when nothing is known
		data.Set("lastDate", value.Date(0))
	}
	if s.LastID != "" && !s.Included {
		data.Set("lastID", value.Text(s.LastID))
	}
	return value.FromCollection(data)
}

// fits fails when the app has changed from one type of trigger to the other and the state
// knows nothing that the new one goes by.
func (s *State) fits(w engine.Watch) error {
	known, other := s.LastID != "", !s.LastDate.IsZero()
	what := "ids"
	if w.ByDate {
		known, other, what = other, known, "dates"
	}
	if known || !other {
		return nil
	}
	return &engine.Error{Type: engine.InvalidConfigurationError,
		Message: fmt.Sprintf("the app has changed: the trigger now goes by %s, and its state knows none", what), Hint: "say where to begin anew"}
}

// boundary tells new items from those that came before.
type boundary struct {
	watch engine.Watch
	state *State
	given map[string]bool // SameDateIDs
}

func newBoundary(w engine.Watch, s *State) *boundary {
	b := &boundary{w, s, make(map[string]bool, len(s.SameDateIDs))}
	for _, id := range s.SameDateIDs {
		b.given[id] = true
	}
	return b
}

// isNew is step 2 of the algorithm of components.md 6.
func (b *boundary) isNew(item engine.Item) bool {
	if b.watch.ByDate {
		order := item.Date.Compare(b.state.LastDate)
		return b.state.LastDate.IsZero() || order > 0 || order == 0 && !b.given[item.ID]
	}
	order := compareIDs(item.ID, b.state.LastID)
	return b.state.LastID == "" || order > 0 || order == 0 && b.state.Included
}

// isPast reports whether an item stands so far back that in descending order nothing new
// follows. One of the last date was given perhaps, but others of that date may follow: the
// order of a service says nothing about them.
func (b *boundary) isPast(item engine.Item) bool {
	if b.watch.ByDate {
		return item.Date.Before(b.state.LastDate)
	}
	return !b.isNew(item)
}

// maxSameDate is the most bytes of ids that are remembered for one date.
const maxSameDate = 1 << 20

// after returns the state when given have come out, in their order (components.md 6,
// step 5).
func (s *State) after(w engine.Watch, given []engine.Item) (*State, error) {
	next := *s
	last := given[len(given)-1]
	if !w.ByDate || !last.Date.Equal(s.LastDate) {
		next.SameDateIDs = nil
	}
	next.SameDateIDs = slices.Clone(next.SameDateIDs)
	next.LastID, next.Included = last.ID, false
	if !last.Date.IsZero() {
		next.LastDate = last.Date
	}
	size := 0
	for _, item := range given {
		if w.ByDate && item.Date.Equal(last.Date) {
			next.SameDateIDs = append(next.SameDateIDs, item.ID)
		}
	}
	for _, id := range next.SameDateIDs {
		size += len(id)
	}
	if size > maxSameDate {
		return nil, &engine.Error{Type: engine.DataError, Directive: "response.trigger.date",
			Message: fmt.Sprintf("too many items have the same date, %s: they cannot be told apart any more", last.Date.Format(time.RFC3339))}
	}
	return &next, nil
}
