// Package trace tells a receiver of OpenTelemetry what a server did, for whom, and how
// long it took. It is the only package that knows OpenTelemetry. A nil [Tracer] is one
// that is off: it and its spans do nothing, and cost nothing.
//
// # Spans
//
// What stands in a span is for people who may not see the data: names and ids of ours,
// methods, hosts, paths, statuses and numbers. No header, no body, no value of a query and
// no text of an error, which may hold what a service answered; those are in the history of
// runs, under the id that is in the span.
//
// # Work
//
// A delivery or a poll goes on in other processes, and days later. It has a trace of its
// own, the ids of whose first span are made of the id of the work ([Tracer.Work]). So
// whoever knows the id of the work knows what its spans belong to ([Tracer.Under]), and
// nothing has to be stored for it; and of several nodes each decides alike whether the
// trace is kept.
//
// # Sending
//
// Spans are posted as OTLP over HTTP, in the binary form, some hundred at a time. A receiver
// that is slow or gone costs the spans that do not fit into a queue of fixed length, and
// nothing else. The exporter is our own: that of OpenTelemetry brings gRPC along.
//
// The package promises no stable API.
package trace
