package work

import (
	"context"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/webhook"
)

// Records keep everything that is not on the bus.
type Records interface {
	record.Store
	// OfTeam returns the records of one team. It does not say whether there is such a team.
	OfTeam(team int64) TeamRecords
}

// Stored makes Records of a store.
func Stored(s *store.Store) Records { return stored{s} }

type stored struct{ *store.Store }

func (s stored) OfTeam(team int64) TeamRecords { return s.ForTeam(team) }

// TeamRecords are the records of one team.
type TeamRecords interface {
	record.TeamStore
	connect.Store
	webhook.Store
	poll.Store
	connect.Installations
	// Hooks returns the hooks of the team, ordered by name.
	Hooks(ctx context.Context) ([]*webhook.Record, error)
	// ConnectionUses names the hooks and triggers that work with a connection.
	ConnectionUses(ctx context.Context, id int64) (hooks, triggers []string, err error)
}
