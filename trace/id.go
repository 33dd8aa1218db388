package trace

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
)

// idsOf are those of the first span of a piece of work.
func idsOf(work string) (trace otel.TraceID, span otel.SpanID) {
	sum := sha256.Sum256([]byte(work))
	copy(trace[:], sum[:])
	copy(span[:], sum[len(trace):])
	return trace, span
}

// workKey is where a context says which work a new trace is of.
type workKey struct{}

// ids makes ids: those of the first span of a piece of work from its id, and random ones.
type ids struct{}

var _ sdk.IDGenerator = ids{}

// NewIDs returns ids of the first span of a trace.
func (g ids) NewIDs(ctx context.Context) (trace otel.TraceID, span otel.SpanID) {
	if work, ok := ctx.Value(workKey{}).(string); ok {
		return idsOf(work)
	}
	binary.BigEndian.PutUint64(trace[:], random())
	binary.BigEndian.PutUint64(trace[8:], random())
	return trace, g.NewSpanID(ctx, trace)
}

// NewSpanID returns the id of another span.
func (ids) NewSpanID(context.Context, otel.TraceID) (span otel.SpanID) {
	binary.BigEndian.PutUint64(span[:], random())
	return span
}

// random is never zero, which no id may be.
func random() uint64 { return max(rand.Uint64(), 1) }
