// Package connect makes and keeps connections: the accounts at a provider that an app
// works with.
//
// A [Type] is a connection type of an app, compiled. A [Connector] takes a person
// through it: for a basic connection one request that checks what was typed, for OAuth
// 1.0 the steps requestToken, authorize, callback, accessToken and info, for OAuth 2.0
// preauthorize, authorize, callback, token and info. The steps of all kinds stand in one
// table; each is a plan run by package engine, and nothing is stored before the last one
// has succeeded.
//
// # Renewal
//
// Before a component runs, [Connector.Fresh] asks the conditions of refresh, and of a
// token that needs no person, and renews what is due. Callers of one process share the
// request; over processes one owner makes it. Its answer is in the journal of the store
// before it is merged into the connection, so that a crash does not lose a token that
// can be had only once.
//
// The records and the [Store] that keeps them are in record.go. The API of this package
// may change until v1.
package connect
