//go:build linux

package soak_test

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/examples"
	"github.com/cleat-run/cleat/internal/photoservice"
	"github.com/cleat-run/cleat/internal/visitor"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
)

// mix is everything that people, programs and services do with a node.
type mix struct {
	*client
	service    *service
	photos     *httptest.Server
	connection string
	hooks      []string // paths

	mu     sync.Mutex
	done   map[string]int
	failed map[string]int
	first  map[string]error // failure of each task
}

// startMix makes what the tasks work on.
func startMix(t *testing.T, n *node, triggers int, every time.Duration) *mix {
	t.Helper()
	m := &mix{client: n.owner(t), service: startService(t, 5*time.Second, 0), photos: httptest.NewServer(photoservice.New(oauth1test.Options{})),
		done: map[string]int{}, failed: map[string]int{}, first: map[string]error{}}
	t.Cleanup(m.photos.Close)
	_, err := m.upload(t.Context(), "soak", appFiles(m.service.URL))
	if err == nil {
		_, err = m.upload(t.Context(), "photos", examples.Photos())
	}
	if err == nil {
		m.connection, err = m.connect(t.Context(), "kept")
	}
	if err != nil {
		t.Fatal(err)
	}
	var destination struct{ ID string }
	m.must(t, http.MethodPost, "/v1/destinations", map[string]any{"name": "receiver", "url": m.service.URL + "/receive"}, &destination)
	for i := range 4 {
		wish := map[string]any{"name": fmt.Sprintf("hook %d", i), "app": "soak", "webhook": "inbox", "sequential": i == 3}
		if i == 0 {
			wish["destination"] = destination.ID
		}
		var made struct{ URL string }
		m.must(t, http.MethodPost, "/v1/hooks", wish, &made)
		m.hooks = append(m.hooks, strings.TrimPrefix(made.URL, n.url))
	}
	for i := range triggers {
		wish := map[string]any{"name": fmt.Sprintf("trigger %d", i), "app": "soak", "module": "watch", "every": every.String(), "from": "all"}
		if i%2 == 0 {
			wish["destination"] = destination.ID
		}
		m.must(t, http.MethodPost, "/v1/triggers", wish, nil)
	}
	return m
}

// polled checks that every trigger has given something.
func (m *mix) polled(t *testing.T, want int) {
	t.Helper()
	var page struct {
		Items []struct {
			Name, State, Reason string
			Progress            struct{ Begun bool }
		}
	}
	m.must(t, http.MethodGet, "/v1/triggers?limit=500", nil, &page)
	begun, failing := 0, 0
	for _, x := range page.Items {
		if x.State != "running" {
			failing++
			t.Logf("%s is %s: %s", x.Name, x.State, x.Reason)
		}
		if x.Progress.Begun {
			begun++
		}
	}
	if failing*failuresOf > want {
		t.Errorf("%d triggers of %d fail", failing, want)
	}
	if begun < want {
		t.Errorf("%d triggers of %d have run", begun, want)
	}
}

// task is one of the things that are done, so and so often in a second.
type task struct {
	name string
	rate float64
	do   func(*mix, context.Context) error
}

var tasks = []task{
	{"request to a hook", 100, (*mix).post},
	{"run over OAuth 1.0", 20, (*mix).search},
	{"run with a function", 5, (*mix).loud},
	{"run that fails", 3, (*mix).fail},
	{"run in the background", 2, (*mix).async},
	{"form with options of an RPC", 2, (*mix).form},
	{"listener comes and goes", 4, (*mix).listen},
	{"listener that does not read", .5, (*mix).gape},
	{"connection made and deleted", .5, (*mix).reconnect},
	{"hook and trigger made and deleted", .5, (*mix).reschedule},
	{"app uploaded, run and deleted", .2, (*mix).reupload},
	{"history read", 1, (*mix).browse},
}

// most is how many of one task are under way at once; what would come on top is left out.
const most = 64

