package store_test

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
)

func TestMain(m *testing.M) {
	if job := os.Getenv(childJob); job != "" {
		os.Exit(child(job))
	}
	code := m.Run()
	err := postgres.Stop()
	if err == nil && code == 0 {
		err = goleak.Find()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func openStore(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) connect.Store {
		return openStore(t, store.Options{Dir: t.TempDir()})
	})
}

// Two handles of one folder are to behave as one store.
func TestSQLiteTwoHandles(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) connect.Store {
		dir := t.TempDir()
		return &turns{stores: []connect.Store{
			openStore(t, store.Options{Dir: dir}),
			openStore(t, store.Options{Dir: dir}),
		}}
	})
}

func TestSQLiteGivenKeyset(t *testing.T) {
	t.Parallel()
	keyset, err := store.NextKeyset(nil)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) connect.Store {
		return openStore(t, store.Options{Dir: t.TempDir(), Keyset: keyset})
	})
}

func TestSQLiteTriggers(t *testing.T) {
	t.Parallel()
	storetest.RunTriggers(t, func(t *testing.T) poll.Store {
		return openStore(t, store.Options{Dir: t.TempDir()})
	})
}

func TestSQLiteTriggersTwoHandles(t *testing.T) {
	t.Parallel()
	storetest.RunTriggers(t, func(t *testing.T) poll.Store {
		dir := t.TempDir()
		return &pollTurns{stores: []poll.Store{
			openStore(t, store.Options{Dir: dir}),
			openStore(t, store.Options{Dir: dir}),
		}}
	})
}

// pollTurns hands each call to the next of several stores.
type pollTurns struct {
	stores []poll.Store
	n      atomic.Uint64
}

func (s *pollTurns) next() poll.Store { return s.stores[s.n.Add(1)%uint64(len(s.stores))] }

func (s *pollTurns) LockTrigger(ctx context.Context, id string) (func(), error) {
	return s.next().LockTrigger(ctx, id)
}

func (s *pollTurns) TriggerState(ctx context.Context, id string) (*poll.State, error) {
	return s.next().TriggerState(ctx, id)
}

func (s *pollTurns) PutTriggerState(ctx context.Context, id string, state *poll.State) error {
	return s.next().PutTriggerState(ctx, id, state)
}

// turns hands each call to the next of several stores.
type turns struct {
	stores []connect.Store
	n      atomic.Uint64
}

func (s *turns) next() connect.Store { return s.stores[s.n.Add(1)%uint64(len(s.stores))] }

func (s *turns) Connection(ctx context.Context, id int64) (*connect.Record, error) {
	return s.next().Connection(ctx, id)
}

func (s *turns) ConnectionNamed(ctx context.Context, name string) (*connect.Record, error) {
	return s.next().ConnectionNamed(ctx, name)
}

func (s *turns) Connections(ctx context.Context) ([]*connect.Record, error) {
	return s.next().Connections(ctx)
}

func (s *turns) InsertConnection(ctx context.Context, r *connect.Record) error {
	return s.next().InsertConnection(ctx, r)
}

func (s *turns) UpdateConnection(ctx context.Context, r *connect.Record) error {
	return s.next().UpdateConnection(ctx, r)
}

func (s *turns) DeleteConnection(ctx context.Context, id int64) error {
	return s.next().DeleteConnection(ctx, id)
}

func (s *turns) InsertFlow(ctx context.Context, f *connect.Flow) error {
	return s.next().InsertFlow(ctx, f)
}

func (s *turns) FlowBy(ctx context.Context, tokenHash, sessionHash string) (*connect.Flow, error) {
	return s.next().FlowBy(ctx, tokenHash, sessionHash)
}

func (s *turns) FlowByState(ctx context.Context, stateHash string) (*connect.Flow, error) {
	return s.next().FlowByState(ctx, stateHash)
}

func (s *turns) ClaimRenewal(ctx context.Context, r *connect.Renewal, now time.Time) error {
	return s.next().ClaimRenewal(ctx, r, now)
}

func (s *turns) JournalRenewal(ctx context.Context, r *connect.Renewal) error {
	return s.next().JournalRenewal(ctx, r)
}

func (s *turns) EndRenewal(ctx context.Context, r *connect.Renewal, record *connect.Record) error {
	return s.next().EndRenewal(ctx, r, record)
}

func (s *turns) ClaimFlow(ctx context.Context, id string) error {
	return s.next().ClaimFlow(ctx, id)
}
