package connect

import (
	"fmt"
	"net/http"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// skewKey is where data keeps how many seconds the provider's clock is ahead of ours: the
// times beside it are by that clock, also in another process (connections.md O2-46).
const skewKey = "__skew"

func skew(data *value.Collection) time.Duration {
	return time.Duration(data.Get(skewKey).Float()) * time.Second
}

// reckon keeps by which clock the times in data are, and tells when it is not ours.
func (s *steps) reckon(ahead time.Duration) {
	switch {
	case ahead == skew(s.data):
		return
	case ahead == 0:
		s.data.Set(skewKey, value.Int(0))
		return
	}
	s.data.Set(skewKey, value.Int(int(ahead/time.Second)))
	how := "ahead of"
	if ahead < 0 {
		how = "behind"
	}
	s.warnings = append(s.warnings, fmt.Sprintf("the provider's clock is %s %s that of this machine; times are reckoned by it", ahead.Abs(), how))
}

// untimely reports whether a request for a token may have been refused for the time in it,
// such as that of an assertion (RFC 7523 3), and is worth another attempt by the provider's
// clock. What can be used once only, a code or a refresh token, is not sent again.
func (s *steps) untimely(section string, in engine.Input, state engine.State) bool {
	return section == token && s.t.plans[authorize] == nil && state.Skew != in.Skew &&
		(state.Status == http.StatusBadRequest || state.Status == http.StatusUnauthorized)
}
