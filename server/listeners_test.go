package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// listener is an open stream of events that is read as fast as it comes, or only when read
// is called.
type listener struct {
	lines *bufio.Scanner
	end   func()

	mu  sync.Mutex
	got []told
}

// listenTo opens a stream over a network.
func (c *client) listenTo(t *testing.T, network http.RoundTripper, path, after string) *listener {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	header := []string{"Accept", "text/event-stream"}
	if after != "" {
		header = append(header, "Last-Event-ID", after)
	}
	r, err := c.request(ctx, http.MethodGet, path, nil, header...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := network.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{lines: bufio.NewScanner(got.Body), end: func() { cancel(); got.Body.Close() }}
	t.Cleanup(l.end)
	if got.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(got.Body)
		t.Fatalf("GET %s: %s %s", path, got.Status, text)
	}
	return l
}

// read reads until the stream ends, or n events have come in all.
func (l *listener) read(n int) {
	var e told
	for l.count() < n && l.lines.Scan() {
		name, text, _ := strings.Cut(l.lines.Text(), ": ")
		switch name {
		case "id":
			e.id = text
		case "event":
			e.name = text
		case "data":
			e.data = text
		}
		if name == "" && e != (told{}) { // what has no end does not count (WHATWG HTML 9.2.6)
			l.mu.Lock()
			l.got = append(l.got, e)
			l.mu.Unlock()
			e = told{}
		}
	}
}

func (l *listener) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.got)
}

// ids are those of the events that have come.
func (l *listener) ids() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, e := range l.got {
		all = append(all, e.id)
	}
	return all
}

// numbers are those that events of listenersLive carry.
func (l *listener) numbers(t *testing.T) []int {
	t.Helper()
	var all []int
	for _, e := range l.got {
		var data struct{ N int }
		if err := json.Unmarshal([]byte(e.data), &data); err != nil || e.name != "exchange" {
			t.Fatalf("it was told %s %s", e.name, e.data)
		}
		all = append(all, data.N)
	}
	return all
}

// TestListeners: a node has 200 listeners and no more; one that does not read is dropped,
// loses nothing when it comes back, and holds up nobody (server.md 6).
func TestListeners(t *testing.T) {
	t.Parallel()
	n := ownNode(t, nil)
	o := newOperatorOf(t, n, "")
	network := &http.Transport{}
	defer network.CloseIdleConnections()
	var live, events []*listener
	for range 9 {
		live = append(live, o.listenTo(t, network, "/v1/live", ""))
	}
	for range 189 {
		events = append(events, o.listenTo(t, network, "/v1/events", ""))
	}
	slowLive, slowEvents := o.listenTo(t, network, "/v1/live", ""), o.listenTo(t, network, "/v1/events", "")
	for _, path := range []string{"/v1/live", "/v1/events"} {
		refused := o.get(t, path, "Accept", "text/event-stream")
		refused.problem(t, http.StatusServiceUnavailable, "too_many_listeners")
		if wait, err := strconv.Atoi(refused.header.Get("Retry-After")); err != nil || wait < 1 {
			t.Errorf("%s: come again after %q", path, refused.header.Get("Retry-After"))
		}
	}
	for _, l := range slices.Concat(live, events) {
		go l.read(1 << 30)
	}
	o.listenersLive(t, network, live, slowLive)
	o.listenersEvents(t, network, events, slowEvents)
}

// listenersLive emits as fast as those follow who read. The buffers on the way to who does
// not hold less than that.
func (o *operator) listenersLive(t *testing.T, network http.RoundTripper, quick []*listener, slow *listener) {
	t.Helper()
	var me struct{ Team int64 }
	o.get(t, "/v1/me").is(t, http.StatusOK).into(t, &me)
	const batches, each = 7, 90
	padding := strings.Repeat("x", 20<<10) // 12 MiB in all: the kernel alone keeps about 4 for a connection
	for batch := range batches {
		for i := range each {
			o.Live.Emit(me.Team, fmt.Sprintf("run%d", batch), "exchange", fmt.Appendf(nil, `{"n":%d,"x":%q}`, batch*each+i, padding))
		}
		eventually(t, "everybody who reads has got the batch", func() bool {
			return !slices.ContainsFunc(quick, func(l *listener) bool { return l.count() < (batch+1)*each })
		})
	}
	const all = batches * each
	inOrder(t, "a quick listener", quick[0].numbers(t), 0, all)
	slow.read(all)
	got := slow.numbers(t)
	if len(got) == 0 || len(got) == all {
		t.Fatalf("the slow listener got %d of %d", len(got), all)
	}
	inOrder(t, "the slow listener", got, 0, len(got))
	again := o.listenTo(t, network, "/v1/live", slow.got[len(got)-1].id)
	again.read(all - len(got))
	inOrder(t, "the slow listener that came back", again.numbers(t), len(got), all)
	again.end()
	old := o.listenTo(t, network, "/v1/live", "1")
	defer old.end()
	if old.read(1); old.got[0].name != "reset" {
		t.Errorf("behind what is kept no longer came %+v", old.got[0])
	}
}

// inOrder fails unless got are the numbers from first to below end.
func inOrder(t *testing.T, who string, got []int, first, end int) {
	t.Helper()
	for i, n := range got {
		if n != first+i {
			t.Fatalf("%s got %d in the place of %d", who, n, first+i)
		}
	}
	if first+len(got) != end {
		t.Fatalf("%s got %d, want those from %d to %d", who, len(got), first, end)
	}
}

// listenersEvents lets runs log their bundles.
func (o *operator) listenersEvents(t *testing.T, network http.RoundTripper, quick []*listener, slow *listener) {
	t.Helper()
	const runs = 6
	search := map[string]any{"app": "photos", "module": "searchPhotos", "connection": o.connection}
	var one struct{ Bundles []json.RawMessage }
	o.post(t, "/v1/run", search).is(t, http.StatusOK).into(t, &one)
	for range runs {
		o.post(t, "/v1/run?async=1", search).is(t, http.StatusAccepted)
	}
	all := runs * len(one.Bundles)
	eventually(t, "everybody who reads has got the log", func() bool {
		return !slices.ContainsFunc(quick, func(l *listener) bool { return l.count() < all })
	})
	var want []string
	for _, e := range listed[struct{ Cursor string }](t, o.get(t, "/v1/events?limit=500")) {
		want = append(want, e.Cursor)
	}
	for _, l := range quick {
		if got := l.ids(); !slices.Equal(got, want) {
			t.Fatalf("a listener got %q, want %q", got, want)
		}
	}
	slow.read(10)
	slow.end()
	again := o.listenTo(t, network, "/v1/events", slow.got[9].id)
	defer again.end()
	again.read(len(want) - 10)
	if got := append(slow.ids(), again.ids()...); !slices.Equal(got, want) {
		t.Errorf("the slow listener got %q, want %q", got, want)
	}
}
