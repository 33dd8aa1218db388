package storetest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
)

func newEvent(source, name string) *record.Event {
	return &record.Event{Source: source, App: "photos", Run: "run_1", Bundle: []byte(`{"name":"` + name + `"}`)}
}

// emit stores events as the outcome of a delivery.
func emit(t *testing.T, s Records, events ...*record.Event) {
	t.Helper()
	d := begin(t, s, newReceived(noon))
	ok(t, "EndDelivery", s.EndDelivery(t.Context(), d.ID, d.Fence, &record.DeliveryEnd{State: record.DeliveryDone, Events: events}))
}

func eventID(e *record.Event) string { return e.ID }

func testEvents(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	if seq := must[int64](t)(s.LastEvent(ctx)); seq != 0 {
		t.Errorf("the last event of an empty log is %d", seq)
	}
	to := insertDestination(t, s, "d")
	var all []*record.Event
	for i := range 6 {
		e := newEvent([]string{"trg_1", "hook_7"}[i%2], fmt.Sprint(i))
		if i == 3 {
			e.App = "videos"
		}
		if i == 4 {
			e.Destination = to.ID
		}
		all = append(all, e)
	}
	emit(t, s, all[:2]...)
	ok(t, "AppendEvents", s.AppendEvents(ctx, all[2:]...))
	ok(t, "AppendEvents of none", s.AppendEvents(ctx))
	for i, e := range all {
		recent(t, "Created", e.Created)
		if record.Kind(e.ID) != "evt" || e.Seq <= 0 || i > 0 && e.Seq <= all[i-1].Seq {
			t.Errorf("event %d is %+v", i, e)
		}
	}
	same(t, "Event", must[*record.Event](t)(s.Event(ctx, all[4].ID)), all[4])
	if seq := must[int64](t)(s.LastEvent(ctx)); seq != all[5].Seq {
		t.Errorf("the last event is %d, want %d", seq, all[5].Seq)
	}
	for _, test := range []struct {
		filter record.EventFilter
		after  int64
		n      int
		want   []*record.Event
	}{
		{record.EventFilter{}, 0, 10, all},
		{record.EventFilter{}, 0, 2, all[:2]},
		{record.EventFilter{}, all[1].Seq, 2, all[2:4]},
		{record.EventFilter{}, all[5].Seq, 2, []*record.Event{}},
		{record.EventFilter{Source: "trg_1"}, all[0].Seq, 10, []*record.Event{all[2], all[4]}},
		{record.EventFilter{App: "videos"}, 0, 10, all[3:4]},
		{record.EventFilter{Destination: to.ID}, 0, 10, all[4:5]},
		{record.EventFilter{Destination: to.ID, App: "videos"}, 0, 10, []*record.Event{}},
	} {
		got := must[[]*record.Event](t)(s.Events(ctx, test.filter, test.after, test.n))
		same(t, fmt.Sprintf("%+v behind %d", test.filter, test.after), got, test.want)
	}
	_, err := s.Event(ctx, "evt_none")
	wantError(t, "Event", err, record.ErrNotFound)
	if err := s.AppendEvents(ctx, newEvent("a", "new"), all[0]); err == nil {
		t.Error("an event that is there already: no error")
	}
	if seq := must[int64](t)(s.LastEvent(ctx)); seq != all[5].Seq {
		t.Errorf("half of the events were appended: the last is %d", seq)
	}
}

// A reader that goes from cursor to cursor while others write misses nothing.
func testEventRace(t *testing.T, at func(int64) Records) {
	const writers, rounds = 8, 12
	s := at(1)
	var (
		group sync.WaitGroup
		done  = make(chan struct{})
	)
	for i := range writers {
		s := at(1)
		group.Go(func() {
			for j := range rounds {
				emit(t, s, newEvent(fmt.Sprint("trg_", i), fmt.Sprint(j)), newEvent(fmt.Sprint("trg_", i), "twin"))
			}
		})
	}
	go func() { group.Wait(); close(done) }()
	seen := make(map[string]bool)
	for after, last := int64(0), false; ; {
		select {
		case <-done:
			last = true
		default:
		}
		events := must[[]*record.Event](t)(s.Events(t.Context(), record.EventFilter{}, after, 1000))
		for _, e := range events {
			seen[e.ID] = true
			after = e.Seq
		}
		if last && len(events) == 0 {
			break
		}
	}
	if len(seen) != writers*rounds*2 {
		t.Errorf("the reader saw %d of %d events", len(seen), writers*rounds*2)
	}
}

