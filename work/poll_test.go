package work

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
)

func TestNext(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time {
		v, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return v.UTC()
	}
	for _, c := range []struct{ cron, zone, now, want, wantErr string }{
		{cron: "0 9 * * 1-5", zone: "Europe/Prague", now: "2026-06-05T06:59:59Z", want: "2026-06-05T07:00:00Z"},                             // summer
		{cron: "0 9 * * 1-5", zone: "Europe/Prague", now: "2026-06-05T07:00:00Z", want: "2026-06-08T07:00:00Z"},                             // over a weekend, and not twice
		{cron: "0 9 * * *", zone: "Europe/Prague", now: "2026-12-01T00:00:00Z", want: "2026-12-01T08:00:00Z"},                               // winter
		{cron: "30 2 * * *", zone: "Europe/Prague", now: "2026-03-28T12:00:00Z", want: "2026-03-30T00:30:00Z"},                              // 29 March has no 2:30
		{cron: "30 2 * * *", zone: "Europe/Prague", now: "2026-10-24T12:00:00Z", want: "2026-10-25T00:30:00Z"},                              // the first of two
		{cron: "*/15 * * * *", now: "2026-06-05T06:14:59.5Z", want: "2026-06-05T06:15:00Z"},                                                 // no zone is UTC
		{cron: "0 0 29 2 *", now: "2026-06-05T00:00:00Z", want: "2028-02-29T00:00:00Z"},                                                     // a leap day
		{cron: "@daily", zone: "America/New_York", now: "2026-06-05T00:00:00Z", want: "2026-06-05T04:00:00Z"},                               // a word
		{cron: "0 0 30 2 *", now: "2026-06-05T00:00:00Z", wantErr: `the schedule "0 0 30 2 *" never comes`},                                 //
		{cron: "* *", now: "2026-06-05T00:00:00Z", wantErr: `the schedule "* *" cannot be read: expected exactly 5 fields, found 2: [* *]`}, //
		{cron: "TZ=UTC", now: "2026-06-05T00:00:00Z", wantErr: `the schedule "TZ=UTC" names a time zone: that has a field of its own`},
		{cron: "* * * * *", zone: "Mars/Olympus", now: "2026-06-05T00:00:00Z", wantErr: `there is no time zone "Mars/Olympus"`},
	} {
		got, err := Next(&record.Trigger{Cron: c.cron, Timezone: c.zone}, at(c.now))
		if c.wantErr != "" {
			if err == nil || err.Error() != c.wantErr {
				t.Errorf("%s: %v, want %s", c.cron, err, c.wantErr)
			}
			continue
		}
		if err != nil || !got.Equal(at(c.want)) {
			t.Errorf("%s in %q after %s: %v, %v, want %s", c.cron, c.zone, c.now, got, err, c.want)
		}
	}
	if _, err := Next(&record.Trigger{Every: time.Second - 1}, at("2026-06-05T00:00:00Z")); err == nil {
		t.Error("an interval below a second is taken")
	}
}

// TestNextEvery: each trigger keeps its own offset, and all of them fill the interval.
func TestNextEvery(t *testing.T) {
	t.Parallel()
	const every, triggers = 15 * time.Minute, 3000
	now := time.Date(2026, 6, 5, 12, 0, 0, 0, time.UTC)
	var minutes [15]int
	for i := range triggers {
		tr := &record.Trigger{ID: record.NewID("trg", now.Add(time.Duration(i)*time.Millisecond)), Every: every}
		first, err := Next(tr, now)
		if err != nil || !first.After(now) || first.Sub(now) > every {
			t.Fatalf("after %s comes %s, %v", now, first, err)
		}
		for _, later := range []time.Time{first.Add(-1), first, first.Add(every - 1)} {
			want := first
			if !later.Before(first) {
				want = first.Add(every)
			}
			if got, _ := Next(tr, later); !got.Equal(want) {
				t.Fatalf("%s: after %s comes %s, not %s", tr.ID, later, got, want)
			}
		}
		minutes[int(first.Sub(now)/time.Minute)%15]++
	}
	for minute, n := range minutes {
		if n < triggers/15/2 || n > triggers/15*2 {
			t.Errorf("in minute %d of the interval %d of %d triggers run: %v", minute, n, triggers, minutes)
		}
	}
}

