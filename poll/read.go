package poll

import (
	"context"
	"slices"

	"github.com/cleat-run/cleat/engine"
)

// defaultLimit is the most bundles of a poll when response.limit says none
// (communication.md 10.7).
const defaultLimit = 1

// catch is what is new at the service.
type catch struct {
	fresh []engine.Item // ascending, each once
	limit int
	cut   bool // pages that may hold more were not read
}

// read takes page after page until nothing new can follow (components.md 6, steps 1 to 4).
func read(ctx context.Context, run *engine.Run, w engine.Watch, b *boundary) (catch, error) {
	c := catch{limit: defaultLimit}
	for page, err := range run.Pages(ctx) {
		if err != nil {
			return c, err
		}
		if page.Limit > 0 {
			c.limit = page.Limit
		}
		past := c.add(page.Items, b)
		if w.Order == engine.Descending && past || w.Order == engine.Ascending && len(c.fresh) >= c.limit {
			return c.sorted(w), nil
		}
	}
	c.cut = run.State().Cut
	return c.sorted(w), nil
}

// add keeps the new items of a page. It reports whether the page reaches behind the
// boundary.
func (c *catch) add(items []engine.Item, b *boundary) (past bool) {
	for _, item := range items {
		if b.isNew(item) {
			c.fresh = append(c.fresh, item)
		}
		past = past || b.isPast(item)
	}
	return past
}

// sorted sorts what is new and drops what came twice, as it does when items move from
// page to page between two requests.
func (c catch) sorted(w engine.Watch) catch {
	compare := compareItems(w)
	slices.SortStableFunc(c.fresh, compare)
	c.fresh = slices.CompactFunc(c.fresh, func(x, y engine.Item) bool { return compare(x, y) == 0 && x.ID == y.ID })
	return c
}

// due is what comes out of this poll.
func (c *catch) due() []engine.Item { return c.fresh[:min(c.limit, len(c.fresh))] }

// warnings tells what may be lost, or never reached, because pages were not read.
func (c *catch) warnings(w engine.Watch) []string {
	switch {
	case !c.cut:
		return nil
	case w.Order != engine.Ascending:
		return []string{"the service has more items than one poll reads: older new ones are lost when newer ones are given"}
	case len(c.fresh) == 0:
		return []string{"all that one poll reads was given before: the trigger needs a filter by data.lastDate or data.lastID"}
	}
	return nil
}
