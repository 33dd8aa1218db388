package engine

import (
	"net/http"
	"time"
)

// Differences between the clock of a service and ours that count (connections.md O2-46).
// Below the first they are the time that the answer took; above the second no certificate
// of TLS would be valid, and the date is some other one.
const (
	minSkew = time.Minute
	maxSkew = 24 * time.Hour
)

// skew is how far the clock of a service is ahead by the date of its answer.
func skew(header http.Header, now time.Time) time.Duration {
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		return 0
	}
	ahead := date.Sub(now).Truncate(time.Second)
	if ahead.Abs() <= minSkew || ahead.Abs() > maxSkew {
		return 0
	}
	return ahead
}

// now is the present as the service sees it.
func (r *Run) now() time.Time { return r.engine.now().Add(r.state.Skew) }
