package trace_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/cleat-run/cleat/trace"
	"github.com/cleat-run/cleat/trace/tracetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// tracer sends to a receiver of its own; close makes it send what waits.
func tracer(t *testing.T, sample float64) (tr *trace.Tracer, got *tracetest.Receiver, done func()) {
	t.Helper()
	got = &tracetest.Receiver{}
	listening := httptest.NewServer(got)
	u, err := url.Parse(listening.URL + "/v1/traces")
	if err != nil {
		t.Fatal(err)
	}
	tr = trace.New(trace.Options{Endpoint: u, Header: http.Header{"Api-Key": {"secret"}}, Sample: sample, Service: "cleat", Version: "1.2.3", Instance: "node-1"})
	return tr, got, func() {
		tr.Close(context.Background())
		listening.Close()
		if wrong := got.Wrong(); len(wrong) > 0 {
			t.Errorf("the receiver was sent %q", wrong)
		}
	}
}

func TestSpansArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	tr, got, done := tracer(t, 1)
	began := time.Now().Add(-time.Hour)
	ctx, whole := tr.Start(t.Context(), trace.Server, "request")
	whole.Name("GET /v1/apps")
	whole.Text("text", "žluťoučký")
	whole.Text("none", "")
	whole.Int("negative", -7)
	whole.Text("long", strings.Repeat("x", 5000))
	_, part := tr.Part(ctx, trace.Client, "GET", began)
	part.Fail("503")
	part.EndAt(began.Add(time.Minute))
	whole.End()
	done()
	all := got.Spans()
	if len(all) != 2 {
		t.Fatalf("%d spans arrived", len(all))
	}
	p, w := all[0], all[1]
	if w.Name != "GET /v1/apps" || w.Kind != "server" || w.Parent != "" || w.Failed || w.Attributes["text"] != "žluťoučký" || w.Attributes["negative"] != "-7" ||
		len(w.Attributes["long"]) != 1024 || len(w.Attributes) != 3 {
		t.Errorf("the whole is %+v", w)
	}
	if p.Name != "GET" || p.Kind != "client" || p.Parent != w.ID || p.Trace != w.Trace || !p.Failed || p.Attributes["error.type"] != "503" ||
		p.Start != uint64(began.UnixNano()) || p.End-p.Start != uint64(time.Minute) {
		t.Errorf("the part is %+v", p)
	}
	if w.Resource["service.name"] != "cleat" || w.Resource["service.version"] != "1.2.3" || w.Resource["service.instance.id"] != "node-1" {
		t.Errorf("the resource is %v", w.Resource)
	}
	if h := got.Header(); h.Get("Api-Key") != "secret" || h.Get("User-Agent") != "cleat/1.2.3" {
		t.Errorf("the header is %v", h)
	}
}

// TestWork: who knows the id of a piece of work knows its trace, on another node too.
func TestWork(t *testing.T) {
	t.Parallel()
	tr, got, done := tracer(t, 1)
	ctx, request := tr.Start(t.Context(), trace.Server, "request")
	ctx, work := tr.Work(ctx, trace.Producer, "publish", "dlv_1")
	_, again := tr.Work(ctx, trace.Producer, "again", "dlv_1")
	again.End()
	_, other := tr.Work(ctx, trace.Internal, "other", "dlv_2")
	other.End()
	traceparent := tr.Traceparent(ctx)
	work.End()
	request.End()
	_, later := tr.Start(tr.Under(context.Background(), "dlv_1"), trace.Client, "handover")
	later.End()
	_, named := tr.Start(tr.Continue(context.Background(), traceparent), trace.Consumer, "delivery")
	named.End()
	done()
	by := map[string]tracetest.Span{}
	for _, s := range got.Spans() {
		by[s.Name] = s
	}
	if by["publish"].Link != by["request"].Trace || by["publish"].Parent != "" || by["publish"].Trace == by["request"].Trace {
		t.Errorf("the work %+v does not begin a trace with a link to %+v", by["publish"], by["request"])
	}
	if want := "producer publish\n  producer again\n  client handover\n  consumer delivery\n"; got.Tree(by["publish"].Trace) != want {
		t.Errorf("the trace of the work is\n%swant\n%s", got.Tree(by["publish"].Trace), want)
	}
	if by["other"].Trace == by["publish"].Trace || by["other"].Link != by["publish"].Trace {
		t.Errorf("other work is %+v", by["other"])
	}
	if len(by) != 6 || traceparent != "00-"+by["publish"].Trace+"-"+by["publish"].ID+"-01" {
		t.Errorf("traceparent %q, spans %+v", traceparent, by)
	}
}

