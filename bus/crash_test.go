package bus_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// crashPoints are the steps at which the process ends (work.md 14.2). A step is one of the
// handler, or the moment before something goes over the wire to the server, which for the
// step before it is the moment after its answer.
var crashPoints = []struct{ name, step, wire string }{
	{"before the publish", "", "PUB crash.hook."},
	{"after the publish, before the sender is told", "published plain", ""},
	{"before the row", "before the row of plain", ""},
	{"after the row", "after the row of plain", ""},
	{"before commit", "before commit of plain", ""},
	{"after commit", "after commit of plain", ""},
	{"before the acknowledgement", "", "$JS.ACK.crash_HOOKS_"},
	{"dead: before commit", "before commit of bad", ""},
	{"dead: after commit", "after commit of bad", ""},
	{"dead: before the copy", "", "PUB crash.dead.acme.bad"},
	{"dead: after the copy", "", "+TERM"},
	{"in order: before the publish", "", "PUB crash.seq."},
	{"in order: stored, before the turn is offered", "", "PUB crash.turn."},
	{"in order: after the publish, before the sender is told", "published 1", ""},
	{"in order: before the row", "before the row of 1", ""},
	{"in order: before commit", "before commit of 1", ""},
	{"in order: after commit", "after commit of 1", ""},
	{"in order: before the removal", "", "MSG.DELETE.crash_SEQ_"},
	{"in order: dead, before the copy", "", "PUB crash.dead.acme.seq"},
	{"in order: before the turn is acknowledged", "", "$JS.ACK.crash_TURNS"},
	{"in order: after the turn is acknowledged", "", "MSG.GET.crash_TURNS"},
}

// records stand for SQL: lines of a file that outlives the process.
type records struct {
	file *os.File
	exit func(step string) // ends the process at its step
	mu   sync.Mutex
}

func (r *records) note(format string, args ...any) { fmt.Fprintf(r.file, format+"\n", args...) }

// final is what the row of a delivery says; "" while it is not final.
func (r *records) final(id string) string {
	text, _ := os.ReadFile(r.file.Name())
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "final" && f[1] == id {
			return f[2]
		}
	}
	return ""
}

// handle is the life of a delivery at a worker (work.md 7).
func (r *records) handle(_ context.Context, j *bus.Job) bus.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	body := string(j.Body)
	outcome, state := bus.Ack(), "done"
	if body == "bad" || body == "2" {
		outcome, state = bus.Dead("no"), "dead"
	}
	if r.final(j.ID) != "" {
		return outcome
	}
	r.exit("before the row of " + body)
	r.note("row %s", j.ID)
	r.exit("after the row of " + body)
	r.note("run %s", j.ID)
	r.exit("before commit of " + body)
	r.note("final %s %s %s", j.ID, state, body)
	r.exit("after commit of " + body)
	return outcome
}

// crashTask is what a child is told. The ids of its deliveries are their bodies and more.
type crashTask struct {
	Dir, Journal string
	Servers      []string
	Tenant       string // part of the ids
	Step, Wire   string // where it ends
}

func (do *crashTask) options() bus.Options {
	o := bus.Options{Dir: do.Dir, Servers: do.Servers, Prefix: "crash", MaxBytes: 8 << 20, MinFree: 1, AckWait: time.Second}
	if do.Servers != nil {
		o.Sync, o.Prefix = "always", "crash"+do.Tenant
	}
	return o
}

// deliveries are sent in this order; those that are numbers go to a sequential webhook.
var crashBodies = []string{"plain", "bad", "1", "2", "3"}

// work publishes what was not said to be sent, and works on it until ctx ends.
func (do *crashTask) work(ctx context.Context, b *bus.Bus, r *records, check func(error)) {
	var group sync.WaitGroup
	sent, _ := os.ReadFile(do.Journal)
	for _, body := range crashBodies {
		d := delivery(body, body)
		d.ID = body + "_" + do.Tenant
		if bytes.Contains(sent, []byte("sent "+d.ID+"\n")) {
			continue
		}
		if publish := b.PublishHook; len(body) > 1 {
			check(publish(ctx, d))
		} else {
			d.Hook = "seq"
			check(b.PublishSequential(ctx, d))
		}
		r.exit("published " + body)
		r.note("sent %s", d.ID)
	}
	group.Go(func() { check(b.RunHooks(ctx, bus.Runner{Workers: 1, Handle: r.handle})) })
	group.Go(func() { check(b.RunTurns(ctx, bus.Runner{Workers: 1, Handle: r.handle})) })
	group.Wait()
}

