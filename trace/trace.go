package trace

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
)

// Options say where spans go.
type Options struct {
	Endpoint *url.URL    // where spans are posted to; nil: nothing is traced
	Header   http.Header // of those requests; secret
	Sample   float64     // the part of the traces begun here that is kept, 0 to 1
	Service  string      // name, version and instance of what is traced
	Version  string
	Instance string
	Log      *slog.Logger // hears when the receiver fails; nil: nobody does
}

// Bounds of what waits to be sent.
const (
	queueSize  = 2048 // spans; more are dropped
	batchSize  = 512
	batchTime  = 2 * time.Second  // at most, until a batch is sent
	exportTime = 10 * time.Second // of one batch, repeats included
	flushTime  = 5 * time.Second  // of everything, at the end
	maxText    = 1024             // bytes of an attribute
	maxParts   = 200              // of one span; more are counted only
)

// Tracer makes spans and sends them. It is safe for concurrent use; a nil one does nothing.
// Close it.
type Tracer struct {
	tracer   otel.Tracer
	sampler  sdk.Sampler // of traces that begin here
	provider *sdk.TracerProvider
	exporter *exporter
}

// New returns a tracer, nil when there is no endpoint.
func New(o Options) *Tracer {
	if o.Endpoint == nil {
		return nil
	}
	return newTracer(o, &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true})
}

func newTracer(o Options, network http.RoundTripper) *Tracer {
	t := &Tracer{sampler: sdk.TraceIDRatioBased(o.Sample), exporter: newExporter(o, network)}
	t.provider = sdk.NewTracerProvider(
		sdk.WithSampler(sdk.ParentBased(t.sampler)),
		sdk.WithIDGenerator(ids{}),
		sdk.WithRawSpanLimits(sdk.SpanLimits{AttributeCountLimit: 64, AttributeValueLengthLimit: maxText, LinkCountLimit: 1}),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", o.Service), attribute.String("service.version", o.Version),
			attribute.String("service.instance.id", o.Instance))),
		sdk.WithBatcher(t.exporter, sdk.WithMaxQueueSize(queueSize), sdk.WithMaxExportBatchSize(batchSize), sdk.WithBatchTimeout(batchTime),
			sdk.WithExportTimeout(exportTime)))
	t.tracer = t.provider.Tracer("github.com/cleat-run/cleat", otel.WithInstrumentationVersion(o.Version))
	return t
}

// Close sends what waits, for at most five seconds, and ends the tracer. Spans that end
// later are dropped.
func (t *Tracer) Close(ctx context.Context) {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the exporter tells what is lost
	t.exporter.stop()
}

// Start begins a span: a part of the one in ctx, or else of what [Tracer.Continue] and
// [Tracer.Under] put there, or else the first of a trace. The span is in the context that
// is returned, and is nil when it is not kept.
func (t *Tracer) Start(ctx context.Context, kind Kind, name string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	return t.start(ctx, kind, name)
}

func (t *Tracer) start(ctx context.Context, kind Kind, name string, options ...otel.SpanStartOption) (context.Context, *Span) {
	ctx, begun := t.tracer.Start(ctx, name, append(options, otel.WithSpanKind(otel.SpanKind(kind)))...)
	var s *Span
	if begun.IsRecording() {
		s = &Span{span: begun}
	}
	return context.WithValue(ctx, spanKey{}, s), s
}

// Work is Start for a piece of work that has an id. Within the trace of that work it begins
// a part of it, and elsewhere the first span of that trace, with a link to what is in ctx.
func (t *Tracer) Work(ctx context.Context, kind Kind, name, id string) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	cause := otel.SpanContextFromContext(ctx)
	if trace, _ := idsOf(id); cause.TraceID() == trace {
		return t.start(ctx, kind, name)
	}
	options := []otel.SpanStartOption{otel.WithNewRoot()}
	if cause.IsValid() {
		options = append(options, otel.WithLinks(otel.Link{SpanContext: cause}))
	}
	return t.start(context.WithValue(ctx, workKey{}, id), kind, name, options...)
}

// Part begins a span at a moment that may have passed, within the span in ctx. It is nil
// when there is none, or when that has many parts already.
func (t *Tracer) Part(ctx context.Context, kind Kind, name string, began time.Time) (context.Context, *Span) {
	if t == nil {
		return ctx, nil
	}
	whole := Of(ctx)
	if whole == nil || whole.parts.Add(1) > maxParts {
		return ctx, nil
	}
	return t.start(ctx, kind, name, otel.WithTimestamp(began))
}

// Under returns a context in which spans are parts of the first span of a piece of work.
func (t *Tracer) Under(ctx context.Context, id string) context.Context {
	if t == nil {
		return ctx
	}
	c := otel.SpanContextConfig{Remote: true}
	c.TraceID, c.SpanID = idsOf(id)
	if t.sampler.ShouldSample(sdk.SamplingParameters{ParentContext: ctx, TraceID: c.TraceID}).Decision == sdk.RecordAndSample {
		c.TraceFlags = otel.FlagsSampled
	}
	return otel.ContextWithRemoteSpanContext(ctx, otel.NewSpanContext(c))
}

// Continue returns a context in which spans are parts of what a traceparent names (W3C
// Trace Context, level 1), ctx itself when it names nothing. The tracestate that may come
// with it is left: it is others' text.
func (t *Tracer) Continue(ctx context.Context, traceparent string) context.Context {
	if t == nil || traceparent == "" {
		return ctx
	}
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
}

// Traceparent names the span in ctx, also one that is not kept; it is "" for none.
func (t *Tracer) Traceparent(ctx context.Context) string {
	if t == nil {
		return ""
	}
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, c)
	return c["traceparent"]
}