func insertDestination(t *testing.T, s Records, name string) *record.Destination {
	t.Helper()
	d := &record.Destination{Name: name, URL: "https://a.example/" + name, Secret: "whsec_" + name}
	ok(t, "InsertDestination", s.InsertDestination(t.Context(), d))
	return d
}

func testDestination(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	b, a := insertDestination(t, s, "b"), insertDestination(t, s, "a")
	recent(t, "Created", a.Created)
	if record.Kind(a.ID) != "dst" || a.Version != 1 || a.Updated != a.Created {
		t.Errorf("InsertDestination left %+v", a)
	}
	get := must[*record.Destination](t)
	same(t, "Destination", get(s.Destination(ctx, a.ID)), a)
	same(t, "Destinations", must[[]*record.Destination](t)(s.Destinations(ctx)), []*record.Destination{a, b})
	wantError(t, "a name that is taken", s.InsertDestination(ctx, &record.Destination{Name: "a"}), record.ErrTaken)
	stale := *a
	a.Name, a.URL, a.Secret, a.Paused = "c", "https://b.example", "whsec_2", "410 Gone"
	ok(t, "UpdateDestination", s.UpdateDestination(ctx, a))
	same(t, "the changed one", get(s.Destination(ctx, a.ID)), a)
	wantError(t, "an older version", s.UpdateDestination(ctx, &stale), record.ErrConflict)
	taken := *a
	taken.Name = "b"
	wantError(t, "a name that is taken", s.UpdateDestination(ctx, &taken), record.ErrTaken)

	trigger := newTrigger("t")
	trigger.Destination = a.ID
	insertTrigger(t, s, trigger)
	hook := newHook("h")
	hook.Destination = a.ID
	insertHook(t, s, hook)
	SameHook(t, readHook(t, s, hook.ID), hook)
	for _, remove := range []func() error{
		func() error { return s.DeleteTrigger(ctx, trigger.ID) }, func() error { return s.DeleteHook(ctx, hook.ID) },
	} {
		wantError(t, "one in use", s.DeleteDestination(ctx, a.ID), record.ErrConflict)
		ok(t, "remove a use", remove())
	}
	emit(t, s, to(a, newEvent("trg_1", "1")))
	ok(t, "DeleteDestination", s.DeleteDestination(ctx, a.ID))
	wantError(t, "again", s.DeleteDestination(ctx, a.ID), record.ErrNotFound)
	wantError(t, "an update of it", s.UpdateDestination(ctx, a), record.ErrNotFound)
	lost := to(a, newEvent("trg_1", "2"))
	emit(t, s, lost) // is in the log all the same
	same(t, "an event to nowhere", must[*record.Event](t)(s.Event(ctx, lost.ID)), lost)
	hook = newHook("h2")
	hook.Destination = a.ID
	wantError(t, "a hook to nowhere", s.InsertHook(ctx, hook), record.ErrNotFound)
}

func to(d *record.Destination, e *record.Event) *record.Event {
	e.Destination = d.ID
	return e
}

// wish wants up to n of every destination that has something due.
func wish(t *testing.T, s Records, now time.Time, n int) []record.Share {
	t.Helper()
	due, err := s.DueDestinations(t.Context(), now)
	if err != nil {
		t.Error(err)
	}
	var all []record.Share
	for _, d := range due {
		all = append(all, record.Share{Destination: d.ID, Most: n})
	}
	return all
}

// claimed takes what is due and returns it with the names of the events.
func claimed(t *testing.T, s Records, owner string, now time.Time, n int) []*record.Handover {
	t.Helper()
	handovers, events, err := s.ClaimHandovers(t.Context(), owner, now, now.Add(time.Minute), wish(t, s, now, n))
	ok(t, "ClaimHandovers", err)
	for i, h := range handovers {
		if len(events) != len(handovers) || events[i].ID != h.Event || len(events[i].Bundle) == 0 {
			t.Fatalf("handover %+v with event %+v", h, events[i])
		}
	}
	return handovers
}

func eventOf(h *record.Handover) string { return h.Event }

func end(t *testing.T, s Records, h *record.Handover, state record.HandoverState, next time.Time) {
	t.Helper()
	h.State, h.NextAt, h.Tries = state, next, h.Tries+1
	ok(t, "EndHandover", s.EndHandover(t.Context(), h, ""))
}

