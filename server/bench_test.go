package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/cleat-run/cleat/server"
)

// The figures of server.md 6 are measured by these: client, server and service share the
// process and its processors. Compare a run with the bare hop of the same run.

// clients is how many requests are under way at once, times the processors.
const clients = 16

// photos answers as a service with ten items does.
var tenItems = func() []byte {
	var items []string
	for i := range 10 {
		items = append(items, fmt.Sprintf(`{"id":%d,"title":"photo %d","owner":{"name":"Alice","id":7},"tags":["a","b"],"taken":"2026-01-02T03:04:05Z"}`, i, i))
	}
	return []byte(`{"photos":[` + strings.Join(items, ",") + `]}`)
}()

func benchService(b *testing.B) *httptest.Server {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(tenItems)
	}))
	b.Cleanup(service.Close)
	return service
}

// benchApp signs its only module by OAuth 1.0.
func benchApp(service string) fstest.MapFS {
	files := map[string]string{
		"makecomapp.json": `{"fileVersion": 1, "generalCodeFiles": {"base": "base.json", "common": "common.json", "readme": "README.md", "groups": "groups.json"},
			"components": {"connection": {}, "rpc": {}, "function": {}, "endpoint": {},
				"webhook": {"inbox": {"label": "Inbox", "webhookType": "web", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "inbox.json", "params": null, "attach": null, "detach": null, "update": null, "requiredScope": null}}},
				"module": {"list": {"label": "List", "moduleType": "search", "connection": null, "altConnection": null,
					"codeFiles": {"communication": "list.json", "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}}}},
			"origins": []}`,
		"base.json": `{}`, "common.json": `{}`, "README.md": "# bench\n", "groups.json": "[]",
		"inbox.json": `{"output": "{{body}}"}`,
		"list.json": `{"url": "` + service + `/photos", "qs": {"album": "summer"},
			"oauth": {"consumer_key": "key", "consumer_secret": "secret", "token": "token", "token_secret": "more"},
			"response": {"iterate": "{{body.photos}}", "output": {"id": "{{item.id}}", "title": "{{upper(item.title)}}", "owner": "{{item.owner.name}}"}}}`,
	}
	app := fstest.MapFS{}
	for name, text := range files {
		app[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return app
}

func benchNode(b *testing.B) (*node, string) {
	b.Helper()
	n, err := startNode(context.Background(), func(c *server.Config) {
		c.Limits = server.Limits{PerTeam: 1000, PerConnect: 1000, HookRequests: 1 << 40}
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := n.stop(); err != nil {
			b.Error(err)
		}
	})
	answer, err := n.boss.send(b.Context(), http.MethodPost, "/v1/tokens", strings.NewReader(`{"name":"bench","scopes":["apps:write","run","hooks"]}`), "Content-Type", "application/json")
	if err != nil {
		b.Fatal(err)
	}
	var made struct{ Token string }
	if err := json.Unmarshal(answer.body, &made); err != nil {
		b.Fatalf("%s: %v", answer.body, err)
	}
	return n, made.Token
}

func drive(b *testing.B, url, token, body string) {
	b.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	b.SetParallelism(clients)
	b.ReportAllocs()
	b.ResetTimer()
	var mu sync.Mutex
	var took []time.Duration
	b.RunParallel(func(pb *testing.PB) {
		var own []time.Duration
		defer func() {
			mu.Lock()
			defer mu.Unlock()
			took = append(took, own...)
		}()
		for pb.Next() {
			began := time.Now()
			r, _ := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Authorization", "Bearer "+token)
			answer, err := client.Do(r)
			if err != nil {
				b.Error(err)
				return
			}
			text, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			if err != nil || answer.StatusCode != http.StatusOK {
				b.Errorf("%s: %s, %v", answer.Status, text, err)
				return
			}
			own = append(own, time.Since(began))
		}
	})
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// BenchmarkRunOverHTTP runs a module: a signed GET, ten items mapped.
func BenchmarkRunOverHTTP(b *testing.B) {
	service := benchService(b)
	n, token := benchNode(b)
	body, kind := folderUpload(&testing.T{}, "bench", benchApp(service.URL))
	answer, err := n.boss.send(b.Context(), http.MethodPost, "/v1/apps", body, "Content-Type", kind)
	if err != nil || answer.status != http.StatusCreated {
		b.Fatalf("%v %s", err, answer.body)
	}
	drive(b, n.url+"/v1/run", token, `{"app":"bench","module":"list"}`)
}

// BenchmarkBareHop is the floor: a Go server that asks the service, decodes and encodes.
func BenchmarkBareHop(b *testing.B) {
	service := benchService(b)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 200}}
	hop := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer, err := client.Get(service.URL)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		var got any
		if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_ = json.NewEncoder(w).Encode(got)
	}))
	defer hop.Close()
	drive(b, hop.URL, "", `{"app":"bench","module":"list"}`)
}

// BenchmarkIntake takes requests for a hook: durable before the answer.
func BenchmarkIntake(b *testing.B) {
	service := benchService(b)
	n, _ := benchNode(b)
	body, kind := folderUpload(&testing.T{}, "bench", benchApp(service.URL))
	if _, err := n.boss.send(b.Context(), http.MethodPost, "/v1/apps", body, "Content-Type", kind); err != nil {
		b.Fatal(err)
	}
	answer, err := n.boss.send(b.Context(), http.MethodPost, "/v1/hooks", strings.NewReader(`{"name":"bench","app":"bench","webhook":"inbox"}`), "Content-Type", "application/json")
	var made struct{ URL string }
	if err == nil {
		err = json.Unmarshal(answer.body, &made)
	}
	if err != nil || made.URL == "" {
		b.Fatalf("%s: %v", answer.body, err)
	}
	drive(b, made.URL, "", string(bytes.Repeat([]byte(`{"a":1}`), 1)))
}
