package poll

import (
	"context"
	"slices"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// Candidate is an item of the epoch, with which a trigger may begin.
type Candidate struct {
	ID    string
	Label string      // for the person
	Date  value.Value // for the person: a date, or what the epoch gives as one; may be undefined

	date time.Time
}

// Choices returns the items of the epoch in the order in which the trigger would give
// them, the newest last. The error is an [*engine.Error].
func (p *Poller) Choices(ctx context.Context, t *Trigger, in engine.Input) ([]Candidate, error) {
	if t.epoch == nil {
		return nil, wrongStart("the trigger has no epoch: there is nothing to choose from", "begin with all, now or a date such as 2026-01-31")
	}
	return p.list(ctx, t, in)
}

// list returns the items of the epoch, or of the trigger itself when it has none.
func (p *Poller) list(ctx context.Context, t *Trigger, in engine.Input) ([]Candidate, error) {
	plan := t.communication
	if t.epoch != nil {
		plan = t.epoch
	}
	run := p.Engine.Start(plan, in)
	w, err := run.Watch(ctx)
	if err != nil {
		return nil, err
	}
	var items []engine.Item
	for page, err := range run.Pages(ctx) {
		if err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if t.epoch != nil && page.Limit > 0 && len(items) >= page.Limit {
			items = items[:page.Limit]
			break
		}
	}
	slices.SortStableFunc(items, compareItems(w))
	list := make([]Candidate, len(items))
	for i, item := range items {
		list[i] = candidate(item)
	}
	return list, nil
}

// candidate reads label and date of response.output (docs: component-blocks/epoch).
func candidate(item engine.Item) Candidate {
	c := Candidate{ID: item.ID, Label: item.Output.Member("label").ToText(), Date: item.Output.Member("date"), date: item.Date}
	if item.Output.IsText() {
		c.Label = item.Output.ToText()
	}
	if c.Label == "" {
		c.Label = item.ID
	}
	if c.Date.IsNil() && !item.Date.IsZero() {
		c.Date = value.Time(item.Date)
	}
	return c
}
