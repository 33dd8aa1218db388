package work

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/cleat-run/cleat/record"
)

func TestLanes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	to := func(d string) *record.Handover { return &record.Handover{Team: 1, Destination: d} }
	begin := func(l *lanes, d string, n int) {
		for range n {
			l.begin(to(d))
		}
	}
	end := func(l *lanes, d string, is health) { l.end(to(d), is) }
	for _, c := range []struct {
		name   string
		before func(*lanes)
		due    string // destinations, each a letter; capital ones are of another team
		free   int
		want   map[string]int
	}{
		{"nothing is due", nil, "", 100, map[string]int{}},
		{"one may have eight", nil, "a", 100, map[string]int{"a": 8}},
		{"what is under way counts", func(l *lanes) { begin(l, "a", 5) }, "a", 100, map[string]int{"a": 3}},
		{"one that hangs gets no more", func(l *lanes) { begin(l, "a", 8) }, "ab", 100, map[string]int{"b": 8}},
		{"places are divided in turn", nil, "ab", 6, map[string]int{"a": 3, "b": 3}},
		{"nothing is free", nil, "ab", 0, map[string]int{}},
		{"after a failure one at a time", func(l *lanes) { begin(l, "a", 2); end(l, "a", health{failed: true}); end(l, "a", health{failed: true}) }, "a", 100, map[string]int{"a": 1}},
		{"and none while that is under way", func(l *lanes) { begin(l, "a", 2); end(l, "a", health{failed: true}) }, "ab", 100, map[string]int{"b": 8}},
		{"after a success all again", func(l *lanes) { begin(l, "a", 2); end(l, "a", health{failed: true}); end(l, "a", health{}) }, "a", 100, map[string]int{"a": 8}},
		{"429 rests", func(l *lanes) { begin(l, "a", 1); end(l, "a", health{failed: true, rest: now.Add(time.Second)}) }, "ab", 100, map[string]int{"b": 8}},
		{"and is asked again", func(l *lanes) { begin(l, "a", 1); end(l, "a", health{failed: true, rest: now}) }, "a", 100, map[string]int{"a": 1}},
		{"a team with many leaves some to others", func(l *lanes) {
			for i := range 12 {
				begin(l, fmt.Sprint(i), 8)
			}
		}, "aZ", 4, map[string]int{"Z": 3}},
	} {
		l := newLanes(100)
		if c.before != nil {
			c.before(l)
		}
		var due []record.Due
		for _, letter := range c.due {
			d := record.Due{Team: 1, ID: string(letter)}
			if letter < 'a' {
				d.Team = 2
			}
			due = append(due, d)
		}
		got := map[string]int{}
		for _, s := range l.plan(due, c.free, now) {
			got[s.Destination] = s.Most
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	l := newLanes(10)
	begin(l, "a", 1)
	end(l, "a", health{})
	if len(l.known) != 0 || l.teams.busy != 0 {
		t.Errorf("of a destination that is well %v is kept", l.known)
	}
}
