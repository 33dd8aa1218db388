package storetest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
)

func testApp(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	upload := func(archive string, activate bool) (*record.App, *record.Version) {
		t.Helper()
		a, v := &record.App{Name: "photos", Label: "Photos"}, &record.Version{Declared: "1.0", Errors: 1, Warnings: 2, By: "usr_1"}
		ok(t, "InsertVersion", s.InsertVersion(ctx, a, v, []byte(archive), activate))
		return a, v
	}
	a, v := upload("one", false)
	recent(t, "Created", a.Created)
	if record.Kind(a.ID) != "app" || a.Active != 1 || v.App != a.ID || v.Number != 1 || v.Size != 3 || len(v.Digest) != 64 {
		t.Errorf("InsertVersion left %+v, %+v", a, v)
	}
	get := must[*record.App](t)
	same(t, "App", get(s.App(ctx, a.ID)), a)
	same(t, "AppNamed", get(s.AppNamed(ctx, "photos")), a)
	again, same1 := upload("one", true)
	same(t, "the same archive", same1, v)
	if again.ID != a.ID {
		t.Errorf("another app: %+v", again)
	}
	second, _ := upload("two", false)
	third, v3 := upload("one", true)
	if second.Active != 1 || v3.Number != 3 || third.Active != 3 {
		t.Errorf("second %+v, third %+v, version %+v", second, third, v3)
	}
	versions := must[[]*record.Version](t)(s.Versions(ctx, a.ID))
	if len(versions) != 3 || versions[0].Number != 3 {
		t.Errorf("the versions are %v", versions)
	}
	same(t, "the first version", versions[2], v)
	if got := must[[]byte](t)(s.Archive(ctx, a.ID, 2)); string(got) != "two" {
		t.Errorf("the archive is %q", got)
	}
	ok(t, "Activate", s.Activate(ctx, a.ID, 2))
	if got := get(s.App(ctx, a.ID)); got.Active != 2 {
		t.Errorf("active is %d", got.Active)
	}
	_, err := s.Archive(ctx, a.ID, 4)
	wantError(t, "Archive", err, record.ErrNotFound)
	wantError(t, "Activate", s.Activate(ctx, a.ID, 4), record.ErrNotFound)
	_, err = s.Versions(ctx, "app_none")
	wantError(t, "Versions", err, record.ErrNotFound)
	if apps := must[[]*record.App](t)(s.Apps(ctx)); len(apps) != 1 {
		t.Errorf("%d apps", len(apps))
	}
}

// Uploads at once make one app with a version each.
func testAppRace(t *testing.T, at func(int64) Records) {
	s := at(1)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			if err := s.InsertVersion(t.Context(), &record.App{Name: "a"}, &record.Version{}, []byte{byte(i)}, true); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	a := must[*record.App](t)(s.AppNamed(t.Context(), "a"))
	if n := len(must[[]*record.Version](t)(s.Versions(t.Context(), a.ID))); n != 8 || a.Active != 8 {
		t.Errorf("%d versions, active %d", n, a.Active)
	}
}

func testDeleteApp(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	a := newApp(t, s, "photos")
	c := newRecord("c")
	c.App = "photos"
	insert(t, s, c)
	h := newHook("h")
	h.App = "photos"
	insertHook(t, s, h)
	trigger := insertTrigger(t, s, newTrigger("t"))
	for _, remove := range []func() error{
		func() error { return s.DeleteConnection(ctx, c.ID) },
		func() error { return s.DeleteHook(ctx, h.ID) },
		func() error { return s.DeleteTrigger(ctx, trigger.ID) },
	} {
		wantError(t, "DeleteApp", s.DeleteApp(ctx, a.ID), record.ErrConflict)
		ok(t, "remove a use", remove())
	}
	ok(t, "DeleteApp", s.DeleteApp(ctx, a.ID))
	_, err := s.Archive(ctx, a.ID, 1)
	wantError(t, "its archive", err, record.ErrNotFound)
	wantError(t, "again", s.DeleteApp(ctx, a.ID), record.ErrNotFound)
}

func newApp(t *testing.T, s Records, name string) *record.App {
	t.Helper()
	a := &record.App{Name: name}
	ok(t, "InsertVersion", s.InsertVersion(t.Context(), a, &record.Version{}, []byte("zip"), true))
	return a
}

