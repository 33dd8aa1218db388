package poll_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// code parses a file of an app.
func code(t testing.TB, name, text string) *app.Code {
	t.Helper()
	doc, found := jsonc.Parse(source.NewFile(name, []byte(text)))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return &app.Code{Name: name, File: doc.File, Doc: doc}
}

// compile compiles a trigger; epoch may be empty.
func compile(t testing.TB, communication, epoch string) *poll.Trigger {
	t.Helper()
	trigger, found := poll.Compile(engine.Source{Name: `module "watch"`, Code: code(t, "api.iml.json", communication)}, code(t, "epoch.iml.json", epoch))
	if err := found.Err(); err != nil {
		t.Fatal(err)
	}
	return trigger
}

// serviceFunc is a service without a network.
type serviceFunc func(*http.Request) string

func (f serviceFunc) RoundTrip(r *http.Request) (*http.Response, error) {
	body := f(r)
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body))}, nil
}

// present is the time of every test.
var present = time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)

func newPoller(store poll.Store, service http.RoundTripper) *poll.Poller {
	now := func() time.Time { return present }
	return &poll.Poller{Engine: engine.New(engine.Options{Transport: service, Now: now}), Store: store, Now: now}
}

// memory is a store that forgets when the test ends, and fails when it is told to.
type memory struct {
	mu     sync.Mutex
	states map[string]poll.State
	locks  map[string]chan struct{}
	fail   error // of the next PutTriggerState
	puts   int
}

func newMemory() *memory {
	return &memory{states: map[string]poll.State{}, locks: map[string]chan struct{}{}}
}

func (m *memory) LockTrigger(ctx context.Context, id string) (func(), error) {
	m.mu.Lock()
	lock := m.locks[id]
	if lock == nil {
		lock = make(chan struct{}, 1)
		m.locks[id] = lock
	}
	m.mu.Unlock()
	select {
	case lock <- struct{}{}:
		return func() { <-lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memory) TriggerState(_ context.Context, id string) (*poll.State, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.states[id]
	return &s, nil
}

func (m *memory) PutTriggerState(_ context.Context, id string, s *poll.State) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		err := m.fail
		m.fail = nil
		return err
	}
	if m.states[id].Version != s.Version {
		return poll.ErrConflict
	}
	s.Version++
	m.states[id], m.puts = *s, m.puts+1
	return nil
}

// list collects what a poll gives, as text.
type list struct{ texts []string }

func (l *list) emit(v value.Value) error {
	l.texts = append(l.texts, v.Member("id").ToText())
	return nil
}

// pageOf returns page number n of rows as a service would.
func pageOf(rows []string, n, size int) string {
	from := min((n-1)*size, len(rows))
	to := min(from+size, len(rows))
	return fmt.Sprintf(`{"items":[%s],"more":%v}`, strings.Join(rows[from:to], ","), to < len(rows))
}
