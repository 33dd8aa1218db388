//go:build linux

package kill_test

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/store"
)

var (
	rate     = flag.Int("rate", 100, "requests to hooks in a second")
	triggers = flag.Int("triggers", 30, "polling triggers")
	every    = flag.String("every", "2s", "between two polls of each")
	newItem  = flag.Duration("item", 500*time.Millisecond, "between two new items of the service that triggers ask")
	rounds   = flag.Int("rounds", 1, "rounds of faults: 1 is the short one, in more every fault is made")
	only     = flag.String("faults", "", "regular expression of the faults to make")
	seed     = flag.Uint64("seed", 1, "of the order of faults in rounds behind the first")
)

// suite is a cluster under load.
type suite struct {
	*cluster
	service    *items
	sent       *receiver
	use        *use
	handedOn   []string // hooks with a destination
	sequential hook
	hooks      []hook
	watched    []string // triggers
}

// TestKilled: whatever dies, freezes or is full in between, what was accepted is processed,
// no item of a trigger is lost or given twice, no two accepted runs of a trigger overlap,
// a sequential hook keeps its order, each expiry of a token is refreshed once, and what is
// done twice was in flight at a fault.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes more than a minute")
	}
	s := start(t)
	posted, used, repaired := make(chan struct{}), make(chan struct{}), make(chan struct{})
	var posting, using, repairing sync.WaitGroup
	posting.Go(func() { s.load.run(posted, s.urls, s.hooks, s.sequential, *rate) })
	using.Go(func() { s.use.run(used) })
	repairing.Go(func() { s.use.repair(repaired) })
	pause(3 * time.Second)
	s.load.mark()
	for _, step := range plan() {
		s.step(t, step)
		pause(time.Second)
		s.judge(t, step, s.load.mark())
	}
	close(posted)
	posting.Wait()
	s.service.last.Store(s.service.count())
	close(used)
	using.Wait()
	s.check(t)
	close(repaired)
	repairing.Wait()
	if t.Failed() {
		s.logs(t)
	}
}

// start starts everything, with hooks, triggers and connections, but no load.
func start(t *testing.T) *suite {
	t.Helper()
	s := &suite{service: &items{began: time.Now(), every: *newItem}, sent: &receiver{came: map[string]map[int64][]time.Time{}}}
	granting := newProvider(s.service)
	service, destination, auth := httptest.NewServer(s.service), httptest.NewServer(s.sent), httptest.NewServer(granting)
	t.Cleanup(func() { service.Close(); destination.Close(); auth.CloseClientConnections(); auth.Close() })
	s.cluster = startCluster(t)
	s.provider, s.load = granting, &load{accepted: map[string][]int64{}, wrong: map[string]int{}}
	granting.nodeOf = func(address string) int {
		return ownerOf(address, []int{s.nodes[0].pid(), s.nodes[1].pid(), s.nodes[2].pid()})
	}
	api := s.owner(t)
	app := api.upload(t, appFiles(service.URL, auth.URL))
	s.use = connect(t, s.cluster, app)
	s.makeHooks(t, api, app, destination.URL)
	s.makeTriggers(t, api, app)
	return s
}

// makeHooks makes three hooks whose bundles go to a destination, and a sequential one.
func (s *suite) makeHooks(t *testing.T, api *client, app, destination string) {
	t.Helper()
	var made struct{ ID string }
	api.must(t, "POST", "/v1/destinations", map[string]any{"name": "stub", "url": destination}, &made)
	for i := range 4 {
		wish := map[string]any{"name": fmt.Sprintf("hook %d", i), "app": app, "webhook": "inbox", "sequential": i == 3}
		if i < 3 {
			wish["destination"] = made.ID
		}
		var h hook
		api.must(t, "POST", "/v1/hooks", wish, &h)
		h.path = h.URL[len(api.url):]
		s.hooks = append(s.hooks, h)
	}
	s.hooks, s.sequential = s.hooks[:3], s.hooks[3]
	for _, h := range s.hooks {
		s.handedOn = append(s.handedOn, h.ID)
	}
}

// makeTriggers makes the triggers, the last ones with a connection each.
func (s *suite) makeTriggers(t *testing.T, api *client, app string) {
	t.Helper()
	for i := range *triggers {
		wish := map[string]any{"name": fmt.Sprintf("trigger %d", i), "app": app, "module": "watch", "every": *every, "from": "all"}
		if n := i - *triggers + connections; n >= 0 {
			wish["module"], wish["connection"] = "watchMine", s.use.accounts[n]
		}
		var made struct{ ID string }
		api.must(t, "POST", "/v1/triggers", wish, &made)
		s.watched = append(s.watched, made.ID)
	}
}

// attack is a fault and who it hits.
type attack struct {
	fault
	victim int
}

// plan says which faults are made at the same time, one step after the other. A long round
// makes each by itself; those behind it in a random order, two at once where they hit
// different parts.
func plan() [][]attack {
	wanted := regexp.MustCompile(*only)
	order := slices.DeleteFunc(slices.Clone(faults), func(f fault) bool {
		return !wanted.MatchString(f.name) || *rounds == 1 && *only == "" && f.step == 0
	})
	var steps [][]attack
	if *rounds == 1 && *only == "" {
		slices.SortStableFunc(order, func(a, b fault) int { return a.step - b.step })
	}
	for n, f := range order {
		if last := len(steps) - 1; *rounds == 1 && *only == "" && n > 0 && order[n-1].step == f.step {
			steps[last] = append(steps[last], attack{f, n % 3})
		} else {
			steps = append(steps, []attack{{f, n % 3}})
		}
	}
	random := rand.New(rand.NewPCG(*seed, 0))
	for range *rounds - 1 {
		random.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		steps = append(steps, pairs(order, random)...)
	}
	return steps
}

