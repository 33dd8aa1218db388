package engine

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// maxRedirects is the platform's cap (communication.md 6.6).
const maxRedirects = 21

// answer is what came back. body, headers and status are the response variables.
type answer struct {
	status  int
	header  http.Header
	raw     []byte
	body    value.Value
	headers value.Value
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
			return nil, &Error{Type: RuntimeError, Message: fmt.Sprintf("more than %d redirects, the last to %s", maxRedirects, location), Step: req.step, StatusCode: a.status}
		}
		if w, err = w.redirected(location, a.status); err != nil {
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
func (w *wire) redirected(location string, status int) (*wire, error) {
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
	if next.url, err = normalizeURL(to.String(), false); err != nil {
		return nil, err
	}
	next.header.Set("Referer", w.url.scheme+"://"+w.url.host+w.url.path)
	if status != 307 && status != 308 && w.method != http.MethodGet && w.method != http.MethodHead {
		next.method, next.body, next.hasBody = http.MethodGet, nil, false
		next.header.Del("Content-Type")
	}
	if next.url.host != w.url.host || next.url.scheme != w.url.scheme {
		next.credentials, next.sign = false, nil
		for _, name := range []string{"Authorization", "Cookie", "Proxy-Authorization", "Host"} {
			next.header.Del(name)
		}
		next.url.query = withoutOAuth(next.url.query)
	}
	return &next, nil
}

// hop makes one exchange with one server.
func (r *Run) hop(ctx context.Context, req *request, unsigned *wire) (*answer, error) {
	if r.requests >= maxRequests {
		return nil, &Error{Type: RuntimeError, Message: fmt.Sprintf("more than %d requests in one run", maxRequests), Step: req.step}
	}
	if err := r.engine.options.Egress.checkURL(unsigned.url); err != nil {
		return nil, r.network(req, unsigned, err)
	}
	w := *unsigned
	w.header = unsigned.header.Clone()
	if w.sign != nil {
		if w.method == http.MethodGet && strings.EqualFold(w.sign.config.TransportMethod, "body") {
			header := *w.sign // behind a redirect there is no form left to carry it
			header.config.TransportMethod = "header"
			w.sign = &header
		}
		warnings, err := w.sign.apply(&w)
		if err != nil {
			return nil, r.misconfigured(req, "oauth", err)
		}
		r.state.Callback = w.sign.config.Callback
		for _, warning := range warnings {
			r.warn(warning)
		}
	}
	r.requests++
	started := r.engine.now()
	a, err := r.roundTrip(ctx, req, &w)
	r.log(req, &w, a, err, started)
	if err != nil {
		return nil, r.network(req, &w, err)
	}
	return a, nil
}

func (r *Run) roundTrip(ctx context.Context, req *request, w *wire) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	out := (&http.Request{Method: w.method, URL: w.url.http(r.engine.options.Egress.Proxy != nil), Host: w.url.host, Header: w.header, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if host := w.header.Get("Host"); host != "" {
		out.Host = host
	}
	if w.hasBody {
		out.ContentLength = int64(len(w.body))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(w.body)), nil }
		out.Body, _ = out.GetBody()
	}
	in, err := r.engine.transport.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer in.Body.Close()
	raw, err := readBody(in, r.engine.options.MaxBody)
	if err != nil {
		return nil, err
	}
	return &answer{status: in.StatusCode, header: in.Header, raw: raw}, nil
}

// network turns a failure without an answer into an error of the run
// (communication.md 10.4, network failures).
func (r *Run) network(req *request, w *wire, err error) error {
	e := &Error{Type: ConnectionError, Step: req.step, Directive: "url", Position: req.at["url"], Cause: err}
	where := w.method + " " + w.url.scheme + "://" + w.url.host + w.url.path
	var refused *RefusedError
	var tooLarge *tooLargeError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var coded interface{ NetworkCode() string }
	switch {
	case errors.As(err, &refused):
		e.Type, e.Message, e.Hint = InvalidConfigurationError, refused.Error(), refused.Hint()
		return e
	case errors.As(err, &tooLarge):
		e.Type, e.Message, e.Hint = DataError, tooLarge.Error(), "ask for fewer items a page, or use response.type binary"
		return e
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		e.Type, e.Message = RuntimeError, where+": "+err.Error()
		return e
	case errors.As(err, &coded):
		if e.Code = coded.NetworkCode(); strings.Contains(e.Code, "CERT") {
			e.Type = RuntimeError
		}
	case errors.Is(err, context.Canceled):
		e.Type, e.Message = ExecutionInterruptedError, "interrupted"
		return e
	case errors.Is(err, context.DeadlineExceeded):
		e.Code, e.Message = "ETIMEDOUT", fmt.Sprintf("%s: no answer within %s", where, w.timeout)
		return e
	default:
		e.Code = networkCode(err)
	}
	e.Message = where + ": " + plainCause(err)
	return e
}

func networkCode(err error) string {
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return "ENOTFOUND"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "ECONNREFUSED"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "ECONNRESET"
	}
	return ""
}

// plainCause is the text of err without the layers of the net package that repeat the
// address.
func plainCause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		return op.Err.Error()
	}
	return err.Error()
}

// canRepeat reports whether another attempt is safe and may help: the provider said so
// (429, 503), or nothing but reading was asked for.
func canRepeat(w *wire, err error) bool {
	var e *Error
	if !errors.As(err, &e) || !e.Retryable() {
		return false
	}
	return e.StatusCode == 429 || e.StatusCode == 503 || w.method == http.MethodGet || w.method == http.MethodHead
}

// maxDelay is the longest wait that a Retry-After can cause between two attempts.
const maxDelay = time.Minute

func retryDelay(err error, attempt int) time.Duration {
	var e *Error
	if errors.As(err, &e) && e.Delay > 0 {
		return min(e.Delay, maxDelay)
	}
	return min(time.Second<<min(attempt, 6), maxDelay)
}

// retryAfter reads the header Retry-After: seconds or a date.
func (r *Run) retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(r.engine.now()))
	}
	return 0
}

// learnsClock reports whether the provider refused the timestamp and told its own time,
// which is then used for that host (connections.md O1-51).
func (r *Run) learnsClock(w *wire, a *answer) bool {
	if w.sign == nil || a.status != 400 && a.status != 401 {
		return false
	}
	problem := oauth1.ParseProblem(a.status, a.header, a.raw)
	return problem != nil && r.engine.clock.Learn(w.url.host, problem, r.engine.now())
}
