package oauth1

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultWindow is how far a timestamp may be from the time of a [Verifier].
const DefaultWindow = 5 * time.Minute

// Verifier checks signed requests (RFC 5849 3.2), for servers, webhooks and LTI
// launches. Only Lookup is needed, but without Nonces a request can be replayed
// within the window. It is safe for concurrent use as long as nobody writes to
// it.
type Verifier struct {
	// Lookup returns the secrets of a client, and of a token if the request
	// has one. It returns [CodeConsumerUnknown] or [CodeTokenUnknown] (or nil,
	// nil, for the former) when there is none; other errors are handed on.
	Lookup func(ctx context.Context, consumerKey, token string) (*Secrets, error)

	// Window is the tolerance for timestamps, 0 = [DefaultWindow], negative =
	// timestamps are not checked.
	Window time.Duration

	// Nonces remembers what was used, nil = nonces are not checked.
	Nonces NonceStore

	// Now gives the time, nil = time.Now.
	Now func() time.Time

	// SignatureMethods are the names allowed, nil = all of [Methods].
	SignatureMethods []string

	// InsecurePlaintext also accepts PLAINTEXT without TLS, which RFC 5849
	// 3.4.4 forbids. Loopback addresses are always accepted.
	InsecurePlaintext bool

	// URL gives the URL that the client requested, for servers behind a proxy;
	// nil = the scheme by TLS, Host header and request target.
	URL func(*http.Request) string

	// Profile and SignMultipart are as in [Config].
	Profile       string
	SignMultipart string
}

// Secrets is what a signature is checked against.
type Secrets struct {
	ConsumerSecret string
	TokenSecret    string
	PublicKey      *rsa.PublicKey // for the RSA methods
}

// Verified tells who signed a request, and how.
type Verified struct {
	ConsumerKey     string
	Token           string // empty without a resource owner
	SignatureMethod string
	TransportMethod string
	Timestamp       time.Time // zero if there is none, which PLAINTEXT allows
	Nonce           string
	BodyHash        bool    // the body is covered by oauth_body_hash
	Params          []Param // protocol parameters as sent, without realm and oauth_signature
	BaseString      string
}

// Get returns a protocol parameter, such as oauth_callback or oauth_verifier.
func (v *Verified) Get(name string) string {
	value, _ := lookup(v.Params, name)
	return value
}

// Verify checks a request that came in over net/http. The body is read only if
// it is a form or hashed, up to [MaxBufferedBody], and stays readable. Do not
// call ParseForm before: it eats the body.
//
// A refusal is an [*Error]; its Code says why, [Error.Problem] what to answer,
// and with [CodeSignatureInvalid] BaseString is what should have been signed.
func (v *Verifier) Verify(ctx context.Context, req *http.Request) (*Verified, error) {
	u, err := v.requestedURL(req)
	if err != nil {
		return nil, err
	}
	w := wire{method: verb(req.Method), url: u, contentType: req.Header.Get("Content-Type")}
	w.hash = func(m Method) (string, error) { return hashBody(req, m) }
	if v.config().readsBody(w.contentType) {
		if w.body, err = readBody(req); err != nil {
			return nil, err
		}
		w.hash = nil
	}
	return v.verify(ctx, w, req.Header.Values("Authorization"))
}

// VerifyRequest is [Verifier.Verify] without net/http: r is the request as it
// came in, oauth parameters in query and body included, authorization its
// Authorization headers.
func (v *Verifier) VerifyRequest(ctx context.Context, r Request, authorization ...string) (*Verified, error) {
	w, err := wireOf(r)
	if err != nil {
		return nil, err
	}
	return v.verify(ctx, w, authorization)
}

func (v *Verifier) config() *Config {
	return &Config{Profile: v.Profile, SignMultipart: v.SignMultipart}
}

// requestedURL is the URL before any decoding.
func (v *Verifier) requestedURL(req *http.Request) (wireURL, error) {
	switch {
	case v.URL != nil:
		return splitURL(v.URL(req))
	case req.RequestURI == "":
		return urlOfHTTP(req) // not from a server
	case !strings.HasPrefix(req.RequestURI, "/"):
		return splitURL(req.RequestURI) // absolute form, as proxies get it
	case req.TLS != nil:
		return splitURL("https://" + req.Host + req.RequestURI)
	}
	return splitURL("http://" + req.Host + req.RequestURI)
}

// verify is the order in which a request is judged: form first, signature
// before nonce, so that nobody without a secret can use nonces up.
func (v *Verifier) verify(ctx context.Context, w wire, authorization []string) (*Verified, error) {
	c, err := claimOf(w, authorization)
	if err != nil {
		return nil, err
	}
	if err := v.checkClaim(c, w); err != nil {
		return nil, err
	}
	secrets, err := v.lookup(ctx, c)
	if err != nil {
		return nil, err
	}
	base, err := v.baseString(c, w)
	if err != nil {
		return nil, err
	}
	if !c.method.verifies(base, c.signature, secrets) {
		return nil, &Error{Code: CodeSignatureInvalid, Message: "oauth: the signature is not right", Detail: c.method.Name, Parameter: "oauth_signature", BaseString: string(base)}
	}
	if err := c.checkBodyHash(w); err != nil {
		return nil, err
	}
	if err := v.useNonce(ctx, c); err != nil {
		return nil, err
	}
	return c.verified(string(base)), nil
}

