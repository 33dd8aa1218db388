//go:build linux

package kill_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// given is what the event log holds: the numbers of bundles by source, in their order.
type given map[string][]int64

// read adds what is new in the log.
func (g given) read(api *client, after string) (next string, err error) {
	events, next, err := api.log(after)
	for _, e := range events {
		g[e.Source] = append(g[e.Source], e.Bundle.N+e.Bundle.ID) // one of them is 0
	}
	return next, err
}

func distinct(all []int64) map[int64]bool {
	set := map[int64]bool{}
	for _, n := range all {
		set[n] = true
	}
	return set
}

// missing counts the accepted requests without a bundle.
func (g given) missing(accepted map[string][]int64) int {
	n := 0
	for source, numbers := range accepted {
		got := distinct(g[source])
		for _, id := range numbers {
			if !got[id] {
				n++
			}
		}
	}
	return n
}

// missingItems counts the items that triggers have not given.
func (g given) missingItems(watched []string, last int64) int {
	n := 0
	for _, id := range watched {
		n += max(0, int(last)-len(distinct(g[id])))
	}
	return n
}

// twice are the bundles that stand in the log more than once. The records take the outcome
// of a delivery once, so not even a fault excuses one.
func (g given) twice() []string {
	var all []string
	for source, numbers := range g {
		if more := len(numbers) - len(distinct(numbers)); more > 0 {
			all = append(all, fmt.Sprintf("%d bundles of %s came twice", more, source))
		}
	}
	slices.Sort(all)
	return all
}

// outOfPlace: each trigger gave 1, 2, 3 … once and in order (work.md 8).
func (g given) outOfPlace(watched []string) []string {
	var all []string
	for _, id := range watched {
		for i, n := range g[id] {
			if n != int64(i+1) {
				all = append(all, fmt.Sprintf("trigger %s gave item %d in place %d", id, n, i+1))
				break
			}
		}
	}
	return all
}

// outOfOrder: what was accepted of a sequential hook was worked on in order. What the
// sender gave up waiting for may have come later.
func outOfOrder(numbers []int64, accepted map[int64]bool) []string {
	newest := int64(0)
	for _, n := range numbers {
		if !accepted[n] {
			continue
		}
		if n < newest {
			return []string{fmt.Sprintf("the sequential hook gave %d behind %d", n, newest)}
		}
		newest = n
	}
	return nil
}

// handoverSlack is how long before a fault something may have begun that it cut off, and
// how long behind it something may fail that still knows the time before.
const handoverSlack = 5 * time.Second

// unexplained are the times at which a bundle was sent that was sent once more, although
// neither the node that sent it nor the records were in trouble.
func unexplained(again []time.Time, j *journal) []string {
	var all []string
	for _, at := range again {
		_, cut := j.during(at.Add(-handoverSlack), at.Add(handoverSlack), func(s span) bool { return s.on != ofQueue })
		if !cut {
			all = append(all, fmt.Sprintf("a bundle that was sent at %s was sent again: no fault of a node or of the records was near", at.Format(clock)))
		}
	}
	return all
}

// clock is how times are written in failures.
const clock = "15:04:05.000"

func TestLogChecks(t *testing.T) {
	t.Parallel()
	g := given{"a": {1, 2, 3}, "b": {1, 3, 2}, "c": {1, 2, 2}}
	for name, test := range map[string]struct{ got, want any }{
		"missing":            {g.missing(map[string][]int64{"a": {3, 4}, "d": {1}}), 2},
		"missing items":      {g.missingItems([]string{"a", "c", "d"}, 3), 4},
		"twice":              {fmt.Sprint(g.twice()), "[1 bundles of c came twice]"},
		"out of place":       {fmt.Sprint(g.outOfPlace([]string{"a", "b", "c"})), "[trigger b gave item 3 in place 2 trigger c gave item 2 in place 3]"},
		"out of order":       {fmt.Sprint(outOfOrder(g["b"], distinct([]int64{1, 2, 3}))), "[the sequential hook gave 2 behind 3]"},
		"in order, one late": {len(outOfOrder(g["b"], distinct([]int64{1, 3}))), 0},
	} {
		if test.got != test.want {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
}

func TestUnexplained(t *testing.T) {
	t.Parallel()
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0).UTC() }
	j := &journal{}
	j.add(span{fault: fault{on: ofNode}, began: at(100), ended: at(110)})
	j.add(span{fault: fault{on: ofQueue}, began: at(200), ended: at(210)})
	got := unexplained([]time.Time{at(96), at(105), at(114), at(94), at(205)}, j)
	want := []string{
		"a bundle that was sent at 00:01:34.000 was sent again: no fault of a node or of the records was near",
		"a bundle that was sent at 00:03:25.000 was sent again: no fault of a node or of the records was near",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
