package kill_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"
)

var (
	rate     = flag.Int("rate", 100, "requests to hooks in a second")
	triggers = flag.Int("triggers", 30, "polling triggers")
	every    = flag.String("every", "2s", "between two polls of each")
	rounds   = flag.Int("rounds", 1, "rounds of faults")
	only     = flag.String("faults", "", "regular expression of the faults to make")
	seed     = flag.Uint64("seed", 1, "of the order of faults in rounds behind the first")
)

// fault is something that happens to the installation, and is over when it returns.
type fault struct {
	name string
	do   func(*testing.T, *cluster, int)
}

var faults = []fault{
	{"kill -9 of a node", func(t *testing.T, c *cluster, i int) {
		c.nodes[i].kill()
		pause(2 * time.Second)
		c.nodes[i].start(t)
		c.ready(t, i)
	}},
	{"kill -9 of a NATS server", func(t *testing.T, c *cluster, i int) {
		c.nats[i].kill()
		pause(5 * time.Second)
		c.nats[i].start(t)
		pause(3 * time.Second)
	}},
	{"PostgreSQL restarted", func(t *testing.T, c *cluster, _ int) {
		if err := c.records.Stop(); err != nil {
			t.Error(err)
		}
		pause(2 * time.Second)
		if err := c.records.Restart(); err != nil {
			t.Fatal(err)
		}
	}},
	{"PostgreSQL killed", func(t *testing.T, c *cluster, _ int) {
		if err := c.records.Kill(); err != nil {
			t.Error(err)
		}
		pause(time.Second)
		if err := c.records.Restart(); err != nil {
			t.Fatal(err)
		}
	}},
	{"a node frozen", func(t *testing.T, c *cluster, i int) {
		c.nodes[i].signal(syscall.SIGSTOP)
		pause(frozen())
		c.nodes[i].signal(syscall.SIGCONT)
	}},
	{"SIGTERM of a node", func(t *testing.T, c *cluster, i int) {
		c.nodes[i].signal(syscall.SIGTERM)
		if err := c.nodes[i].cmd.Wait(); err != nil {
			t.Errorf("a node that was asked to end: %v", err)
		}
		c.nodes[i].start(t)
		c.ready(t, i)
	}},
}

// frozen is how long a node does not run: longer than the bus waits for it in long rounds.
func frozen() time.Duration {
	if *rounds > 1 {
		return 30 * time.Second
	}
	return 12 * time.Second
}

// TestKilled: what was accepted is processed, no item of a trigger is lost or given twice,
// and a sequential hook keeps its order, whatever dies in between.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes more than a minute")
	}
	service := &items{began: time.Now(), every: 500 * time.Millisecond}
	stub := httptest.NewServer(service)
	defer stub.Close()
	c := startCluster(t, stub.URL)
	api := c.owner(t)
	name := api.upload(t, appFiles(stub.URL))
	hooks, sequential := makeHooks(t, api, name)
	watched := makeTriggers(t, api, name)
	l := &load{accepted: map[string][]int64{}}
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() { defer close(ended); l.run(done, c.urls, hooks, sequential, *rate) }()
	pause(3 * time.Second)
	wanted := regexp.MustCompile(*only)
	random := rand.New(rand.NewPCG(*seed, 0))
	for round := range *rounds {
		order := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool { return !wanted.MatchString(f.name) })
		if round > 0 {
			random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		}
		for n, f := range order {
			i := n % 3
			if round > 0 {
				i = random.IntN(3)
			}
			began := time.Now()
			f.do(t, c, i)
			t.Logf("%s (%d), over after %.1f s", f.name, i, time.Since(began).Seconds())
			pause(2 * time.Second)
		}
	}
	close(done)
	<-ended
	service.last.Store(service.count())
	l.report(t)
	check(t, c, l, sequential, watched, service.last.Load())
}

func makeHooks(t *testing.T, api *client, name string) (hooks []hook, sequential hook) {
	t.Helper()
	for i := range 4 {
		var h hook
		api.must(t, "POST", "/v1/hooks", map[string]any{"name": fmt.Sprintf("hook %d", i), "app": name, "webhook": "inbox", "sequential": i == 3}, &h)
		h.path = h.URL[len(api.url):]
		hooks = append(hooks, h)
	}
	return hooks[:3], hooks[3]
}

