package server_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/trace"
	"github.com/cleat-run/cleat/trace/tracetest"
)

// tracing lets a server send its spans to a receiver on loopback.
func tracing(t *testing.T, got *tracetest.Receiver) func(*server.Config) {
	listening := httptest.NewServer(got)
	t.Cleanup(listening.Close)
	u, err := url.Parse(listening.URL + "/v1/traces")
	if err != nil {
		t.Fatal(err)
	}
	return func(c *server.Config) { c.Trace = trace.Options{Endpoint: u, Sample: 1, Service: "cleat"} }
}

// arrived waits for a span and returns it.
func arrived(t *testing.T, got *tracetest.Receiver, what string, is func(tracetest.Span) bool) (found tracetest.Span) {
	t.Helper()
	eventually(t, "the span of "+what+" arrives", func() bool {
		all := got.Spans()
		i := slices.IndexFunc(all, is)
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	return found
}

// named finds a span by its name and an attribute.
func named(name, key, text string) func(tracetest.Span) bool {
	return func(s tracetest.Span) bool { return s.Name == name && s.Attributes[key] == text }
}

// is compares what a trace looks like.
func isTree(t *testing.T, got *tracetest.Receiver, trace, want string) {
	t.Helper()
	if tree := got.Tree(trace); tree != want {
		t.Errorf("the trace is\n%swant\n%s", tree, want)
	}
}

func TestTraces(t *testing.T) {
	t.Parallel()
	got := &tracetest.Receiver{}
	n := ownNode(t, tracing(t, got))
	o := newOperatorOf(t, n, "")

	// A run goes on with the trace of its caller.
	const id = "0af7651916cd43dd8448eb211c80319c"
	var ran struct{ Run string }
	o.post(t, "/v1/run", o.search(3), "Traceparent", "00-"+id+"-b7ad6b7169203331-01").is(t, http.StatusOK).into(t, &ran)
	request := arrived(t, got, "a request", func(s tracetest.Span) bool { return s.Trace == id && s.Parent == "b7ad6b7169203331" })
	run := arrived(t, got, "a run", named("run", "cleat.run", ran.Run))
	isTree(t, got, id, "server POST /v1/run\n  internal run\n    client GET\n")
	if a := request.Attributes; a["http.route"] != "/v1/run" || a["http.response.status_code"] != "200" || a["cleat.team"] == "" || a["cleat.actor"] != o.id || !strings.HasPrefix(a["cleat.request"], "req_") {
		t.Errorf("the request is %+v", request)
	}
	if a := run.Attributes; a["cleat.app"] != "photos" || a["cleat.component"] != "searchPhotos" || "con_"+a["cleat.connection"] != o.connection || a["cleat.exchanges"] != "1" || a["cleat.bundles"] != "3" {
		t.Errorf("the run is %+v", run)
	}
	exchange := arrived(t, got, "an exchange", func(s tracetest.Span) bool { return s.Parent == run.ID })
	if a := exchange.Attributes; "http://"+a["server.address"] != o.serviceURL || a["url.path"] != "/api/photos" || a["http.response.status_code"] != "200" || exchange.Failed || exchange.End < exchange.Start {
		t.Errorf("the exchange is %+v", exchange)
	}

	// A run that fails says so without the words of the service.
	o.post(t, "/v1/run", map[string]any{"app": "photos", "module": "getPhoto", "connection": o.connection, "parameters": map[string]any{"id": 9}}).is(t, http.StatusBadGateway)
	failed := arrived(t, got, "a failed run", func(s tracetest.Span) bool { return s.Name == "run" && s.Failed })
	if refused := arrived(t, got, "a refused exchange", func(s tracetest.Span) bool { return s.Parent == failed.ID }); failed.Attributes["error.type"] != "RuntimeError" || refused.Attributes["error.type"] != "404" {
		t.Errorf("the run is %+v, its exchange %+v", failed, refused)
	}

	// From a stranger's request to the destination, over the bus and the records.
	destination := newReceiver(t)
	var d struct{ ID, Secret string }
	o.post(t, "/v1/destinations", map[string]any{"name": "mine", "url": destination.URL}).is(t, http.StatusCreated).into(t, &d)
	destination.expect(d.Secret, nil)
	var hook struct{ ID, URL string }
	o.post(t, "/v1/hooks", map[string]any{"name": "x", "app": "photos", "module": "watchRenamed", "connection": o.connection, "destination": d.ID}).is(t, http.StatusCreated).into(t, &hook)
	o.post(t, "/v1/run", map[string]any{"app": "photos", "module": "renamePhoto", "connection": o.connection, "parameters": map[string]any{"id": 1001, "title": "Red boat"}}).is(t, http.StatusOK)
	handed := arrived(t, got, "a handover", named("handover", "cleat.destination", d.ID))
	arrived(t, got, "the intake", func(s tracetest.Span) bool { return s.Trace == handed.Trace && s.Kind == "server" })
	isTree(t, got, handed.Trace, "server POST /hooks/{token}\n  producer publish\n    consumer delivery\n  client handover\n")
	delivery := arrived(t, got, "a delivery", func(s tracetest.Span) bool { return s.Trace == handed.Trace && s.Name == "delivery" })
	if a := delivery.Attributes; a["cleat.hook"] != hook.ID || a["cleat.attempt"] != "1" || a["cleat.app"] != "photos" || a["cleat.bundles"] != "1" {
		t.Errorf("the delivery is %+v", delivery)
	}
	if handed.Attributes["http.response.status_code"] != "200" || handed.Attributes["cleat.source"] != hook.ID {
		t.Errorf("the handover is %+v", handed)
	}

	// A stranger begins a trace, whatever it says.
	o.visitor().post(t, strings.TrimPrefix(hook.URL, n.url), map[string]any{}, "Traceparent", "00-11111111111111111111111111111111-b7ad6b7169203331-01").is(t, http.StatusOK)
	o.visitor().post(t, "/v1/run", o.search(1), "Traceparent", "00-11111111111111111111111111111111-b7ad6b7169203331-01").is(t, http.StatusUnauthorized)
	arrived(t, got, "a refused request", named("POST /v1/run", "http.response.status_code", "401"))

	// What is replayed is work of its own, with a link to whoever wanted it.
	o.post(t, "/v1/hooks/"+hook.ID+"/deliveries/dlv_"+delivery.Attributes["cleat.delivery"]+"/replay", nil, "Traceparent", "00-"+strings.Repeat("2", 32)+"-b7ad6b7169203331-01").is(t, http.StatusAccepted)
	again := arrived(t, got, "a replay", func(s tracetest.Span) bool { return s.Link == strings.Repeat("2", 32) })
	arrived(t, got, "its handover", func(s tracetest.Span) bool { return s.Trace == again.Trace && s.Name == "handover" })
	isTree(t, got, again.Trace, "producer publish\n  consumer delivery\n  client handover\n")

	// A poll, by its schedule.
	var trigger struct{ ID string }
	o.post(t, "/v1/triggers", map[string]any{"name": "photos", "app": "photos", "module": "watchPhotos", "connection": o.connection, "every": "24h", "from": "all", "limit": 1,
		"destination": d.ID, "parameters": map[string]any{"limit": 1}}).is(t, http.StatusCreated).into(t, &trigger)
	o.post(t, "/v1/triggers/"+trigger.ID+"/pause", nil).is(t, http.StatusOK)
	o.post(t, "/v1/triggers/"+trigger.ID+"/resume", nil).is(t, http.StatusOK)
	handed = arrived(t, got, "the handover of a poll", named("handover", "cleat.source", trigger.ID))
	poll := arrived(t, got, "a poll", func(s tracetest.Span) bool { return s.Name == "poll" && s.Trace == handed.Trace })
	if tree := got.Tree(handed.Trace); !strings.HasPrefix(tree, "internal poll\n  client GET\n") || !strings.HasSuffix(tree, "  client handover\n") || poll.Attributes["cleat.trigger"] != trigger.ID {
		t.Errorf("the trace of a poll is\n%s%+v", tree, poll)
	}
	o.get(t, "/healthz")
	o.get(t, "/v1/me").is(t, http.StatusOK)
	arrived(t, got, "the last request", named("GET /v1/me", "http.response.status_code", "200"))
	for _, s := range got.Spans() {
		if strings.HasPrefix(s.Trace, "1111") || strings.Contains(s.Name, "healthz") {
			t.Errorf("there is a span %+v", s)
		}
	}
	if wrong := got.Wrong(); len(wrong) > 0 {
		t.Errorf("the receiver was sent %q", wrong)
	}
	for _, secret := range []string{"boat", "there is no photo", hook.URL[strings.LastIndex(hook.URL, "/")+1:], destination.URL} {
		if bytes.Contains(got.Raw(), []byte(secret)) {
			t.Errorf("the spans tell %q", secret)
		}
	}
}

// TestTracesOfADrain: what has ended when the server ends arrives, and a receiver that
// hangs holds nothing up.
func TestTracesOfADrain(t *testing.T) {
	t.Parallel()
	got := &tracetest.Receiver{}
	n, err := startNode(context.WithoutCancel(t.Context()), tracing(t, got))
	if err != nil {
		t.Fatal(err)
	}
	n.boss.get(t, "/v1/me").is(t, http.StatusOK)
	if err := n.stop(); err != nil {
		t.Error(err)
	}
	if !slices.ContainsFunc(got.Spans(), named("GET /v1/me", "http.response.status_code", "200")) {
		t.Errorf("the last span is lost: %+v", got.Spans())
	}

	released := make(chan struct{})
	hanging := &tracetest.Receiver{Answer: func(http.ResponseWriter, *http.Request) bool { <-released; return false }}
	n, err = startNode(context.WithoutCancel(t.Context()), tracing(t, hanging))
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		n.boss.get(t, "/v1/me").is(t, http.StatusOK)
	}
	began := time.Now()
	if err := n.stop(); err != nil || time.Since(began) > 20*time.Second {
		t.Errorf("the server ended after %s, %v", time.Since(began), err)
	}
	close(released)
	if !strings.Contains(n.log.String(), "spans are lost") {
		t.Error("nobody is told that spans are lost")
	}
}
