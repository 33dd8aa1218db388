package iml

import (
	"sync"
	"time"
)

// zones caches loaded time zones.
var zones sync.Map

// zone returns the time zone with an IANA name, or nil.
func zone(name string) *time.Location {
	if name == "" || name == "Local" {
		return nil
	}
	if loc, ok := zones.Load(name); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil // not kept: names come from data
	}
	zones.Store(name, loc)
	return loc
}

// wallClock is the instant at which the clock in loc shows what t shows in UTC. A time
// that daylight saving skips moves forward by the gap, one that comes twice is the first
// (as Moment does it).
func wallClock(t time.Time, loc *time.Location) time.Time {
	guess := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), loc)
	_, before := guess.Add(-24 * time.Hour).Zone()
	early := t.Add(-time.Duration(before) * time.Second).In(loc)
	if showsSame(early, t) {
		return early
	}
	if showsSame(guess, t) {
		return guess
	}
	return early // in the gap: the offset before it moves the time forward
}

// sameClock is wallClock in the zone of from, but a time that comes twice keeps the
// offset of from where it can, as Moment does when it moves a date.
func sameClock(t, from time.Time) time.Time {
	_, seconds := from.Zone()
	if kept := t.Add(-time.Duration(seconds) * time.Second).In(from.Location()); showsSame(kept, t) {
		return kept
	}
	return wallClock(t, from.Location())
}

func showsSame(a, b time.Time) bool {
	return a.Day() == b.Day() && a.Hour() == b.Hour() && a.Minute() == b.Minute()
}