func testUses(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	c := insert(t, s, newRecord("c"))
	for _, name := range []string{"b", "a"} {
		h := newHook(name)
		h.Connection = c.ID
		insertHook(t, s, h)
		trigger := newTrigger("t" + name)
		trigger.Connection = c.ID
		insertTrigger(t, s, trigger)
	}
	none := newHook("0")
	none.Connection = 0
	insertHook(t, s, none)
	for id, want := range map[int64][][]string{c.ID: {{"a", "b"}, {"ta", "tb"}}, c.ID + 1: {nil, nil}, 0: {nil, nil}} {
		hooks, triggers, err := s.ConnectionUses(ctx, id)
		if err != nil || !slices.Equal(hooks, want[0]) || !slices.Equal(triggers, want[1]) {
			t.Errorf("connection %d: %v, %v, error %v", id, hooks, triggers, err)
		}
	}
	names := ids(must[[]string](t)(hookNames(t, s)), func(s string) string { return s })
	same(t, "the hooks", names, []string{"0", "a", "b"})
}

func hookNames(t *testing.T, s Records) (names []string, err error) {
	hooks, err := s.Hooks(t.Context())
	for _, h := range hooks {
		names = append(names, h.Name)
		SameHook(t, h, readHook(t, s, h.ID))
	}
	return names, err
}

func newRun(at time.Time) *record.Run {
	return &record.Run{ID: record.NewID("run", at), Kind: "module", App: "photos", Component: "list", Connection: 7, Source: "trg_1", By: "tok_1",
		State: record.Running, Started: at, Node: "n1"}
}

func runID(r *record.Run) string { return r.ID }

func testRun(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	r := newRun(noon)
	ok(t, "PutRuns", s.PutRuns(ctx, r))
	get := must[*record.Run](t)
	same(t, "a run under way", get(s.Run(ctx, r.ID)), r)
	r.State, r.Error, r.ErrorType, r.Bundles, r.Exchanges, r.Ended, r.Node = record.Failed, "no \xffgood\x00", "DataError", 1<<40, 3, noon.Add(time.Second), "n2"
	r.Transcript = []byte(`[{"secret":"Tok"}]`)
	ok(t, "PutRuns", s.PutRuns(ctx, r))
	got := get(s.Run(ctx, r.ID))
	got.Error, r.Error = strings.ToValidUTF8(strings.ReplaceAll(got.Error, "\x00", ""), ""), "no good" // a text may lose what is no text
	got.Error = strings.ReplaceAll(got.Error, "\uFFFD", "")
	same(t, "what became of it", got, r)
	r.Transcript = nil
	listed := must[[]*record.Run](t)(s.Runs(ctx, record.RunFilter{}, record.Page{}))
	if len(listed) != 1 || listed[0].Transcript != nil {
		t.Errorf("listed: %+v", listed)
	}
	r.Transcript = bytes.Repeat([]byte("x"), record.MaxTranscript+1)
	ok(t, "a transcript that is too long", s.PutRuns(ctx, r))
	if got := get(s.Run(ctx, r.ID)); got.Transcript != nil {
		t.Errorf("kept %d bytes", len(got.Transcript))
	}
	fresh := &record.Run{}
	ok(t, "a run without an id", s.PutRuns(ctx, fresh))
	if record.Kind(fresh.ID) != "run" {
		t.Errorf("its id is %q", fresh.ID)
	}
	_, err := s.Run(ctx, "run_none")
	wantError(t, "Run", err, record.ErrNotFound)
}

