package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

// RunInstallations runs the suite of [connect.Installations]. open returns a new, empty
// store, which the suite does not close: use t.Cleanup.
func RunInstallations(t *testing.T, open func(t *testing.T) connect.Installations) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s connect.Installations)
	}{
		{"installation", testInstallation},
		{"values", testInstallationValues},
		{"order", testInstallationOrder},
		{"conflict", testInstallationConflict},
		{"conflict race", testInstallationRace},
		{"delete", testInstallationDelete},
		{"canceled", testInstallationCanceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

func newInstallation(app, connection string) *connect.Installation {
	return &connect.Installation{App: app, Connection: connection,
		Parameters: value.Object("id", value.Text("client of "+app+connection), "count", value.Int(7)).Collection(),
		Common:     value.Object("clientId", value.Text("client of "+app+connection)).Collection()}
}

func install(t *testing.T, s connect.Installations, i *connect.Installation) *connect.Installation {
	t.Helper()
	if err := s.PutInstallation(t.Context(), i); err != nil {
		t.Fatalf("PutInstallation(%q, %q): %v", i.App, i.Connection, err)
	}
	return i
}

// sameInstallations wants exactly these for an app.
func sameInstallations(t *testing.T, s connect.Installations, app string, want ...*connect.Installation) {
	t.Helper()
	got, err := s.Installations(t.Context(), app)
	if err != nil || len(got) != len(want) {
		t.Fatalf("Installations(%q): %d, error %v, want %d", app, len(got), err, len(want))
	}
	for n := range want {
		SameInstallation(t, got[n], want[n])
	}
}

func testInstallation(t *testing.T, s connect.Installations) {
	sameInstallations(t, s, "photos")
	before := time.Now().Add(-time.Millisecond)
	i := install(t, s, newInstallation("photos", ""))
	if i.Version != 1 || i.Updated.Before(before) || i.Updated.After(time.Now()) || i.Updated.Location() != time.UTC {
		t.Errorf("version %d, updated %v; want 1 and the present in UTC", i.Version, i.Updated)
	}
	sameInstallations(t, s, "photos", i)
	i.Parameters, i.Common = value.Object("other", value.True).Collection(), nil
	install(t, s, i)
	if i.Version != 2 || i.Common == nil {
		t.Errorf("version %d, common %v after the second time", i.Version, i.Common)
	}
	sameInstallations(t, s, "photos", i)
	sameInstallations(t, s, "Photos")
}

func testInstallationValues(t *testing.T, s connect.Installations) {
	i := newInstallation("photos", "photos")
	for n, v := range Values() {
		i.Parameters.Set(fmt.Sprint(n), v)
		i.Common.Set(fmt.Sprint(n), value.List(v))
	}
	sameInstallations(t, s, "photos", install(t, s, i))
}

// The app's own comes first; apps stay apart, also where names run into each other.
func testInstallationOrder(t *testing.T, s connect.Installations) {
	var own []*connect.Installation
	for _, connection := range []string{"b", "", "B", "é"} {
		own = append(own, install(t, s, newInstallation("photos", connection)))
		install(t, s, newInstallation("photos2", connection))
	}
	install(t, s, newInstallation("photosb", ""))
	sameInstallations(t, s, "photos", own[1], own[2], own[0], own[3])
}

func testInstallationConflict(t *testing.T, s connect.Installations) {
	for _, version := range []int64{1, -1} {
		i := newInstallation("photos", "")
		i.Version = version
		wantError(t, "an installation that was never stored", s.PutInstallation(t.Context(), i), connect.ErrConflict)
	}
	i := install(t, s, newInstallation("photos", ""))
	install(t, s, i)
	for _, version := range []int64{0, 1, 3} {
		stale := newInstallation("photos", "")
		stale.Version, stale.Common = version, nil
		wantError(t, fmt.Sprintf("version %d over 2", version), s.PutInstallation(t.Context(), stale), connect.ErrConflict)
		if stale.Version != version || stale.Common != nil {
			t.Error("the refused installation was changed")
		}
	}
	sameInstallations(t, s, "photos", i)
}

func testInstallationRace(t *testing.T, s connect.Installations) {
	var (
		group sync.WaitGroup
		won   atomic.Int32
	)
	for range 20 {
		group.Go(func() {
			err := s.PutInstallation(t.Context(), newInstallation("photos", ""))
			if err == nil {
				won.Add(1)
			} else {
				wantError(t, "PutInstallation", err, connect.ErrConflict)
			}
		})
	}
	group.Wait()
	if won.Load() != 1 {
		t.Errorf("%d writers moved one version", won.Load())
	}
}

func testInstallationDelete(t *testing.T, s connect.Installations) {
	wantError(t, "DeleteInstallation", s.DeleteInstallation(t.Context(), "photos", ""), connect.ErrNotFound)
	install(t, s, newInstallation("photos", ""))
	other := install(t, s, newInstallation("photos", "photos"))
	if err := s.DeleteInstallation(t.Context(), "photos", ""); err != nil {
		t.Fatal(err)
	}
	sameInstallations(t, s, "photos", other)
	wantError(t, "DeleteInstallation again", s.DeleteInstallation(t.Context(), "photos", ""), connect.ErrNotFound)
	sameInstallations(t, s, "photos", install(t, s, newInstallation("photos", "")), other)
}

func testInstallationCanceled(t *testing.T, s connect.Installations) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.PutInstallation(ctx, newInstallation("photos", "")); err == nil {
		t.Error("no error")
	}
	sameInstallations(t, s, "photos")
}
