package work

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/webhook"
)

// stateOf is how far a delivery is, "" for one that is not there.
func (b *bench) stateOf(t *testing.T, id string) *record.Delivery {
	t.Helper()
	d, err := b.team.Delivery(t.Context(), id)
	if errors.Is(err, record.ErrNotFound) {
		return &record.Delivery{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDeliver(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	plain, instant := b.hook(t, ""), b.hook(t, "instant")
	b.service(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"more": "` + r.URL.Query().Get("id") + `"}`))
	})
	var stored int
	b.Stored = func(team int64, events []*record.Event) { stored += len(events) }
	for i, c := range []struct {
		name  string
		in    Incoming
		how   how
		state record.DeliveryState
		gives []string
	}{
		{"bundles as they are", b.sent(plain, "01", `{"wanted": true, "items": [{"id": 1}, {"id": 2}]}`), ended, record.DeliveryDone, []string{`{"id":1}`, `{"id":2}`}},
		{"once more", b.sent(plain, "01", `{"wanted": true, "items": [{"id": 1}, {"id": 2}]}`), ended, record.DeliveryDone, nil},
		{"unwanted", b.sent(plain, "02", `{"wanted": false, "items": [{"id": 1}]}`), ended, record.DeliveryDropped, nil},
		{"through a module", b.sent(instant, "03", `{"wanted": true, "items": [{"id": 7}]}`), ended, record.DeliveryDone, []string{`{"more":"7"}`}},
	} {
		before := len(b.logged(t))
		if got := b.deliver(t.Context(), c.in); got.how != c.how {
			t.Errorf("%s: %+v", c.name, got)
		}
		all := b.logged(t)[before:]
		if got := b.stateOf(t, c.in.ID); got.State != c.state || len(all) != len(c.gives) {
			t.Errorf("%d %s: it is %+v and gave %d events", i, c.name, got, len(all))
		}
		for j, want := range c.gives {
			if string(all[j].Bundle) != want || all[j].Run != c.in.ID || all[j].Source != SourceOfHook(c.in.Hook) {
				t.Errorf("%s: event %d is %s of %s", c.name, j, all[j].Bundle, all[j].Source)
			}
		}
	}
	if stored != 3 {
		t.Errorf("%d events were told, not 3", stored)
	}
	const gone = "the hook was deleted before the delivery ran"
	if err := b.team.DeleteHook(t.Context(), instant.ID); err != nil {
		t.Fatal(err)
	}
	if got, row := b.deliver(t.Context(), b.sent(instant, "04", `{"wanted": true, "items": [{"id": 7}]}`)), b.stateOf(t, "04"); got != (verdict{how: dead, reason: gone}) ||
		row.State != record.DeliveryDead || row.Error != gone {
		t.Errorf("of a hook that is gone: %+v, %+v", got, row)
	}
	if hooks, err := b.team.Hooks(t.Context()); err != nil || len(hooks) != 1 {
		t.Errorf("there are %d hooks, %v", len(hooks), err)
	}
	other := b.sent(plain, "05", `{"wanted": true, "items": [1]}`)
	other.Team = 2
	if got := b.deliver(t.Context(), other); got.how != dead || len(b.logged(t)) != 3 {
		t.Errorf("of another team: %+v", got)
	}
}

// TestDeliverFails: what may pass is tried again, later and later; what may not is dead. It
// is the records that count, whatever number the bus gives.
func TestDeliverFails(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	h := b.hook(t, "instant")
	try := func(id string, onBus int, inOrder bool) verdict {
		in := b.sent(h, id, `{"wanted": true, "items": [{"id": 7}]}`)
		in.Attempt, in.InOrder = onBus, inOrder
		return b.deliver(t.Context(), in)
	}
	b.service(status(http.StatusServiceUnavailable))
	for i, want := range []time.Duration{time.Second, 5 * time.Second, 15 * time.Second, time.Minute, time.Minute, time.Minute, time.Minute, time.Minute, time.Minute} {
		if got := try("11", 100*i, false); got.how != again || got.after != want || b.stateOf(t, "11").State != record.DeliveryWaiting {
			t.Errorf("attempt %d: %+v, %+v", i+1, got, b.stateOf(t, "11"))
		}
	}
	if got := try("11", 1, false); got.how != dead || got.reason == "" || b.stateOf(t, "11").State != record.DeliveryDead {
		t.Errorf("the last attempt: %+v, %+v", got, b.stateOf(t, "11"))
	}
	// It comes again when its worker died before the bus had a copy.
	if got := try("11", 11, false); got.how != dead || got.reason != b.stateOf(t, "11").Error {
		t.Errorf("one that is dead: %+v", got)
	}
	if got := b.bury(t.Context(), b.sent(h, "11", "{}"), "too often"); got.how != dead || got.reason != b.stateOf(t, "11").Error {
		t.Errorf("one that is dead, buried: %+v", got)
	}
	b.service(status(http.StatusTooManyRequests, "Retry-After", "600"))
	if got := try("12", 1, false); got.how != ended || b.stateOf(t, "12").RetryAt.Sub(b.now()) != 10*time.Minute {
		t.Errorf("ten minutes: %+v, %+v", got, b.stateOf(t, "12"))
	}
	if got := try("13", 1, true); got.how != again || got.after != 10*time.Minute {
		t.Errorf("ten minutes, in order: %+v", got)
	}
	b.service(status(http.StatusBadRequest))
	if got := try("14", 1, false); got.how != dead || b.stateOf(t, "14").State != record.DeliveryDead {
		t.Errorf("a refusal: %+v, %+v", got, b.stateOf(t, "14"))
	}
	b.service(func(http.ResponseWriter, *http.Request) { t.Error("what has killed ten workers runs once more") })
	for range b.attempts() {
		in := b.sent(h, "15", "")
		if wanted, err := b.team.BeginDelivery(t.Context(), &record.Delivery{ID: in.ID, Hook: in.Hook, Received: in.Received}); err != nil || !wanted {
			t.Fatalf("begun: %t, %v", wanted, err)
		}
	}
	if got := try("15", 1, false); got.how != dead || got.reason != "not done after 10 attempts" || b.stateOf(t, "15").Error != got.reason {
		t.Errorf("one that kills its workers: %+v, %+v", got, b.stateOf(t, "15"))
	}
	if len(b.logged(t)) != 0 {
		t.Errorf("failures gave %d events", len(b.logged(t)))
	}
}

// unreachable are records that lose their database when a hook or a trigger's app is read.
type unreachable struct{ Records }

func (unreachable) EndLostRuns(context.Context, time.Time, string, string, int) ([]string, error) {
	return nil, store.ErrUnavailable
}

func (u unreachable) OfTeam(team int64) TeamRecords { return unreachableTeam{u.Records.OfTeam(team)} }

type unreachableTeam struct{ TeamRecords }

func (unreachableTeam) Hook(context.Context, int64) (*webhook.Record, error) {
	return nil, fmt.Errorf("read hook: %w", store.ErrUnavailable)
}

func (unreachableTeam) AppNamed(context.Context, string) (*record.App, error) {
	return nil, fmt.Errorf("read app: %w", store.ErrUnavailable)
}

// TestRecordsUnreachable: when the database goes away in the middle, nothing is known to be
// wrong with the work.
func TestRecordsUnreachable(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	h, tr := b.hook(t, ""), b.trigger(t)
	b.service(items(1))
	reachable, in := b.Records, b.sent(h, "31", `{"wanted": true, "items": [1]}`)
	due := record.Due{Team: 1, ID: tr.ID}
	b.Records, b.Catalog.Records = unreachable{reachable}, unreachable{reachable}
	if got := b.deliver(t.Context(), in); got.how != paused || b.stateOf(t, "31").State != record.DeliveryRunning {
		t.Errorf("a delivery: %+v, %+v", got, b.stateOf(t, "31"))
	}
	if got := b.poll(t.Context(), due); got.how != paused || b.read(t, tr.ID).Failures != 0 {
		t.Errorf("a poll: %+v, %+v", got, b.read(t, tr.ID))
	}
	b.Records, b.Catalog.Records = reachable, reachable
	if in.Attempt = 2; b.deliver(t.Context(), in).how != ended || b.poll(t.Context(), due).how != ended || len(b.logged(t)) != 2 {
		t.Errorf("afterwards: %d events", len(b.logged(t)))
	}
}

// TestDeliverIsInterrupted: a node that stops gives the work back, and whoever begins it
// anew has it.
func TestDeliverIsInterrupted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	h := b.hook(t, "instant")
	in := b.sent(h, "21", `{"wanted": true, "items": [{"id": 7}]}`)
	ctx, stop := context.WithCancel(t.Context())
	b.service(func(_ http.ResponseWriter, r *http.Request) {
		stop()
		<-r.Context().Done()
	})
	if got := b.deliver(ctx, in); got.how != again || b.stateOf(t, "21").State != record.DeliveryRunning {
		t.Errorf("interrupted: %+v, %+v", got, b.stateOf(t, "21"))
	}
	// While one works on it another takes it over: the first has lost it.
	b.service(func(w http.ResponseWriter, _ *http.Request) {
		d := &record.Delivery{ID: in.ID, Hook: in.Hook, Received: in.Received, Attempt: 3, Node: "other", Request: Join(in.Head, in.Body)}
		if wanted, err := b.team.BeginDelivery(context.Background(), d); err != nil || !wanted {
			t.Errorf("the other one: %v, %v", wanted, err)
		}
	})
	in.Attempt = 2
	if got := b.deliver(t.Context(), in); got.how != lost || len(b.logged(t)) != 0 {
		t.Errorf("taken over: %+v, %d events", got, len(b.logged(t)))
	}
	if got := b.bury(t.Context(), b.sent(h, "22", "{}"), "too often"); got.how != dead || got.reason != "too often" || b.stateOf(t, "22").State != record.DeliveryDead {
		t.Errorf("buried: %+v, %+v", got, b.stateOf(t, "22"))
	}
}

func TestRetryable(t *testing.T) {
	t.Parallel()
	n := &Node{}
	end := &record.DeliveryEnd{}
	if got := n.failed(Incoming{Attempt: 1}, errors.New("a mistake of the code"), end); got.how != dead || end.State != record.DeliveryDead {
		t.Errorf("what is no failure of a service: %+v", got)
	}
	if got := n.failed(Incoming{Attempt: 1}, &engine.Error{Type: engine.ConnectionError}, end); got.how != again || end.State != record.DeliveryWaiting {
		t.Errorf("a lost connection: %+v", got)
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"hook_7": 7, "hook_07": 0, "hook_": 0, "hook_-1": 0, "con_7": 0, "hook_+7": 0, "hook_7x": 0, "hook_0": 0, "hook_9999999999999999999": 0, "7": 0} {
		if got, err := HookID(text); got != want || (err == nil) != (want != 0) {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	r, err := http.NewRequest(http.MethodPost, "https://cleat.example/hooks/token?a=1&b=%26", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"X-Mine": {"a", "b"}, "Cookie": {"secret"}, "X-Forwarded-For": {"1.2.3.4"}, "Authorization": {"of the service"}}
	head := HeadOf(r, "")
	got, err := RequestOf(head)
	if err != nil || got.URL.RawQuery != "a=1&b=%26" || got.URL.Path != "" || len(got.Header["X-Mine"]) != 2 || got.Header.Get("Cookie") != "" ||
		got.Header.Get("X-Forwarded-For") != "" || got.Header.Get("Authorization") == "" || got.Host != "cleat.example" {
		t.Errorf("%s became %+v, %v", head, got, err)
	}
	for _, body := range []string{"", "\n", "a\nb"} {
		if h, c, err := Split(Join(head, []byte(body))); err != nil || string(h) != string(head) || string(c) != body {
			t.Errorf("%q became %q, %q, %v", body, h, c, err)
		}
	}
	if _, _, err := Split([]byte("no end")); err == nil {
		t.Error("half a delivery is read")
	}
}