func testRuns(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	var all []*record.Run
	for i := range 7 {
		r := newRun(noon.Add(time.Duration(i) * time.Second))
		switch i {
		case 1:
			r.App = "videos"
		case 2:
			r.Component = "get"
		case 3:
			r.Connection = 0
		case 4:
			r.Source = ""
		case 5:
			r.State = record.Succeeded
		case 6:
			r.Kind = "poll"
		}
		all = append([]*record.Run{r}, all...)
	}
	ok(t, "PutRuns", s.PutRuns(ctx, all...))
	for _, test := range []struct {
		filter record.RunFilter
		want   func(r *record.Run) bool
	}{
		{record.RunFilter{}, func(*record.Run) bool { return true }},
		{record.RunFilter{App: "photos"}, func(r *record.Run) bool { return r.App == "photos" }},
		{record.RunFilter{App: "photos", Component: "list"}, func(r *record.Run) bool { return r.App == "photos" && r.Component == "list" }},
		{record.RunFilter{Connection: 7}, func(r *record.Run) bool { return r.Connection == 7 }},
		{record.RunFilter{Source: "trg_1"}, func(r *record.Run) bool { return r.Source == "trg_1" }},
		{record.RunFilter{State: record.Running}, func(r *record.Run) bool { return r.State == record.Running }},
		{record.RunFilter{Kind: "poll"}, func(r *record.Run) bool { return r.Kind == "poll" }},
		{record.RunFilter{App: "none"}, func(*record.Run) bool { return false }},
	} {
		var want []string
		for _, r := range all {
			if test.want(r) {
				want = append(want, r.ID)
			}
		}
		got := pages(t, runID, func(p record.Page) ([]*record.Run, error) { return s.Runs(ctx, test.filter, p) })
		same(t, fmt.Sprintf("%+v", test.filter), got, want)
	}
}

func testRunsAllOrNone(t *testing.T, at func(int64) Records) {
	two := newTeam(t, at(1), "two")
	theirs := newRun(noon)
	ok(t, "PutRuns", at(two).PutRuns(t.Context(), theirs))
	mine := newRun(noon)
	wantError(t, "one that cannot be stored", at(1).PutRuns(t.Context(), mine, theirs), record.ErrNotFound)
	_, err := at(1).Run(t.Context(), mine.ID)
	wantError(t, "the other", err, record.ErrNotFound)
}

// How a run ended is stored once; what else is known of it comes with its node.
func testRunEndsOnce(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	get := must[*record.Run](t)
	r := newRun(noon)
	ok(t, "PutRuns", s.PutRuns(ctx, r))
	ok(t, "a beat", s.BeatRun(ctx, r.ID))
	ok(t, "CancelRun", s.CancelRun(ctx, r.ID))
	cancelled := get(s.Run(ctx, r.ID))
	recent(t, "Ended", cancelled.Ended)
	if cancelled.State != record.Cancelled {
		t.Errorf("cancelled: %+v", cancelled)
	}
	wantError(t, "to cancel it again", s.CancelRun(ctx, r.ID), record.ErrConflict)
	wantError(t, "a beat afterwards", s.BeatRun(ctx, r.ID), record.ErrFenced)
	r.State, r.Error, r.ErrorType, r.Ended, r.Bundles, r.Exchanges, r.Transcript = record.Failed, "late", "DataError", noon, 2, 1, []byte("[]")
	ok(t, "its node comes to its end", s.PutRuns(ctx, r))
	cancelled.Bundles, cancelled.Exchanges, cancelled.Transcript = 2, 1, []byte("[]")
	same(t, "afterwards", get(s.Run(ctx, r.ID)), cancelled)

	two := newTeam(t, at(1), "two")
	theirs := newRun(noon)
	ok(t, "PutRuns", at(two).PutRuns(ctx, theirs))
	for _, id := range []string{"run_none", theirs.ID} {
		wantError(t, "to cancel what is not there", s.CancelRun(ctx, id), record.ErrNotFound)
		wantError(t, "a beat of what is not there", s.BeatRun(ctx, id), record.ErrNotFound)
	}
}

