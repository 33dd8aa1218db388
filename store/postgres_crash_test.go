package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/internal/pgtest"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/webhook"
)

// postgresPlace returns a new database and the file of its keyset as optionsOf reads them.
func postgresPlace(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "keyset.json")
	writeFile(t, file, newKeyset(t, nil))
	return postgres.Database(t) + " " + file
}

// What a client was told is kept when it is killed.
func TestPostgresKillClient(t *testing.T) {
	t.Parallel()
	testKill(t, postgresPlace(t), 15)
}

// Several first starts at once make the tables once.
func TestPostgresFirstStartRace(t *testing.T) {
	t.Parallel()
	place := postgresPlace(t)
	runChildren(t, 5, "name", place)
	if all, err := openStore(t, optionsOf(place)).Connections(t.Context()); err != nil || len(all) != 5 {
		t.Errorf("%d records, error %v, want 5", len(all), err)
	}
}

// Of two processes that poll one trigger one waits for the other.
func TestPostgresLockTwoProcesses(t *testing.T) {
	t.Parallel()
	place := postgresPlace(t)
	s := openStore(t, optionsOf(place))
	runChildren(t, 2, "poll", place)
	state, err := s.TriggerState(t.Context(), "counter")
	if err != nil || state.Version != 200 {
		t.Errorf("version %d, error %v, want 200", state.Version, err)
	}
}

// A process that is killed lets the next one in.
func TestPostgresLockKill(t *testing.T) {
	t.Parallel()
	testLockKill(t, postgresPlace(t))
}

// writeRuns stores runs one after the other until it is told to stop, and returns those
// that the store has acknowledged.
func writeRuns(t *testing.T, s *store.Store, worker int, stop <-chan struct{}) (kept []string) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return kept
		default:
		}
		r := &record.Run{ID: fmt.Sprintf("run_%d_%05d", worker, i), State: record.Succeeded, Started: time.Now(), Transcript: []byte("[]")}
		err := s.PutRuns(t.Context(), r)
		if err == nil {
			kept = append(kept, r.ID)
		} else if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("worker %d: %v", worker, err)
		}
	}
}

// The server is killed and restarted while clients write: they are told that it is
// unreachable, go on by themselves, and nothing that was acknowledged is lost.
func TestPostgresRestart(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	keyset := newKeyset(t, nil)
	s := openStore(t, store.Options{URL: server.URL("postgres"), Keyset: keyset})
	var (
		group sync.WaitGroup
		stop  = make(chan struct{})
		kept  = make([][]string, 8)
	)
	for i := range kept {
		group.Go(func() { kept[i] = writeRuns(t, s, i, stop) })
	}
	for i, end := range []func() error{server.Kill, server.Stop, server.Kill} {
		for n := 0; n <= (i+1)*20; { // some were written since
			runs, err := s.Runs(t.Context(), record.RunFilter{}, record.Page{Limit: 1000})
			if n = len(runs); err != nil {
				t.Fatal(err)
			}
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Runs(t.Context(), record.RunFilter{}, record.Page{}); i == 1 && !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("while it is down: %v", err) // behind a kill a client may be served for a moment
		}
		if _, err := store.Open(t.Context(), store.Options{URL: server.URL("postgres"), Keyset: keyset}); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("a start while it is down: %v", err)
		}
		if err := server.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	group.Wait()
	total := 0
	for _, id := range slices.Concat(kept...) {
		total++
		if r, err := s.Run(t.Context(), id); err != nil || string(r.Transcript) != "[]" {
			t.Errorf("%s was acknowledged: %+v, error %v", id, r, err)
		}
	}
	t.Logf("%d changes acknowledged", total)
}

// A lock is gone with the server that gave it, and can be had again.
func TestPostgresLockRestart(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t)
	s := openStore(t, store.Options{URL: server.URL("postgres"), Keyset: newKeyset(t, nil)})
	unlock, err := s.LockTrigger(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(server.Kill(), server.Restart()); err != nil {
		t.Fatal(err)
	}
	again, err := s.LockTrigger(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	unlock() // of a connection that is gone
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.LockTrigger(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is held: %v", err)
	}
	again()
	last, err := s.LockTrigger(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	last()
}

func TestPostgresRefuses(t *testing.T) {
	t.Parallel()
	url, keyset := postgres.Database(t), newKeyset(t, nil)
	open := func(o store.Options) error {
		t.Helper()
		s, err := store.Open(t.Context(), o)
		if err == nil {
			t.Error("no error")
			s.Close()
		}
		return err
	}
	file := filepath.Join(t.TempDir(), "keyset.json")
	for what, o := range map[string]store.Options{"no keyset": {URL: url}, "no file": {URL: url, KeysetFile: file}} {
		if err := open(o); !errors.Is(err, store.ErrKeyset) {
			t.Errorf("%s: %v", what, err)
		}
	}
	openStore(t, store.Options{URL: url, Keyset: keyset})
	if err := open(store.Options{URL: url, Keyset: newKeyset(t, nil)}); !errors.Is(err, store.ErrKeyset) {
		t.Errorf("another keyset: %v", err)
	}
	if err := open(store.Options{URL: "postgres://ana:Tok-secret@127.0.0.1:1/none?connect_timeout=1", Keyset: keyset}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("nobody listens: %v", err)
	} else {
		wantAbsent(t, "the error", []byte(err.Error()), "Tok-secret")
	}
	if err := open(store.Options{URL: "postgres://ana:Tok-secret@[::1", Keyset: keyset}); true {
		wantAbsent(t, "the error", []byte(fmt.Sprint(err)), "Tok-secret")
	}
	raw := rawPostgres(t, url)
	execute(t, raw, "insert into cleat_schema (version) values (99)")
	if err := open(store.Options{URL: url, Keyset: keyset}); !errors.Is(err, store.ErrNewer) {
		t.Errorf("a newer database: %v", err)
	}
}

// Keys rotate with the keyset that all are given, and what is sealed stays readable.
func TestPostgresRotateKeys(t *testing.T) {
	t.Parallel()
	first := newKeyset(t, nil)
	second := newKeyset(t, first)
	url := postgres.Database(t)
	old := openStore(t, store.Options{URL: url, Keyset: first})
	putSecrets(t, old)
	if err := old.InsertHook(t.Context(), &webhook.Record{Name: "a", Token: "t", Data: secretData()}); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, store.Options{URL: url, Keyset: second})
	done, err := s.RotateKeys(t.Context())
	if err != nil || done != (store.Rotation{Rewrapped: 2}) {
		t.Errorf("RotateKeys: %+v, error %v", done, err)
	}
	wantSecrets(t, "after a rotation", openStore(t, store.Options{URL: url, Keyset: second}))
	if h, err := s.HookNamed(t.Context(), "a"); err != nil || h.Data.Get("token").Str() != secretToken {
		t.Errorf("the hook is %+v, error %v", h, err)
	}
	if _, err := store.Open(t.Context(), store.Options{URL: url, Keyset: first}); !errors.Is(err, store.ErrKeyset) {
		t.Errorf("with the old keyset: %v", err)
	}
}
