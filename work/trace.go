package work

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/trace"
)

// Observer makes spans of what the engine does within a span. Outgoing requests do not
// carry a traceparent: they are for strangers, and some are signed.
type Observer struct{ Trace *trace.Tracer }

var _ engine.Observer = Observer{}

// Exchange makes a span of an exchange that has ended.
func (o Observer) Exchange(ctx context.Context, x engine.Exchange) {
	_, span := o.Trace.Part(ctx, trace.Client, Method(x.Method), x.Started)
	if span == nil {
		return
	}
	host, path := place(x.URL)
	span.Text("http.request.method", Method(x.Method))
	span.Text("server.address", host)
	span.Text("url.path", path)
	span.Text("cleat.plan", x.Plan)
	span.Text("cleat.step", x.Step)
	if x.Resend > 0 {
		span.Int("http.request.resend_count", int64(x.Resend))
	}
	span.Int("http.request.body.size", int64(x.RequestSize))
	span.Int("http.response.body.size", x.Size)
	answered(span, x.Status, x.Error != "")
	span.EndAt(x.Started.Add(x.Duration))
}

// answered says what came of a request that went out.
func answered(span *trace.Span, status int, failed bool) {
	if status != 0 {
		span.Int("http.response.status_code", int64(status))
	}
	switch {
	case status >= 400 || status != 0 && failed:
		span.Fail(strconv.Itoa(status))
	case failed:
		span.Fail("network")
	}
}

// place is the host and the path of an address. What is masked in it may make it no URL.
func place(address string) (host, path string) {
	_, rest, _ := strings.Cut(address, "://")
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	host, path = rest, ""
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		host, path = rest[:slash], rest[slash:]
	}
	return host[strings.LastIndexByte(host, '@')+1:], path
}

// methods are those that are named in spans and metrics.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead, http.MethodOptions}

// Method is a method as spans and metrics name it: "other" stands for all that are rare,
// for there strangers and apps choose the word.
func Method(method string) string {
	if slices.Contains(methods, method) {
		return method
	}
	return "other"
}

// Begin makes a span of a call of a function or the renewal of a connection.
func (o Observer) Begin(ctx context.Context, what, of string) (context.Context, func(error)) {
	ctx, span := o.Trace.Part(ctx, trace.Internal, what, time.Now())
	span.Text("cleat."+what, of)
	return ctx, func(err error) {
		fail(span, err)
		span.End()
	}
}

// fail says which sort of failure err is; nil is none.
func fail(span *trace.Span, err error) {
	if err != nil {
		span.Fail(failureOf(err))
	}
}

// failureOf is the sort of a failure: Make's type of it, where it has one.
func failureOf(err error) string {
	var failure *engine.Error
	var refused *cleat.ConnectionError
	switch {
	case errors.As(err, &failure):
		return failure.Type
	case errors.As(err, &refused):
		return "connection"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return "internal"
}

// TraceRun says in the span of ctx what came of a run.
func TraceRun(ctx context.Context, run *record.Run, err error) {
	span := trace.Of(ctx)
	if span == nil {
		return
	}
	span.Text("cleat.run", run.ID)
	span.Text("cleat.app", run.App)
	span.Text("cleat.component", run.Component)
	if run.Connection != 0 {
		span.Int("cleat.connection", run.Connection)
	}
	span.Int("cleat.exchanges", int64(run.Exchanges))
	span.Int("cleat.bundles", run.Bundles)
	fail(span, err)
}

// traceDelivery begins the span of the work on a delivery: a part of the intake, which its
// message names, or else its id.
func (n *Node) traceDelivery(ctx context.Context, in Incoming, traceparent string) (context.Context, *trace.Span) {
	ctx = n.Trace.Continue(n.Trace.Under(ctx, in.ID), traceparent)
	ctx, span := n.Trace.Start(ctx, trace.Consumer, "delivery")
	span.Int("cleat.team", in.Team)
	span.Text("cleat.delivery", in.ID)
	span.Text("cleat.hook", SourceOfHook(in.Hook))
	span.Int("cleat.attempt", int64(in.Attempt))
	return ctx, span
}

// traceHandover begins the span of a handover: a part of the delivery or the poll that gave
// the event.
func (n *Node) traceHandover(ctx context.Context, h *record.Handover, e *record.Event) (context.Context, *trace.Span) {
	ctx, span := n.Trace.Start(n.Trace.Under(ctx, e.Run), trace.Client, "handover")
	span.Int("cleat.team", h.Team)
	span.Text("cleat.event", e.ID)
	span.Text("cleat.source", e.Source)
	span.Text("cleat.destination", h.Destination)
	if h.Tries > 0 {
		span.Int("http.request.resend_count", int64(h.Tries))
	}
	return ctx, span
}
