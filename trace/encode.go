package trace

import (
	"encoding/binary"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	otel "go.opentelemetry.io/otel/trace"
)

// The messages of opentelemetry/proto/trace/v1/trace.proto, as far as we fill them, in the
// wire format of Protocol Buffers. The numbers are those of the fields there.

// appendBatch appends a TracesData: spans of one resource and one scope.
func appendBatch(b []byte, spans []sdk.ReadOnlySpan) []byte {
	first := spans[0]
	return message(b, 1, func(b []byte) []byte { // resource_spans
		b = message(b, 1, func(b []byte) []byte { return attributes(b, 1, first.Resource().Attributes()) })
		return message(b, 2, func(b []byte) []byte { // scope_spans
			b = message(b, 1, func(b []byte) []byte { // scope
				b = text(b, 1, first.InstrumentationScope().Name)
				return text(b, 2, first.InstrumentationScope().Version)
			})
			for _, s := range spans {
				b = message(b, 2, func(b []byte) []byte { return appendSpan(b, s) })
			}
			return b
		})
	})
}

func appendSpan(b []byte, s sdk.ReadOnlySpan) []byte {
	c := s.SpanContext()
	b = identity(b, c)
	if parent := s.Parent(); parent.HasSpanID() {
		id := parent.SpanID()
		b = field(b, 4, id[:])
	}
	b = text(b, 5, s.Name())
	b = varint(b, 6, uint64(s.SpanKind())) // the numbers are the same
	b = fixed64(b, 7, nanoseconds(s.StartTime()))
	b = fixed64(b, 8, nanoseconds(s.EndTime()))
	b = attributes(b, 9, s.Attributes())
	b = varint(b, 10, uint64(s.DroppedAttributes()))
	for _, link := range s.Links() {
		b = message(b, 13, func(b []byte) []byte { return fixed32(identity(b, link.SpanContext), 6, flags(link.SpanContext)) })
	}
	b = message(b, 15, func(b []byte) []byte { return varint(b, 3, statusCode(s.Status().Code)) })
	return fixed32(b, 16, flags(c)&^remote|flags(s.Parent())&remote)
}

// identity appends trace_id, span_id and trace_state, which a Span and a Link begin with.
func identity(b []byte, c otel.SpanContext) []byte {
	trace, span := c.TraceID(), c.SpanID()
	b = field(b, 1, trace[:])
	b = field(b, 2, span[:])
	return text(b, 3, c.TraceState().String())
}

// Bits of SpanFlags beyond those of W3C Trace Context.
const (
	remoteKnown = 0x100
	remote      = 0x200
)

func flags(c otel.SpanContext) uint32 {
	f := uint32(c.TraceFlags()) | remoteKnown
	if c.IsRemote() {
		f |= remote
	}
	return f
}

// statusCode translates: the numbers of the API are others.
func statusCode(c codes.Code) uint64 {
	switch c {
	case codes.Ok:
		return 1
	case codes.Error:
		return 2
	}
	return 0
}

func nanoseconds(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// attributes appends a KeyValue for each.
func attributes(b []byte, number uint64, all []attribute.KeyValue) []byte {
	for _, kv := range all {
		b = message(b, number, func(b []byte) []byte {
			b = text(b, 1, string(kv.Key))
			return message(b, 2, func(b []byte) []byte { // AnyValue: one of its fields is set, empty or not
				if kv.Value.Type() == attribute.INT64 {
					return binary.AppendUvarint(tag(b, 3, 0), uint64(kv.Value.AsInt64()))
				}
				return field(b, 1, []byte(kv.Value.String()))
			})
		})
	}
	return b
}

// Wire format: a tag of field number and wire type, then the value. A number or text that
// is empty is left out, as proto3 does.

func tag(b []byte, number, wireType uint64) []byte {
	return binary.AppendUvarint(b, number<<3|wireType)
}

func varint(b []byte, number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return binary.AppendUvarint(tag(b, number, 0), v)
}

func fixed64(b []byte, number, v uint64) []byte {
	return binary.LittleEndian.AppendUint64(tag(b, number, 1), v)
}

func fixed32(b []byte, number uint64, v uint32) []byte {
	return binary.LittleEndian.AppendUint32(tag(b, number, 5), v)
}

func field(b []byte, number uint64, content []byte) []byte {
	b = binary.AppendUvarint(tag(b, number, 2), uint64(len(content)))
	return append(b, content...)
}

func text(b []byte, number uint64, s string) []byte {
	if s == "" {
		return b
	}
	return field(b, number, []byte(s))
}

// message appends what fill appends as one field.
func message(b []byte, number uint64, fill func([]byte) []byte) []byte {
	return field(b, number, fill(nil))
}
