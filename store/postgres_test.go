package store_test

import (
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/internal/pgtest"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
	"github.com/cleat-run/cleat/webhook"
)

// postgres is the server that the tests of this process share.
var postgres pgtest.Process

// openPostgres returns n handles of a new database, as n processes would have.
func openPostgres(t testing.TB, n int) []*store.Store {
	t.Helper()
	keyset, err := store.NextKeyset(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := store.Options{URL: postgres.Database(t), Keyset: keyset}
	handles := make([]*store.Store, n)
	for i := range handles {
		handles[i] = openStore(t, o)
	}
	return handles
}

func TestPostgres(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) connect.Store {
		s := openPostgres(t, 2)
		return &turns{stores: []connect.Store{s[0], s[1]}}
	})
}

func TestPostgresHooks(t *testing.T) {
	t.Parallel()
	storetest.RunHooks(t, func(t *testing.T) webhook.Store {
		s := openPostgres(t, 2)
		return &hookTurns{stores: []webhook.Store{s[0], s[1]}}
	})
}

func TestPostgresTriggers(t *testing.T) {
	t.Parallel()
	storetest.RunTriggers(t, func(t *testing.T) poll.Store {
		s := openPostgres(t, 2)
		return &pollTurns{stores: []poll.Store{s[0], s[1]}}
	})
}

func TestPostgresInstallations(t *testing.T) {
	t.Parallel()
	storetest.RunInstallations(t, func(t *testing.T) connect.Installations {
		s := openPostgres(t, 2)
		return &installationTurns{stores: []connect.Installations{s[0], s[1]}}
	})
}

func TestPostgresRecords(t *testing.T) {
	t.Parallel()
	storetest.RunRecords(t, func(t *testing.T) func(int64) storetest.Records {
		return inTurns(openPostgres(t, 2)...)
	})
}
