package work

import (
	"strings"
	"sync"

	"github.com/cleat-run/cleat"
)

// Teams gives each team a runtime that works on its records. All of them share the
// network, its limits and the children that run functions. It is safe for concurrent use.
type Teams struct {
	Runtime   *cleat.Runtime // whose records are of no team
	Records   Records
	PublicURL string // where the server is reached from outside

	mu    sync.Mutex
	known map[int64]*cleat.Runtime
}

// maxTeams is how many runtimes are kept; the renewals that are under way in one that is
// dropped go on.
const maxTeams = 10_000

// Of returns the runtime of a team.
func (t *Teams) Of(team int64) *cleat.Runtime {
	t.mu.Lock()
	defer t.mu.Unlock()
	if rt := t.known[team]; rt != nil {
		return rt
	}
	if t.known == nil || len(t.known) >= maxTeams {
		t.known = map[int64]*cleat.Runtime{}
	}
	records := t.Records.OfTeam(team)
	rt := t.Runtime.With(cleat.Records{Connections: records, Hooks: records, Triggers: records,
		RedirectURI: strings.TrimSuffix(t.PublicURL, "/") + "/oauth/cb/"})
	t.known[team] = rt
	return rt
}
