package store_test

import (
	"sync/atomic"
	"testing"

	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
)

// Two handles of one folder are to behave as one store. TestNoFullScans runs the suite
// with one.
func TestSQLiteRecords(t *testing.T) {
	t.Parallel()
	storetest.RunRecords(t, func(t *testing.T) func(int64) storetest.Records {
		dir := t.TempDir()
		return inTurns(openStore(t, store.Options{Dir: dir}), openStore(t, store.Options{Dir: dir}))
	})
}

// inTurns gives the handles of a team from the next of several stores.
func inTurns(stores ...*store.Store) func(int64) storetest.Records {
	var n atomic.Uint64
	return func(team int64) storetest.Records { return stores[n.Add(1)%uint64(len(stores))].ForTeam(team) }
}