func makeTriggers(t *testing.T, api *client, name string) []string {
	t.Helper()
	var ids []string
	for i := range *triggers {
		var made struct{ ID string }
		api.must(t, "POST", "/v1/triggers", map[string]any{"name": fmt.Sprintf("trigger %d", i), "app": name, "module": "watch", "every": *every, "from": "all"}, &made)
		ids = append(ids, made.ID)
	}
	return ids
}

func (l *load) report(t *testing.T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, all := range l.accepted {
		n += len(all)
	}
	t.Logf("%d requests accepted, %d not; slowest answer %.1f s, longest gap %.1f s", n, l.refused, l.slowest.Seconds(), l.gap.Seconds())
}

// settleTime is how long everything that was accepted may take to be processed when the
// faults are over: late attempts wait a minute at most.
const settleTime = 150 * time.Second

// check reads the event log until everything is there, or nothing more comes.
func check(t *testing.T, c *cluster, l *load, sequential hook, watched []string, last int64) {
	t.Helper()
	api := c.reader(t)
	given := map[string][]int64{} // by source, in the order of the log
	after := ""
	for deadline := time.Now().Add(settleTime); ; {
		events, next, err := api.log(after)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			given[e.Source] = append(given[e.Source], e.Bundle.N+e.Bundle.ID) // one of them is 0
		}
		after = next
		missing := l.missing(given) + missingItems(given, watched, last)
		if missing == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Errorf("%d requests and %d items are missing", l.missing(given), missingItems(given, watched, last))
			break
		}
		pause(500 * time.Millisecond)
	}
	checkItems(t, given, watched, last)
	checkOrder(t, given[sequential.ID], distinct(l.accepted[sequential.ID]))
	if t.Failed() {
		c.logs(t)
		var page struct{ Items []json.RawMessage }
		api.must(t, "GET", "/v1/triggers?limit=2", nil, &page)
		t.Logf("the first triggers: %s", page.Items)
	}
	twice := 0
	for source := range l.accepted {
		twice += len(given[source]) - len(distinct(given[source]))
	}
	t.Logf("%d bundles of requests came twice", twice)
	if twice > 100**rounds {
		t.Errorf("%d bundles came twice: more than can have been in flight", twice)
	}
}

func distinct(all []int64) map[int64]bool {
	set := map[int64]bool{}
	for _, n := range all {
		set[n] = true
	}
	return set
}

// missing counts the accepted requests without a bundle.
func (l *load) missing(given map[string][]int64) int {
	n := 0
	for source, accepted := range l.accepted {
		got := distinct(given[source])
		for _, id := range accepted {
			if !got[id] {
				n++
			}
		}
	}
	return n
}

func missingItems(given map[string][]int64, watched []string, last int64) int {
	n := 0
	for _, id := range watched {
		n += max(0, int(last)-len(distinct(given[id])))
	}
	return n
}

// checkItems: each trigger gave 1, 2, 3 … once and in order, so no two accepted polls of
// it overlapped (work.md 8).
func checkItems(t *testing.T, given map[string][]int64, watched []string, last int64) {
	t.Helper()
	for _, id := range watched {
		for i, n := range given[id] {
			if n != int64(i+1) {
				t.Errorf("trigger %s gave item %d in place %d of %d", id, n, i+1, last)
				break
			}
		}
	}
}

// checkOrder: what was accepted of a sequential hook was worked on in order. What the sender
// gave up waiting for may have come later.
func checkOrder(t *testing.T, given []int64, accepted map[int64]bool) {
	t.Helper()
	newest := int64(0)
	for _, n := range given {
		if !accepted[n] {
			continue
		}
		if n < newest {
			t.Errorf("the sequential hook gave %d behind %d", n, newest)
			return
		}
		newest = n
	}
}

// reader is a client of a node that answers.
func (c *cluster) reader(t *testing.T) *client {
	t.Helper()
	for i := range 3 {
		c.ready(t, i)
	}
	api := newClient(c.urls[0])
	api.token = c.token
	return api
}
