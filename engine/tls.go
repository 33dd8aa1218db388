package engine

import (
	"container/list"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"sync"
)

// tlsSetting is what a request says about TLS (communication.md 6.6). The zero value is
// what all but a few use.
type tlsSetting struct {
	ca       string // PEM that replaces the trusted authorities
	insecure bool   // rejectUnauthorized: false
	// certificate and key, in PEM, of the client: an extension (see login.go).
	certificate, key string
}

// settingError says that a directive of the transport cannot be used.
type settingError struct {
	directive string
	cause     error
}

func (e *settingError) Error() string { return e.directive + ": " + e.cause.Error() }

func (r *Run) tlsSetting(req *request) (tlsSetting, error) {
	ca, err := r.evaluate(req, req.ca)
	if err != nil {
		return tlsSetting{}, err
	}
	s := tlsSetting{ca: ca.ToText(), insecure: !req.verifyTLS}
	if s.insecure && !r.engine.options.InsecureTLS {
		return s, r.misconfigured(req, "rejectUnauthorized", errors.New("rejectUnauthorized: false is not allowed here; put the certificate into ca"))
	}
	return s, nil
}

func (s tlsSetting) config() (*tls.Config, error) {
	c := &tls.Config{InsecureSkipVerify: s.insecure}
	if s.ca != "" {
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM([]byte(s.ca)) {
			return nil, &settingError{"ca", errors.New("ca holds no certificate in PEM")}
		}
	}
	if s.certificate != "" {
		pair, err := s.pair()
		if err != nil {
			return nil, &settingError{"auth", err}
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// maxTransports is how many settings keep their connections open.
const maxTransports = 16

// transports has a transport for each TLS setting, each with a pool of connections per
// origin. The least recently used one goes first. It is safe for concurrent use.
type transports struct {
	base func() *http.Transport
	wrap func(http.RoundTripper) http.RoundTripper // nil: nothing
	all  http.RoundTripper                         // of the zero setting, and of all when base is nil

	mu     sync.Mutex
	recent list.List // of *pooled, the last used in front
}

type pooled struct {
	setting   tlsSetting
	transport http.RoundTripper
	network   *http.Transport
}

func newTransports(o Options) *transports {
	t := &transports{wrap: o.Wrap, all: o.Transport}
	if t.all == nil {
		t.base = o.Egress.transport
		t.all = t.wrapped(t.base())
	}
	return t
}

func (t *transports) wrapped(rt http.RoundTripper) http.RoundTripper {
	if t.wrap != nil {
		return t.wrap(rt)
	}
	return rt
}

func (t *transports) get(s tlsSetting) (http.RoundTripper, error) {
	if s == (tlsSetting{}) {
		return t.all, nil
	}
	config, err := s.config()
	if err != nil || t.base == nil {
		return t.all, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for e := t.recent.Front(); e != nil; e = e.Next() {
		if p := e.Value.(*pooled); p.setting == s {
			t.recent.MoveToFront(e)
			return p.transport, nil
		}
	}
	network := t.base()
	network.TLSClientConfig = config
	p := &pooled{s, t.wrapped(network), network}
	t.recent.PushFront(p)
	if t.recent.Len() > maxTransports {
		t.recent.Remove(t.recent.Back()).(*pooled).network.CloseIdleConnections()
	}
	return p.transport, nil
}
