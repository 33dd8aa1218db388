package connect_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/store"
)

// The test binary started with childDir set is another process that works with the store
// in this folder and with the provider at childProvider.
const (
	childDir      = "CLEAT_CONNECT_TEST_DIR"
	childProvider = "CLEAT_CONNECT_TEST_PROVIDER"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := serveChild(dir, os.Getenv(childProvider)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// askers is how many goroutines of a child want the connection at once.
const askers = 25

// serveChild does what the lines of standard input say: go lets all askers ask for the
// connection and prints done with what they got; clock SECONDS sets the clock ahead.
func serveChild(dir, provider string) error {
	records, err := store.Open(context.Background(), store.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer records.Close()
	typ, err := raceType(provider)
	if err != nil {
		return err
	}
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load()) * time.Second) }
	c := &connect.Connector{Store: tellingStore{records}, Now: now, Engine: engine.New(engine.Options{
		Now: now, UserAgent: fmt.Sprint(os.Getpid()), Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}})}
	fmt.Println("ready")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "go" {
			go func() { fmt.Println("done", ask(c, typ, records)) }()
			continue
		}
		var seconds int64
		if _, err := fmt.Sscanf(lines.Text(), "clock %d", &seconds); err != nil {
			return err
		}
		ahead.Store(seconds)
	}
	return lines.Err()
}

// ask returns the different results of all askers.
func ask(c *connect.Connector, typ *connect.Type, records connect.Store) string {
	results := make([]string, askers)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			record, err := records.ConnectionNamed(context.Background(), "work")
			if err == nil {
				record, err = c.Fresh(context.Background(), typ, record, 0)
			}
			if err != nil {
				results[i] = fmt.Sprintf("error:%q", err)
				return
			}
			results[i] = token(record)
		})
	}
	all.Wait()
	slices.Sort(results)
	return strings.Join(slices.Compact(results), " ")
}

// tellingStore prints what becomes of the right to renew.
type tellingStore struct{ connect.Store }

func (s tellingStore) ClaimRenewal(ctx context.Context, r *connect.Renewal, now time.Time) error {
	begun := time.Now()
	err := s.Store.ClaimRenewal(ctx, r, now)
	if errors.Is(err, connect.ErrClaimed) {
		fmt.Println("busy", begun.UnixNano())
	}
	return err
}

func (s tellingStore) JournalRenewal(ctx context.Context, r *connect.Renewal) error {
	err := s.Store.JournalRenewal(ctx, r)
	if err == nil {
		fmt.Println("journaled")
	}
	return err
}

// process is a child.
type process struct {
	*exec.Cmd
	stdin   io.Writer
	done    string    // its results in this round
	waiting time.Time // when it last saw that another process renews
}

// said is a line of a child.
type said struct {
	by   *process
	line string
}

// startChild starts a child, which is ready when it returns. What it prints from then on
// goes to said.
func startChild(t *testing.T, dir, provider string, to chan<- said) *process {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childDir+"="+dir, childProvider+"="+provider)
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
	p := &process{Cmd: c, stdin: stdin}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("child says %q", lines.Text())
	}
	go func() {
		for lines.Scan() {
			select {
			case to <- said{p, lines.Text()}:
			case <-t.Context().Done():
				return
			}
		}
	}()
	return p
}

func (p *process) tell(t *testing.T, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(p.stdin, line); err != nil {
		t.Fatal(err)
	}
}
