// Package connect makes and keeps connections: the accounts at a provider that an app
// works with.
//
// A [Type] is a connection type of an app, compiled. A [Connector] takes a person
// through it: for a basic connection one request that checks what was typed, for OAuth
// 1.0 the steps requestToken, authorize, callback, accessToken and info. Each step is a
// plan run by package engine; nothing is stored before the last one has succeeded.
//
// The records and the [Store] that keeps them are in record.go. The API of this package
// may change until v1.
package connect