func testHandover(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	two := newTeam(t, s, "two")
	mine, theirs := insertDestination(t, s, "d"), insertDestination(t, at(two), "d")
	a, b, c := to(mine, newEvent("trg_1", "a")), to(mine, newEvent("trg_1", "b")), to(theirs, newEvent("trg_2", "c"))
	emit(t, s, a, b, newEvent("trg_1", "for the log only"))
	emit(t, at(two), c)
	now := time.UnixMilli(time.Now().Add(time.Second).UnixMilli()).UTC()
	if early := claimed(t, s, "n1", now.Add(-time.Hour), 10); len(early) != 0 {
		t.Errorf("due before they are there: %v", early)
	}
	got := claimed(t, s, "n1", now, 10)
	names := ids(got, eventOf)
	slices.Sort(names)
	want := []string{a.ID, b.ID, c.ID}
	slices.Sort(want)
	same(t, "due", names, want)
	for _, h := range got {
		if h.State != record.HandoverPending || h.Tries != 0 || h.Owner != "n1" || h.Team != map[string]int64{a.ID: 1, b.ID: 1, c.ID: two}[h.Event] {
			t.Errorf("claimed %+v", h)
		}
	}
	if again := claimed(t, s, "n2", now, 10); len(again) != 0 {
		t.Errorf("claimed twice: %v", again)
	}
	// An owner that is gone loses them.
	now = now.Add(time.Minute)
	second := claimed(t, s, "n2", now, 10)
	if len(second) != 3 {
		t.Fatalf("%d after the claim has ended", len(second))
	}
	wantError(t, "the first owner", s.EndHandover(ctx, got[0], ""), record.ErrFenced)
	byID := make(map[string]*record.Handover)
	for _, h := range second {
		byID[h.Event] = h
	}
	byID[a.ID].Status, byID[a.ID].Error = 503, "busy"
	end(t, s, byID[a.ID], record.HandoverPending, now.Add(time.Hour))
	end(t, s, byID[b.ID], record.HandoverDone, time.Time{})
	end(t, s, byID[c.ID], record.HandoverDead, time.Time{})
	wantError(t, "a second end", s.EndHandover(ctx, byID[b.ID], ""), record.ErrFenced)
	if rest := claimed(t, s, "n1", now, 10); len(rest) != 0 {
		t.Errorf("due too early: %v", rest)
	}
	list := func(state record.HandoverState) []*record.Handover {
		return must[[]*record.Handover](t)(s.Handovers(ctx, mine.ID, state, record.Page{}))
	}
	same(t, "pending", list(record.HandoverPending), []*record.Handover{byID[a.ID]})
	same(t, "done", list(record.HandoverDone), []*record.Handover{byID[b.ID]})
	if all := list(""); len(all) != 2 || all[0].Event < all[1].Event {
		t.Errorf("all: %v", all)
	}
	if last := claimed(t, s, "n1", now.Add(time.Hour), 10); len(last) != 1 || last[0].Event != a.ID || last[0].Tries != 1 || last[0].Status != 503 {
		t.Errorf("the next try: %+v", last)
	}
}

func testSequential(t *testing.T, at func(int64) Records) {
	s := at(1)
	d := insertDestination(t, s, "d")
	in := func(source, name string) *record.Event {
		e := to(d, newEvent(source, name))
		e.Sequential = true
		return e
	}
	a1, a2, b1, a3, b2 := in("a", "1"), in("a", "2"), in("b", "1"), in("a", "3"), in("b", "2")
	free := to(d, newEvent("a", "free"))
	emit(t, s, a1, a2, b1, a3, b2, free)
	now := time.Now().Add(time.Second)
	give := func(want ...*record.Event) map[string]*record.Handover {
		t.Helper()
		got := make(map[string]*record.Handover)
		handovers := claimed(t, s, "n1", now, 10)
		for _, h := range handovers {
			got[h.Event] = h
		}
		wanted, names := ids(want, eventID), ids(handovers, eventOf)
		slices.Sort(wanted)
		slices.Sort(names)
		same(t, "given", names, wanted)
		return got
	}
	first := give(a1, b1, free)
	give()
	end(t, s, first[a1.ID], record.HandoverPending, now.Add(time.Hour)) // keeps a2 and a3 waiting
	end(t, s, first[b1.ID], record.HandoverDone, time.Time{})
	end(t, s, first[free.ID], record.HandoverDone, time.Time{})
	end(t, s, give(b2)[b2.ID], record.HandoverDone, time.Time{})
	give()
	now = now.Add(time.Hour)
	end(t, s, give(a1)[a1.ID], record.HandoverDead, time.Time{})
	end(t, s, give(a2)[a2.ID], record.HandoverDone, time.Time{})
	end(t, s, give(a3)[a3.ID], record.HandoverDone, time.Time{})
	give()
}