// pairs puts faults of different targets together as they come.
func pairs(order []fault, random *rand.Rand) [][]attack {
	var steps [][]attack
	for _, f := range order {
		if last := len(steps) - 1; last >= 0 && len(steps[last]) == 1 && steps[last][0].on != f.on {
			steps[last] = append(steps[last], attack{f, random.IntN(3)})
		} else {
			steps = append(steps, []attack{{f, random.IntN(3)}})
		}
	}
	return steps
}

// step makes faults at once.
func (s *suite) step(t *testing.T, attacks []attack) {
	var all sync.WaitGroup
	for _, a := range attacks {
		all.Go(func() {
			began := time.Now()
			switch err := s.make(a.fault, a.victim); {
			case errors.Is(err, errNotMade):
				t.Log(err)
			case err != nil:
				t.Errorf("at %s: %v", began.Format(clock), err)
			default:
				t.Logf("%s %s (%d), over after %.1f s", began.Format(clock), a.name, a.victim, time.Since(began).Seconds())
			}
		})
	}
	all.Wait()
}

// maxGap is the longest time without an accepted request while the queue has a majority.
// The goal is 3 s (work.md 14.1); a machine that does other things as well gets more.
const maxGap = 8 * time.Second

// judge looks at the hooks during a step.
func (s *suite) judge(t *testing.T, step []attack, got stretch) {
	t.Helper()
	t.Logf("    hooks meanwhile: %s", got)
	if got.gap > maxGap && !slices.ContainsFunc(step, func(a attack) bool { return a.refuse }) {
		t.Errorf("nothing was accepted for %.1f s, although two NATS servers worked", got.gap.Seconds())
	}
}

// settleTime is how long everything that was accepted may take to be processed when the
// faults are over: what a dead node has claimed waits a minute, a refresh of it 80 s, and a
// trigger that failed some minutes.
const settleTime = 5 * time.Minute

// check waits until everything is there, or nothing more comes, and judges it.
func (s *suite) check(t *testing.T) {
	t.Helper()
	began := time.Now()
	all, after, last := given{}, "", s.service.last.Load()
	for i := range 3 {
		s.mustBeReady(t, i)
	}
	if err := until(settleTime, "everything is processed", func() (err error) {
		if after, err = all.read(s.at(0), after); err != nil {
			return err
		}
		requests, items, handed := all.missing(s.load.accepted), all.missingItems(s.watched, last), s.sent.missing(s.load.accepted, s.handedOn)
		if requests+items+handed > 0 {
			return fmt.Errorf("%d requests, %d items and %d bundles at the destination are missing", requests, items, handed)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	t.Logf("settled %.1f s after the last request", time.Since(began).Seconds())
	s.load.report(t)
	s.use.report(t)
	complain(t, all.twice())
	complain(t, all.outOfPlace(s.watched))
	complain(t, outOfOrder(all[s.sequential.ID], distinct(s.load.accepted[s.sequential.ID])))
	records := s.opened(t)
	s.checkRecords(t, records)
	s.checkRefreshes(t, records)
	t.Logf("%d faults; %d nodes ended at their start, %d NATS servers had to be started anew after their disk was full", len(s.journal.spans), s.ended.Load(), s.emptied.Load())
}

// checkRecords judges what was begun twice, and the history of the triggers.
func (s *suite) checkRecords(t *testing.T, records *store.Store) {
	t.Helper()
	again := s.sent.again()
	complain(t, unexplained(again, &s.journal))
	runs, versions, err := pollRuns(t.Context(), records)
	if err != nil {
		t.Fatal(err)
	}
	complain(t, overlaps(runs, versions))
	begun, wrong, err := reruns(t.Context(), records, &s.journal)
	if err != nil {
		t.Fatal(err)
	}
	complain(t, wrong)
	polls := 0
	for _, all := range runs {
		polls += len(all)
	}
	t.Logf("%d bundles came to the destination once more, %d deliveries were begun more than once; %d polls of %d triggers", len(again), begun, polls, len(versions))
}

// checkRefreshes compares what the provider saw with the records, when nothing is on its
// way.
func (s *suite) checkRefreshes(t *testing.T, records *store.Store) {
	t.Helper()
	var granted, lost int
	var wrong []string
	err := until(30*time.Second, "tokens are as the provider gave them", func() error {
		stored, err := storedTokens(t.Context(), records)
		if err != nil {
			return err
		}
		granted, lost, wrong = refreshes{s.provider.history(), stored, cutBy(&s.journal)}.count()
		if len(wrong) > 0 {
			return errors.New(wrong[0])
		}
		return nil
	})
	if err != nil {
		complain(t, wrong)
	}
	t.Logf("%d refreshes, %d answers lost", granted, lost)
}

// complain fails the test with what is wrong, of much of it with the first.
func complain(t *testing.T, wrong []string) {
	t.Helper()
	for i, text := range wrong {
		if i == 10 {
			t.Errorf("and %d more like that", len(wrong)-10)
			return
		}
		t.Error(text)
	}
}
