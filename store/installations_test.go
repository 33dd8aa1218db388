package store_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/store/storetest"
)

func TestSQLiteInstallations(t *testing.T) {
	t.Parallel()
	storetest.RunInstallations(t, func(t *testing.T) connect.Installations {
		return openStore(t, store.Options{Dir: t.TempDir()})
	})
}

// Two handles of one folder are to behave as one store.
func TestSQLiteInstallationsTwoHandles(t *testing.T) {
	t.Parallel()
	storetest.RunInstallations(t, func(t *testing.T) connect.Installations {
		dir := t.TempDir()
		return &installationTurns{stores: []connect.Installations{
			openStore(t, store.Options{Dir: dir}),
			openStore(t, store.Options{Dir: dir}),
		}}
	})
}

// installationTurns hands each call to the next of several stores.
type installationTurns struct {
	stores []connect.Installations
	n      atomic.Uint64
}

func (s *installationTurns) next() connect.Installations {
	return s.stores[s.n.Add(1)%uint64(len(s.stores))]
}

func (s *installationTurns) Installations(ctx context.Context, app string) ([]*connect.Installation, error) {
	return s.next().Installations(ctx, app)
}

func (s *installationTurns) PutInstallation(ctx context.Context, i *connect.Installation) error {
	return s.next().PutInstallation(ctx, i)
}

func (s *installationTurns) DeleteInstallation(ctx context.Context, app, connection string) error {
	return s.next().DeleteInstallation(ctx, app, connection)
}

// No file of a store holds what an app was installed with, also not once it is removed;
// a rotation of keys loses none of it, and another handle goes on reading.
func TestInstallationsAreSecret(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s, other := openStore(t, store.Options{Dir: dir}), openStore(t, store.Options{Dir: dir})
	look := func(when string) {
		t.Helper()
		for name, content := range folderBytes(t, dir) {
			wantAbsent(t, name+" "+when, content, secretToken)
		}
	}
	for n := range 5 {
		i := &connect.Installation{App: "a", Connection: fmt.Sprint(n), Parameters: secretData(), Common: secretData()}
		if err := s.PutInstallation(ctx, i); err != nil {
			t.Fatal(err)
		}
	}
	look("after installations")
	if done, err := s.RotateKeys(ctx); err != nil || done != (store.Rotation{Rewrapped: 5}) {
		t.Errorf("rotation: %+v, error %v, want 5 records", done, err)
	}
	for _, s := range []*store.Store{s, other} {
		all, err := s.Installations(ctx, "a")
		if err != nil || len(all) != 5 || all[0].Common.Get("token").Str() != secretToken || all[4].Parameters.Get("token").Str() != secretToken {
			t.Errorf("after a rotation: %v, error %v", all, err)
		}
	}
	for n := range 5 {
		if err := s.DeleteInstallation(ctx, "a", fmt.Sprint(n)); err != nil {
			t.Fatal(err)
		}
	}
	look("after the deletion")
}

// What was copied to another place in the database does not open, and can be replaced.
func TestInstallationIsBoundToItsPlace(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	for _, connection := range []string{"1", "2"} {
		if err := s.PutInstallation(ctx, &connect.Installation{App: "a", Connection: connection, Common: secretData()}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rawDatabase(t, dir).ExecContext(ctx, `update installation set (data_key, parameters, common) =
		(select data_key, parameters, common from installation where connection = '2') where connection = '1'`); err != nil {
		t.Fatal(err)
	}
	all, err := s.Installations(ctx, "a")
	if err != nil || len(all) != 2 || all[0].Common != nil || all[0].Parameters != nil || all[1].Common == nil {
		t.Fatalf("Installations: %+v, error %v", all, err)
	}
	all[0].Common = secretData()
	if err := s.PutInstallation(ctx, all[0]); err != nil {
		t.Error(err)
	}
	if all, err = s.Installations(ctx, "a"); err != nil || all[0].Common == nil {
		t.Errorf("when it is replaced: %+v, error %v", all, err)
	}
}
