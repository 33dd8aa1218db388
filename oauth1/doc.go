// Package oauth1 signs, explains and verifies HTTP requests by OAuth 1.0
// (RFC 5849), runs the three-legged flow, and needs nothing but the standard
// library.
//
// # Signing
//
// A [Config] holds what the client knows; its zero value works, a [Token]
// stands for the resource owner. There are three ways in:
//
//	client := config.Client(ctx, token)       // an http.Client that signs all it sends
//	err := config.SignHTTP(req, token)        // one http.Request, in place
//	signed, err := config.Sign(request, token) // no net/http at all: bytes in, bytes out
//
// What is signed is what is sent: the URL is never re-encoded, parameters are
// an ordered list of pairs (never a map), a form body is read only when the
// media type says so, and bodies stay readable afterwards. Every signature gets
// a fresh nonce and timestamp, on retries and redirects too.
//
// # Signature methods
//
//	HMAC-SHA1 (default)   HMAC-SHA256   HMAC-SHA512
//	RSA-SHA1              RSA-SHA256    RSA-SHA512
//	PLAINTEXT
//
// RSA keys are any [crypto.Signer], so that keys in an HSM or KMS work;
// [ParsePrivateKey] reads PEM files, encrypted ones included.
//
// # The flow
//
// [Flow] fetches temporary credentials, builds the authorization URL and
// exchanges the verifier for token credentials; it also renews them by session
// handle and does xAuth. Refusals are [*ProblemError] values (OAuth Problem
// Reporting extension).
//
// # When a server refuses
//
// [Config.Explain] shows every parameter with its origin, the base string and
// the signature; [CompareBaseString] names the first difference to the base
// string of the server; [Config.Diagnose] tries the usual mistakes against a
// signature that is known to be right.
//
// # Verifying
//
// [Verifier] is the other half: it checks signature, timestamp, nonce and body
// hash of a request that came in.
//
// # Concurrency
//
// All functions and methods are safe for concurrent use as long as nobody
// writes to a Config, Flow, Transport or Verifier that is in use. The package
// keeps no state of its own; [Clock] and [MemoryNonces] hold state and lock it.
package oauth1
