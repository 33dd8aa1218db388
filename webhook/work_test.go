package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/webhook"
)

// Requests that arrive together share a transaction, and one that cannot be stored does
// not take the others along.
func TestRequestsShareTransactions(t *testing.T) {
	t.Parallel()
	s := &memory{}
	batch := []*webhook.Delivery{{ID: "1"}, {ID: "2"}, {ID: "3"}}
	if told := webhook.WriteBatch(t.Context(), s, batch...); errors.Join(told...) != nil || s.appends != 1 {
		t.Errorf("told %v after %d transactions", told, s.appends)
	}
	s.failing = func(deliveries ...*webhook.Delivery) error {
		if slices.Contains(deliveries, batch[1]) {
			return webhook.ErrTooBig
		}
		return nil
	}
	told := webhook.WriteBatch(t.Context(), s, batch...)
	if told[0] != nil || told[2] != nil || !errors.Is(told[1], webhook.ErrTooBig) || len(s.deliveries) != 5 {
		t.Errorf("told %v, %d queued", told, len(s.deliveries))
	}
}

// work works on n deliveries and then ends.
func work(t testing.TB, h *webhook.Hook, parallel, n int, do func(*webhook.Delivery) (*engine.Reply, error)) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	return h.Work(ctx, parallel, func(_ context.Context, d *webhook.Delivery) (*engine.Reply, error) {
		mu.Lock()
		defer mu.Unlock()
		if n--; n == 0 {
			defer cancel()
		}
		return do(d)
	})
}

// What was queued before comes first, in order, and what was done does not come again.
func TestWork(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{8, 1} {
		h, s := newHook(t, codes{api: `{}`})
		for i := range 100 {
			post(h, fmt.Sprint(i))
		}
		var got []string
		take := func(d *webhook.Delivery) (*engine.Reply, error) {
			got = append(got, d.Bundles[0].ToText())
			return nil, nil
		}
		if err := work(t, h, parallel, 100, take); !errors.Is(err, context.Canceled) {
			t.Errorf("Work: %v", err)
		}
		if parallel == 1 && (got[0] != "0" || got[50] != "50" || got[99] != "99") {
			t.Errorf("out of order: %v", got)
		}
		slices.Sort(got)
		if len(slices.Compact(got)) != 100 || len(s.deliveries) != 0 {
			t.Errorf("%d different deliveries, %d are left", len(got), len(s.deliveries))
		}
	}
}

// A failure ends Work and leaves what was not done, in order.
func TestWorkFails(t *testing.T) {
	t.Parallel()
	h, s := newHook(t, codes{api: `{}`})
	h.Record.Sequential = true
	for i := range 5 {
		post(h, fmt.Sprint(i))
	}
	wrong := errors.New("no more paper")
	err := work(t, h, 8, 10, func(d *webhook.Delivery) (*engine.Reply, error) {
		if d.Bundles[0].ToText() == "2" {
			return nil, wrong
		}
		return nil, nil
	})
	if !errors.Is(err, wrong) || bundles(t, s, 1) != "2\n3\n4\n" {
		t.Errorf("Work: %v, the queue holds %q", err, bundles(t, s, 1))
	}
}

// A sequential hook never has two deliveries at work; another one has several.
func TestSequential(t *testing.T) {
	t.Parallel()
	for _, sequential := range []bool{true, false} {
		h, _ := newHook(t, codes{api: `{}`})
		h.Record.Sequential = sequential
		for i := range 40 {
			post(h, fmt.Sprint(i))
		}
		var mu sync.Mutex
		var now, most, all int
		ctx, cancel := context.WithCancel(t.Context())
		gate := make(chan struct{})
		h.Work(ctx, 8, func(context.Context, *webhook.Delivery) (*engine.Reply, error) {
			mu.Lock()
			now, all = now+1, all+1
			if most = max(most, now); most == 2 {
				close(gate)
				most++ // once
			}
			if all == 40 {
				cancel()
			}
			mu.Unlock()
			if !sequential {
				<-gate // two are at work
			}
			mu.Lock()
			now--
			mu.Unlock()
			return nil, nil
		})
		if sequential && most != 1 {
			t.Errorf("%d deliveries were at work at once", most)
		}
	}
}

// With Hold a request is answered when its bundles were worked on: by the responder, else
// as the app says, and after the deadline as well.
func TestHold(t *testing.T) {
	t.Parallel()
	reply := &engine.Reply{Status: 201, Header: http.Header{}, Body: []byte("from the responder")}
	for _, test := range []struct {
		name   string
		takes  time.Duration
		reply  *engine.Reply
		after  time.Duration
		status int
		body   string
	}{
		{"responder", time.Second, reply, time.Second, 201, "from the responder"},
		{"no responder", time.Second, nil, time.Second, 202, ""},
		{"too late", time.Minute, reply, 40 * time.Second, 202, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			h, s := newHook(t, codes{api: `{"respond":{"status":202}}`})
			h.Hold = 40 * time.Second
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				ended <- h.Work(ctx, 8, func(context.Context, *webhook.Delivery) (*engine.Reply, error) {
					time.Sleep(test.takes)
					return test.reply, nil
				})
			}()
			began := time.Now()
			w := post(h, "1")
			if w.Code != test.status || w.Body.String() != test.body || time.Since(began) != test.after {
				t.Errorf("%s: answered %d %q after %s", test.name, w.Code, w.Body, time.Since(began))
			}
			if waits := bundles(t, s, 1) != ""; waits != (test.after < test.takes) {
				t.Errorf("%s: answered, and still in the queue: %v", test.name, waits)
			}
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: Work: %v", test.name, err)
			}
		})
	}
}

// When nobody works any more, open requests are answered at once, and so are later ones:
// their bundles are on the disk.
func TestHoldEndsWithWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h, s := newHook(t, codes{api: `{}`})
		h.Hold = time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			ended <- h.Work(ctx, 8, func(ctx context.Context, _ *webhook.Delivery) (*engine.Reply, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})
		}()
		time.AfterFunc(time.Second, cancel)
		began := time.Now()
		for range 2 {
			if w := post(h, "1"); w.Code != 200 || time.Since(began) != time.Second {
				t.Errorf("answered %d after %s", w.Code, time.Since(began))
			}
		}
		if <-ended; strings.Count(bundles(t, s, 1), "1\n") != 2 {
			t.Errorf("the queue holds %q", bundles(t, s, 1))
		}
	})
}

func BenchmarkReceive(b *testing.B) {
	h, s := newHook(b, codes{api: `{"iterate":"{{body.events}}","output":{"id":"{{item.id}}","at":"{{parseDate(item.at)}}"}}`})
	h.Limits.Requests = -1
	const body = `{"events":[{"id":1,"at":"2026-01-02T03:04:05Z"},{"id":2,"at":"2026-01-02T03:04:05Z"}]}`
	b.ReportAllocs()
	for b.Loop() {
		post(h, body)
		s.deliveries = s.deliveries[:0]
	}
}
