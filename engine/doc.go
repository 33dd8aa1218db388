// Package engine runs a communication: it compiles the JSON of a request, evaluates it,
// sends it, reads the answer and makes bundles of it.
//
//	definition -> compile -> evaluate -> request -> response -> bundles
//
// [Compile] turns a communication into an immutable [Plan]; [Engine.Start] begins a run
// of it and [Run.Bundles] yields what comes out. run.go tells the story in one function;
// each step of it is one file: request.go (url.go, body.go, sign.go), send.go,
// response.go (decode.go, fail.go), bundles.go, pagination.go and finish.go. A module,
// an RPC, a leg of an OAuth flow or a connection's check is the same line with another
// scope; what differs by kind is data in kind.go. What comes in instead of going out, a
// delivery to a webhook, is read in incoming.go, run in deliver.go and answered in
// reply.go.
//
// The package is the only one that opens outgoing connections. Every dial passes the
// egress guard (guard.go), and everything that is logged passes the mask (mask.go).
//
// The API of this package may change until v1.
package engine
