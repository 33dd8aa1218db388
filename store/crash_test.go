package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// ledger is what a store has acknowledged, kept by the parent of the killed children.
type ledger struct {
	versions map[int64]int64
	sums     map[int64]string
	flows    map[string]string // id: flow, claiming or claimed
	deleting map[int64]bool
	moved    int64 // version of the trigger state
	changes  int
}

func newLedger() *ledger {
	return &ledger{map[int64]int64{}, map[int64]string{}, map[string]string{}, map[int64]bool{}, 0, 0}
}

// note enters one line of a child.
func (l *ledger) note(line string) error {
	word, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
	var (
		id, version int64
		sum         string
		err         error
	)
	switch word {
	case "put":
		if _, err = fmt.Sscan(rest, &id, &version, &sum); err == nil {
			l.versions[id], l.sums[id] = version, sum
			l.changes++
		}
	case "deleting":
		_, err = fmt.Sscan(rest, &id)
		l.deleting[id] = true
	case "deleted":
		_, err = fmt.Sscan(rest, &id)
		delete(l.deleting, id)
		delete(l.versions, id)
		l.changes++
	case "moved":
		_, err = fmt.Sscan(rest, &l.moved)
		l.changes++
	case "flow", "claiming", "claimed":
		l.flows[rest] = word
		l.changes++
	default:
		err = fmt.Errorf("unknown line %q", line)
	}
	return err
}

// check compares a store that was opened after a kill with the ledger, and brings the
// ledger up to date. At most one change may have been made and not acknowledged.
func (l *ledger) check(t *testing.T, s *store.Store) {
	t.Helper()
	all, err := s.Connections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ahead := 0
	found := make(map[int64]bool)
	for _, r := range all {
		if err := checkBlob(r); err != nil {
			t.Error(err)
			continue
		}
		found[r.ID] = true
		acknowledged, known := l.versions[r.ID]
		sum := r.Data.Get("sum").Str()
		switch {
		case known && r.Version == acknowledged:
			if sum != l.sums[r.ID] {
				t.Errorf("connection %d, version %d: other data than acknowledged", r.ID, r.Version)
			}
		case r.Version == acknowledged+1: // also an insert: 0+1
			ahead++
		default:
			t.Errorf("connection %d: version %d, acknowledged %d", r.ID, r.Version, acknowledged)
		}
		l.versions[r.ID], l.sums[r.ID] = r.Version, sum
	}
	for id := range l.versions {
		if found[id] {
			continue
		}
		if !l.deleting[id] {
			t.Errorf("connection %d is lost", id)
		}
		delete(l.versions, id)
		ahead++
	}
	clear(l.deleting)
	for id, state := range l.flows {
		f, err := s.FlowBy(t.Context(), id, "")
		if err != nil {
			t.Errorf("flow %s: %v", id, err)
			continue
		}
		if state != "claiming" && f.Used != (state == "claimed") || !f.Used && f.Temp.Get("sum").Str() == "" {
			t.Errorf("flow %s: %s, but used is %v", id, state, f.Used)
		}
		l.flows[id] = map[bool]string{true: "claimed", false: "flow"}[f.Used]
	}
	state, err := s.TriggerState(t.Context(), "crash")
	if err == nil {
		err = checkTrail(state)
	}
	if err != nil {
		t.Error(err)
	} else if ahead += int(state.Version - l.moved); state.Version < l.moved {
		t.Errorf("trigger state of version %d, acknowledged %d", state.Version, l.moved)
	} else {
		l.moved = state.Version
	}
	if ahead > 1 {
		t.Errorf("%d changes were made and not acknowledged", ahead)
	}
}

// killChild lets a child write and kills it after a while. The lines it wrote are in
// the ledger.
func killChild(t *testing.T, dir string, after func(line string) time.Duration, l *ledger) {
	t.Helper()
	p := startChild(t, "write", dir)
	kill := func() { _ = p.Process.Kill() }
	var timer *time.Timer
	if d := after(""); d >= 0 {
		timer = time.AfterFunc(d, kill)
	}
	p.stdin.Close()
	for {
		line, err := p.lines.ReadString('\n')
		if err != nil {
			break // a torn line was not acknowledged
		}
		if err := l.note(line); err != nil {
			t.Fatal(err)
		}
		if timer == nil {
			timer = time.AfterFunc(after(line), kill)
		}
	}
	timer.Stop()
	if err := p.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
}

func TestKill(t *testing.T) {
	t.Parallel()
	testKill(t, t.TempDir(), 30)
}

