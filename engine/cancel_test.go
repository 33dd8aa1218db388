package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

const interrupted, tooLate = "interrupted", "the run took too long"

// TestCancellation ends a run at each point where it waits or works. The server tells
// when it is reached.
func TestCancellation(t *testing.T) {
	t.Parallel()
	page := func(w http.ResponseWriter, r *http.Request) { answers(`[{"id":1},{"id":2}]`)(w, r) }
	tests := []struct {
		name    string
		handler http.HandlerFunc
		api     string
		retries int
	}{
		{"before the answer", hangs(""), getURL, 0},
		{"in the body", hangs(`[{"id":`), getURL, 0},
		{"in the body of a file", hangs("%PDF"), `{"url": "{{parameters.url}}", "response": {"type": "binary"}}`, 0},
		{"between repeats", page, `{"url": "{{parameters.url}}", "repeat": {"condition": true, "delay": 3600000}}`, 0},
		{"between pages", page, `{"url": "{{parameters.url}}", "response": {"iterate": "{{body}}"}, "pagination": {"delay": 3600000}}`, 0},
		{"between attempts", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }, getURL, 3},
	}
	for _, test := range tests {
		for _, cause := range []string{interrupted, tooLate} {
			t.Run(test.name+", "+cause, func(t *testing.T) {
				t.Parallel()
				reached := make(chan struct{}, 100)
				server := serve(t, func(w http.ResponseWriter, r *http.Request) {
					reached <- struct{}{}
					test.handler(w, r)
				})
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				want := engine.ExecutionInterruptedError
				if cause == tooLate {
					ctx, cancel = context.WithTimeout(ctx, 60*time.Millisecond)
					defer cancel()
					want = engine.ModuleTimeoutError
				} else {
					go func() { <-reached; cancel() }()
				}
				in := at(server.URL)
				in.Retries = test.retries
				_, err := local(engine.Options{}).Start(compile(t, engine.Search, test.api), in).Value(ctx)
				wantError(t, failure(t, err), want, cause)
			})
		}
	}
}

func TestCancelledBeforeItBegins(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r := local(engine.Options{}).Start(compile(t, engine.Action, getURL), at("http://127.0.0.1:1"))
	_, err := r.Value(ctx)
	wantError(t, failure(t, err), engine.ExecutionInterruptedError, interrupted)
}

// TestCancelledAmongItems ends a run while the items of a page are being handed out, and
// before the requests of a communication that sends none.
func TestCancelledAmongItems(t *testing.T) {
	t.Parallel()
	server := serve(t, answers(`[{"id":1},{"id":2},{"id":3}]`))
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var got int
	var last error
	for _, err := range local(engine.Options{}).Start(compile(t, engine.Search, `{"url": "{{parameters.url}}", "response": {"iterate": "{{body}}"}}`), at(server.URL)).Bundles(ctx) {
		if last = err; err == nil {
			got++
			cancel()
		}
	}
	wantError(t, failure(t, last), engine.ExecutionInterruptedError, interrupted)
	if got != 1 {
		t.Errorf("%d bundles, want 1", got)
	}
	_, err := local(engine.Options{}).Start(compile(t, engine.Action, `{"repeat": {"condition": true}, "response": {"output": {"a": 1}}}`), engine.Input{}).Value(ctx)
	wantError(t, failure(t, err), engine.ExecutionInterruptedError, interrupted)
}

// TestWaits shows that the engine's own clock waits as long as it is told to.
func TestWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		api := `{"temp": {"n": "{{temp.n + 1}}"}, "repeat": {"condition": "{{temp.n < 4}}", "delay": 5000}, "response": {"output": {"n": "{{temp.n}}"}}}`
		v, err := result(t, engine.New(engine.Options{}).Start(compile(t, engine.Action, api), engine.Input{Temp: value.Object("n", value.Int(0))}))
		if err != nil {
			t.Fatal(err)
		}
		wantJSON(t, v, `{"n":4}`)
		if waited := time.Since(began); waited != 15*time.Second {
			t.Errorf("waited %s, want 15s", waited)
		}
	})
}

// TestConcurrentRunsOfOnePlan gives 500 runs of one plan their own parameters, headers and
// pages, and looks whether one sees anything of another.
func TestConcurrentRunsOfOnePlan(t *testing.T) {
	t.Parallel()
	var requests atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		who, page := r.Header.Get("X-Who"), r.URL.Query().Get("page")
		http.SetCookie(w, &http.Cookie{Name: "who", Value: who})
		if c, err := r.Cookie("who"); page != "1" && (err != nil || c.Value != who) {
			t.Errorf("the cookie of %s is %v", who, c)
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"who": who, "more": page != "3", "items": []string{who + "-" + page}})
	})
	plan := compile(t, engine.Search, `{
		"url": "{{parameters.url}}", "headers": {"X-Who": "{{parameters.who}}"}, "qs": {"page": "{{pagination.page}}"}, "shareCookies": true,
		"temp": {"who": "{{parameters.who}}"},
		"oauth": {"consumer_key": "key", "consumer_secret": "{{parameters.who}}"},
		"response": {"temp": {"seen": "{{body.who}}"}, "iterate": "{{body.items}}", "output": {"item": "{{item}}", "seen": "{{temp.seen}}", "own": "{{temp.who}}"}},
		"pagination": {"condition": "{{body.more}}"}
	}`)
	var log atomic.Int32
	e := local(engine.Options{Log: func(engine.Exchange) { log.Add(1) }})
	var all sync.WaitGroup
	for i := range 500 {
		all.Go(func() {
			who := "run" + strconv.Itoa(i)
			in := engine.Input{Parameters: object("url", server.URL, "who", who), Secrets: []string{"secret-" + who}}
			v, err := e.Start(plan, in).Value(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			want := ""
			for page := 1; page <= 3; page++ {
				want += fmt.Sprintf(`,{"item":"%s-%d","seen":"%s","own":"%s"}`, who, page, who, who)
			}
			if got := string(v.AppendJSON(nil)); got != "["+want[1:]+"]" {
				t.Errorf("%s got %s", who, got)
			}
		})
	}
	all.Wait()
	if requests.Load() != 1500 || log.Load() != 1500 {
		t.Errorf("%d requests and %d exchanges in the log, want 1500", requests.Load(), log.Load())
	}
}
