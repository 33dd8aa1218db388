// Package interop lets strangers check what oauth1 signs: Debian's python3-oauthlib as a
// provider, and npm's oauth-sign as a second signer. Both get the same thousand random
// requests. Where they differ from RFC 5849, a table names the difference, and its
// evidence is checked too.
//
// npm's oidc-provider is an authorization server of OAuth 2.0, to which the app in
// testdata/oidc connects. Debian's Chromium is the browser in which a person answers what
// `cleat connect` asks for.
//
// `make peers` installs them. Without them the tests are skipped, and fail where the
// environment says CI=true.
package interop