func testLostRuns(t *testing.T, at func(int64) Records) {
	ctx := t.Context()
	two := newTeam(t, at(1), "two")
	put := func(team int64, state record.RunState) *record.Run {
		t.Helper()
		r := newRun(noon)
		if r.State = state; state != record.Running {
			r.Ended = noon
		}
		ok(t, "PutRuns", at(team).PutRuns(ctx, r))
		return r
	}
	mine, theirs, ended := put(1, record.Running), put(two, record.Running), put(1, record.Succeeded)
	ok(t, "AppendEvents", at(1).AppendEvents(ctx, newEvent(mine.ID, "1"), newEvent(mine.ID, "2")))
	ok(t, "AppendEvents", at(two).AppendEvents(ctx, newEvent(mine.ID, "1")))
	lose := func(before time.Time, n int) []string {
		t.Helper()
		got := must[[]string](t)(at(1).EndLostRuns(ctx, before, "Gone", "its node", n))
		slices.Sort(got)
		return got
	}
	if got := lose(time.Now().Add(-time.Minute), 10); len(got) != 0 {
		t.Errorf("ended while they are at work: %v", got)
	}
	later := time.Now().Add(time.Minute)
	first := lose(later, 1)
	if want := []string{mine.ID, theirs.ID}; len(first) != 1 || !slices.Contains(want, first[0]) {
		t.Errorf("the first: %v, want one of %v", first, want)
	}
	if rest := lose(later, 10); len(rest) != 1 || rest[0] == first[0] || len(lose(later, 10)) != 0 {
		t.Errorf("the rest: %v behind %v", rest, first)
	}
	get := must[*record.Run](t)
	got := get(at(1).Run(ctx, mine.ID))
	recent(t, "Ended", got.Ended)
	mine.State, mine.Error, mine.ErrorType, mine.Ended, mine.Bundles = record.Failed, "its node", "Gone", got.Ended, 2
	same(t, "a run whose node ended", got, mine)
	same(t, "one that had ended", get(at(1).Run(ctx, ended.ID)), ended)
	if got := get(at(two).Run(ctx, theirs.ID)); got.State != record.Failed || got.Bundles != 0 {
		t.Errorf("that of another team: %+v", got)
	}
}

func newTrigger(name string) *record.Trigger {
	return &record.Trigger{Name: name, App: "photos", Module: "watch", Connection: 7, Parameters: value.Object("album", value.Text("sea")).Collection(),
		Every: 15 * time.Minute, Cron: "* * * * *", Timezone: "Europe/Prague", From: "all", Limit: 10, Sequential: true, NextAt: noon}
}

func insertTrigger(t *testing.T, s Records, r *record.Trigger) *record.Trigger {
	t.Helper()
	ok(t, "InsertTrigger", s.InsertTrigger(t.Context(), r))
	return r
}

func readTrigger(t *testing.T, s Records, id string) *record.Trigger {
	t.Helper()
	return must[*record.Trigger](t)(s.Trigger(t.Context(), id))
}

func sameTrigger(t *testing.T, what string, got, want *record.Trigger) {
	t.Helper()
	g, w := *got, *want
	g.Parameters, w.Parameters = nil, nil
	same(t, what, g, w)
	sameData(t, got.Parameters, want.Parameters)
}

func testTrigger(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	a := insertTrigger(t, s, newTrigger("a"))
	recent(t, "Created", a.Created)
	if record.Kind(a.ID) != "trg" || a.Version != 1 || a.Updated != a.Created {
		t.Errorf("InsertTrigger left %+v", a)
	}
	sameTrigger(t, "the trigger", readTrigger(t, s, a.ID), a)
	b := insertTrigger(t, s, &record.Trigger{Name: "b"})
	if b.Parameters == nil {
		t.Error("no parameters did not become empty ones")
	}
	sameTrigger(t, "one with nothing", readTrigger(t, s, b.ID), b)
	wantError(t, "a name that is taken", s.InsertTrigger(ctx, newTrigger("a")), record.ErrTaken)
	lost := newTrigger("lost")
	lost.Destination = "dst_none"
	wantError(t, "an unknown destination", s.InsertTrigger(ctx, lost), record.ErrNotFound)

	stale := *a
	a.Name, a.Every, a.Paused, a.NextAt, a.Parameters = "c", time.Hour, "by hand", time.Time{}, value.Object("x", value.Int(1)).Collection()
	ok(t, "UpdateTrigger", s.UpdateTrigger(ctx, a))
	sameTrigger(t, "the changed trigger", readTrigger(t, s, a.ID), a)
	before := stale
	wantError(t, "an older version", s.UpdateTrigger(ctx, &stale), record.ErrConflict)
	same(t, "the refused one", stale, before)
	a.Name = "b"
	wantError(t, "a name that is taken", s.UpdateTrigger(ctx, a), record.ErrTaken)

	put(t, s, a.ID, newState())
	listed := must[[]*record.Trigger](t)(s.Triggers(ctx, record.Page{}))
	if len(listed) != 2 || listed[0].ID < listed[1].ID {
		t.Errorf("listed: %v", listed)
	}
	state := newState()
	state.Version = 1
	same(t, "the state", readTrigger(t, s, a.ID).State, *state)
	ok(t, "DeleteTrigger", s.DeleteTrigger(ctx, a.ID))
	_, err := s.Trigger(ctx, a.ID)
	wantError(t, "the deleted one", err, record.ErrNotFound)
	sameState(t, s, a.ID, &poll.State{})
	wantError(t, "to delete it again", s.DeleteTrigger(ctx, a.ID), record.ErrNotFound)
	wantError(t, "to update it", s.UpdateTrigger(ctx, a), record.ErrNotFound)
}

