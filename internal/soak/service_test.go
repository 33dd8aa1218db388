//go:build linux

package soak_test

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

// service is what the app of the suites talks to: lists of items, and every way to fail.
type service struct {
	*httptest.Server
	began    time.Time
	newItem  time.Duration // how often there is a new one
	thinks   time.Duration // before it tells items
	asked    atomic.Int64  // for items
	received atomic.Int64  // bundles
}

func startService(t *testing.T, newItem, thinks time.Duration) *service {
	t.Helper()
	s := &service{began: time.Now(), newItem: newItem, thinks: thinks}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", s.items)
	mux.HandleFunc("GET /ten", tenItems)
	mux.HandleFunc("GET /broken/{how}", broken)
	mux.HandleFunc("POST /receive", s.receive)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func (s *service) items(w http.ResponseWriter, _ *http.Request) {
	s.asked.Add(1)
	pause(s.thinks)
	newest := int64(time.Since(s.began)/s.newItem) + 1
	var all []string
	for id := max(1, newest-20); id <= newest; id++ {
		all = append(all, fmt.Sprintf(`{"id":%d,"title":"item %d"}`, id, id))
	}
	writeJSON(w, "["+strings.Join(all, ",")+"]")
}

func tenItems(w http.ResponseWriter, _ *http.Request) {
	var all []string
	for i := range 10 {
		all = append(all, fmt.Sprintf(`{"id":%d,"title":"photo %d","owner":{"name":"Alice","id":7},"tags":["a","b"],"taken":"2026-01-02T03:04:05Z"}`, i, i))
	}
	writeJSON(w, `{"photos":[`+strings.Join(all, ",")+`]}`)
}

func writeJSON(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(text))
}

// failures are the ways in which a service fails.
var failures = []string{"500", "429", "401", "text", "cut", "hang"}

func broken(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("how") {
	case "500":
		http.Error(w, "no", http.StatusInternalServerError)
	case "429":
		http.Error(w, "later", http.StatusTooManyRequests)
	case "401":
		http.Error(w, "who", http.StatusUnauthorized)
	case "text":
		writeJSON(w, `{"photos": [{"id": `)
	case "cut":
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(`{"photos": [`))
		panic(http.ErrAbortHandler)
	case "hang":
		<-r.Context().Done()
	}
}

// receive is a destination; now and then it does not want a bundle yet.
func (s *service) receive(w http.ResponseWriter, _ *http.Request) {
	if s.received.Add(1)%50 == 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

// appFiles are an app with one of each: a search that is signed by OAuth 1.0, a module with
// a function of its own, one that fails, a polling trigger and a webhook.
func appFiles(service string) fs.FS {
	module := func(kind, file string) string {
		return `{"label": "` + file + `", "moduleType": "` + kind + `", "connection": null, "altConnection": null,
			"codeFiles": {"communication": "` + file + `.json", "epoch": null, "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}}`
	}
	files := map[string]string{
		"makecomapp.json": `{"fileVersion": 1, "generalCodeFiles": {"base": "base.json", "common": "common.json", "readme": "README.md", "groups": "groups.json"},
			"components": {"connection": {}, "rpc": {}, "endpoint": {},
				"function": {"shout": {"codeFiles": {"code": "shout.js", "test": null}}},
				"webhook": {"inbox": {"label": "Inbox", "webhookType": "web", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "inbox.json", "params": null, "attach": null, "detach": null, "update": null, "requiredScope": null}}},
				"module": {"list": ` + module("search", "list") + `, "loud": ` + module("search", "loud") + `, "broken": ` + module("search", "broken") + `,
					"watch": ` + module("trigger", "watch") + `}},
			"origins": []}`,
		"base.json": `{}`, "common.json": `{}`, "README.md": "# soak\n", "groups.json": "[]",
		"inbox.json": `{"output": "{{body}}"}`,
		"shout.js":   "function shout(text) { return text.toUpperCase() + '!'; }",
		"list.json": `{"url": "` + service + `/ten", "qs": {"album": "summer"},
			"oauth": {"consumer_key": "key", "consumer_secret": "secret", "token": "token", "token_secret": "more"},
			"response": {"iterate": "{{body.photos}}", "output": {"id": "{{item.id}}", "title": "{{upper(item.title)}}", "owner": "{{item.owner.name}}"}}}`,
		"loud.json":   `{"url": "` + service + `/ten", "response": {"iterate": "{{body.photos}}", "output": {"title": "{{shout(item.title)}}"}}}`,
		"broken.json": `{"url": "` + service + `/broken/{{parameters.how}}", "response": {"iterate": "{{body.photos}}", "output": "{{item}}"}}`,
		"watch.json": `{"url": "` + service + `/items", "response": {"iterate": "{{body}}", "output": "{{item}}", "limit": 1000,
			"trigger": {"type": "id", "order": "asc", "id": "{{item.id}}"}}}`,
	}
	app := fstest.MapFS{}
	for name, text := range files {
		app[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return app
}
