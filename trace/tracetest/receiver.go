// Package tracetest is a receiver of traces for tests. It reads what it is sent with the
// messages that the OpenTelemetry project publishes, not with code of ours.
package tracetest

import (
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it was received.
type Span struct {
	Trace, ID, Parent string // hex
	Name, Kind        string
	Link              string // the trace of its link, "" for none
	Failed            bool
	Start, End        uint64
	Attributes        map[string]string
	Resource          map[string]string
}

// Receiver is an http.Handler that takes spans. Its zero value works; it is safe for
// concurrent use.
type Receiver struct {
	// Answer is called before anything else, when it is not nil; false means that it has
	// answered.
	Answer func(http.ResponseWriter, *http.Request) bool

	mu     sync.Mutex
	raw    []byte
	spans  []Span
	header http.Header
	wrong  []string
}

// ServeHTTP takes a batch.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	if r.Answer != nil && !r.Answer(w, q) {
		return
	}
	body, err := io.ReadAll(q.Body)
	var batch wire.TracesData // what an ExportTraceServiceRequest is on the wire
	if err == nil {
		err = proto.Unmarshal(body, &batch)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil:
		r.wrong = append(r.wrong, err.Error())
	case q.Method != http.MethodPost || q.URL.Path != "/v1/traces" || q.Header.Get("Content-Type") != "application/x-protobuf":
		r.wrong = append(r.wrong, q.Method+" "+q.URL.Path+" "+q.Header.Get("Content-Type"))
	}
	r.raw, r.header = append(r.raw, body...), q.Header
	for _, of := range batch.ResourceSpans {
		for _, scope := range of.ScopeSpans {
			for _, s := range scope.Spans {
				r.spans = append(r.spans, spanOf(s, of.Resource.GetAttributes()))
			}
			if n := len(scope.ProtoReflect().GetUnknown()) + len(of.ProtoReflect().GetUnknown()); n > 0 || scope.Scope.GetName() == "" {
				r.wrong = append(r.wrong, "unknown fields, or a scope without a name")
			}
		}
	}
}

func spanOf(s *wire.Span, resource []*common.KeyValue) Span {
	got := Span{Trace: hex.EncodeToString(s.TraceId), ID: hex.EncodeToString(s.SpanId), Parent: hex.EncodeToString(s.ParentSpanId), Name: s.Name,
		Kind: strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_")), Failed: s.Status.GetCode() == wire.Status_STATUS_CODE_ERROR,
		Start: s.StartTimeUnixNano, End: s.EndTimeUnixNano, Attributes: texts(s.Attributes), Resource: texts(resource)}
	for _, link := range s.Links {
		got.Link = hex.EncodeToString(link.TraceId)
	}
	return got
}

func texts(all []*common.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range all {
		switch v := kv.Value.GetValue().(type) {
		case *common.AnyValue_StringValue:
			m[kv.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			m[kv.Key] = strconv.FormatInt(v.IntValue, 10)
		default:
			m[kv.Key] = kv.Value.String()
		}
	}
	return m
}

// Spans are what was received so far.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// Raw is everything that was received, as it was on the wire.
func (r *Receiver) Raw() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.raw)
}

// Header is that of the last request.
func (r *Receiver) Header() http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.header.Clone()
}

// Wrong lists what was no batch of spans.
func (r *Receiver) Wrong() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.wrong)
}

// Tree draws the spans of one trace, one a line, parts two spaces deeper than the whole, in
// the order in which they began. Spans whose whole has not arrived stand at the left.
func (r *Receiver) Tree(trace string) string {
	var all []Span
	for _, s := range r.Spans() {
		if s.Trace == trace {
			all = append(all, s)
		}
	}
	slices.SortStableFunc(all, func(a, b Span) int { return int(int64(a.Start - b.Start)) })
	var b strings.Builder
	var draw func(parent, indent string)
	draw = func(parent, indent string) {
		for _, s := range all {
			whole := slices.IndexFunc(all, func(w Span) bool { return w.ID == s.Parent })
			if s.Parent == parent || parent == "" && whole < 0 {
				b.WriteString(indent + s.Kind + " " + s.Name + "\n")
				draw(s.ID, indent+"  ")
			}
		}
	}
	draw("", "")
	return b.String()
}