// TestContinue: only a whole traceparent counts (W3C Trace Context 3.2.2).
func TestContinue(t *testing.T) {
	t.Parallel()
	tr, got, done := tracer(t, 1)
	const id = "0af7651916cd43dd8448eb211c80319c"
	for traceparent, joined := range map[string]bool{
		"00-" + id + "-b7ad6b7169203331-01": true,
		"":                                  false,
		"00-" + id + "-b7ad6b7169203331":    false,
		"00-00000000000000000000000000000000-b7ad6b7169203331-01": false,
		"ff-" + id + "-b7ad6b7169203331-01":                       false,
		strings.Repeat("0", 100000):                               false,
	} {
		_, s := tr.Start(tr.Continue(t.Context(), traceparent), trace.Server, fmt.Sprint(joined))
		s.End()
	}
	_, dropped := tr.Start(tr.Continue(t.Context(), "00-"+id+"-b7ad6b7169203331-00"), trace.Server, "dropped")
	if dropped != nil {
		t.Error("a trace that its owner does not keep is kept")
	}
	done()
	for _, s := range got.Spans() {
		if joined := s.Trace == id; fmt.Sprint(joined) != s.Name {
			t.Errorf("%+v", s)
		}
	}
}

// TestSample: each node decides alike, from the id of the work alone.
func TestSample(t *testing.T) {
	t.Parallel()
	a, gotA, doneA := tracer(t, 0.25)
	b, gotB, doneB := tracer(t, 0.25)
	for i := range 400 {
		id := fmt.Sprint("run_", i)
		ctx, whole := a.Work(t.Context(), trace.Internal, id, id)
		_, part := a.Part(ctx, trace.Client, id, time.Now())
		part.End()
		whole.End()
		_, later := b.Start(b.Under(t.Context(), id), trace.Client, id)
		later.End()
	}
	doneA()
	doneB()
	first, second := map[string]int{}, map[string]int{}
	for _, s := range gotA.Spans() {
		first[s.Name]++
	}
	for _, s := range gotB.Spans() {
		second[s.Name]++
	}
	if len(first) < 60 || len(first) > 140 || len(second) != len(first) {
		t.Errorf("of 400 one keeps %d, the other %d", len(first), len(second))
	}
	for id, n := range first {
		if n != 2 || second[id] != 1 {
			t.Errorf("%s: %d spans here, %d there", id, n, second[id])
		}
	}
}

// TestParts: one span cannot fill the queue.
func TestParts(t *testing.T) {
	t.Parallel()
	tr, got, done := tracer(t, 1)
	ctx, whole := tr.Start(t.Context(), trace.Internal, "run")
	for range 1000 {
		_, part := tr.Part(ctx, trace.Internal, "function", time.Now())
		part.End()
	}
	whole.End()
	done()
	all := got.Spans()
	if last := all[len(all)-1]; len(all) != 201 || last.Attributes["cleat.parts_dropped"] != "800" {
		t.Errorf("%d spans, the last %+v", len(all), last)
	}
}

// TestOff: without an endpoint nothing is done, and nothing is allocated.
func TestOff(t *testing.T) {
	tr := trace.New(trace.Options{Sample: 1, Log: slog.Default()})
	if tr != nil {
		t.Fatal("there is a tracer")
	}
	ctx := t.Context()
	n := testing.AllocsPerRun(100, func() {
		c, s := tr.Start(ctx, trace.Server, "x")
		c, w := tr.Work(tr.Continue(tr.Under(c, "id"), "00"), trace.Consumer, "x", "id")
		_, p := tr.Part(trace.Without(c), trace.Client, "x", time.Time{})
		for _, s := range []*trace.Span{s, w, p, trace.Of(c)} {
			s.Name("x")
			s.Text("k", "v")
			s.Int("k", 1)
			s.Fail("x")
			s.End()
		}
		_ = tr.Traceparent(c)
	})
	tr.Close(ctx)
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}
