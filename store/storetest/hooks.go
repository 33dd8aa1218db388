package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// RunHooks runs the suite for a [webhook.Store]. open returns a new, empty store, which
// the suite does not close: use t.Cleanup.
func RunHooks(t *testing.T, open func(t *testing.T) webhook.Store) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, s webhook.Store)
	}{
		{"hook", testHook},
		{"hook/zero", testZeroHook},
		{"hook/not found", testHookNotFound},
		{"hook/update", testUpdateHook},
		{"hook/name taken", testHookNameTaken},
		{"hook/conflict race", testHookConflictRace},
		{"hook/uid", testHooksWithUID},
		{"hook/delete", testDeleteHook},
		{"hook/size", testHookSize},
		{"delivery", testDelivery},
		{"delivery/order", testDeliveryOrder},
		{"delivery/all or none", testAllOrNone},
		{"delivery/done", testDone},
		{"delivery/values", testDeliveryValues},
		{"delivery/size", testDeliverySize},
		{"delivery/race", testAppendRace},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, open(t))
		})
	}
}

// newHook returns a hook with every field set that a caller sets.
func newHook(name string) *webhook.Record {
	return &webhook.Record{
		Name: name, App: "photos", Root: "/apps/photos", Type: "renamed", Connection: 7, Token: "token-" + name,
		Address: "https://cleat.example/hook/token-" + name, Attached: true, Disabled: true, Sequential: true, UID: "uid-" + name,
		Parameters: value.Object("album", value.Text("sea"), "secret", value.Text("p-"+name)).Collection(),
		Data:       value.Object("externalHookId", value.Int(42)).Collection(),
		Trigger:    "watchPhotos", TriggerParameters: value.Object("tag", value.Text("sun")).Collection(),
	}
}

func insertHook(t *testing.T, s webhook.Store, r *webhook.Record) *webhook.Record {
	t.Helper()
	if err := s.InsertHook(t.Context(), r); err != nil {
		t.Fatalf("InsertHook(%q): %v", r.Name, err)
	}
	return r
}

func readHook(t *testing.T, s webhook.Store, id int64) *webhook.Record {
	t.Helper()
	r, err := s.Hook(t.Context(), id)
	if err != nil {
		t.Fatalf("Hook(%d): %v", id, err)
	}
	return r
}

// SameHook reports an error when two hooks differ.
func SameHook(t testing.TB, got, want *webhook.Record) {
	t.Helper()
	g, w := *got, *want
	g.Parameters, w.Parameters, g.Data, w.Data, g.TriggerParameters, w.TriggerParameters = nil, nil, nil, nil, nil, nil
	if g, w := fmt.Sprintf("%+v", g), fmt.Sprintf("%+v", w); g != w {
		t.Errorf("hook differs\n got %s\nwant %s", g, w)
	}
	sameData(t, got.Parameters, want.Parameters)
	sameData(t, got.TriggerParameters, want.TriggerParameters)
	sameData(t, got.Data, want.Data)
}

