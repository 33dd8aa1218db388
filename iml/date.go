package iml

import "time"

// ParseDate reads text as a date where one is expected and no format is given: ISO 8601
// and the other forms that parseDate detects. A text without an offset is local to loc,
// or to UTC when loc is nil.
func ParseDate(text string, loc *time.Location) (time.Time, bool) {
	if loc == nil {
		loc = time.UTC
	}
	return detect(text, loc, time.Time{})
}

// Zone returns the time zone with an IANA name, or nil when there is none.
func Zone(name string) *time.Location { return zone(name) }
