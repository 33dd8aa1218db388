package oauth1

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
)

// TokenSource gives the token to sign with, for every request anew: the place
// to renew it. It must be safe for concurrent use.
type TokenSource interface {
	Token(ctx context.Context) (Token, error)
}

// StaticToken is a TokenSource that always gives t.
func StaticToken(t Token) TokenSource { return staticToken{t} }

type staticToken struct{ token Token }

func (s staticToken) Token(context.Context) (Token, error) { return s.token, nil }

// HTTPClient is the context key under which [Config.Client] finds the
// *http.Client to build upon.
var HTTPClient contextKey

type contextKey struct{}

// Client returns an http.Client that signs all it sends, by a [Transport]. It
// builds upon the client in ctx under [HTTPClient], if there is one: its
// transport, redirect policy, cookies and timeout are kept. A Config without
// Clock gets one for this client.
//
// Redirects to the same scheme and host are signed anew; to others no OAuth
// parameter is sent at all.
func (c *Config) Client(ctx context.Context, t Token) *http.Client {
	base, _ := ctx.Value(HTTPClient).(*http.Client)
	return c.client(base, StaticToken(t))
}

func (c *Config) client(base *http.Client, source TokenSource) *http.Client {
	client := http.Client{}
	if base != nil {
		client = *base
	}
	config := *c
	if config.Clock == nil {
		config.Clock = new(Clock)
	}
	client.Transport = &Transport{Base: client.Transport, Config: &config, Source: source}
	return &client
}

// Transport is an http.RoundTripper that signs every request on its way out.
// It never changes the request it is given, and every attempt gets its own
// timestamp and nonce, so that retries above it are safe.
//
// A request that http.Client makes because of a redirect is signed only while
// scheme and host are those of the first request; once a chain has left them,
// nothing is signed any more, and what OAuth parameters the new location or the
// body carry are taken out.
//
// With a Clock in Config, a refusal for the timestamp teaches it the time of
// the server, and the request is sent a second time, if its body can be.
//
// It is safe for concurrent use as long as its fields are not changed.
type Transport struct {
	Base   http.RoundTripper // nil = http.DefaultTransport
	Config *Config           // nil = the zero Config
	Source TokenSource       // nil = no token: two-legged
}

// RoundTrip signs a copy of req and sends it.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if !sameServerChain(req) {
		return t.sendUnsigned(req)
	}
	res, err := t.attempt(req)
	if err != nil || !t.learns(req, res) {
		return res, err
	}
	again, ok := rewound(req)
	if !ok {
		return res, nil
	}
	res.Body.Close()
	return t.attempt(again)
}

// attempt signs and sends once. As RoundTrip must, it closes the body on every
// path.
func (t *Transport) attempt(req *http.Request) (*http.Response, error) {
	signed, err := t.signed(req)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	res, err := t.base().RoundTrip(signed)
	if res != nil {
		res.Request = req // without the signature, which is nobody else's business
	}
	return res, err
}

func (t *Transport) signed(req *http.Request) (*http.Request, error) {
	var token Token
	if t.Source != nil {
		var err error
		if token, err = t.Source.Token(req.Context()); err != nil {
			return nil, err
		}
	}
	signed, config := req.Clone(req.Context()), t.config()
	if req.Response != nil {
		// The location may echo what was sent in the query last time.
		removeSignature(signed)
		config = config.forRedirect(req)
	}
	return signed, config.SignHTTP(signed, token)
}

func (t *Transport) sendUnsigned(req *http.Request) (*http.Response, error) {
	plain := req.Clone(req.Context())
	if err := removeOAuth(plain); err != nil {
		closeBody(req)
		return nil, err
	}
	res, err := t.base().RoundTrip(plain)
	if res != nil {
		res.Request = req
	}
	return res, err
}

func (t *Transport) base() http.RoundTripper {
	if t.Base != nil {
		return t.Base
	}
	return http.DefaultTransport
}

func (t *Transport) config() *Config {
	if t.Config != nil {
		return t.Config
	}
	return &Config{}
}

// learns reports whether the answer taught the clock a new time. The body of
// the answer stays readable.
func (t *Transport) learns(req *http.Request, res *http.Response) bool {
	c := t.config()
	if c.Clock == nil || c.Timestamp != "" || res.StatusCode != http.StatusUnauthorized && res.StatusCode != http.StatusBadRequest {
		return false
	}
	head, err := io.ReadAll(io.LimitReader(res.Body, maxProblemBody))
	rest := io.Reader(res.Body)
	if err != nil {
		rest = failingReader{err}
	}
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), res.Body}
	return c.Clock.Learn(req.URL.Host, ParseProblem(res.StatusCode, res.Header, head), c.now())
}

// failingReader hands a read error on to whoever reads the body next.
type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// rewound returns req with a fresh body, if it can be had.
func rewound(req *http.Request) (*http.Request, bool) {
	if req.Body == nil || req.Body == http.NoBody {
		return req, true
	}
	if req.GetBody == nil {
		return nil, false
	}
	body, err := req.GetBody()
	if err != nil {
		return nil, false
	}
	again := *req
	again.Body = body
	return &again, true
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// isOAuthHeader reports whether an Authorization header is of this scheme.
func isOAuthHeader(header string) bool {
	scheme, _, _ := strings.Cut(strings.TrimSpace(header), " ")
	return strings.EqualFold(scheme, "OAuth")
}