func testDue(t *testing.T, at func(int64) Records) {
	ctx := t.Context()
	two := newTeam(t, at(1), "two")
	add := func(team int64, name, paused string, due time.Time) record.Due {
		r := newTrigger(name)
		r.Paused, r.NextAt = paused, due
		return record.Due{Team: team, ID: insertTrigger(t, at(team), r).ID}
	}
	second := add(1, "second", "", noon.Add(-time.Minute))
	first := add(two, "first", "", noon.Add(-time.Hour))
	third := add(1, "third", "", noon)
	add(1, "later", "", noon.Add(time.Millisecond))
	add(1, "paused", "by hand", noon.Add(-time.Hour))
	add(1, "never", "", time.Time{})
	want := func(what string, now, stale time.Time, n int, due ...record.Due) {
		t.Helper()
		same(t, what, must[[]record.Due](t)(at(1).DueTriggers(ctx, now, stale, n)), due)
	}
	want("all", noon, noon.Add(-time.Minute), 10, first, second, third)
	want("two", noon, noon.Add(-time.Minute), 2, first, second)
	ok(t, "Offered", at(1).Offered(ctx, noon, first, third))
	want("the rest", noon, noon.Add(-time.Minute), 10, second)
	want("the lost", noon.Add(time.Minute), noon, 2, first, second)
	r := readTrigger(t, at(two), first.ID)
	ok(t, "UpdateTrigger", at(two).UpdateTrigger(ctx, r))
	want("after a change", noon, noon.Add(-time.Minute), 10, first, second)
	ok(t, "EndPoll", at(1).EndPoll(ctx, third.ID, &record.PollEnd{NextAt: noon}))
	want("after a poll", noon, noon.Add(-time.Minute), 10, first, second, third)
	ok(t, "Offered nothing", at(1).Offered(ctx, noon))
}

func testEndPoll(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	r := insertTrigger(t, s, newTrigger("a"))
	run := newRun(noon)
	end := &record.PollEnd{State: *newState(), Run: run, NextAt: noon.Add(time.Hour),
		Events: []*record.Event{newEvent(r.ID, "1"), newEvent(r.ID, "2")}}
	ok(t, "EndPoll", s.EndPoll(ctx, r.ID, end))
	got := readTrigger(t, s, r.ID)
	wantState := *newState()
	wantState.Version = 1
	same(t, "the state", got.State, wantState)
	recent(t, "LastRun", got.LastRun)
	if got.Failures != 0 || !got.NextAt.Equal(end.NextAt) || got.Version != 1 {
		t.Errorf("the trigger is %+v", got)
	}
	same(t, "the events", must[[]*record.Event](t)(s.Events(ctx, record.EventFilter{Source: r.ID}, 0, 10)), end.Events)
	must[*record.Run](t)(s.Run(ctx, run.ID))

	late := &record.PollEnd{State: poll.State{LastID: "late"}, Events: []*record.Event{newEvent(r.ID, "3")}, Run: newRun(noon), Error: ""}
	for range 2 {
		wantError(t, "a state that has moved", s.EndPoll(ctx, r.ID, late), record.ErrFenced)
		late.Error = "failed"
	}
	wantError(t, "an unknown trigger", s.EndPoll(ctx, "trg_none", late), record.ErrNotFound)
	if n := len(must[[]*record.Event](t)(s.Events(ctx, record.EventFilter{}, 0, 10))); n != 2 {
		t.Errorf("%d events", n)
	}
	_, err := s.Run(ctx, late.Run.ID)
	wantError(t, "the run of a result that was dropped", err, record.ErrNotFound)
	same(t, "the trigger", readTrigger(t, s, r.ID).State, wantState)

	for failures := 1; failures < 3; failures++ {
		ok(t, "a poll that failed", s.EndPoll(ctx, r.ID, &record.PollEnd{State: wantState, Error: "no answer", NextAt: noon, Paused: strings.Repeat("too often", failures-1)}))
		got := readTrigger(t, s, r.ID)
		if got.Failures != failures || got.LastError != "no answer" || got.Paused != strings.Repeat("too often", failures-1) {
			t.Errorf("after %d failures: %+v", failures, got)
		}
		same(t, "the state", got.State, wantState)
	}
	ok(t, "a good one", s.EndPoll(ctx, r.ID, &record.PollEnd{State: wantState}))
	if got := readTrigger(t, s, r.ID); got.Failures != 0 || got.LastError != "" || got.Paused != "too often" || got.State.Version != 2 {
		t.Errorf("after a good poll: %+v", got)
	}
}

