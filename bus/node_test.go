package bus_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// task is what a child is told that is a node. It writes a line for all that happens to the
// journal, which stands for SQL: many nodes append to it, and a line is whole and in order.
type task struct {
	Dir     string   // of an embedded server
	Servers []string // or those of a cluster
	Prefix  string
	Journal string
	Work    bool // run deliveries
	Intake  bool // publish deliveries without a pause
}

const nodeAckWait = 2 * time.Second

func (do *task) options() bus.Options {
	o := bus.Options{Dir: do.Dir, Servers: do.Servers, Prefix: do.Prefix, MaxBytes: 64 << 20, MinFree: 1, AckWait: nodeAckWait}
	if do.Servers != nil {
		o.Sync = "always"
	}
	return o
}

// node is the life of a child that is a node. It ends by being killed.
func node() {
	var do task
	check(json.Unmarshal([]byte(os.Getenv("CLEAT_TEST_SETTINGS")), &do))
	journal, err := os.OpenFile(do.Journal, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	check(err)
	note := func(format string, args ...any) { fmt.Fprintf(journal, format+"\n", args...) }
	b, err := bus.Open(context.Background(), do.options())
	check(err)
	note("ready")
	handle := func(ctx context.Context, j *bus.Job) bus.Outcome {
		wait(ctx, 50*time.Millisecond)
		if j.Class == "" {
			note("turn %s %s", j.Hook, j.Body)
		} else {
			note("done %s", j.ID)
		}
		return bus.Ack()
	}
	var group sync.WaitGroup
	if do.Work {
		group.Go(func() { check(b.RunHooks(context.Background(), bus.Runner{Workers: 24, Handle: handle})) })
		group.Go(func() { check(b.RunTurns(context.Background(), bus.Runner{Workers: 4, Handle: handle})) })
	}
	for i := 0; do.Intake; i++ {
		d := delivery("hook_"+strconv.Itoa(i%50), strings.Repeat("x", 1000))
		if b.PublishHook(context.Background(), d) == nil {
			note("sent %s", d.ID)
		}
	}
	group.Wait()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// startNode starts a child and waits until its bus is open.
func startNode(t *testing.T, do task) *exec.Cmd {
	t.Helper()
	before := len(journal(t, do.Journal)["ready"])
	data, err := json.Marshal(do)
	must(t, err)
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), role+"=node", "CLEAT_TEST_SETTINGS="+string(data))
	cmd.Stderr = os.Stderr
	dieWithParent(cmd)
	must(t, cmd.Start())
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	eventually(t, 30*time.Second, "the node is ready", func() bool { return len(journal(t, do.Journal)["ready"]) > before })
	return cmd
}

// journal reads what nodes wrote, by the first word of a line.
func journal(t *testing.T, path string) map[string][]string {
	t.Helper()
	lines := map[string][]string{}
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return lines
	}
	must(t, err)
	defer f.Close()
	for scan := bufio.NewScanner(f); scan.Scan(); {
		word, rest, _ := strings.Cut(scan.Text(), " ")
		lines[word] = append(lines[word], rest)
	}
	return lines
}

// outcomes are the lines about finished deliveries.
func outcomes(t *testing.T, path string) *tally {
	t.Helper()
	var done tally
	for _, id := range journal(t, path)["done"] {
		done.add(id)
	}
	return &done
}

// TestSingleNodeKilled kills a node with its embedded server under load, again and again.
// Whatever it accepted is there afterwards.
func TestSingleNodeKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	do := task{Dir: filepath.Join(dir, "store"), Journal: filepath.Join(dir, "journal"), Work: true, Intake: true}
	kills := 0
	for end := time.Now().Add(2*time.Second + *long); time.Now().Before(end); kills++ {
		cmd := startNode(t, do)
		more := len(journal(t, do.Journal)["sent"]) + 200
		eventually(t, 20*time.Second, "it accepts", func() bool { return len(journal(t, do.Journal)["sent"]) > more })
		cmd.Process.Kill()
		cmd.Wait()
	}
	do.Intake = false
	startNode(t, do)
	sent := journal(t, do.Journal)["sent"]
	eventually(t, 60*time.Second, "nothing is missing", func() bool {
		return strings.HasPrefix(outcomes(t, do.Journal).missing(sent), "0 ")
	})
	t.Logf("%d kills, %d accepted, 0 lost, %d run more than once", kills, len(sent), outcomes(t, do.Journal).twice())
}
