package engine

import (
	"cmp"
	"math"
	"sort"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// Mark is what response.trigger says about an item (communication.md 10.9). All of it is
// undefined for a communication without the directive.
type Mark struct{ Type, Order, ID, Date value.Value }

// Mark returns the mark of the item that was read last.
func (r *Run) Mark() Mark { return r.mark }

// marks evaluates response.trigger over the item as it came.
func (r *Run) marks(req *request) error {
	if !rules[r.plan.Kind].dated && r.handOut == nil {
		return nil
	}
	t := req.response.trigger
	for _, part := range []struct {
		d    *directive
		into *value.Value
	}{{t.kind, &r.mark.Type}, {t.order, &r.mark.Order}, {t.id, &r.mark.ID}, {t.date, &r.mark.Date}} {
		v, err := r.evaluate(req, part.d)
		if err != nil {
			return err
		}
		*part.into = v
	}
	return nil
}

// sorts reports whether items are sorted by their marks before they are handed out.
func (r *Run) sorts() bool { return rules[r.plan.Kind].dated && r.handOut == nil }

// sortByMark sorts items by their ids, or by date and then id, the oldest first. Items of
// the same mark keep their order.
func sortByMark(items []value.Value, marks []Mark) {
	if len(marks) == len(items) {
		sort.Stable(byMark{items, marks})
	}
}

type byMark struct {
	items []value.Value
	marks []Mark
}

func (s byMark) Len() int { return len(s.items) }

func (s byMark) Swap(i, j int) {
	s.items[i], s.items[j] = s.items[j], s.items[i]
	s.marks[i], s.marks[j] = s.marks[j], s.marks[i]
}

func (s byMark) Less(i, j int) bool {
	a, b := s.marks[i], s.marks[j]
	if a.Type.ToText() == "date" {
		if c := compare(a.Date, b.Date); c != 0 {
			return c < 0
		}
	}
	return compare(a.ID, b.ID) < 0
}

// compare compares what are numbers or dates by their value, and everything else as text,
// which is right for dates written as ISO 8601 too (components.md 6).
func compare(a, b value.Value) int {
	x, y := a.ToNumber(), b.ToNumber()
	if a.IsEmpty() || b.IsEmpty() || math.IsNaN(x) || math.IsNaN(y) {
		return strings.Compare(a.ToText(), b.ToText())
	}
	return cmp.Compare(x, y)
}
