package store_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// The test binary started with childJob set does one job on the store in childDir and
// ends: that is how the tests get further processes.
const (
	childJob = "CLEAT_STORE_TEST_JOB"
	childDir = "CLEAT_STORE_TEST_DIR"
)

// child does a job and returns the exit code. It begins when its standard input ends,
// so that several children can be let go at once.
func child(job string) int {
	jobs := map[string]func(context.Context, *store.Store) error{
		"write":     writeForever,
		"increment": increment100,
		"name":      insertNamedByProcess,
		"queue":     queueForever,
		"poll":      poll100,
		"hold":      holdForever,
		"import":    importer,
	}
	fmt.Println("ready")
	_, _ = io.Copy(io.Discard, os.Stdin)
	ctx := context.Background()
	s, err := store.Open(ctx, optionsOf(os.Getenv(childDir)))
	if err == nil {
		err = errors.Join(jobs[job](ctx, s), s.Close())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// optionsOf returns how to open a folder, or a database that postgresPlace has made.
func optionsOf(place string) store.Options {
	if url, keyset, found := strings.Cut(place, " "); found && strings.HasPrefix(url, "postgres:") {
		return store.Options{URL: url, KeysetFile: keyset}
	}
	return store.Options{Dir: place}
}

// process is a child under way.
type process struct {
	*exec.Cmd
	stdin io.Closer
	lines *bufio.Reader
}

// startChild starts a child and waits until it is ready; let it go by closing stdin.
func startChild(t testing.TB, job, dir string) *process {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childJob+"="+job, childDir+"="+dir)
	c.Stderr = os.Stderr
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{c, stdin, bufio.NewReader(stdout)}
	if line, err := p.lines.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("child says %q, error %v", line, err)
	}
	return p
}

// runChildren lets n children do a job at once and waits for them.
func runChildren(t *testing.T, n int, job, dir string) {
	t.Helper()
	var all []*process
	for range n {
		all = append(all, startChild(t, job, dir))
	}
	for _, p := range all {
		p.stdin.Close()
	}
	for _, p := range all {
		if err := p.Wait(); err != nil {
			t.Errorf("child: %v", err)
		}
	}
}

func insertNamedByProcess(ctx context.Context, s *store.Store) error {
	return s.InsertConnection(ctx, &connect.Record{
		Name: fmt.Sprint(os.Getpid()),
		Data: value.Object("pid", value.Int(os.Getpid())).Collection(),
	})
}

func increment100(ctx context.Context, s *store.Store) error {
	for range 100 {
		for {
			r, err := s.ConnectionNamed(ctx, "counter")
			if err != nil {
				return err
			}
			r.Data.Set("n", value.Number(r.Data.Get("n").Float()+1))
			if err = s.UpdateConnection(ctx, r); err == nil {
				break
			}
			if !errors.Is(err, connect.ErrConflict) {
				return err
			}
		}
	}
	return nil
}

// blob returns data that tell whether they are whole and of which version.
func blob(version int64) *value.Collection {
	b := make([]byte, rand.IntN(20_000))
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	sum := sha256.Sum256(b)
	return value.Object("version", value.Int(int(version)), "blob", value.Buffer(b),
		"sum", value.Text(hex.EncodeToString(sum[:]))).Collection()
}

// checkBlob returns an error when the record is not whole.
func checkBlob(r *connect.Record) error {
	if r.Data == nil {
		return fmt.Errorf("connection %d: no data, broken: %s", r.ID, r.Broken)
	}
	sum := sha256.Sum256(r.Data.Get("blob").Bytes())
	if r.Data.Get("sum").Str() != hex.EncodeToString(sum[:]) {
		return fmt.Errorf("connection %d: the blob is damaged", r.ID)
	}
	if v := r.Data.Get("version").Float(); v != float64(r.Version) {
		return fmt.Errorf("connection %d: data of version %v in version %d", r.ID, v, r.Version)
	}
	return nil
}

// trailOf writes into state what it has to be in its next version.
func trailOf(state *poll.State) {
	next := state.Version + 1
	state.Start, state.LastID, state.Included = "all", fmt.Sprint(next), next%2 == 0
	state.LastDate = time.UnixMilli(next).UTC()
	state.SameDateIDs = slices.Repeat([]string{state.LastID}, int(next%700))
}

// checkTrail returns an error when the state is not whole.
func checkTrail(state *poll.State) error {
	want := &poll.State{Version: state.Version - 1}
	trailOf(want)
	want.Version++
	if state.Version > 0 && !reflect.DeepEqual(state, want) && !(len(want.SameDateIDs) == 0 && len(state.SameDateIDs) == 0) {
		return fmt.Errorf("trigger state of version %d: %+v", state.Version, state)
	}
	return nil
}

// poll100 counts with the state of a trigger, a hundred times under its lock: no version
// is ever in dispute.
func poll100(ctx context.Context, s *store.Store) error {
	for range 100 {
		if err := countUnderLock(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func countUnderLock(ctx context.Context, s *store.Store) error {
	unlock, err := s.LockTrigger(ctx, "counter")
	if err != nil {
		return err
	}
	defer unlock()
	state, err := s.TriggerState(ctx, "counter")
	if err != nil {
		return err
	}
	return s.PutTriggerState(ctx, "counter", state)
}

// holdForever holds the lock of a trigger until it is killed.
func holdForever(ctx context.Context, s *store.Store) error {
	if _, err := s.LockTrigger(ctx, "counter"); err != nil {
		return err
	}
	fmt.Println("locked")
	select {}
}

// writeForever inserts, updates and deletes, moves a trigger, opens and claims flows, and prints a line
// for each change as soon as the store has acknowledged it.
func writeForever(ctx context.Context, s *store.Store) error {
	mine, err := s.Connections(ctx)
	if err != nil {
		return err
	}
	state, err := s.TriggerState(ctx, "crash")
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		switch dice := rand.IntN(12); {
		case dice < 3 || len(mine) == 0:
			r := &connect.Record{Name: fmt.Sprintf("%d-%d", os.Getpid(), i), Data: blob(1), UID: "uid"}
			if err := s.InsertConnection(ctx, r); err != nil {
				return err
			}
			fmt.Println("put", r.ID, r.Version, r.Data.Get("sum").Str())
			mine = append(mine, r)
		case dice < 8:
			r := mine[rand.IntN(len(mine))]
			r.Data = blob(r.Version + 1)
			if err := s.UpdateConnection(ctx, r); err != nil {
				return err
			}
			fmt.Println("put", r.ID, r.Version, r.Data.Get("sum").Str())
		case dice < 9:
			r := mine[len(mine)-1]
			mine = mine[:len(mine)-1]
			fmt.Println("deleting", r.ID)
			if err := s.DeleteConnection(ctx, r.ID); err != nil {
				return err
			}
			fmt.Println("deleted", r.ID)
		case dice < 11:
			trailOf(state)
			if err := s.PutTriggerState(ctx, "crash", state); err != nil {
				return err
			}
			fmt.Println("moved", state.Version)
		default:
			id := fmt.Sprintf("flow-%d-%d", os.Getpid(), i)
			if err := s.InsertFlow(ctx, &connect.Flow{ID: id, TokenHash: id, Temp: blob(1), Data: blob(1)}); err != nil {
				return err
			}
			fmt.Println("flow", id)
			if rand.IntN(2) == 0 {
				continue
			}
			fmt.Println("claiming", id)
			if err := s.ClaimFlow(ctx, id); err != nil {
				return err
			}
			fmt.Println("claimed", id)
		}
	}
}
