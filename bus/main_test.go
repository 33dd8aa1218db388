package bus_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// long makes the tests of faults last long: `go test ./bus -long=10m`.
var long = flag.Duration("long", 0, "how long the tests of faults go on, beyond a short one")

// role names what a child of a test is: the test binary starts itself as a server of NATS
// or as a worker, to be killed.
const role = "CLEAT_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "server":
		serve()
	case "node":
		node()
	case "crash":
		crash()
	default:
		// The tests mostly wait, so more of them than there are processors go at once.
		flag.Parse()
		flag.Set("test.parallel", "12")
		code := m.Run()
		stopCluster()
		os.Exit(code)
	}
}

// opener makes a bus of its own for a test.
type opener func(t testing.TB, o bus.Options) *bus.Bus

// embedded opens a bus with a server inside.
func embedded(t testing.TB, o bus.Options) *bus.Bus {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.MinFree == 0 {
		o.MinFree = 1
	}
	return open(t, o)
}

// open opens a bus with small streams and closes it in the end.
func open(t testing.TB, o bus.Options) *bus.Bus {
	t.Helper()
	if o.MaxBytes == 0 {
		o.MaxBytes = 32 << 20
	}
	b, err := bus.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, b) })
	return b
}

func shut(t testing.TB, b *bus.Bus) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Error(err)
	}
}

func delivery(hook, body string) bus.Delivery {
	return bus.Delivery{ID: bus.NewID(), Tenant: "acme", Hook: hook, Received: time.Now(),
		Source: "192.0.2.1", Head: []byte(`{"method":"POST"}`), Body: []byte(body)}
}

// must fails the test at once.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// running runs do until the test stops it, or ends.
func running(t testing.TB, do func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- do(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, bus.ErrClosed) {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// hooks runs deliveries with a handler.
func hooks(t testing.TB, b *bus.Bus, workers int, handle func(context.Context, *bus.Job) bus.Outcome) (stop func()) {
	t.Helper()
	return running(t, func(ctx context.Context) error {
		return b.RunHooks(ctx, bus.Runner{Workers: workers, Handle: handle})
	})
}

// eventually waits until a condition holds, asking now and again.
func eventually(t testing.TB, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// tally counts what was seen of each id.
type tally struct {
	mu   sync.Mutex
	seen map[string]int
}

func (c *tally) add(id string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[string]int{}
	}
	c.seen[id]++
	return c.seen[id]
}

func (c *tally) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen)
}

// missing says which ids were not seen.
func (c *tally) missing(ids []string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, id := range ids {
		if c.seen[id] == 0 {
			n++
		}
	}
	return fmt.Sprintf("%d of %d", n, len(ids))
}

func (c *tally) twice() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, seen := range c.seen {
		if seen > 1 {
			n++
		}
	}
	return n
}