// Of several workers that poll one trigger one stores its result.
func testEndPollRace(t *testing.T, at func(int64) Records) {
	s := at(1)
	r := insertTrigger(t, s, newTrigger("a"))
	for version := range int64(3) {
		wantOne(t, 8, record.ErrFenced, func(i int) error {
			return s.EndPoll(t.Context(), r.ID, &record.PollEnd{State: poll.State{Version: version}, Events: []*record.Event{newEvent(r.ID, fmt.Sprint(i))}})
		})
	}
	if n := len(must[[]*record.Event](t)(s.Events(t.Context(), record.EventFilter{}, 0, 100))); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

func newReceived(at time.Time) *record.Delivery {
	return &record.Delivery{ID: record.NewID("dlv", at), Hook: 7, Received: at, Source: "192.0.2.1", Attempt: 1, Node: "n1", ReplayOf: "dlv_1", Request: []byte("POST\r\n\r\n\x00")}
}

func begin(t *testing.T, s Records, d *record.Delivery) *record.Delivery {
	t.Helper()
	if wanted, err := s.BeginDelivery(t.Context(), d); err != nil || !wanted {
		t.Fatalf("BeginDelivery: wanted %v, error %v", wanted, err)
	}
	return d
}

func testReceived(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	d := begin(t, s, newReceived(noon))
	if d.Fence != 1 || d.State != record.DeliveryRunning {
		t.Errorf("BeginDelivery left %+v", d)
	}
	get := must[*record.Delivery](t)
	same(t, "under way", get(s.Delivery(ctx, d.ID)), d)
	end := &record.DeliveryEnd{State: record.DeliveryDone, Events: []*record.Event{newEvent("hook_7", "1")}, Run: newRun(noon)}
	ok(t, "EndDelivery", s.EndDelivery(ctx, d.ID, d.Fence, end))
	got := get(s.Delivery(ctx, d.ID))
	recent(t, "Ended", got.Ended)
	d.State, d.Bundles, d.Ended = record.DeliveryDone, 1, got.Ended
	same(t, "done", got, d)
	same(t, "the events", must[[]*record.Event](t)(s.Events(ctx, record.EventFilter{}, 0, 10)), end.Events)
	must[*record.Run](t)(s.Run(ctx, end.Run.ID))

	again := newReceived(noon)
	again.ID = d.ID
	wanted, err := s.BeginDelivery(ctx, again)
	if err != nil || wanted {
		t.Fatalf("what is final: wanted %v, error %v", wanted, err)
	}
	d.Request = nil
	same(t, "what is final", again, d)
	_, err = s.Delivery(ctx, "dlv_none")
	wantError(t, "Delivery", err, record.ErrNotFound)
	wantError(t, "EndDelivery", s.EndDelivery(ctx, "dlv_none", 1, end), record.ErrNotFound)
}

func testFence(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	d := begin(t, s, newReceived(noon))
	other := *d
	other.Node, other.Attempt = "n2", 2
	if begin(t, s, &other); other.Fence != 2 {
		t.Errorf("fence %d, want 2", other.Fence)
	}
	late := &record.DeliveryEnd{State: record.DeliveryDone, Events: []*record.Event{newEvent("hook_7", "1")}, Run: newRun(noon)}
	wantError(t, "the first worker", s.EndDelivery(ctx, d.ID, d.Fence, late), record.ErrFenced)
	wantError(t, "one to come", s.EndDelivery(ctx, d.ID, 3, late), record.ErrFenced)
	if n := len(must[[]*record.Event](t)(s.Events(ctx, record.EventFilter{}, 0, 10))); n != 0 {
		t.Errorf("%d events", n)
	}
	ok(t, "the second worker", s.EndDelivery(ctx, d.ID, other.Fence, &record.DeliveryEnd{State: record.DeliveryWaiting, Error: "busy", RetryAt: noon}))
	wantError(t, "a second time", s.EndDelivery(ctx, d.ID, other.Fence, late), record.ErrFenced)
	third := *d
	if begin(t, s, &third); third.Fence != 3 {
		t.Errorf("fence %d, want 3", third.Fence)
	}
	wantOne(t, 8, record.ErrFenced, func(int) error {
		return s.EndDelivery(ctx, d.ID, third.Fence, &record.DeliveryEnd{State: record.DeliveryDead, Error: "given up"})
	})
}

func testReceivedList(t *testing.T, at func(int64) Records) {
	s, ctx := at(1), t.Context()
	var all []*record.Delivery
	for i := range 6 {
		d := newReceived(noon.Add(time.Duration(i) * time.Second))
		d.Hook = int64(7 + i%2)
		all = append([]*record.Delivery{begin(t, s, d)}, all...)
	}
	ok(t, "EndDelivery", s.EndDelivery(ctx, all[0].ID, 1, &record.DeliveryEnd{State: record.DeliveryDropped}))
	id := func(d *record.Delivery) string { return d.ID }
	for _, test := range []struct {
		filter record.DeliveryFilter
		want   []*record.Delivery
	}{
		{record.DeliveryFilter{}, all},
		{record.DeliveryFilter{Hook: 8}, []*record.Delivery{all[0], all[2], all[4]}},
		{record.DeliveryFilter{State: record.DeliveryRunning}, all[1:]},
		{record.DeliveryFilter{From: all[3].Received, To: all[1].Received}, all[2:4]},
		{record.DeliveryFilter{Hook: 9}, nil},
	} {
		got := pages(t, id, func(p record.Page) ([]*record.Delivery, error) { return s.Deliveries(ctx, test.filter, p) })
		same(t, fmt.Sprintf("%+v", test.filter), got, ids(test.want, id))
	}
	if listed := must[[]*record.Delivery](t)(s.Deliveries(ctx, record.DeliveryFilter{}, record.Page{Limit: 1})); listed[0].Request != nil {
		t.Error("a list holds requests")
	}
}

func testRetries(t *testing.T, at func(int64) Records) {
	ctx := t.Context()
	two := newTeam(t, at(1), "two")
	wait := func(team int64, state record.DeliveryState, until time.Time) *record.Delivery {
		d := begin(t, at(team), newReceived(noon))
		ok(t, "EndDelivery", at(team).EndDelivery(ctx, d.ID, 1, &record.DeliveryEnd{State: state, RetryAt: until}))
		return d
	}
	second := wait(1, record.DeliveryWaiting, noon.Add(-time.Minute))
	first := wait(two, record.DeliveryWaiting, noon.Add(-time.Hour))
	wait(1, record.DeliveryWaiting, noon.Add(time.Minute))
	wait(1, record.DeliveryWaiting, time.Time{})
	wait(1, record.DeliveryDead, noon.Add(-time.Hour))
	due, teams, err := at(1).DueRetries(ctx, noon, 10)
	if err != nil || len(due) != 2 || due[0].ID != first.ID || due[1].ID != second.ID || !slices.Equal(teams, []int64{two, 1}) {
		t.Fatalf("due: %v of teams %v, error %v", due, teams, err)
	}
	if !bytes.Equal(due[0].Request, first.Request) {
		t.Errorf("the request is %q", due[0].Request)
	}
	begin(t, at(two), first)
	if due, _, err := at(1).DueRetries(ctx, noon, 10); err != nil || len(due) != 1 || due[0].ID != second.ID {
		t.Errorf("after it was begun: %v, error %v", due, err)
	}
}
