package poll_test

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/value"
)

const histories = 10_000

// TestModel lets random services and random crashes play against triggers: nothing is
// lost but what may be, nothing comes twice but behind a crash, and the order ascends.
// CLEAT_SEED repeats a run.
func TestModel(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("CLEAT_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	triggers := modelTriggers(t)
	var total tally
	var group sync.WaitGroup
	const workers = 4
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < histories && !t.Failed(); i += workers {
				h := newHistory(triggers, rand.New(rand.NewPCG(seed, uint64(i))))
				h.play(t)
				total.add(h.tally)
				for _, fault := range h.faults {
					t.Errorf("CLEAT_SEED=%d, history %d: %s\n%s", seed, i, fault, h.log.String())
				}
			}
		})
	}
	group.Wait()
	t.Logf("CLEAT_SEED=%d: %s", seed, total.String())
	if !t.Failed() && (total.given < histories || total.crashes < histories/10 || total.repeated == 0 || total.late == 0) {
		t.Errorf("the histories are too tame: %s", total.String())
	}
}

// tally counts what happened, so that a model in which nothing happens is noticed.
type tally struct {
	mu                                       sync.Mutex
	polls, given, repeated, late, crashes    int
	failures, interrupted, insertions, edits int
}

func (c *tally) add(o *tally) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.polls, c.given, c.repeated, c.late, c.crashes = c.polls+o.polls, c.given+o.given, c.repeated+o.repeated, c.late+o.late, c.crashes+o.crashes
	c.failures, c.interrupted, c.insertions, c.edits = c.failures+o.failures, c.interrupted+o.interrupted, c.insertions+o.insertions, c.edits+o.edits
}

func (c *tally) String() string {
	return fmt.Sprintf("%d polls, %d items given, %d repeated behind %d crashes, %d late; %d requests failed, %d polls interrupted, %d insertions between pages, %d edits",
		c.polls, c.given, c.repeated, c.crashes, c.late, c.failures, c.interrupted, c.insertions, c.edits)
}

// modelTriggers are triggers of both types and all orders.
func modelTriggers(t *testing.T) map[engine.Watch]*poll.Trigger {
	all := map[engine.Watch]*poll.Trigger{}
	for _, kind := range []string{"date", "id"} {
		for _, order := range []engine.Order{engine.Ascending, engine.Descending, engine.Unordered} {
			all[engine.Watch{ByDate: kind == "date", Order: order}] = compile(t, fmt.Sprintf(`{
				"url": "http://api.example/items",
				"qs": {"page": 1, "since": "{{data.lastDate || undefined}}", "after": "{{data.lastID || undefined}}"},
				"pagination": {"condition": "{{body.more}}", "qs": {"page": "{{pagination.page}}"}},
				"response": {"iterate": "{{body.items}}", "limit": "{{parameters.limit}}",
					"trigger": {"type": %q, "order": %q, "id": "{{item.id}}", "date": "{{item.at}}"}}}`, kind, order), "")
		}
	}
	return all
}

// row is an item of the simulated service.
type row struct {
	id string
	at int64 // milliseconds
}

func (r row) String() string { return fmt.Sprintf("%s@%d", r.id, r.at) }

// history is one random life of a service and of a trigger that watches it.
type history struct {
	*rand.Rand
	watch   engine.Watch
	trigger *poll.Trigger
	store   *memory
	poller  *poll.Poller

	rows     []row
	pageSize int
	filters  bool // the service obeys since, and after by id
	numeric  bool // ids are numbers
	limit    int
	nextID   int
	clock    int64
	view     []row // what the service shows during one poll
	failAt   int   // the request of a poll that fails, 0 for none
	insertAt int   // the request before which an item appears, 0 for none
	request  int
	between  []row // appeared between two pages of this poll
	shown    map[row]bool

	owed   map[row]bool // must come out, unless they disappear before
	stored map[row]bool // came out, and the state knows it
	lost   map[row]bool // appeared behind the state: must never come out
	faults []string
	log    strings.Builder
	*tally
}

