package oauth1

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// maxRedirects is the limit of http.Client.
const maxRedirects = 10

// CheckRedirect returns a redirect policy for clients whose requests were
// signed by [Config.SignHTTP] and not by a [Transport]: a redirect to the same
// scheme and host is signed anew for its new URL and method, any other is sent
// without a single OAuth parameter, in header, query or form body.
//
// next decides first whether to follow; nil = up to ten redirects.
func (c *Config) CheckRedirect(source TokenSource, next func(*http.Request, []*http.Request) error) func(*http.Request, []*http.Request) error {
	return func(req *http.Request, via []*http.Request) error {
		if err := follow(next, req, via); err != nil {
			return err
		}
		if err := removeOAuth(req); err != nil {
			return err
		}
		if !sameServerChain(req) {
			return nil
		}
		var token Token
		if source != nil {
			var err error
			if token, err = source.Token(req.Context()); err != nil {
				return err
			}
		}
		return c.forRedirect(req).SignHTTP(req, token)
	}
}

// forRedirect is c for a redirected request: a POST that became a GET has no
// form left for body transport, so its parameters travel in the header.
func (c *Config) forRedirect(req *http.Request) *Config {
	if !strings.EqualFold(c.TransportMethod, TransportBody) ||
		checkBodyTransport(verb(req.Method), req.Header.Get("Content-Type")) == nil {
		return c
	}
	header := *c
	header.TransportMethod = TransportHeader
	return &header
}

func follow(next func(*http.Request, []*http.Request) error, req *http.Request, via []*http.Request) error {
	if next != nil {
		return next(req, via)
	}
	if len(via) >= maxRedirects {
		return errors.New("oauth: stopped after 10 redirects")
	}
	return nil
}

// sameServerChain reports whether req and all requests that led to it by
// redirects went to one scheme and host. A request that is no redirect is its
// own chain.
func sameServerChain(req *http.Request) bool {
	for r := req; r.Response != nil && r.Response.Request != nil; r = r.Response.Request {
		if !sameServer(req.URL, r.Response.Request.URL) {
			return false
		}
	}
	return true
}

// sameServer compares scheme, host and port; a default port written out is the
// same server.
func sameServer(a, b *url.URL) bool {
	scheme := strings.ToLower(a.Scheme)
	return strings.EqualFold(a.Scheme, b.Scheme) &&
		withoutDefaultPort(scheme, strings.ToLower(a.Host)) == withoutDefaultPort(scheme, strings.ToLower(b.Host))
}

// removeOAuth takes all OAuth parameters out of req: the header, and every
// oauth_* of query and form body.
func removeOAuth(req *http.Request) error {
	if isOAuthHeader(req.Header.Get("Authorization")) {
		req.Header.Del("Authorization")
	}
	if query := withoutPairs(req.URL.RawQuery, isOAuthName); query != req.URL.RawQuery {
		u := *req.URL
		u.RawQuery = query
		req.URL = &u
	}
	if !isForm(req.Header.Get("Content-Type")) || req.Body == nil {
		return nil
	}
	body, err := readBody(req)
	if err != nil {
		return err
	}
	if form := withoutPairs(string(body), isOAuthName); form != string(body) {
		closeBody(req)
		setBody(req, []byte(form))
	}
	return nil
}

// removeSignature takes out of the query what a signature put there, and
// leaves oauth_* parameters that are part of the resource.
func removeSignature(req *http.Request) {
	if !strings.Contains(req.URL.RawQuery, "oauth_signature=") {
		return
	}
	u := *req.URL
	u.RawQuery = withoutPairs(u.RawQuery, isOAuthName)
	req.URL = &u
}

func isOAuthName(name string) bool { return strings.HasPrefix(name, "oauth_") }

// withoutPairs drops the pairs with such names and keeps all other bytes.
func withoutPairs(s string, drop func(name string) bool) string {
	pieces := strings.Split(s, "&")
	kept := pieces[:0]
	for _, piece := range pieces {
		name, _, _ := strings.Cut(piece, "=")
		if !drop(formDecode(name)) {
			kept = append(kept, piece)
		}
	}
	return strings.Join(kept, "&")
}