func (do *crashTask) records(exit func(string)) (*records, error) {
	f, err := os.OpenFile(do.Journal, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
	return &records{file: f, exit: exit}, err
}

const crashed = 3 // exit status

// crash is the life of a child that ends at a step.
func crash() {
	var do crashTask
	check(json.Unmarshal([]byte(os.Getenv("CLEAT_TEST_SETTINGS")), &do))
	r, err := do.records(func(step string) {
		if step == do.Step {
			os.Exit(crashed)
		}
	})
	check(err)
	o := do.options()
	if do.Wire != "" {
		o = bus.Wired(o, func(c net.Conn) net.Conn { return &cut{c, []byte(do.Wire)} })
	}
	b, err := bus.Open(context.Background(), o)
	check(err)
	do.work(context.Background(), b, r, check)
}

// cut ends the process before something is sent.
type cut struct {
	net.Conn
	before []byte
}

func (c *cut) Write(p []byte) (int, error) {
	if bytes.Contains(p, c.before) {
		os.Exit(crashed)
	}
	return c.Conn.Write(p)
}

func testCrashPoints(t *testing.T, _ opener) {
	for _, c := range crashPoints {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			do := crashTask{Dir: filepath.Join(dir, "store"), Journal: filepath.Join(dir, "journal"), Step: c.step, Wire: c.wire, Tenant: "e"}
			if !strings.HasPrefix(t.Name(), "TestEmbedded") {
				do.Servers, do.Tenant = startCluster(t).addresses(), fmt.Sprint(prefixes.Add(1))
				do.Wire = strings.ReplaceAll(c.wire, "crash", "crash"+do.Tenant)
			}
			do.crash(t)
			do.recover(t)
		})
	}
}

// crash runs a child until it ends at its step.
func (do *crashTask) crash(t *testing.T) {
	t.Helper()
	text, err := json.Marshal(do)
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), role+"=crash", "CLEAT_TEST_SETTINGS="+string(text))
	cmd.Stderr = os.Stderr
	dieWithParent(cmd)
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != crashed {
		t.Fatalf("it did not come to its step: %v", err)
	}
}

// recover goes on where the child ended, and looks at what there is in the end.
func (do *crashTask) recover(t *testing.T) {
	t.Helper()
	r, err := do.records(func(string) {})
	must(t, err)
	defer r.file.Close()
	b := open(t, do.options())
	running(t, func(ctx context.Context) error {
		do.work(ctx, b, r, func(err error) {
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
		return nil
	})
	eventually(t, 20*time.Second, "all have an outcome", func() bool { return len(journal(t, do.Journal)["final"]) >= len(crashBodies) })
	for hook, body := range map[string]string{"bad": "bad", "seq": "2"} {
		eventually(t, 10*time.Second, "the dead one of "+hook+" has its copy", func() bool {
			_, reason, err := b.ReadDead(t.Context(), "acme", hook, body+"_"+do.Tenant)
			return err == nil && reason == "no"
		})
	}
	eventually(t, 10*time.Second, "nothing waits any more", func() bool {
		s, err := b.Stats(t.Context())
		must(t, err)
		left := uint64(0)
		for _, stream := range s.Streams {
			if strings.Contains(stream.Name, "HOOKS_") || strings.Contains(stream.Name, "SEQ_") || strings.Contains(stream.Name, "TURNS") {
				left += stream.Messages
			}
		}
		return left == 0
	})
	lines := journal(t, do.Journal)
	order := ""
	for _, line := range lines["final"] {
		if body := line[strings.LastIndexByte(line, ' ')+1:]; len(body) == 1 {
			order += body
		}
	}
	if order != "123" || len(lines["final"]) != len(crashBodies) {
		t.Errorf("outcomes in the order %s of %q", order, lines["final"])
	}
	if again := len(lines["run"]) - len(crashBodies); again > 1 {
		t.Errorf("%d ran again, and one at most was in hand: %q", again, lines["run"])
	}
}