func testPaused(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	d, other := insertDestination(t, s, "d"), insertDestination(t, s, "other")
	emit(t, s, to(d, newEvent("a", "1")), to(other, newEvent("a", "2")))
	now := time.Now().Add(time.Second)
	for _, h := range claimed(t, s, "n1", now, 10) {
		if h.Destination != d.ID {
			continue
		}
		h.Tries, h.NextAt, h.Status = 1, now.Add(time.Hour), 410
		ok(t, "EndHandover", s.EndHandover(ctx, h, "it answered 410 Gone"))
	}
	emit(t, s, to(d, newEvent("a", "3")))
	got := must[*record.Destination](t)(s.Destination(ctx, d.ID))
	if got.Paused != "it answered 410 Gone" {
		t.Errorf("paused is %q", got.Paused)
	}
	if late := claimed(t, s, "n1", now.Add(2*time.Hour), 10); len(late) != 1 || late[0].Destination != other.ID {
		t.Errorf("while it is paused: %v", late)
	}
	got.Paused = ""
	ok(t, "UpdateDestination", s.UpdateDestination(ctx, got))
	if due := claimed(t, s, "n1", time.Now().Add(time.Second), 10); len(due) != 2 {
		t.Errorf("%d are due afterwards, want 2", len(due))
	}
}

