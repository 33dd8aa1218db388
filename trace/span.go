package trace

import (
	"context"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	otel "go.opentelemetry.io/otel/trace"
)

// Kind says on which side of a call a span is.
type Kind int

// The kinds of spans.
const (
	Internal = Kind(otel.SpanKindInternal)
	Server   = Kind(otel.SpanKindServer)   // a request that came in
	Client   = Kind(otel.SpanKindClient)   // one that went out
	Producer = Kind(otel.SpanKindProducer) // work that is handed to whoever takes it
	Consumer = Kind(otel.SpanKindConsumer) // such work
)

// Span is something that takes time. It is safe for concurrent use; a nil one does nothing.
// What is set after the end is dropped.
type Span struct {
	span  otel.Span
	parts atomic.Int64 // that [Tracer.Part] was asked for
}

type spanKey struct{}

// Of returns the span in ctx, nil for none.
func Of(ctx context.Context) *Span {
	s, _ := ctx.Value(spanKey{}).(*Span)
	return s
}

// Without returns ctx without its span: for what outlives it and belongs to nobody.
func Without(ctx context.Context) context.Context {
	if Of(ctx) == nil {
		return ctx
	}
	return context.WithValue(otel.ContextWithSpanContext(ctx, otel.SpanContext{}), spanKey{}, (*Span)(nil))
}

// Name gives the span another name.
func (s *Span) Name(name string) {
	if s != nil {
		s.span.SetName(name)
	}
}

// Text sets an attribute; an empty text is none.
func (s *Span) Text(key, text string) {
	if s != nil && text != "" {
		s.span.SetAttributes(attribute.String(key, text))
	}
}

// Int sets an attribute.
func (s *Span) Int(key string, n int64) {
	if s != nil {
		s.span.SetAttributes(attribute.Int64(key, n))
	}
}

// Fail says that it failed, in a word for programs: never the text of an error.
func (s *Span) Fail(kind string) {
	if s != nil {
		s.span.SetStatus(codes.Error, "")
		s.Text("error.type", kind)
	}
}

// End ends the span now.
func (s *Span) End() { s.EndAt(time.Time{}) }

// EndAt ends the span at a moment; zero means now.
func (s *Span) EndAt(at time.Time) {
	if s == nil {
		return
	}
	if dropped := s.parts.Load() - maxParts; dropped > 0 {
		s.Int("cleat.parts_dropped", dropped)
	}
	if at.IsZero() {
		at = time.Now()
	}
	s.span.End(otel.WithTimestamp(at))
}
