package work

import (
	"archive/zip"
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/webhook"
)

// definition is an app with a polling trigger and a webhook; SERVICE is where the trigger
// looks.
var definition = map[string]string{
	"makecomapp.json": `{"fileVersion": 1, "generalCodeFiles": {"base": null, "common": null, "readme": null, "groups": null}, "origins": [], "components": {
		"connection": {}, "rpc": {}, "function": {}, "endpoint": {},
		"webhook": {"incoming": {"label": "Incoming", "webhookType": "web", "connection": null, "altConnection": null,
			"codeFiles": {"communication": "incoming.json", "params": null, "attach": null, "detach": null, "update": null, "requiredScope": null}}},
		"module": {
			"watch": {"label": "Watch", "moduleType": "trigger", "connection": null, "altConnection": null,
				"codeFiles": {"communication": "watch.json", "epoch": null, "staticParams": null, "mappableParams": null, "interface": null, "samples": null, "scope": null}},
			"instant": {"label": "Instant", "moduleType": "instant_trigger", "webhook": "incoming",
				"codeFiles": {"communication": "instant.json", "staticParams": null, "mappableParams": null, "interface": null, "samples": null}}}}}`,
	"watch.json": `{"url": "SERVICE/items", "response": {"iterate": "{{body.items}}", "output": "{{item}}", "limit": 10,
		"trigger": {"type": "id", "order": "asc", "id": "{{item.id}}"}}}`,
	"incoming.json": `{"condition": "{{body.wanted}}", "iterate": "{{body.items}}", "output": "{{item}}"}`,
	"instant.json":  `{"url": "SERVICE/detail", "qs": {"id": "{{payload.id}}"}, "response": {"output": "{{body}}"}}`,
}

// bench is a node with records, an app, and the service that it talks to. Its clock stands
// still.
type bench struct {
	*Node
	team    TeamRecords
	answer  atomic.Value // of the service: func(http.ResponseWriter, *http.Request)
	mu      sync.Mutex
	clock   time.Time
	runtime *cleat.Runtime
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = b.clock.Add(d)
}

func (b *bench) time() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock
}

func (b *bench) service(answer func(http.ResponseWriter, *http.Request)) { b.answer.Store(answer) }

// items are what the service lists.
func items(ids ...int) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		var all []string
		for _, id := range ids {
			all = append(all, fmt.Sprintf(`{"id": %d}`, id))
		}
		fmt.Fprintf(w, `{"items": [%s]}`, strings.Join(all, ","))
	}
}

func status(code int, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{clock: time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)}
	b.service(items())
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.answer.Load().(func(http.ResponseWriter, *http.Request))(w, r)
	}))
	t.Cleanup(service.Close)
	records, err := store.Open(t.Context(), store.Options{Dir: t.TempDir(), Now: b.time})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	b.runtime = cleat.New(cleat.Options{Engine: engine.Options{Now: b.time, Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}})
	t.Cleanup(func() { b.runtime.Close() })
	stored := Stored(records)
	b.Node = &Node{Name: "bench", Records: stored, Catalog: &Catalog{Records: stored}, Teams: &Teams{Runtime: b.runtime, Records: stored, PublicURL: "http://cleat.example"},
		Log: slog.New(slog.DiscardHandler), Now: b.time}
	b.team = stored.OfTeam(1)
	if err := b.team.InsertVersion(t.Context(), &record.App{Name: "sample"}, &record.Version{}, archive(t, service.URL), true); err != nil {
		t.Fatal(err)
	}
	return b
}

func archive(t *testing.T, service string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, text := range definition {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte(strings.ReplaceAll(text, "SERVICE", service)))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// trigger stores a trigger that is due now.
func (b *bench) trigger(t *testing.T) *record.Trigger {
	t.Helper()
	tr := &record.Trigger{Name: "watch", App: "sample", Module: "watch", Every: time.Minute, From: "all", NextAt: b.now()}
	if err := b.team.InsertTrigger(t.Context(), tr); err != nil {
		t.Fatal(err)
	}
	return tr
}

// read returns the trigger as it is stored.
func (b *bench) read(t *testing.T, id string) *record.Trigger {
	t.Helper()
	tr, err := b.team.Trigger(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// events returns what is in the log.
func (b *bench) logged(t *testing.T) []*record.Event {
	t.Helper()
	all, err := b.team.Events(t.Context(), record.EventFilter{}, 0, 500)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// hook stores a hook.
func (b *bench) hook(t *testing.T, trigger string) *webhook.Record {
	t.Helper()
	h := &webhook.Record{Name: "hook " + trigger, App: "sample", Type: "incoming", Token: strings.Repeat("t", 40) + trigger, Trigger: trigger, Parameters: value.NewCollection(0), Data: value.NewCollection(0)}
	if err := b.team.InsertHook(t.Context(), h); err != nil {
		t.Fatal(err)
	}
	return h
}

// sent is a delivery of a body.
func (b *bench) sent(h *webhook.Record, id, body string) Incoming {
	return Incoming{ID: id, Team: 1, Hook: h.ID, Received: b.now(), Head: []byte(`{"method": "POST", "path": "", "header": [["Content-Type", "application/json"]]}`), Body: []byte(body), Attempt: 1}
}
