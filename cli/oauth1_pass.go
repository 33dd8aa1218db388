package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/engine"
)

// proxyTarget is where requests are sent on to.
type proxyTarget struct{ scheme, host, path string }

// signingProxy passes requests on, signed.
type signingProxy struct {
	*factory
	target proxyTarget
	signer *cleat.Signer
	self   string // its own address

	mu sync.Mutex // of the output
}

// proxyEvent is a line of --json.
type proxyEvent struct {
	Event    string `json:"event"` // listening or exchange
	URL      string `json:"url"`
	To       string `json:"to,omitempty"`
	Method   string `json:"method,omitempty"`
	Status   int    `json:"status,omitempty"`
	Size     int    `json:"size,omitempty"`
	Duration int64  `json:"duration_ms,omitempty"`
	Error    string `json:"error,omitempty"`
}

func (p *signingProxy) announce() {
	to := p.target.scheme + "://" + p.target.host + p.target.path
	if p.json {
		writeJSON(p.std.Out, proxyEvent{Event: "listening", URL: p.self, To: to})
		return
	}
	fmt.Fprintf(p.std.Err, "%s signs for %s (Ctrl-C ends it)\n", p.self, printable(to))
}

func (p *signingProxy) handler() http.Handler {
	passing := &httputil.ReverseProxy{
		Rewrite:        p.rewrite,
		Transport:      p.signer,
		FlushInterval:  -1, // answers that trickle in pass at once
		ModifyResponse: p.keepRedirects,
		ErrorHandler:   p.failed,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), // each exchange is shown, failed ones too
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started, seen := time.Now(), &seenResponse{ResponseWriter: w}
		defer func() { p.show(r, seen, time.Since(started)) }()
		if problem := p.refuses(r); problem != "" {
			seen.problem = problem
			http.Error(seen, problem, http.StatusForbidden)
			return
		}
		passing.ServeHTTP(seen, r)
	})
}

// refuses tells why a request is not sent on. A page in a browser must not act as the
// account: neither by its own requests nor under a name that it has turned to this
// machine (DNS rebinding).
func (p *signingProxy) refuses(r *http.Request) string {
	origin := r.Header.Get("Origin")
	site := r.Header.Get("Sec-Fetch-Site")
	switch {
	case !strings.HasPrefix(r.RequestURI, "/"):
		return "ask for a path: this is no proxy in the sense of HTTP"
	case !isLoopbackHost((&url.URL{Host: r.Host}).Hostname()):
		return "the Host header names another machine"
	case origin != "" && origin != "http://"+r.Host, site != "" && site != "none" && site != "same-origin":
		return "requests of web pages are not signed"
	}
	return ""
}

// rewrite sends a request to the same path below the target, byte for byte.
func (p *signingProxy) rewrite(r *httputil.ProxyRequest) {
	path, query, hasQuery := strings.Cut(r.In.RequestURI, "?")
	r.Out.URL = verbatimURL(p.target.scheme, p.target.host, p.target.path+path)
	r.Out.URL.RawQuery, r.Out.URL.ForceQuery = query, hasQuery
	r.Out.Host = ""
	r.Out.Header.Del("Authorization")
}

// verbatimURL returns a URL whose path net/http sends as it is. Two slashes at its
// beginning would be taken for a host in Opaque.
func verbatimURL(scheme, host, path string) *url.URL {
	u := &url.URL{Scheme: scheme, Host: host, Opaque: path}
	if decoded, err := url.PathUnescape(path); strings.HasPrefix(path, "//") && err == nil {
		u.Opaque, u.Path, u.RawPath = "", decoded, path
	}
	return u
}

// keepRedirects has redirects to the service come back through the proxy, where they are
// signed.
func (p *signingProxy) keepRedirects(res *http.Response) error {
	service := p.target.scheme + "://" + p.target.host + p.target.path
	if rest, ok := strings.CutPrefix(res.Header.Get("Location"), service); ok && (rest == "" || strings.ContainsRune("/?#", rune(rest[0]))) {
		res.Header.Set("Location", p.self+rest)
	}
	return nil
}

func (p *signingProxy) failed(w http.ResponseWriter, _ *http.Request, err error) {
	problem := p.signer.Mask.Text(err.Error())
	var refused *engine.RefusedError
	if errors.As(err, &refused) && refused.Hint() != "" {
		problem += "; " + refused.Hint()
	}
	if seen, ok := w.(*seenResponse); ok {
		seen.problem = problem
	}
	http.Error(w, problem, http.StatusBadGateway)
}

// show prints an exchange. Without --trace a query is not shown: it may hold anything.
func (p *signingProxy) show(r *http.Request, seen *seenResponse, took time.Duration) {
	path, query, hasQuery := strings.Cut(r.RequestURI, "?")
	shown := p.signer.Mask.Text(path)
	switch {
	case hasQuery && p.trace:
		shown += "?" + p.signer.Mask.Query(query)
	case hasQuery:
		shown += "?" + engine.Redacted
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.json:
		writeJSON(p.std.Out, proxyEvent{Event: "exchange", Method: r.Method, URL: shown, Status: seen.status, Size: seen.size, Duration: took.Milliseconds(), Error: seen.problem})
	case p.trace:
		writeExchange(p.std.Err, engine.Exchange{Plan: "oauth1 proxy", Step: "request", Method: r.Method, URL: shown, RequestHeader: p.signer.Mask.Header(r.Header),
			Status: seen.status, ResponseHeader: p.signer.Mask.Header(seen.Header()), Size: int64(seen.size), Duration: took, Error: seen.problem})
	default:
		line := fmt.Sprintf("%s %s %d (%s, %d bytes)", r.Method, shown, seen.status, took.Round(time.Millisecond), seen.size)
		if seen.problem != "" {
			line += ": " + seen.problem
		}
		fmt.Fprintln(p.std.Err, printable(line))
	}
}

// seenResponse remembers what was answered.
type seenResponse struct {
	http.ResponseWriter
	status, size int
	problem      string
}

// Unwrap lets [http.ResponseController] flush and take the connection over.
func (s *seenResponse) Unwrap() http.ResponseWriter { return s.ResponseWriter }

func (s *seenResponse) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		s.status = status
	}
	s.ResponseWriter.WriteHeader(status)
}

func (s *seenResponse) Write(b []byte) (int, error) {
	n, err := s.ResponseWriter.Write(b)
	s.size += n
	return n, err
}
