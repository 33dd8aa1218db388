// Package oauth1test is an OAuth 1.0 provider for tests and demos: temporary
// credentials, an authorize page with real buttons, token credentials, session
// renewal, xAuth, problem reports and protected resources, on loopback or as an
// http.Handler.
//
// It reads RFC 5849 on its own and shares no code with package oauth1, so that
// a signature accepted here was made and checked by two independent readings.
//
//	server, err := oauth1test.Start(oauth1test.Options{})
//	defer server.Close()
//	// server.RequestTokenURL, server.AuthorizeURL, server.AccessTokenURL
//
// [Quirks] make it behave like providers in the wild. State is in memory and
// never expires but by [Options.TokenLifetime]; the package is not made to be a
// provider in production.
package oauth1test
