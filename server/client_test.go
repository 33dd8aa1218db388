package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// client is a program with a token, or a person with a session.
type client struct {
	*node
	token   string
	cookie  string
	id      string // of the token
	address string // as a proxy tells it
	teamID  int64  // of an owner
}

// lastAddress numbers clients: each has an address of its own, so that the failures of one
// do not delay another.
var lastAddress atomic.Int64

func newAddress() string {
	n := lastAddress.Add(1)
	return fmt.Sprintf("198.51.%d.%d", n/250, n%250+1)
}

// visitor is nobody.
func (n *node) visitor() *client { return &client{node: n, address: newAddress()} }

// answer is what a server answered.
type answer struct {
	status int
	header http.Header
	body   []byte
	asked  string
}

// browser follows no redirects and keeps no cookies.
var browser = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// request makes a request; header are names and values.
func (c *client) request(ctx context.Context, method, path string, body io.Reader, header ...string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return nil, err
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.cookie != "" {
		r.Header.Set("Cookie", c.cookie)
	}
	if c.address != "" {
		r.Header.Set("X-Forwarded-For", c.address)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	r.Host = r.Header.Get("Host") // "": that of the address
	return r, nil
}

func (c *client) send(ctx context.Context, method, path string, body io.Reader, header ...string) (*answer, error) {
	r, err := c.request(ctx, method, path, body, header...)
	if err != nil {
		return &answer{}, err
	}
	got, err := browser.Do(r)
	if err != nil {
		return &answer{}, err
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	a := &answer{got.StatusCode, got.Header, content, method + " " + path}
	if c.heard != nil {
		c.heard(a)
	}
	return a, err
}

func (c *client) do(t *testing.T, method, path string, body io.Reader, header ...string) *answer {
	t.Helper()
	got, err := c.send(t.Context(), method, path, body, header...)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (c *client) get(t *testing.T, path string, header ...string) *answer {
	t.Helper()
	return c.do(t, http.MethodGet, path, nil, header...)
}

func (c *client) post(t *testing.T, path string, body any, header ...string) *answer {
	t.Helper()
	return c.call(t, http.MethodPost, path, body, header...)
}

// call sends JSON; a nil body is none.
func (c *client) call(t *testing.T, method, path string, body any, header ...string) *answer {
	t.Helper()
	if body == nil {
		return c.do(t, method, path, nil, header...)
	}
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return c.do(t, method, path, bytes.NewReader(text), append([]string{"Content-Type", "application/json"}, header...)...)
}

// is fails for any other status.
func (a *answer) is(t *testing.T, status int) *answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("%s: %d, want %d\n%s", a.asked, a.status, status, a.body)
	}
	return a
}

// into reads the JSON of the body.
func (a *answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%s: %v\n%s", a.asked, err, a.body)
	}
}

// problem fails unless the answer is a problem with this status and code.
func (a *answer) problem(t *testing.T, status int, code string) problem {
	t.Helper()
	var p problem
	a.is(t, status).into(t, &p)
	if kind := a.header.Get("Content-Type"); p.Code != code || p.Status != status || p.Type == "" || p.Detail == "" || p.RequestID == "" || kind != "application/problem+json" {
		t.Fatalf("%s: want the problem %d %s, got %s\n%s", a.asked, status, code, kind, a.body)
	}
	return p
}

type problem struct {
	Type, Code, Detail, Hint, Position string
	RequestID                          string `json:"request_id"`
	Status                             int
	Errors                             []struct{ Code, Message, Field string }
}

// cookie is what the answer sets, as a browser sends it back.
func (a *answer) cookie() string {
	var all []string
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.MaxAge >= 0 {
			all = append(all, c.Name+"="+c.Value)
		}
	}
	return strings.Join(all, "; ")
}

type page[T any] struct {
	Items []T
	Next  string
}

// listed returns the items of a list.
func listed[T any](t *testing.T, a *answer) []T {
	t.Helper()
	var p page[T]
	a.is(t, http.StatusOK).into(t, &p)
	return p.Items
}

// told is a server-sent event.
type told struct{ id, name, data string }

// follow opens a stream of server-sent events; next waits for one that is no comment.
func (c *client) follow(t *testing.T, path string, header ...string) (next func() told, end func()) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	r, err := c.request(ctx, http.MethodGet, path, nil, append([]string{"Accept", "text/event-stream"}, header...)...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := browser.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); got.Body.Close() })
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "text/event-stream" {
		text, _ := io.ReadAll(got.Body)
		t.Fatalf("GET %s: %s, %s\n%s", path, got.Status, got.Header.Get("Content-Type"), text)
	}
	lines := bufio.NewScanner(got.Body)
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() || lines.Text() != ": hello" {
		t.Fatalf("GET %s begins with %q", path, lines.Text())
	}
	return func() told {
		t.Helper()
		var e told
		for lines.Scan() {
			name, text, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case name == "id":
				e.id = text
			case name == "event":
				e.name = text
			case name == "data":
				e.data = text
			case lines.Text() == "" && e != told{}:
				return e
			}
		}
		t.Fatalf("GET %s ended: %v", path, lines.Err())
		return e
	}, cancel
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	patience := time.After(time.Minute)
	for !holds() {
		select {
		case <-tick.C:
		case <-patience:
			t.Fatalf("it did not happen: %s", what)
		}
	}
}

// sendJSON is post for a goroutine of its own.
func (c *client) sendJSON(ctx context.Context, path string, body any, header ...string) (*answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return &answer{}, err
	}
	return c.send(ctx, http.MethodPost, path, bytes.NewReader(text), append([]string{"Content-Type", "application/json"}, header...)...)
}
