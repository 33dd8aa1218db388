package webhook_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

func TestReceive(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, code, body string
		status           int
		answer, queued   string
	}{
		{"default answer", `{}`, `{"a":1}`, 200, "Accepted", "{\"a\":1}\n"},
		{"respond", `{"respond":{"status":202,"body":{"ok":true}}}`, `1`, 202, `{"ok":true}`, "1\n"},
		{"verification", `{"verification":{"condition":"{{body.c}}","respond":{"type":"text","body":"{{body.c}}"}}}`, `{"c":"x"}`, 200, "x", ""},
		{"verification without respond", `{"verification":{"condition":"{{body.c}}"}}`, `{"c":"x"}`, 200, "", ""},
		{"headers of the connection", `{"respond":{"headers":{"Content-Length":1,"Transfer-Encoding":"chunked"},"body":{"ok":true}}}`, `1`, 200, `{"ok":true}`, "1\n"},
		{"condition", `{"condition":"{{body.a == 2}}"}`, `{"a":1}`, 200, "Accepted", ""},
		{"several", `{"iterate":"{{body}}","output":{"n":"{{item}}"}}`, `[1,2]`, 200, "Accepted", "{\"n\":1}\n{\"n\":2}\n"},
		{"what attach stored", `{"output":"{{data.externalHookId}} {{parameters.externalHookId}} {{webhook.externalHookId}} {{webhook.id}}"}`, `1`, 200, "Accepted", "\"42 42 42 1\"\n"},
		{"broken JSON", `{}`, `{"a":`, 400, "the request cannot be read\n", ""},
		{"a mistake of the app", `{"iterate":"{{body.a}}"}`, `{"a":1}`, 500, "the request could not be taken\n", ""},
		{"too large", `{}`, `"` + strings.Repeat("x", 5<<20) + `"`, 413, "the request is larger than 5242880 bytes\n", ""},
		{"a signature", `{"condition":"{{sha256(rawBody, 'hex', parameters.secret) == headers.x-signature}}"}`, `{"a": 1}`, 200, "Accepted", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h, s := newHook(t, codes{api: test.code})
			w := post(h, test.body)
			if w.Code != test.status || w.Body.String() != test.answer {
				t.Errorf("answered %d %q, want %d %q", w.Code, w.Body, test.status, test.answer)
			}
			if w.Header().Get("Content-Length")+w.Header().Get("Transfer-Encoding") != "" {
				t.Errorf("header %v", w.Header())
			}
			if got := bundles(t, s, 1); got != test.queued {
				t.Errorf("queued %q, want %q", got, test.queued)
			}
		})
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	h, s := newHook(t, codes{api: `{}`})
	s.deliveries = []*webhook.Delivery{{ID: "1", Hook: 1}, {ID: "2", Hook: 1}}
	for _, test := range []struct {
		name   string
		change func(*webhook.Hook, *http.Request)
		status int
		retry  string
	}{
		{"fine", func(*webhook.Hook, *http.Request) {}, 200, ""},
		{"another token", func(_ *webhook.Hook, r *http.Request) { r.URL.Path = "/hooks/tok2" }, 404, ""},
		{"no token", func(_ *webhook.Hook, r *http.Request) { r.URL.Path = "/hooks/" }, 404, ""},
		{"mounted elsewhere", func(_ *webhook.Hook, r *http.Request) { r.URL.Path = "/below/hooks/tok" }, 200, ""},
		{"disabled", func(h *webhook.Hook, _ *http.Request) {
			h.Record = &webhook.Record{ID: 1, Token: "tok", Disabled: true}
		}, 410, ""},
		{"large header", func(_ *webhook.Hook, r *http.Request) { r.Header.Set("X", strings.Repeat("x", 64<<10)) }, 431, ""},
		{"large query", func(_ *webhook.Hook, r *http.Request) { r.URL.RawQuery = strings.Repeat("x", 64<<10) }, 431, ""},
		{"large body", func(h *webhook.Hook, _ *http.Request) { h.Limits.Body = 3 }, 413, ""},
		{"large body of unknown length", func(h *webhook.Hook, r *http.Request) { h.Limits.Body, r.ContentLength = 3, -1 }, 413, ""},
		{"full queue", func(h *webhook.Hook, _ *http.Request) { h.Limits.Deliveries = 2 }, 400, "60"},
		{"full queue of bytes", func(h *webhook.Hook, _ *http.Request) { h.Limits.Bytes = 1 }, 400, "60"},
		{"no limit", func(h *webhook.Hook, _ *http.Request) {
			h.Limits = webhook.Limits{Body: -1, Header: -1, Requests: -1, Deliveries: -1, Bytes: -1}
		}, 200, ""},
		{"the connection broke", func(_ *webhook.Hook, r *http.Request) {
			r.Body = io.NopCloser(io.MultiReader(strings.NewReader("["), broken{}))
		}, 400, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			mine := &webhook.Hook{Engine: h.Engine, Store: &memory{deliveries: s.deliveries}, Type: h.Type, Record: h.Record}
			mine.Store.(*memory).deliveries = []*webhook.Delivery{{ID: "1", Hook: 1, Bundles: make([]value.Value, 1)}, {ID: "2", Hook: 1}}
			var heard int
			mine.Refused = func(status int, _ error) { heard = status }
			r := httptest.NewRequest("POST", "/hooks/tok", strings.NewReader(`{"a":1}`))
			r.Header.Set("Content-Type", "application/json")
			test.change(mine, r)
			w := httptest.NewRecorder()
			mine.ServeHTTP(w, r)
			if w.Code != test.status || w.Header().Get("Retry-After") != test.retry {
				t.Errorf("answered %d, Retry-After %q, want %d, %q", w.Code, w.Header().Get("Retry-After"), test.status, test.retry)
			}
			if refused := test.status >= 300; refused != (heard == test.status) {
				t.Errorf("Refused heard %d", heard)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestRate(t *testing.T) {
	t.Parallel()
	h, _ := newHook(t, codes{api: `{"condition":false}`})
	now := time.Unix(0, 0)
	h.Now = func() time.Time { return now }
	for i := range 300 {
		if w := post(h, "1"); w.Code != 200 {
			t.Fatalf("request %d: %d", i, w.Code)
		}
	}
	now = now.Add(7500 * time.Millisecond)
	if w := post(h, "1"); w.Code != 429 || w.Header().Get("Retry-After") != "3" {
		t.Errorf("the 301st: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	now = now.Add(2500 * time.Millisecond)
	if w := post(h, "1"); w.Code != 200 {
		t.Errorf("in the next window: %d", w.Code)
	}
}

// A request is answered 2xx only when its bundles are on the disk.
func TestNothingIsAnsweredBeforeItIsQueued(t *testing.T) {
	t.Parallel()
	h, s := newHook(t, codes{api: `{"respond":{"status":202}}`})
	s.failing = func(...*webhook.Delivery) error { return errors.New("the disk is full") }
	if w := post(h, "1"); w.Code != 500 {
		t.Errorf("answered %d", w.Code)
	}
	s.failing = func(...*webhook.Delivery) error { return fmt.Errorf("queue: %w", webhook.ErrTooBig) }
	if w := post(h, "1"); w.Code != 413 {
		t.Errorf("answered %d", w.Code)
	}
}

// A shared webhook gives each item to the hooks of the account that uid names.
func TestShared(t *testing.T) {
	t.Parallel()
	h, s := newHook(t, codes{shared: true, api: `{"iterate":"{{body}}","output":"{{item.n}}","uid":"{{item.user}}"}`})
	for _, r := range []*webhook.Record{{UID: "bob"}, {UID: "ana"}, {UID: ""}} {
		r.App, r.Type = "photos", "renamed"
		if err := s.InsertHook(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	w := post(h, `[{"user":"ana","n":1},{"user":"bob","n":2},{"user":"eve","n":3},{"n":4},{"user":"ana","n":5}]`)
	if w.Code != 200 {
		t.Errorf("answered %d", w.Code)
	}
	for id, want := range map[int64]string{1: "1\n5\n", 2: "2\n", 3: "1\n5\n", 4: ""} {
		if got := bundles(t, s, id); got != want {
			t.Errorf("hook %d was given %q, want %q", id, got, want)
		}
	}
	if h.Dropped() != 2 || len(s.deliveries) != 3 {
		t.Errorf("%d dropped, %d deliveries", h.Dropped(), len(s.deliveries))
	}
}

// No answer tells a stranger anything about parameters.
func TestAnswersHoldNoSecrets(t *testing.T) {
	t.Parallel()
	h, _ := newHook(t, codes{params: `[{"name":"secret","type":"password"}]`, api: `{"output":"{{parseJSON(parameters.secret)}}"}`})
	var heard error
	h.Refused = func(_ int, err error) { heard = err }
	w := post(h, "1")
	if w.Code != 500 || strings.Contains(w.Body.String(), "s3cr3t") || heard == nil || strings.Contains(heard.Error(), "s3cr3t") {
		t.Errorf("answered %d %q, heard %v", w.Code, w.Body, heard)
	}
}

// The type of an answer is never guessed from what a stranger sent.
func TestAnswersAreNotSniffed(t *testing.T) {
	t.Parallel()
	h, _ := newHook(t, codes{api: `{"verification":{"respond":{"type":"text","body":"{{body.c}}"}}}`})
	server := httptest.NewServer(h)
	defer server.Close()
	answer, err := http.Post(server.URL+"/hooks/tok", "application/json", bytes.NewBufferString(`{"c":"<script>"}`))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if answer.Header.Get("Content-Type") != "text/plain; charset=utf-8" || answer.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("header %v", answer.Header)
	}
}
