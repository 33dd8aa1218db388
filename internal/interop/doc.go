// Package interop lets strangers check what oauth1 signs: Debian's python3-oauthlib as a
// provider, and npm's oauth-sign as a second signer. Both get the same thousand random
// requests. Where they differ from RFC 5849, a table names the difference, and its
// evidence is checked too.
//
// `make peers` installs both. Without them the tests are skipped, and fail where the
// environment says CI=true.
package interop
