package oauth1

import (
	"net/http"
	"net/url"
	"strings"
)

// SignHTTP signs req in place, as [Config.Sign] does, and leaves it ready to
// send: with header transport it sets the Authorization header (over one that
// is there), with query transport it replaces req.URL by a longer copy, with
// body transport it replaces the body and ContentLength. Call it last; later
// changes to URL, Host or form body break the signature.
//
// The body is read only if it is a form, if a body hash is asked for, or if
// multipart text fields are signed, and it stays readable: through GetBody if
// the request has it, by seeking, or else by keeping up to [MaxBufferedBody] in
// memory, which also sets GetBody.
//
// On error req is unchanged except that its body may have been buffered.
func (c *Config) SignHTTP(req *http.Request, t Token) error {
	w, err := c.wireOfHTTP(req)
	if err != nil {
		return err
	}
	s, err := c.sign(w, t)
	if err != nil {
		return err
	}
	switch s.transport {
	case TransportHeader:
		if req.Header == nil {
			req.Header = make(http.Header)
		}
		req.Header.Set("Authorization", s.authorization())
		replaceQuery(req, w.url.query)
	case TransportQuery:
		replaceQuery(req, w.url.withQuery(string(s.appendPairs(nil))).query)
	case TransportBody:
		closeBody(req)
		setBody(req, s.bodyWithParams())
		replaceQuery(req, w.url.query)
	}
	return nil
}

// replaceQuery gives req a URL with another query, if it differs; the URL may
// be shared, so it is copied.
func replaceQuery(req *http.Request, query string) {
	if _, now := requestTarget(req.URL); now == query {
		return
	}
	u := *req.URL
	u.Opaque, _, _ = strings.Cut(u.Opaque, "?")
	u.RawQuery = query
	req.URL = &u
}

// wireOfHTTP looks at req as net/http will write it.
func (c *Config) wireOfHTTP(req *http.Request) (wire, error) {
	u, err := urlOfHTTP(req)
	if err != nil {
		return wire{}, err
	}
	w := wire{method: verb(req.Method), url: u, contentType: req.Header.Get("Content-Type")}
	switch {
	case c.readsBody(w.contentType):
		w.body, err = readBody(req)
	case c.computesHash():
		w.hash = func(m Method) (string, error) { return hashBody(req, m) }
	}
	return w, err
}

// readsBody reports whether signing needs the bytes of the body.
func (c *Config) readsBody(contentType string) bool {
	return isForm(contentType) || c.signsMultipart(contentType)
}

func (c *Config) computesHash() bool {
	p, err := lookupProfile(c.Profile)
	computed, _ := c.wantsBodyHash(p)
	return computed && err == nil
}

// urlOfHTTP takes the URL apart the way http.Request.Write puts it on the
// wire: EscapedPath or Opaque, RawQuery, and Host before URL.Host.
func urlOfHTTP(req *http.Request) (wireURL, error) {
	if req.URL == nil {
		return wireURL{}, urlError("", "no URL")
	}
	authority := req.Host
	if authority == "" {
		authority = req.URL.Host
	}
	host, err := hostOf(authority)
	if err != nil {
		return wireURL{}, urlError(req.URL.Redacted(), err.Error())
	}
	path, query := requestTarget(req.URL)
	if escapePath(path) != path {
		return wireURL{}, urlError(req.URL.Redacted(), "Opaque has characters that cannot be sent raw")
	}
	u := wireURL{
		scheme: strings.ToLower(req.URL.Scheme), host: host, server: req.URL.Host, path: path,
		query: escapeQuery(query), hasQuery: query != "" || req.URL.ForceQuery,
	}
	if !isScheme(u.scheme) {
		return wireURL{}, urlError(req.URL.Redacted(), "not an absolute URL")
	}
	return u, nil
}

// requestTarget is url.URL.RequestURI, cut at the question mark.
func requestTarget(u *url.URL) (path, query string) {
	if u.Opaque == "" {
		return u.EscapedPath(), u.RawQuery
	}
	path, query, _ = strings.Cut(u.RequestURI(), "?")
	_, rest, absolute := strings.Cut(path, "://") // Opaque "//host/path" is sent in absolute form
	if absolute {
		path = ""
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			path = rest[i:]
		}
	}
	return path, query
}

// NewRequest is the neutral view of a request that net/http is about to send:
// what [Config.SignHTTP] would sign. It reads the body, which stays readable.
func NewRequest(req *http.Request) (Request, error) {
	u, err := urlOfHTTP(req)
	if err != nil {
		return Request{}, err
	}
	u.prefix = u.scheme + "://" + u.host + u.path
	body, err := readBody(req)
	return Request{
		Method: verb(req.Method), URL: u.String(),
		ContentType: req.Header.Get("Content-Type"), Body: body,
	}, err
}