func TestPollDelay(t *testing.T) {
	t.Parallel()
	passing := func(delay time.Duration) error { return &engine.Error{Type: engine.RateLimitError, Delay: delay} }
	for _, c := range []struct {
		err    error
		before int
		want   time.Duration
	}{
		{nil, 3, 0},
		{errors.New("x"), 0, time.Minute}, {errors.New("x"), 4, 5 * time.Minute}, {errors.New("x"), 59, time.Hour}, {errors.New("x"), 1000, time.Hour},
		{&engine.Error{Type: engine.DataError, Delay: 3 * time.Hour}, 0, time.Minute},
		{passing(0), 0, time.Minute}, {passing(0), 1, 2 * time.Minute}, {passing(0), 2, 5 * time.Minute}, {passing(0), 3, 10 * time.Minute},
		{passing(0), 4, time.Hour}, {passing(0), 5, 3 * time.Hour}, {passing(0), 6, 12 * time.Hour}, {passing(0), 7, 24 * time.Hour}, {passing(0), 1000, 24 * time.Hour},
		{passing(30 * time.Second), 0, time.Minute}, {passing(2 * time.Hour), 0, 2 * time.Hour}, {passing(1000 * time.Hour), 0, 24 * time.Hour}, {passing(-1), 0, time.Minute},
		{fmt.Errorf("module: %w", &engine.Error{Type: engine.ConnectionError}), 0, time.Minute},
	} {
		if got := pollDelay(c.err, c.before); got != c.want {
			t.Errorf("after %d failures and %v: %s, want %s", c.before, c.err, got, c.want)
		}
	}
}

// TestPollFreesItsWorker: a service that cannot answer now is asked once, and again when it
// says, or later and later; the worker does not wait for that. Only what a person has to
// put right stops the trigger.
func TestPollFreesItsWorker(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tr := b.trigger(t)
	asked := 0
	refuse := func(code int, header ...string) {
		b.service(func(w http.ResponseWriter, r *http.Request) {
			asked++
			status(code, header...)(w, r)
		})
	}
	next := func(what string) time.Duration {
		t.Helper()
		asked = 0
		if got := b.poll(t.Context(), record.Due{Team: 1, ID: tr.ID}); got.how != ended || asked != 1 {
			t.Fatalf("%s: %+v, asked %d times", what, got, asked)
		}
		wait := b.read(t, tr.ID).NextAt.Sub(b.now())
		b.pass(wait)
		return wait
	}
	refuse(http.StatusTooManyRequests, "Retry-After", "7200")
	if wait := next("two hours"); wait != 2*time.Hour {
		t.Errorf("two hours became %s", wait)
	}
	refuse(http.StatusServiceUnavailable, "Retry-After", b.now().Add(90*time.Minute).Format(http.TimeFormat))
	if wait := next("a date"); wait != 90*time.Minute {
		t.Errorf("a date became %s", wait)
	}
	refuse(http.StatusServiceUnavailable)
	for i := 2; i < 2*maxFailures; i++ {
		if wait, want := next("no date"), pollSteps[min(i, len(pollSteps)-1)]; wait != want {
			t.Errorf("failure %d: %s, want %s", i+1, wait, want)
		}
	}
	if got := b.read(t, tr.ID); got.Paused != "" || got.Failures != 2*maxFailures {
		t.Errorf("after a service was away for long: %+v", got)
	}
	b.service(items(1))
	b.poll(t.Context(), record.Due{Team: 1, ID: tr.ID})
	if got := b.read(t, tr.ID); got.Failures != 0 || got.NextAt.Sub(b.now()) > time.Minute || len(b.logged(t)) != 1 {
		t.Errorf("when it is back: %+v", got)
	}
}

