package poll

import (
	"context"
	"fmt"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/iml"
)

// Choice is a way to say where a trigger begins.
type Choice uint8

// The choices (docs: component-blocks/epoch). Unsaid goes on where the trigger is; one
// that was never begun begins with Now.
const (
	Unsaid Choice = iota
	All           // with everything there is
	Now           // with what comes after this moment, or after the newest id
	Since         // with what has Date or comes later
	Item          // with the item ID, included
)

// Start says where a trigger begins.
type Start struct {
	Choice Choice
	Date   time.Time
	ID     string
}

// ParseStart reads a start choice as a person writes it: all, now, a date, or the id of an
// item; "" is unsaid. Dates without a zone are local to loc. A trigger of type id takes
// what looks like a date for an id.
func ParseStart(text string, loc *time.Location) Start {
	switch text {
	case "":
		return Start{}
	case "all":
		return Start{Choice: All}
	case "now":
		return Start{Choice: Now}
	}
	if date, ok := parseDate(text, loc); ok {
		return Start{Choice: Since, Date: date, ID: text}
	}
	return Start{Choice: Item, ID: text}
}

// parseDate reads ISO 8601 with a whole date, so that a mere number stays an id.
func parseDate(text string, loc *time.Location) (time.Time, bool) {
	if len(text) < len(time.DateOnly) {
		return time.Time{}, false
	}
	if _, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err != nil {
		return time.Time{}, false
	}
	return iml.ParseDate(text, loc)
}

// String returns the choice in the form that [ParseStart] reads.
func (s Start) String() string {
	switch s.Choice {
	case All:
		return "all"
	case Now:
		return "now"
	case Since:
		return s.Date.UTC().Format(time.RFC3339Nano)
	}
	return s.ID
}

// first returns the state of a trigger that begins with s (components.md 6).
func (p *Poller) first(ctx context.Context, t *Trigger, w engine.Watch, s Start, in engine.Input) (*State, error) {
	switch s.Choice {
	case All:
		return &State{}, nil
	case Since:
		if w.ByDate {
			return &State{LastDate: milliseconds(s.Date)}, nil
		}
		return p.fromItem(ctx, t, w, s.ID, in)
	case Item:
		return p.fromItem(ctx, t, w, s.ID, in)
	}
	if w.ByDate {
		return &State{LastDate: milliseconds(p.now())}, nil
	}
	newest, err := p.newest(ctx, t, w, in)
	return &State{LastID: newest}, err
}

// milliseconds returns t in the precision of dates.
func milliseconds(t time.Time) time.Time { return time.UnixMilli(t.UnixMilli()).UTC() }

// newest returns the greatest id there is, "" when there is no item. The epoch asks for
// the newest first even when the trigger does not; without one everything is read, unless
// the order is descending.
func (p *Poller) newest(ctx context.Context, t *Trigger, w engine.Watch, in engine.Input) (string, error) {
	plan := t.communication
	if t.epoch != nil {
		plan = t.epoch
	}
	run, newest := p.Engine.Start(plan, in), ""
	for page, err := range run.Pages(ctx) {
		if err != nil {
			return "", err
		}
		for _, item := range page.Items {
			if newest == "" || compareIDs(item.ID, newest) > 0 {
				newest = item.ID
			}
		}
		if newest != "" && t.epoch == nil && w.Order == engine.Descending {
			return newest, nil
		}
	}
	if t.epoch == nil && run.State().Cut {
		return "", wrongStart("the service has more items than one poll reads: the newest one is not to be found", "begin with all or an id")
	}
	return newest, nil
}

// fromItem begins with an item. By id the state is that after the item before it, where
// the epoch shows one; by date, which has to be looked up, it is that in which the items
// before it of its date are given.
func (p *Poller) fromItem(ctx context.Context, t *Trigger, w engine.Watch, id string, in engine.Input) (*State, error) {
	if id == "" {
		return nil, wrongStart("a trigger of type id begins with all, now or an id, not with a date", "")
	}
	if t.epoch == nil && !w.ByDate {
		return &State{LastID: id, Included: true}, nil
	}
	list, err := p.list(ctx, t, in)
	if err != nil {
		return nil, err
	}
	if w.ByDate {
		return fromDated(list, id)
	}
	for i, item := range list {
		if item.ID == id && i > 0 {
			return &State{LastID: list[i-1].ID}, nil
		}
	}
	return &State{LastID: id, Included: true}, nil
}

func fromDated(list []Candidate, id string) (*State, error) {
	s := &State{}
	for _, item := range list {
		if !item.date.Equal(s.LastDate) {
			s.LastDate, s.SameDateIDs = item.date, nil
		}
		if item.ID == id {
			return s, nil
		}
		s.SameDateIDs = append(s.SameDateIDs, item.ID)
	}
	return nil, wrongStart(fmt.Sprintf("the service shows no item with the id %q", id), "begin with all, now, a date such as 2026-01-31, or an item that the epoch shows")
}

func wrongStart(message, hint string) error {
	return &engine.Error{Type: engine.InvalidConfigurationError, Message: message, Hint: hint}
}