func testHook(t *testing.T, s webhook.Store) {
	r := insertHook(t, s, newHook("a"))
	insertHook(t, s, newHook("b"))
	if r.ID == 0 || r.Version != 1 || r.Created.IsZero() || !r.Updated.Equal(r.Created) {
		t.Errorf("InsertHook left %+v", r)
	}
	SameHook(t, readHook(t, s, r.ID), r)
	named, err := s.HookNamed(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	SameHook(t, named, r)
}

func testZeroHook(t *testing.T, s webhook.Store) {
	r := insertHook(t, s, &webhook.Record{Name: "a"})
	if r.Parameters == nil || r.Data == nil {
		t.Error("nil collections did not become empty ones")
	}
	SameHook(t, readHook(t, s, r.ID), r)
}

func testHookNotFound(t *testing.T, s webhook.Store) {
	_, err := s.Hook(t.Context(), 1)
	wantError(t, "Hook", err, webhook.ErrNotFound)
	_, err = s.HookNamed(t.Context(), "a")
	wantError(t, "HookNamed", err, webhook.ErrNotFound)
	wantError(t, "UpdateHook", s.UpdateHook(t.Context(), newHook("a")), webhook.ErrNotFound)
	wantError(t, "DeleteHook", s.DeleteHook(t.Context(), 1), webhook.ErrNotFound)
	wantError(t, "Append", s.Append(t.Context(), newDelivery(1, "x")), webhook.ErrNotFound)
}

func testUpdateHook(t *testing.T, s webhook.Store) {
	r := insertHook(t, s, newHook("a"))
	stale := readHook(t, s, r.ID)
	r.Name, r.Token, r.Address, r.Attached, r.Disabled, r.Sequential, r.UID = "b", "t2", "", false, false, false, ""
	r.Parameters, r.Data = value.Object("x", value.Null).Collection(), value.NewCollection(0)
	if err := s.UpdateHook(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if r.Version != 2 {
		t.Errorf("version %d, want 2", r.Version)
	}
	SameHook(t, readHook(t, s, r.ID), r)
	wantError(t, "an older version", s.UpdateHook(t.Context(), stale), webhook.ErrConflict)
	SameHook(t, readHook(t, s, r.ID), r)
}

func testHookNameTaken(t *testing.T, s webhook.Store) {
	insertHook(t, s, newHook("a"))
	wantError(t, "insert", s.InsertHook(t.Context(), newHook("a")), webhook.ErrNameTaken)
	b := insertHook(t, s, newHook("b"))
	b.Name = "a"
	wantError(t, "update", s.UpdateHook(t.Context(), b), webhook.ErrNameTaken)
}

func testHookConflictRace(t *testing.T, s webhook.Store) {
	r := insertHook(t, s, newHook("a"))
	var group sync.WaitGroup
	won := make([]bool, 20)
	for i := range won {
		group.Go(func() {
			mine := *r
			mine.Data = value.Object("n", value.Int(i)).Collection()
			err := s.UpdateHook(t.Context(), &mine)
			if won[i] = err == nil; !won[i] {
				wantError(t, "UpdateHook", err, webhook.ErrConflict)
			}
		})
	}
	group.Wait()
	winner := slices.Index(won, true)
	if got := readHook(t, s, r.ID).Data.Get("n").Float(); winner < 0 || slices.Contains(won[winner+1:], true) || got != float64(winner) {
		t.Errorf("won: %v, stored: %v", won, got)
	}
}

func testHooksWithUID(t *testing.T, s webhook.Store) {
	for _, h := range []struct{ name, app, typ, uid string }{
		{"1", "photos", "renamed", "ana"}, {"2", "photos", "renamed", "bob"}, {"3", "photos", "renamed", "ana"},
		{"4", "photos", "deleted", "ana"}, {"5", "videos", "renamed", "ana"}, {"6", "photos", "renamed", ""},
	} {
		r := newHook(h.name)
		r.App, r.Type, r.UID = h.app, h.typ, h.uid
		insertHook(t, s, r)
	}
	for _, test := range []struct {
		uid  string
		want []int64
	}{{"ana", []int64{1, 3}}, {"bob", []int64{2}}, {"", nil}, {"eve", nil}} {
		got, err := s.HooksWithUID(t.Context(), "photos", "renamed", test.uid)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("uid %q: got %v, error %v, want %v", test.uid, got, err, test.want)
		}
	}
}

func testDeleteHook(t *testing.T, s webhook.Store) {
	a, b := insertHook(t, s, newHook("a")), insertHook(t, s, newHook("b"))
	queue(t, s, newDelivery(a.ID, "1"), newDelivery(b.ID, "2"))
	if err := s.DeleteHook(t.Context(), a.ID); err != nil {
		t.Fatal(err)
	}
	_, err := s.Hook(t.Context(), a.ID)
	wantError(t, "the deleted hook", err, webhook.ErrNotFound)
	wantQueue(t, s, a.ID)
	wantQueue(t, s, b.ID, "2")
	if again := insertHook(t, s, newHook("a")); again.ID == a.ID {
		t.Error("the id of a deleted hook was used again")
	}
}

func testHookSize(t *testing.T, s webhook.Store) {
	huge := value.Object("blob", value.Text(strings.Repeat("x", 64<<10))).Collection()
	r := newHook("a")
	r.Data = huge
	wantRefused(t, s.InsertHook(t.Context(), r), "xxx")
	r = insertHook(t, s, newHook("b"))
	changed := *r
	changed.Parameters = huge
	wantRefused(t, s.UpdateHook(t.Context(), &changed), "xxx")
	SameHook(t, readHook(t, s, r.ID), r)
}

func newDelivery(hook int64, id string) *webhook.Delivery {
	return &webhook.Delivery{ID: id, Hook: hook, Received: time.UnixMilli(1700000000123).UTC(), Bundles: []value.Value{value.Object("id", value.Text(id))}}
}

func queue(t *testing.T, s webhook.Store, deliveries ...*webhook.Delivery) {
	t.Helper()
	if err := s.Append(t.Context(), deliveries...); err != nil {
		t.Fatalf("Append: %v", err)
	}
}

func next(t *testing.T, s webhook.Store, hook int64, n int) []*webhook.Delivery {
	t.Helper()
	all, err := s.Next(t.Context(), hook, n)
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	return all
}

func wantQueue(t *testing.T, s webhook.Store, hook int64, ids ...string) {
	t.Helper()
	var got []string
	for _, d := range next(t, s, hook, 1000) {
		got = append(got, d.ID)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("the queue of hook %d holds %v, want %v", hook, got, ids)
	}
	backlog, err := s.Backlog(t.Context(), hook)
	if err != nil || backlog.Deliveries != int64(len(ids)) || backlog.Bytes < int64(len(ids)) || len(ids) == 0 && backlog.Bytes != 0 {
		t.Errorf("the backlog is %+v, error %v, want %d deliveries", backlog, err, len(ids))
	}
}

func testDelivery(t *testing.T, s webhook.Store) {
	h := insertHook(t, s, newHook("a"))
	wantQueue(t, s, h.ID)
	d := newDelivery(h.ID, "1")
	queue(t, s, d)
	got := next(t, s, h.ID, 10)
	if len(got) != 1 || got[0].ID != d.ID || got[0].Hook != d.Hook || !got[0].Received.Equal(d.Received) ||
		len(got[0].Bundles) != 1 || !Equal(got[0].Bundles[0], d.Bundles[0]) {
		t.Errorf("got %+v, want %+v", got, d)
	}
}

func testDeliveryOrder(t *testing.T, s webhook.Store) {
	a, b := insertHook(t, s, newHook("a")), insertHook(t, s, newHook("b"))
	queue(t, s, newDelivery(a.ID, "9"), newDelivery(b.ID, "8"), newDelivery(a.ID, "7"))
	queue(t, s, newDelivery(a.ID, "1"))
	queue(t, s)
	wantQueue(t, s, a.ID, "9", "7", "1")
	wantQueue(t, s, b.ID, "8")
	if two := next(t, s, a.ID, 2); len(two) != 2 || two[0].ID != "9" || two[1].ID != "7" {
		t.Errorf("the first two are %v", two)
	}
}

func testAllOrNone(t *testing.T, s webhook.Store) {
	h := insertHook(t, s, newHook("a"))
	queue(t, s, newDelivery(h.ID, "1"))
	for what, second := range map[string]*webhook.Delivery{"an unknown hook": newDelivery(h.ID+1, "3"), "an id that is there": newDelivery(h.ID, "1")} {
		if err := s.Append(t.Context(), newDelivery(h.ID, "2"), second); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	wantQueue(t, s, h.ID, "1")
}

func testDone(t *testing.T, s webhook.Store) {
	h := insertHook(t, s, newHook("a"))
	queue(t, s, newDelivery(h.ID, "1"), newDelivery(h.ID, "2"), newDelivery(h.ID, "3"))
	for range 2 { // a second time does not matter
		if err := s.Done(t.Context(), "1", "3", "none"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Done(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantQueue(t, s, h.ID, "2")
}

func testDeliveryValues(t *testing.T, s webhook.Store) {
	h := insertHook(t, s, newHook("a"))
	d := newDelivery(h.ID, "1")
	d.Bundles = Values()
	queue(t, s, d, &webhook.Delivery{ID: "2", Hook: h.ID, Received: d.Received})
	got := next(t, s, h.ID, 2)
	if !slices.EqualFunc(got[0].Bundles, d.Bundles, Equal) || len(got[1].Bundles) != 0 {
		t.Errorf("\n got %v\nwant %v", got[0].Bundles, d.Bundles)
	}
}

// A request of 5 MiB has to fit more than once; what does not fit is refused whole.
func testDeliverySize(t *testing.T, s webhook.Store) {
	h := insertHook(t, s, newHook("a"))
	body := value.Text(strings.Repeat("x", 5<<20))
	large, huge := newDelivery(h.ID, "1"), newDelivery(h.ID, "2")
	large.Bundles = []value.Value{value.Object("body", body, "again", body)}
	huge.Bundles = []value.Value{body, body, body, body, body, body, body}
	queue(t, s, large)
	wantError(t, "a huge delivery", s.Append(t.Context(), newDelivery(h.ID, "0"), huge), webhook.ErrTooBig)
	wantQueue(t, s, h.ID, "1")
	if got := next(t, s, h.ID, 1)[0].Bundles; !slices.EqualFunc(got, large.Bundles, Equal) {
		t.Error("a large delivery came back changed")
	}
}

func testAppendRace(t *testing.T, s webhook.Store) {
	h := insertHook(t, s, newHook("a"))
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			for j := range 10 {
				if err := s.Append(t.Context(), newDelivery(h.ID, fmt.Sprint(i*10+j))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if got := next(t, s, h.ID, 1000); len(got) != 100 {
		t.Errorf("%d deliveries, want 100", len(got))
	}
}