// run does all tasks until ctx ends, and waits for what is under way.
func (m *mix) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, k := range tasks {
		all.Go(func() {
			tick := time.NewTicker(time.Duration(float64(time.Second) / k.rate))
			defer tick.Stop()
			free := make(chan struct{}, most)
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				select {
				case free <- struct{}{}:
					all.Go(func() { m.note(k.name, k.do(m, context.WithoutCancel(ctx))); <-free })
				default:
				}
			}
		})
	}
}

func (m *mix) note(name string, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done[name]++; err != nil {
		m.failed[name]++
		if m.first[name] == nil {
			m.first[name] = err
		}
	}
}

// failuresOf bounds what may fail to one in so many: a machine that is too busy answers some
// with 503 or 504, as it should.
const failuresOf = 20

func (m *mix) report(t *testing.T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range tasks {
		t.Logf("%6d × %s", m.done[k.name], k.name)
		if m.done[k.name] == 0 {
			t.Errorf("%s: it was never done", k.name)
		}
		if n := m.failed[k.name]; n > 0 {
			t.Logf("       %d of them failed, the first with: %v", n, m.first[k.name])
			if n*failuresOf > m.done[k.name] {
				t.Errorf("%s: %d of %d failed", k.name, n, m.done[k.name])
			}
		}
	}
	t.Logf("%6d bundles handed to the destination", m.service.received.Load())
}

func (m *mix) post(ctx context.Context) error {
	_, err := m.send(ctx, http.MethodPost, m.hooks[rand.IntN(len(m.hooks))], "application/json", strings.NewReader(`{"n":1,"text":"`+strings.Repeat("x", rand.IntN(2000))+`"}`), nil)
	return err
}

// module runs a module of the suites' app.
func (m *mix) module(ctx context.Context, name string, parameters map[string]any) error {
	_, err := m.call(ctx, http.MethodPost, "/v1/run", map[string]any{"app": "soak", "module": name, "parameters": parameters}, nil)
	return err
}

func (m *mix) search(ctx context.Context) error {
	_, err := m.call(ctx, http.MethodPost, "/v1/run", map[string]any{"app": "photos", "module": "searchPhotos", "connection": m.connection, "limit": 10}, nil)
	return err
}

func (m *mix) loud(ctx context.Context) error { return m.module(ctx, "loud", nil) }

// fail runs the module that fails, and is content when it does.
func (m *mix) fail(ctx context.Context) error {
	how := failures[rand.IntN(len(failures))]
	if m.module(ctx, "broken", map[string]any{"how": how}) == nil {
		return fmt.Errorf("a service that fails (%s) was good", how)
	}
	return nil
}

func (m *mix) async(ctx context.Context) error {
	_, err := m.call(ctx, http.MethodPost, "/v1/run?async=1", map[string]any{"app": "soak", "module": "list"}, nil)
	return err
}

func (m *mix) form(ctx context.Context) error {
	_, err := m.call(ctx, http.MethodPost, "/v1/forms", map[string]any{"app": "photos", "component": "searchPhotos", "connection": m.connection}, nil)
	return err
}

// listen opens a stream, reads for up to three seconds and hangs up.
func (m *mix) listen(ctx context.Context) error {
	stream, hangUp, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer hangUp()
	time.AfterFunc(time.Duration(rand.Int64N(int64(3*time.Second))), hangUp)
	_, _ = io.Copy(io.Discard, stream)
	return nil
}

// gape opens a stream and reads nothing of it.
func (m *mix) gape(ctx context.Context) error {
	_, hangUp, err := m.open(ctx)
	if err == nil {
		pause(5 * time.Second)
		hangUp()
	}
	return err
}

func (m *mix) open(ctx context.Context) (io.Reader, func(), error) {
	ctx, cancel := context.WithCancel(ctx)
	path := []string{"/v1/events", "/v1/live"}[rand.IntN(2)]
	r, err := m.request(ctx, http.MethodGet, path, nil)
	if err != nil {
		cancel()
		return nil, nil, err
	}
	r.Header.Set("Accept", "text/event-stream")
	answer, err := m.http.Do(r)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(path + ": " + answer.Status)
		answer.Body.Close()
	}
	if err != nil {
		cancel()
		return nil, nil, err
	}
	return answer.Body, sync.OnceFunc(func() { cancel(); answer.Body.Close() }), nil
}