func TestPoll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tr := b.trigger(t)
	due := record.Due{Team: 1, ID: tr.ID}
	b.service(items(1, 2))
	if got := b.poll(t.Context(), due); got.how != ended {
		t.Fatalf("a poll: %+v", got)
	}
	after := b.read(t, tr.ID)
	if all := b.logged(t); len(all) != 2 || string(all[0].Bundle) != `{"id":1}` || all[0].Source != tr.ID || after.State.Version != 1 || !after.NextAt.After(b.now()) || after.Failures != 0 {
		t.Fatalf("the log holds %d events, the trigger is %+v", len(all), after)
	}
	// It is not due: what is offered twice runs once.
	b.service(items(1, 2, 3))
	if got := b.poll(t.Context(), due); got.how != ended || len(b.logged(t)) != 2 {
		t.Errorf("what is not due: %+v, %d events", got, len(b.logged(t)))
	}
	// A failure leaves everything as it is, and the next poll gives what it would have given.
	b.pass(2 * time.Minute)
	b.service(status(http.StatusBadRequest))
	if got := b.poll(t.Context(), due); got.how != ended {
		t.Errorf("a failure: %+v", got)
	}
	failed := b.read(t, tr.ID)
	if failed.State.Version != 1 || failed.State.LastID != after.State.LastID || failed.Failures != 1 || failed.LastError == "" || len(b.logged(t)) != 2 {
		t.Errorf("after a failure the trigger is %+v", failed)
	}
	if wait := failed.NextAt.Sub(b.now()); wait < time.Minute || wait > 2*time.Minute {
		t.Errorf("after a failure it waits for %s", wait)
	}
	b.pass(5 * time.Minute)
	b.service(items(1, 2, 3))
	b.poll(t.Context(), due)
	good := b.read(t, tr.ID)
	if all := b.logged(t); len(all) != 3 || string(all[2].Bundle) != `{"id":3}` || good.Failures != 0 || good.LastError != "" {
		t.Errorf("after the failure: %d events, %+v", len(all), good)
	}
	runs, err := b.team.Runs(t.Context(), record.RunFilter{Source: tr.ID}, record.Page{Limit: 10})
	if err != nil || len(runs) != 3 || runs[1].State != record.Failed || runs[1].Bundles != 0 || runs[0].Bundles != 1 {
		t.Errorf("the history is %+v, %v", runs, err)
	}
	// One that is gone, or paused since it was offered, is nothing.
	good.Paused = "by a person"
	if err := b.team.UpdateTrigger(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	b.pass(time.Hour)
	b.service(items(1, 2, 3, 4))
	for _, d := range []record.Due{due, {Team: 1, ID: "trg_gone"}, {Team: 2, ID: tr.ID}} {
		if got := b.poll(t.Context(), d); got.how != ended || len(b.logged(t)) != 3 {
			t.Errorf("%+v: %+v, %d events", d, got, len(b.logged(t)))
		}
	}
}

// TestPollOverlap: of two polls of one trigger that read the same state one is kept.
func TestPollOverlap(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tr := b.trigger(t)
	b.service(items(1))
	first, second := b.read(t, tr.ID), b.read(t, tr.ID)
	if _, err := b.Poll(t.Context(), 1, first); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Poll(t.Context(), 1, second); !errors.Is(err, record.ErrFenced) || len(b.logged(t)) != 1 {
		t.Errorf("the second poll: %v, %d events", err, len(b.logged(t)))
	}
	b.service(status(http.StatusBadRequest))
	if _, err := b.Poll(t.Context(), 1, second); !errors.Is(err, record.ErrFenced) || b.read(t, tr.ID).Failures != 0 {
		t.Errorf("a failure of one that is too late: %v, %+v", err, b.read(t, tr.ID))
	}
}

func TestPollStopsAfterFiftyFailures(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tr := b.trigger(t)
	b.service(status(http.StatusBadRequest))
	for i := 1; i <= 2*maxFailures; i++ {
		b.pass(2 * time.Hour)
		b.poll(t.Context(), record.Due{Team: 1, ID: tr.ID})
		got := b.read(t, tr.ID)
		if stops := i%maxFailures == 0; got.Failures != i || (got.Paused != "") != stops {
			t.Fatalf("after %d failures: %d, paused %q", i, got.Failures, got.Paused)
		}
		if got.Paused != "" {
			if want := "polls failed in a row, the last with: "; !strings.Contains(got.Paused, want) {
				t.Errorf("it says %q", got.Paused)
			}
			got.Paused, got.NextAt = "", b.now() // a person resumes it
			if err := b.team.UpdateTrigger(t.Context(), got); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestPollEndsEarly: one that is interrupted leaves nothing, one that took too long has
// failed.
func TestPollEndsEarly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	tr := b.trigger(t)
	came := make(chan struct{})
	b.service(func(_ http.ResponseWriter, r *http.Request) {
		came <- struct{}{}
		<-r.Context().Done()
	})
	ctx, stop := context.WithCancel(t.Context())
	go func() { <-came; stop() }()
	if got := b.poll(ctx, record.Due{Team: 1, ID: tr.ID}); got.how != again || b.read(t, tr.ID).Failures != 0 {
		t.Errorf("interrupted: %+v, %+v", got, b.read(t, tr.ID))
	}
	late, done := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer done()
	go func() { <-came }()
	if got := b.poll(late, record.Due{Team: 1, ID: tr.ID}); got.how != ended || b.read(t, tr.ID).Failures != 1 {
		t.Errorf("too long: %+v, %+v", got, b.read(t, tr.ID))
	}
}

func TestNamesOnTheBus(t *testing.T) {
	t.Parallel()
	d := record.Due{Team: 12, ID: "trg_01_x"}
	if got, err := dueOf(onBusName(d)); err != nil || got != d {
		t.Errorf("%+v became %+v, %v", d, got, err)
	}
	for _, bad := range []string{"", "trg", "x_trg", "99999999999999999999_trg"} {
		if got, err := dueOf(bad); err == nil {
			t.Errorf("%q is %+v", bad, got)
		}
	}
}
