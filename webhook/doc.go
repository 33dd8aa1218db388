// Package webhook receives what services send on their own.
//
// A [Type] is a webhook of an app, compiled. A [Keeper] makes a hook of it: an address of
// its own, registered at the service by the app's attach, and taken away by detach. A
// [Hook] is the http.Handler behind that address.
//
// # Receiving
//
// A request passes the steps of components.md 7.2: admission (token, size, rate), parsing,
// verification, condition, iterate, output, uid. Its bundles are on the disk before it is
// answered; a service that was told 2xx need not send again, whatever happens to this
// process. [Hook.Work] hands the bundles out. What it was handed and did not finish comes
// again after a restart: at least once, and twice only if it was in flight.
//
// With [Hook.Hold] a request stays open until its bundles are worked on, so that a
// responder can answer it.
//
// Everything about a request is hostile: the limits are in [Limits], those of parsing in
// [engine.ReadRequest].
//
// The records and the [Store] that keeps them are in record.go. The API of this package
// may change until v1.
package webhook