// checkClaim judges what can be judged without any secret.
func (v *Verifier) checkClaim(c *claim, w wire) (err error) {
	if c.method, err = LookupMethod(c.get("oauth_signature_method")); err != nil {
		return err
	}
	allowed := func(name string) bool { return strings.EqualFold(name, c.method.Name) }
	if v.SignatureMethods != nil && !slices.ContainsFunc(v.SignatureMethods, allowed) {
		return &Error{Code: CodeMethodUnknown, Message: "Signature method not supported: " + c.method.Name, Detail: "not allowed here"}
	}
	if err := c.checkRequired(); err != nil {
		return err
	}
	if version, sent := lookup(c.params, "oauth_version"); sent && version != "1.0" {
		return &Error{Code: CodeVersionRejected, Message: "oauth: oauth_version must be 1.0", Parameter: "oauth_version"}
	}
	if c.method.Kind == KindPlaintext && w.url.scheme != "https" && !v.InsecurePlaintext && !isLoopback(w.url.host) {
		return &Error{Code: CodeInsecure, Message: "oauth: PLAINTEXT is accepted over TLS only"}
	}
	return v.checkTimestamp(c)
}

func (v *Verifier) checkTimestamp(c *claim) error {
	text, sent := lookup(c.params, "oauth_timestamp")
	if !sent {
		return nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds <= 0 {
		return &Error{Code: CodeTimestampRefused, Message: "oauth: oauth_timestamp must be a positive number of seconds", Parameter: "oauth_timestamp"}
	}
	c.timestamp = time.Unix(seconds, 0)
	window := v.Window
	if window == 0 {
		window = DefaultWindow
	}
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	if off := c.timestamp.Sub(now); window > 0 && off.Abs() > window {
		return &Error{
			Code: CodeTimestampRefused, Message: "oauth: oauth_timestamp is too far from our time",
			Detail: fmt.Sprintf("%s, %s allowed", off.Round(time.Second), window), Parameter: "oauth_timestamp",
			from: now.Add(-window), to: now.Add(window),
		}
	}
	return nil
}

func (v *Verifier) lookup(ctx context.Context, c *claim) (*Secrets, error) {
	secrets, err := v.Lookup(ctx, c.get("oauth_consumer_key"), c.get("oauth_token"))
	switch {
	case errors.Is(err, CodeTokenUnknown):
		return nil, &Error{Code: CodeTokenUnknown, Message: "oauth: the token is not known", Parameter: "oauth_token"}
	case errors.Is(err, CodeConsumerUnknown), err == nil && secrets == nil:
		return nil, &Error{Code: CodeConsumerUnknown, Message: "oauth: the consumer key is not known", Parameter: "oauth_consumer_key"}
	}
	return secrets, err
}

// baseString is what the client should have signed. Parameters that travelled
// in query or body are collected from there.
func (v *Verifier) baseString(c *claim, w wire) ([]byte, error) {
	s := &signing{config: v.config(), wire: w, method: c.method}
	if c.transport == TransportHeader {
		s.protocol = c.params
	}
	var err error
	if s.profile, err = lookupProfile(v.Profile); err != nil {
		return nil, err
	}
	err = s.fillBase()
	return s.base, err
}

func (v *Verifier) useNonce(ctx context.Context, c *claim) error {
	nonce, sent := lookup(c.params, "oauth_nonce")
	if v.Nonces == nil || !sent {
		return nil
	}
	fresh, err := v.Nonces.UseNonce(ctx, Nonce{c.get("oauth_consumer_key"), c.get("oauth_token"), nonce, c.timestamp})
	if err == nil && !fresh {
		err = &Error{Code: CodeNonceUsed, Message: "oauth: the nonce was used before", Parameter: "oauth_nonce"}
	}
	return err
}

// verifies checks a signature in constant time.
func (m Method) verifies(base []byte, signature string, with *Secrets) bool {
	if m.Kind == KindRSA {
		return m.verifiesRSA(base, signature, with.PublicKey)
	}
	ours, err := m.sign(base, secrets{consumer: with.ConsumerSecret, token: with.TokenSecret})
	return err == nil && subtle.ConstantTimeCompare([]byte(ours), []byte(signature)) == 1
}

func (m Method) verifiesRSA(base []byte, signature string, key crypto.PublicKey) bool {
	public, _ := key.(*rsa.PublicKey)
	if public == nil {
		return false
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(signature)
	digest, err2 := m.digest(base)
	return err == nil && err2 == nil && rsa.VerifyPKCS1v15(public, m.Hash, digest, raw) == nil
}