func newHistory(triggers map[engine.Watch]*poll.Trigger, r *rand.Rand) *history {
	orders := []engine.Order{engine.Ascending, engine.Descending, engine.Unordered}
	h := &history{Rand: r, watch: engine.Watch{ByDate: r.IntN(2) == 0, Order: orders[r.IntN(3)]}, store: newMemory(),
		pageSize: 1 + r.IntN(5), filters: r.IntN(3) == 0, numeric: r.IntN(2) == 0, limit: 1 + r.IntN(6), nextID: 1 + r.IntN(20),
		clock: 1_700_000_000_000, owed: map[row]bool{}, stored: map[row]bool{}, lost: map[row]bool{}, tally: &tally{}}
	h.trigger = triggers[h.watch]
	h.poller = newPoller(h.store, serviceFunc(h.serve))
	fmt.Fprintf(&h.log, "%+v, pages of %d, limit %d, filters: %v, numeric: %v\n", h.watch, h.pageSize, h.limit, h.filters, h.numeric)
	return h
}

func (h *history) fault(format string, args ...any) {
	h.faults = append(h.faults, fmt.Sprintf(format, args...))
}

// play begins the trigger, lets things happen, and then polls until nothing comes.
func (h *history) play(t *testing.T) {
	for range h.IntN(6) {
		h.insert()
	}
	start := poll.Start{Choice: poll.All}
	for range 2 + h.IntN(7) {
		for range h.IntN(4) {
			h.happen()
		}
		h.poll(t, start, true)
	}
	for range 100 {
		if h.poll(t, start, false) == 0 {
			break
		}
	}
	for r := range h.owed {
		if slices.Contains(h.rows, r) {
			h.fault("%v is lost", r)
		}
	}
}

// happen is a random event at the service between two polls.
func (h *history) happen() {
	h.clock += int64(h.IntN(3)) // often the same millisecond
	switch dice := h.IntN(10); {
	case dice < 6 || len(h.rows) == 0:
		h.insert()
	case dice < 8:
		i := h.IntN(len(h.rows))
		fmt.Fprintf(&h.log, "  delete %v\n", h.rows[i])
		delete(h.owed, h.rows[i])
		h.rows = slices.Delete(h.rows, i, i+1)
	default:
		i := h.IntN(len(h.rows))
		before := h.rows[i]
		h.rows[i].at = h.clock
		if before != h.rows[i] {
			h.edits++
			fmt.Fprintf(&h.log, "  edit %v to %v\n", before, h.rows[i])
			h.changes(before, h.rows[i])
		}
	}
}

// changes enters an edit. By id an item with another date is still the same.
func (h *history) changes(before, after row) {
	if h.watch.ByDate {
		delete(h.owed, before)
		h.appears(after)
		return
	}
	for _, set := range []map[row]bool{h.owed, h.stored, h.lost} {
		if set[before] {
			delete(set, before)
			set[after] = true
		}
	}
}

// insert adds an item, now and then one that comes late.
func (h *history) insert() {
	number := h.nextID
	h.nextID += 1 + h.IntN(3)
	r := row{at: h.clock}
	if h.IntN(5) == 0 {
		r.at -= int64(h.IntN(6))
		number -= h.IntN(8)
	}
	for r.id = h.id(number); slices.ContainsFunc(h.rows, func(o row) bool { return o.id == r.id }); r.id = h.id(number) {
		number++
	}
	h.nextID = max(h.nextID, number+1)
	h.rows = append(h.rows, r)
	fmt.Fprintf(&h.log, "  insert %v\n", r)
	if h.request > 0 {
		h.between = append(h.between, r)
		return
	}
	h.appears(r)
}

func (h *history) id(number int) string {
	if h.numeric {
		return strconv.Itoa(number)
	}
	return fmt.Sprintf("k%04d", max(number, 0))
}

// appears decides from what has come out whether a new item is owed or too late.
func (h *history) appears(r row) {
	switch {
	case h.stored[r], h.lost[r]:
	case h.behind(r):
		h.late++
		h.lost[r] = true
		fmt.Fprintf(&h.log, "    which is late\n")
	default:
		h.owed[r] = true
	}
}

// behind reports whether something that was given stands after r.
func (h *history) behind(r row) bool {
	for s := range h.stored {
		if h.watch.ByDate && s.at > r.at || !h.watch.ByDate && h.compareIDs(s.id, r.id) >= 0 {
			return true
		}
	}
	return false
}

func (h *history) compareIDs(a, b string) int {
	if !h.numeric {
		return strings.Compare(a, b)
	}
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return cmp.Compare(x, y)
}

func (h *history) compare(a, b row) int {
	if h.watch.ByDate {
		return cmp.Or(cmp.Compare(a.at, b.at), h.compareIDs(a.id, b.id))
	}
	return h.compareIDs(a.id, b.id)
}

