package store_test

import (
	"testing"

	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
)

func TestSQLiteRecords(t *testing.T) {
	t.Parallel()
	storetest.RunRecords(t, func(t *testing.T) func(int64) storetest.Records {
		s := openStore(t, store.Options{Dir: t.TempDir()})
		return func(team int64) storetest.Records { return s.ForTeam(team) }
	})
}