func testKill(t *testing.T, dir string, rounds int) {
	t.Helper()
	if testing.Short() {
		rounds = 5
	}
	l := newLedger()
	for range rounds {
		killChild(t, dir, func(line string) time.Duration {
			if line == "" {
				return -1 // not before the first change
			}
			return rand.N(80 * time.Millisecond)
		}, l)
		s := openStore(t, optionsOf(dir))
		l.check(t, s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d changes acknowledged over %d kills", l.changes, rounds)
}

// A first start that is killed leaves a folder in which the next start succeeds.
func TestKillFirstStart(t *testing.T) {
	t.Parallel()
	rounds := 30
	if testing.Short() {
		rounds = 5
	}
	reached := map[bool]int{}
	for range rounds {
		dir := t.TempDir()
		l := newLedger()
		killChild(t, dir, func(string) time.Duration { return rand.N(40 * time.Millisecond) }, l)
		_, err := os.Stat(filepath.Join(dir, "keyset.json"))
		reached[err == nil]++
		s := openStore(t, store.Options{Dir: dir})
		l.check(t, s)
		if err := s.InsertConnection(t.Context(), &connect.Record{Name: "after"}); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("killed before the keyset was made: %d times, after: %d times", reached[false], reached[true])
}

// A WAL that ends anywhere, as after a loss of power, gives the state after one of the
// changes, never half of one.
func TestTornWAL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	a := &connect.Record{Name: "a", Data: blob(1)}
	if err := s.InsertConnection(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		a.Data = blob(a.Version + 1)
		if err := s.UpdateConnection(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	wal := readFile(t, filepath.Join(dir, "cleat.db-wal"))
	db := readFile(t, filepath.Join(dir, "cleat.db"))
	keyset := readFile(t, filepath.Join(dir, "keyset.json"))
	seen := map[int64]bool{}
	for range 60 {
		torn := t.TempDir()
		writeFile(t, filepath.Join(torn, "cleat.db"), db)
		writeFile(t, filepath.Join(torn, "keyset.json"), keyset)
		writeFile(t, filepath.Join(torn, "cleat.db-wal"), wal[:rand.IntN(len(wal)+1)])
		s, err := store.Open(t.Context(), store.Options{Dir: torn})
		if err != nil {
			t.Fatal(err)
		}
		all, err := s.Connections(t.Context())
		if err != nil || len(all) > 1 {
			t.Fatalf("%d records, error %v", len(all), err)
		}
		for _, r := range all {
			seen[r.Version] = true
			if err := checkBlob(r); err != nil {
				t.Error(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(seen) < 5 {
		t.Errorf("only versions %v were seen", seen)
	}
}

// Of several first starts at once each finds the store whole and with one keyset.
func TestFirstStartRace(t *testing.T) {
	t.Parallel()
	rounds := 5
	if testing.Short() {
		rounds = 1
	}
	for range rounds {
		dir := filepath.Join(t.TempDir(), "new", "home")
		runChildren(t, 6, "name", dir)
		s := openStore(t, store.Options{Dir: dir})
		all, err := s.Connections(t.Context())
		if err != nil || len(all) != 6 {
			t.Fatalf("%d records, error %v, want 6", len(all), err)
		}
		for _, r := range all {
			if r.Data == nil || r.Data.Get("pid").ToText() != r.Name {
				t.Errorf("connection %s: %v, broken: %s", r.Name, r.Data, r.Broken)
			}
		}
	}
}

func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	r := &connect.Record{Name: "counter", Data: value.Object("n", value.Int(0)).Collection()}
	if err := s.InsertConnection(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	runChildren(t, 2, "increment", dir)
	got, err := s.Connection(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if n := got.Data.Get("n").Float(); n != 200 || got.Version != 201 {
		t.Errorf("n = %v at version %d, want 200 at 201", n, got.Version)
	}
}

// Of two processes that poll one trigger one waits for the other.
func TestTriggerLockTwoProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := openStore(t, store.Options{Dir: dir})
	runChildren(t, 2, "poll", dir)
	state, err := s.TriggerState(t.Context(), "counter")
	if err != nil || state.Version != 200 {
		t.Errorf("version %d, error %v, want 200", state.Version, err)
	}
}

// A process that is killed lets the next one in.
func TestTriggerLockKill(t *testing.T) {
	t.Parallel()
	testLockKill(t, t.TempDir())
}

func testLockKill(t *testing.T, dir string) {
	t.Helper()
	s := openStore(t, optionsOf(dir))
	p := startChild(t, "hold", dir)
	p.stdin.Close()
	if line, err := p.lines.ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatalf("the child says %q, error %v", line, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
	defer cancel()
	if _, err := s.LockTrigger(ctx, "counter"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while the child lives: %v", err)
	}
	if err := p.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	unlock, err := s.LockTrigger(t.Context(), "counter")
	if err != nil {
		t.Fatal(err)
	}
	unlock()
	_ = p.Wait()
}