// look fixes the order in which the service shows its items during a poll. Items with
// the same date are in any order.
func (h *history) look() {
	h.view = slices.Clone(h.rows)
	h.Shuffle(len(h.view), func(i, j int) { h.view[i], h.view[j] = h.view[j], h.view[i] })
	h.arrange()
}

func (h *history) arrange() {
	if h.watch.Order == engine.Unordered {
		return
	}
	slices.SortStableFunc(h.view, func(a, b row) int {
		order := h.compareIDs(a.id, b.id)
		if h.watch.ByDate {
			order = cmp.Compare(a.at, b.at)
		}
		if h.watch.Order == engine.Descending {
			return -order
		}
		return order
	})
}

// serve answers one request of a poll.
func (h *history) serve(r *http.Request) string {
	h.request++
	if h.request == h.failAt {
		h.failures++
		return `{"items": "none"}` // iterate fails
	}
	if h.request == h.insertAt && h.watch.Order != engine.Unordered {
		h.insertions++
		h.clock++
		h.insert()
		h.view = append(h.view, h.rows[len(h.rows)-1])
		h.arrange()
	}
	q := r.URL.Query()
	page, _ := strconv.Atoi(q.Get("page"))
	var texts []string
	for _, r := range h.view {
		if h.filters && !h.passes(r, q.Get("since"), q.Get("after")) {
			continue
		}
		h.shown[r] = h.shown[r] || len(texts)/h.pageSize == page-1
		texts = append(texts, fmt.Sprintf(`{"id":%q,"at":%d}`, r.id, r.at))
	}
	return pageOf(texts, page, h.pageSize)
}

func (h *history) passes(r row, since, after string) bool {
	if h.watch.ByDate {
		t, err := time.Parse(time.RFC3339, since)
		return err != nil || r.at >= t.UnixMilli()
	}
	return after == "" || h.compareIDs(r.id, after) > 0
}

var errCrash = errors.New("crash")

// poll polls once, with trouble if it is allowed, and checks what came out.
func (h *history) poll(t *testing.T, start poll.Start, trouble bool) int {
	h.look()
	h.polls++
	h.failAt, h.insertAt, h.between, h.shown = 0, 0, nil, map[row]bool{}
	crash, stopAfter := false, -1
	if trouble {
		switch h.IntN(8) {
		case 0:
			crash = h.store.puts > 0
		case 1:
			stopAfter = h.IntN(3)
		case 2:
			h.failAt = 1 + h.IntN(3)
		case 3:
			h.insertAt = 2 + h.IntN(2)
		}
	}
	if crash {
		h.store.fail = errCrash
	}
	var out []row
	_, err := h.poller.Poll(t.Context(), h.trigger, poll.Request{ID: "t", From: start, Input: engine.Input{
		Parameters: value.Object("limit", value.Int(h.limit))}}, func(v value.Value) error {
		if len(out) == stopAfter {
			h.interrupted++
			return errors.New("no more")
		}
		out = append(out, row{v.Member("id").ToText(), int64(v.Member("at").ToNumber())})
		return nil
	})
	fmt.Fprintf(&h.log, "poll: %v, error %v\n", out, err)
	for _, r := range h.between {
		if h.shown[r] { // by what was stored before this poll
			h.appears(r)
		}
	}
	if err == nil || errors.Is(err, errCrash) || h.request == h.failAt || stopAfter >= 0 {
		err = nil
	}
	if err != nil {
		h.fault("%v", err)
	}
	h.check(out, crash && len(out) > 0)
	for _, r := range h.between {
		if !h.shown[r] {
			h.appears(r)
		}
	}
	h.request, h.store.fail = 0, nil
	return len(out)
}

// check compares what came out with what is owed.
func (h *history) check(out []row, crashed bool) {
	if len(out) > h.limit {
		h.fault("%d items, but the limit is %d", len(out), h.limit)
	}
	if !slices.IsSortedFunc(out, h.compare) {
		h.fault("%v is not in ascending order", out)
	}
	if crashed {
		h.crashes++
	}
	for i, r := range out {
		switch {
		case slices.Contains(out[:i], r):
			h.fault("%v came twice in one poll", r)
		case h.stored[r]:
			h.fault("%v came again", r)
		case h.lost[r]:
			h.fault("%v came though it is behind the last item", r)
		case !h.owed[r]:
			h.fault("%v came from nowhere", r)
		}
		if crashed {
			h.repeated++
		} else {
			h.given++
			delete(h.owed, r)
		}
	}
	if crashed {
		return
	}
	for _, r := range out {
		h.stored[r] = true
	}
}
