package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// maxRedirects is the platform's cap (communication.md 6.6).
const maxRedirects = 21

// answer is what came back. body, headers and status are the response variables.
type answer struct {
	status  int
	header  http.Header
	raw     []byte
	file    *storing // in place of raw; nil: none
	body    value.Value
	headers value.Value
	hint    string // why a signature may have been refused
}

// send signs and sends w and follows redirects.
func (r *Run) send(ctx context.Context, req *request, w *wire) (*answer, error) {
	for hop := 0; ; hop++ {
		a, err := r.hop(ctx, req, w)
		if err != nil {
			return nil, err
		}
		location := a.header.Get("Location")
		if !w.follow || location == "" || !isRedirect(a.status) {
			return a, nil
		}
		if hop == maxRedirects {
			return nil, &Error{Type: RuntimeError, Message: fmt.Sprintf("more than %d redirects, the last to %s", maxRedirects, location), Step: req.step, StatusCode: a.status,
				Directive: "url", Position: req.at["url"]}
		}
		if w, err = w.redirected(location, a.status, r.mask); err != nil {
			return nil, r.misconfigured(req, "url", err)
		}
	}
}

func isRedirect(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// redirected is the request to the next place: a GET without body unless 307 or 308
// keep them; to another host nothing that identifies the sender goes along.
func (w *wire) redirected(location string, status int, mask *Mask) (*wire, error) {
	from, err := url.Parse(w.url.String())
	if err != nil {
		return nil, err
	}
	to, err := from.Parse(location)
	if err != nil {
		return nil, fmt.Errorf("the redirect to '%s' cannot be read", location)
	}
	if to.Scheme != "http" && to.Scheme != "https" {
		return nil, fmt.Errorf("the redirect to '%s' is neither http nor https", location)
	}
	next := *w
	next.header = w.header.Clone()
	if next.url, err = normalizeURL(to.String(), verbatim); err != nil {
		return nil, err
	}
	next.header.Set("Referer", w.url.scheme+"://"+w.url.host+w.url.path)
	if status != 307 && status != 308 && w.method != http.MethodGet && w.method != http.MethodHead {
		next.method, next.body, next.hasBody = http.MethodGet, nil, false
		next.header.Del("Content-Type")
	}
	if next.url.host != w.url.host || next.url.scheme != w.url.scheme {
		next.withoutCredentials(mask)
	}
	return &next, nil
}

// withoutCredentials takes away what identifies the sender: the headers made for it, any
// other that holds a secret, and the signature.
func (w *wire) withoutCredentials(mask *Mask) {
	w.sign, w.aws, w.digest = nil, nil, nil
	w.tls.certificate, w.tls.key = "", ""
	for name, lines := range w.header {
		text := strings.Join(lines, "\n")
		if name == "Host" || slices.Contains(credentialHeaders, name) || mask.Text(text) != text {
			delete(w.header, name)
		}
	}
	w.url.query = withoutOAuth(w.url.query)
}

// hop makes one exchange with one server.
func (r *Run) hop(ctx context.Context, req *request, unsigned *wire) (*answer, error) {
	if err := r.budget.spend(); err != nil {
		err.Step = req.step
		return nil, err
	}
	if err := r.engine.options.Egress.checkURL(unsigned.url); err != nil {
		return nil, r.network(req, unsigned, err)
	}
	w := *unsigned
	w.header = unsigned.header.Clone()
	r.addCookies(&w)
	if err := r.signWire(req, &w); err != nil {
		return nil, err
	}
	t := r.startTrace()
	a, err := r.roundTrip(t.watch(ctx), req, &w)
	r.log(ctx, req, &w, a, err, t)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err() // the run's own end, not that of the exchange
	case err != nil:
		return nil, r.network(req, &w, err)
	}
	return a, nil
}

// signWire signs w in place, with a nonce and a time of its own.
func (r *Run) signWire(req *request, w *wire) error {
	if w.sign != nil {
		warnings, err := w.sign.onto(w)
		if err != nil {
			return r.misconfigured(req, "oauth", err)
		}
		r.state.Callback = w.sign.config.Callback
		for _, warning := range warnings {
			r.warn(warning)
		}
	}
	if w.aws != nil {
		w.aws.apply(w, r.engine.now())
	}
	if err := r.answerChallenge(w); err != nil {
		return r.misconfigured(req, "auth", err)
	}
	return nil
}

// roundTrip sends w and reads the answer, within the time of one exchange.
func (r *Run) roundTrip(ctx context.Context, req *request, w *wire) (*answer, error) {
	ctx, cancel := context.WithTimeout(withMask(ctx, r.mask), w.timeout)
	defer cancel()
	transport, err := r.engine.transports.get(w.tls)
	if err != nil {
		return nil, err
	}
	in, err := transport.RoundTrip(r.engine.outgoing(ctx, w))
	if err != nil && isHandshakeFailure(err) { // once, and nothing else by itself (communication.md 6.6)
		in, err = transport.RoundTrip(r.engine.outgoing(ctx, w))
	}
	if err != nil {
		return nil, err
	}
	defer in.Body.Close()
	a := &answer{status: in.StatusCode, header: in.Header}
	r.keepCookies(w, in)
	a.raw, a.file, err = r.engine.readBody(in, r.bodyLimit(req, a.status), func() string { return fileName(a.header, w.url, r.mask) })
	if a.status >= 400 && isUnusable(err) { // the refusal counts, not how it is worded
		r.warn(err.Error())
		err = nil
	}
	if a.status == http.StatusUnauthorized && w.sign != nil {
		a.hint = w.sign.likely(w, a)
	}
	return a, err
}

// isUnusable reports whether an answer came whose body is too large or cannot be decoded.
func isUnusable(err error) bool {
	var unreadable *encodingError
	var tooLarge *tooLargeError
	return errors.As(err, &unreadable) || errors.As(err, &tooLarge)
}

// outgoing is w as net/http sends it, byte for byte.
func (e *Engine) outgoing(ctx context.Context, w *wire) *http.Request {
	out := (&http.Request{Method: w.method, URL: w.url.http(e.options.Egress.Proxy != nil), Host: w.url.host, Header: w.header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if host := w.header.Get("Host"); host != "" {
		out.Host = host
	}
	if w.hasBody {
		out.ContentLength = int64(len(w.body))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(w.body)), nil }
		out.Body, _ = out.GetBody() // never fails
	}
	return out
}