func (m *mix) reconnect(ctx context.Context) error {
	id, err := m.connect(ctx, fmt.Sprintf("passing %d", rand.Int64()))
	if err == nil {
		_, err = m.call(ctx, http.MethodDelete, "/v1/connections/"+id, nil, nil)
	}
	return err
}

var connected = regexp.MustCompile(`data-connection="([^"]*)"`)

// connect makes a connection as a program and the person that it serves do together.
func (m *mix) connect(ctx context.Context, name string) (id string, err error) {
	var made struct {
		AuthorizeURL string `json:"authorize_url"`
	}
	_, err = m.call(ctx, http.MethodPost, "/v1/connections", map[string]any{"app": "photos", "name": name, "parameters": map[string]any{"service": m.photos.URL}}, &made)
	if err != nil {
		return "", err
	}
	person := newClient(m.url)
	person.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	defer person.http.CloseIdleConnections()
	begun, err := person.http.Get(made.AuthorizeURL)
	if err != nil {
		return "", err
	}
	begun.Body.Close()
	_, back, err := visitor.Answer(ctx, begun.Header.Get("Location"), visitor.Allow)
	if err != nil {
		return "", err
	}
	r, err := person.request(ctx, http.MethodGet, strings.TrimPrefix(back, m.url), nil)
	if err != nil {
		return "", err
	}
	for _, c := range begun.Cookies() {
		r.AddCookie(c)
	}
	shown, err := person.http.Do(r)
	if err != nil {
		return "", err
	}
	defer shown.Body.Close()
	page, err := io.ReadAll(shown.Body)
	told := connected.FindSubmatch(page)
	if err != nil || told == nil {
		return "", fmt.Errorf("the connection is not made: %s, %v", page, err)
	}
	return html.UnescapeString(string(told[1])), nil
}

// reschedule makes a hook and a trigger, lets both work once, and deletes them.
func (m *mix) reschedule(ctx context.Context) error {
	name := fmt.Sprintf("passing %d", rand.Int64())
	var hook, trigger struct{ ID, URL string }
	if _, err := m.call(ctx, http.MethodPost, "/v1/hooks", map[string]any{"name": name, "app": "soak", "webhook": "inbox"}, &hook); err != nil {
		return err
	}
	if _, err := m.call(ctx, http.MethodPost, "/v1/triggers", map[string]any{"name": name, "app": "soak", "module": "watch", "every": "1h"}, &trigger); err != nil {
		return err
	}
	for _, c := range []struct{ method, path string }{
		{http.MethodPost, strings.TrimPrefix(hook.URL, m.url)}, {http.MethodPost, "/v1/triggers/" + trigger.ID + "/run"},
		{http.MethodDelete, "/v1/hooks/" + hook.ID}, {http.MethodDelete, "/v1/triggers/" + trigger.ID},
	} {
		if _, err := m.send(ctx, c.method, c.path, "application/json", strings.NewReader("{}"), nil); err != nil {
			return err
		}
	}
	return nil
}

func (m *mix) reupload(ctx context.Context) error {
	name := fmt.Sprintf("passing-%d", rand.Int32())
	id, err := m.upload(ctx, name, appFiles(m.service.URL))
	if err != nil {
		return err
	}
	_, err = m.call(ctx, http.MethodPost, "/v1/run", map[string]any{"app": name, "module": "loud"}, nil)
	_, gone := m.call(ctx, http.MethodDelete, "/v1/apps/"+id, nil, nil)
	return errors.Join(err, gone)
}

func (m *mix) browse(ctx context.Context) error {
	for _, path := range []string{"/v1/runs?limit=20", "/v1/events?limit=20", "/v1/triggers?limit=20", "/v1/connections", "/v1/apps"} {
		if _, err := m.call(ctx, http.MethodGet, path, nil, nil); err != nil {
			return err
		}
	}
	return nil
}
