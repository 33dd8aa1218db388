package bus_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cleat-run/cleat/bus"
)

// load publishes at a steady rate and keeps what was answered.
type load struct {
	mu      sync.Mutex
	sent    []string
	refused int
	slowest time.Duration
	last    time.Time
	gap     time.Duration // longest time without an accepted one
	inOrder map[string]int
}

func (l *load) run(ctx context.Context, t *testing.T, b *bus.Bus, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var group sync.WaitGroup
	defer group.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			group.Go(func() { l.publish(b, fmt.Sprintf("hook_%d", i%40)) })
		}
	}
}

func (l *load) publish(b *bus.Bus, hook string) {
	d, begin := delivery(hook, strings.Repeat("x", 1000)), time.Now()
	err := b.PublishHook(context.Background(), d)
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.slowest = max(l.slowest, now.Sub(begin))
	if err != nil {
		l.refused++
		return
	}
	if !l.last.IsZero() {
		l.gap = max(l.gap, now.Sub(l.last))
	}
	l.last = now
	l.sent = append(l.sent, d.ID)
}

// inSequence publishes to sequential hooks one after the other; a refused one is tried
// again, since order is what is tested.
func (l *load) inSequence(ctx context.Context, b *bus.Bus, hook string) {
	for n := 0; ctx.Err() == nil; {
		d := delivery(hook, strconv.Itoa(n))
		for b.PublishSequential(context.Background(), d) != nil {
		}
		n++
		l.mu.Lock()
		l.inOrder[hook] = n
		l.mu.Unlock()
		wait(ctx, 50*time.Millisecond)
	}
}

// leaders are the numbers of the servers that lead the partitions.
func leaders(t *testing.T, b *bus.Bus, family string) []int {
	t.Helper()
	s, err := b.Stats(t.Context())
	if err != nil {
		return nil
	}
	var all []int
	for _, stream := range s.Streams {
		if strings.Contains(stream.Name, family) && stream.Leader != "" {
			all = append(all, serverOf(stream.Leader))
		}
	}
	return all
}

// settled waits for every stream to have its leader on a server of its own, which is what
// the balancer is for.
func settled(t *testing.T, b *bus.Bus) {
	t.Helper()
	eventually(t, 40*time.Second, "leaders are spread", func() bool {
		l := leaders(t, b, "HOOKS_")
		return len(l) == 3 && l[0] != l[1] && l[1] != l[2] && l[0] != l[2]
	})
}

// testFaults kills and freezes servers and workers under load.
func testFaults(t *testing.T) {
	c := startCluster(t)
	do := task{Servers: c.addresses(), Prefix: "faults", Journal: filepath.Join(t.TempDir(), "journal"), Work: true}
	b := open(t, do.options())
	running(t, func(ctx context.Context) error { return b.Balance(ctx, "test") })
	settled(t, b)
	steady, mortal := startNode(t, do), startNode(t, do)

	l := &load{inOrder: map[string]int{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	group.Go(func() { l.run(ctx, t, b, 5*time.Millisecond) })
	for hook := range 3 {
		group.Go(func() { l.inSequence(ctx, b, fmt.Sprintf("seq_%d", hook)) })
	}
	wait(t.Context(), 500*time.Millisecond)
	faults := 0
	for end := time.Now().Add(*long); ; {
		victim := leaders(t, b, "HOOKS_0")
		if len(victim) != 1 {
			continue
		}
		c.kill(victim[0])
		wait(t.Context(), 2*time.Second)
		mortal.Process.Kill()
		mortal.Wait()
		mortal = startNode(t, do)
		c.start(t, victim[0])
		wait(t.Context(), time.Second)
		var frozen sync.WaitGroup
		frozen.Go(func() { freeze(t, func(s syscall.Signal) { c.signal((victim[0]+1)%3, s) }) })
		frozen.Go(func() { freeze(t, func(s syscall.Signal) { steady.Process.Signal(s) }) })
		frozen.Wait()
		faults += 4
		if time.Now().After(end) {
			break
		}
		settled(t, b)
	}
	cancel()
	group.Wait()
	t.Cleanup(func() { diagnose(t, b) })
	l.check(t, do.Journal)
	t.Logf("%d faults, %d accepted, %d refused, slowest answer %v, longest gap %v, %d run more than once",
		faults, len(l.sent), l.refused, l.slowest, l.gap, outcomes(t, do.Journal).twice())
}

// freeze stops a process for longer than AckWait.
func freeze(t *testing.T, signal func(syscall.Signal)) {
	t.Helper()
	signal(syscall.SIGSTOP)
	wait(t.Context(), nodeAckWait+rand.N(time.Second))
	signal(syscall.SIGCONT)
}

// check waits for the outcome of everything that was accepted.
func (l *load) check(t *testing.T, path string) {
	t.Helper()
	eventually(t, 60*time.Second, "every accepted delivery has an outcome", func() bool {
		return strings.HasPrefix(outcomes(t, path).missing(l.sent), "0 ")
	})
	if l.gap > 3*time.Second {
		t.Errorf("nothing was accepted for %v", l.gap)
	}
	stuck := ""
	defer func() { t.Log(stuck) }()
	eventually(t, 30*time.Second, "every sequential one has, too", func() bool {
		for hook, n := range l.inOrder {
			if have := inOrder(t, path)[hook]; have != n {
				stuck = fmt.Sprintf("%s: %d of %d", hook, have, n)
				return false
			}
		}
		return true
	})
}

// inOrder counts the outcomes of sequential hooks that came in order. One that comes again
// has its outcome already; one that comes too early is a mistake.
func inOrder(t *testing.T, path string) map[string]int {
	t.Helper()
	next := map[string]int{}
	for _, line := range journal(t, path)["turn"] {
		hook, number, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(number)
		if err != nil || n > next[hook] {
			t.Fatalf("%s: %s came before %d", hook, number, next[hook])
		}
		if n == next[hook] {
			next[hook]++
		}
	}
	return next
}

// diagnose says where work is stuck.
func diagnose(t *testing.T, b *bus.Bus) {
	if !t.Failed() {
		return
	}
	s, err := b.Stats(context.Background())
	t.Logf("%+v %v", s, err)
}