// What several workers claim at once is given to one each.
func testHandoverRace(t *testing.T, at func(int64) Records) {
	s := at(1)
	d, e := insertDestination(t, s, "d"), insertDestination(t, s, "e")
	for i := range 20 {
		emit(t, s, to(d, newEvent("a", fmt.Sprint(i))), to(e, newEvent("b", fmt.Sprint(i))))
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		given = make(map[string]int)
		now   = time.Now().Add(time.Second)
	)
	for i := range 6 {
		s := at(1)
		group.Go(func() {
			for range 20 {
				handovers, _, err := s.ClaimHandovers(t.Context(), fmt.Sprint("n", i), now, now.Add(time.Minute), wish(t, s, now, 2))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for _, h := range handovers {
					given[h.Event]++
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	for id, n := range given {
		if n != 1 {
			t.Errorf("event %s was given %d times", id, n)
		}
	}
	if len(given) != 40 {
		t.Errorf("%d events were given, want 40", len(given))
	}
}

func testReplay(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	d, other := insertDestination(t, s, "d"), insertDestination(t, s, "other")
	dead, sending, done := to(d, newEvent("a", "1")), to(d, newEvent("a", "2")), to(d, newEvent("a", "3"))
	elsewhere := to(other, newEvent("a", "4"))
	emit(t, s, dead, sending, done, elsewhere)
	now := time.Now().Add(time.Second)
	for _, h := range claimed(t, s, "n1", now, 10) {
		switch h.Event {
		case dead.ID:
			h.Status, h.Error = 500, "broken"
			end(t, s, h, record.HandoverDead, time.Time{})
		case done.ID, elsewhere.ID:
			end(t, s, h, record.HandoverDone, time.Time{})
		}
	}
	n := must[int](t)(s.Replay(ctx, d.ID, dead.ID, sending.ID, done.ID, elsewhere.ID, "evt_none"))
	if n != 2 {
		t.Errorf("%d are replayed, want 2", n)
	}
	again := claimed(t, s, "n2", now, 10)
	if len(again) != 2 || again[0].Tries != 0 || again[0].Status != 0 || again[0].Error != "" {
		t.Errorf("due again: %+v", again)
	}
	if n := must[int](t)(s.Replay(ctx, d.ID)); n != 0 {
		t.Errorf("nothing: %d are replayed", n)
	}
}

func newReply() *record.Reply {
	return &record.Reply{Key: "k", Actor: "tok_1", Digest: "d", Expires: time.UnixMilli(time.Now().Add(time.Hour).UnixMilli()).UTC()}
}

func testReply(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	reserve := func(r *record.Reply, want bool) *record.Reply {
		t.Helper()
		if first, err := s.BeginReply(ctx, r); err != nil || first != want {
			t.Fatalf("BeginReply: first %v, error %v, want %v", first, err, want)
		}
		return r
	}
	reserve(newReply(), true)
	same(t, "under way", reserve(&record.Reply{Key: "k", Actor: "tok_1", Digest: "other", Expires: noon}, false).Digest, "d")
	for _, r := range []record.Reply{{Key: "k2", Actor: "tok_1"}, {Key: "k", Actor: "tok_2"}} {
		r.Expires = newReply().Expires
		reserve(&r, true)
	}
	answer := newReply()
	answer.Status, answer.Header, answer.Body = 201, []byte(`{"Location":"/v1/run"}`), []byte("Tok\x00")
	answer.Expires = answer.Expires.Add(time.Hour)
	ok(t, "EndReply", s.EndReply(ctx, answer))
	got := reserve(newReply(), false)
	same(t, "until when it is kept", got.Expires.UnixMilli(), answer.Expires.UnixMilli())
	got.Expires = answer.Expires
	same(t, "the answer", got, answer)
	wantError(t, "a key that is not reserved", s.EndReply(ctx, &record.Reply{Key: "none", Actor: "tok_1", Status: 200}), record.ErrNotFound)

	free := &record.Reply{Key: "k2", Actor: "tok_1"}
	ok(t, "to give a key back", s.EndReply(ctx, free))
	old := &record.Reply{Key: "k2", Actor: "tok_1", Expires: time.Now().Add(-time.Second)}
	reserve(old, true)
	reserve(&record.Reply{Key: "k2", Actor: "tok_1", Expires: newReply().Expires}, true) // it has expired
}

func testReplyRace(t *testing.T, at func(int64) Records) {
	var (
		group  sync.WaitGroup
		mu     sync.Mutex
		firsts int
	)
	for range 20 {
		group.Go(func() {
			first, err := at(1).BeginReply(t.Context(), newReply())
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if first {
				firsts++
			}
		})
	}
	group.Wait()
	if firsts != 1 {
		t.Errorf("%d callers were first", firsts)
	}
}

func testPruneRecords(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	ana := newUser(t, s, "ana", 1, record.Owner)
	d := insertDestination(t, s, "d")
	sent, waiting := to(d, newEvent("a", "sent")), to(d, newEvent("a", "waiting"))
	emit(t, s, newEvent("a", "log"), sent, waiting)
	for _, h := range claimed(t, s, "n1", time.Now().Add(time.Second), 10) {
		if h.Event == sent.ID {
			end(t, s, h, record.HandoverDone, time.Time{})
		}
	}
	open := begin(t, s, newReceived(noon))
	for range 3 {
		emit(t, s)
	}
	kept := newRun(time.Now())
	long := newRun(noon)
	long.Ended = time.Now()
	ok(t, "PutRuns", s.PutRuns(ctx, newRun(noon), newRun(noon), kept, long))
	ok(t, "AppendAudit", s.AppendAudit(ctx, &record.Audit{At: noon}))
	for _, expires := range []time.Duration{-time.Hour, time.Hour} {
		l, r := newLink(fmt.Sprint(expires)), newReply()
		l.Expires, r.Expires, r.Key = time.Now().Add(expires), time.Now().Add(expires), fmt.Sprint(expires)
		ok(t, "InsertLink", s.InsertLink(ctx, l))
		_, err := s.BeginReply(ctx, r)
		ok(t, "BeginReply", err)
		ok(t, "InsertSession", s.InsertSession(ctx, &record.Session{Hash: fmt.Sprint(expires), User: ana.ID, Team: 1, Expires: l.Expires}))
	}
	for _, expires := range []time.Duration{time.Hour, -time.Hour} { // to store one removes those that have expired
		f := newFlow(fmt.Sprint(expires))
		f.Expires = time.Now().Add(expires)
		insertFlow(t, s, f)
	}
	if n := must[int](t)(s.Prune(ctx, record.Retention{}, 100)); n != 4 { // a link, a reply, a session, a flow
		t.Errorf("with nothing to keep for a time: %d", n)
	}
	before := time.Now().Add(-time.Minute)
	later := time.Now().Add(time.Minute)
	r := record.Retention{Deliveries: later, Runs: before, Events: later, Audit: before}
	total := 0
	for range 100 {
		n := must[int](t)(s.Prune(ctx, r, 2))
		if total += n; n == 0 {
			break
		}
		if n > 8 {
			t.Errorf("a step of %d", n)
		}
	}
	if total != 4+2+2+1 { // deliveries, events, runs, audit
		t.Errorf("%d were removed", total)
	}
	must[*record.Delivery](t)(s.Delivery(ctx, open.ID))
	same(t, "the events", ids(must[[]*record.Event](t)(s.Events(ctx, record.EventFilter{}, 0, 10)), eventID), []string{waiting.ID})
	same(t, "the runs", ids(must[[]*record.Run](t)(s.Runs(ctx, record.RunFilter{}, record.Page{})), runID), []string{kept.ID, long.ID})
	must[*record.Link](t)(s.Link(ctx, fmt.Sprint(time.Hour)))
	must[*record.Session](t)(s.Session(ctx, fmt.Sprint(time.Hour)))
	must[*connect.Flow](t)(s.FlowBy(ctx, newFlow(fmt.Sprint(time.Hour)).TokenHash, ""))
}
