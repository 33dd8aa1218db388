package engine

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// wire is a request as it will be sent, signature excepted. It can be tested without a
// socket.
type wire struct {
	method  string
	url     wireURL
	header  http.Header
	body    []byte
	hasBody bool
	timeout time.Duration
	sign    *signature    // nil: not signed
	aws     *awsSignature // nil: not signed
	digest  *digestLogin  // nil: challenges are not answered
	tls     tlsSetting
	cookies bool // kept for the rest of the run
	follow  bool
	place   string // the directive that the url comes from
	resend  int    // how often it was sent before
}

// exchange sends one page and reads the answer: build, sign, send, read. A refused
// timestamp or a challenge is learnt from and a transient failure repeated as the caller allows; each
// attempt is built and signed anew (connections.md O1-36, O1-51).
func (r *Run) exchange(ctx context.Context, p *page) (*answer, error) {
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case p.req.endpoint != nil:
		return r.callEndpoint(ctx, p)
	case p.req.url == nil:
		return r.withoutRequest(p.req)
	}
	for attempt, resend, learnt := 0, 0, false; ; attempt, resend = attempt+1, resend+1 {
		w, err := r.build(p)
		if err != nil || w == nil {
			return r.withoutURL(p.req, err)
		}
		w.resend = resend
		a, err := r.send(ctx, p.req, w)
		if err == nil && !learnt && (r.learnsClock(w, a) || r.challenged(w, a)) {
			learnt = true
			attempt--
			continue
		}
		if err == nil {
			if err = r.read(p.req, a); err != nil {
				a.discard()
			}
		}
		if refusesToken(err) && r.in.Renew != nil {
			if err := r.renew(ctx); err != nil {
				return nil, err
			}
			attempt--
			continue
		}
		if err == nil || attempt >= r.in.Retries || !canRepeat(w, err) {
			return a, err
		}
		if err := r.engine.sleep(ctx, retryDelay(err, attempt)); err != nil {
			return nil, err
		}
	}
}

// withoutRequest is the request-less step: the response directives run, the body is
// undefined (communication.md 3.3). A polling trigger may have them before its last request:
// published apps prepare temp so.
func (r *Run) withoutRequest(req *request) (*answer, error) {
	if !rules[r.plan.Kind].requestless && req == r.plan.requests[len(r.plan.requests)-1] {
		return nil, &Error{Type: InvalidConfigurationError, Message: "a polling trigger needs a url", Step: req.step}
	}
	a := &answer{}
	if given := rules[r.plan.Kind].given; given != "" {
		a.body = r.scope.Get(given)
	}
	return a, r.mergeTemp(req, req.response.temp)
}

func (r *Run) withoutURL(req *request, err error) (*answer, error) {
	if err != nil {
		return nil, err
	}
	return r.withoutRequest(req)
}

// build evaluates the directives of a page into a request; nil means that url gave
// undefined or null and there is nothing to send.
func (r *Run) build(p *page) (*wire, error) {
	req := p.req
	w := &wire{header: http.Header{}, follow: req.follow, cookies: req.shareCookies}
	if err := r.buildURL(p, w); err != nil || w.url.host == "" {
		return nil, err
	}
	method, err := r.evaluate(req, p.pick(req.method, func(g *pagination) *directive { return g.method }))
	if err != nil {
		return nil, err
	}
	if w.method = strings.ToUpper(method.ToText()); w.method == "" {
		w.method = http.MethodGet
	}
	if w.method != http.MethodGet && w.method != http.MethodHead {
		w.follow = req.followAll
	}
	if err := r.buildHeaders(p, w); err != nil {
		return nil, err
	}
	if err := r.buildBody(p, w); err != nil {
		return nil, err
	}
	if w.timeout, err = r.timeout(req); err != nil {
		return nil, err
	}
	if w.tls, err = r.tlsSetting(req); err != nil {
		return nil, err
	}
	if w.sign, err = r.signature(req); err != nil {
		return nil, err
	}
	if w.aws, err = r.awsSignature(req); err != nil {
		return nil, err
	}
	return w, r.login(req, w)
}

// pick returns the directive of pagination on later pages, else the request's own.
func (p *page) pick(own *directive, paged func(*pagination) *directive) *directive {
	if p.next {
		if d := paged(p.req.pagination); d != nil {
			return d
		}
	}
	return own
}

func (r *Run) misconfigured(req *request, name string, err error) error {
	return &Error{Type: InvalidConfigurationError, Message: err.Error(), Step: req.step, Directive: name, Position: req.at[name], Cause: err}
}

func (r *Run) buildURL(p *page, w *wire) error {
	d := p.pick(p.req.url, func(g *pagination) *directive { return g.url })
	w.place = d.name
	text, err := r.evaluate(p.req, d)
	if err != nil || text.IsNil() {
		return err
	}
	base, err := r.evaluate(p.req, p.req.baseURL)
	if err != nil {
		return err
	}
	joined, err := joinURL(strings.TrimSpace(base.ToText()), strings.TrimSpace(text.ToText()))
	if err != nil {
		return r.misconfigured(p.req, d.name, err)
	}
	if w.url, err = normalizeURL(joined, urlMode{p.req.encodeURL, p.req.uniformURL, p.req.uniformURL}); err != nil {
		return r.misconfigured(p.req, d.name, err)
	}
	qs, err := r.layered(p, p.req.qs, func(g *pagination) *directive { return g.qs })
	if err != nil {
		return err
	}
	if w.url.query, err = mergeQuery(w.url.query, qs, p.req.repeatKeys); err != nil {
		return r.misconfigured(p.req, "qs", err)
	}
	return nil
}

// layered evaluates qs or headers: on later pages those of pagination over those of the
// request, or alone when mergeWithParent is false (communication.md 11.3).
func (r *Run) layered(p *page, own *directive, paged func(*pagination) *directive) (value.Value, error) {
	if !p.next {
		return r.evaluate(p.req, own)
	}
	over, err := r.evaluate(p.req, paged(p.req.pagination))
	if err != nil || !p.req.pagination.mergeWithParent {
		return over, err
	}
	under, err := r.evaluate(p.req, own)
	if err != nil || over.Collection() == nil {
		return under, err
	}
	merged := value.NewCollection(0)
	if c := under.Collection(); c != nil {
		merged = c.Clone()
	}
	for name, v := range over.Collection().All() {
		merged.Set(name, v)
	}
	return value.FromCollection(merged), nil
}

func (r *Run) buildHeaders(p *page, w *wire) error {
	headers, err := r.layered(p, p.req.headers, func(g *pagination) *directive { return g.headers })
	if err != nil {
		return err
	}
	if err := setHeaders(w.header, headers); err != nil {
		return r.misconfigured(p.req, "headers", err)
	}
	if w.header.Get("User-Agent") == "" {
		w.header.Set("User-Agent", r.engine.options.UserAgent)
	}
	if p.req.gzip && w.header.Get("Accept-Encoding") == "" {
		w.header.Set("Accept-Encoding", acceptEncoding)
	}
	return nil
}

// setHeaders writes an object as header lines (communication.md 6.1): an array repeats the
// line, undefined and null vanish.
func setHeaders(into http.Header, headers value.Value) error {
	if !headers.IsNil() && headers.Collection() == nil {
		return fmt.Errorf("headers must be an object, but is %s", headers.Kind())
	}
	for name, v := range headers.Collection().All() {
		lines := []value.Value{v}
		if list := v.Array(); list != nil {
			lines = list.Items()
		}
		name = http.CanonicalHeaderKey(name)
		delete(into, name)
		for _, line := range lines {
			if line.IsNil() {
				continue
			}
			text := line.ToText()
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(text) {
				return fmt.Errorf("the header %q holds a line break or a character that no header may hold", name)
			}
			into[name] = append(into[name], text)
		}
	}
	return nil
}

// buildBody encodes the body; GET ignores body and type (communication.md 6.2).
func (r *Run) buildBody(p *page, w *wire) error {
	if w.method == http.MethodGet {
		return nil
	}
	kind, err := r.evaluate(p.req, p.req.bodyType)
	if err != nil {
		return err
	}
	d := p.pick(p.req.body, func(g *pagination) *directive { return g.body })
	content, err := r.evaluate(p.req, d)
	if err != nil {
		return err
	}
	if c := content.Collection(); c != nil && (!c.Get("__IMTCONN__").IsUndefined() || !c.Get("__IMTHOOK__").IsUndefined()) {
		content = content.Clone() // reserved members are not the provider's business
		content.Collection().Delete("__IMTCONN__")
		content.Collection().Delete("__IMTHOOK__")
	}
	body, contentType, err := encodeBody(kind.ToText(), iml.Clean(content))
	if err != nil {
		return r.misconfigured(p.req, "body", err)
	}
	if kind.ToText() == "urlencoded" && body == nil {
		contentType = typeForm
	}
	w.body, w.hasBody = body, body != nil
	// An author's multipart type has no boundary, or none that the body has.
	if own := w.header.Get("Content-Type"); contentType != "" && (own == "" || kind.ToText() == typeMultipart) {
		w.header.Set("Content-Type", contentType)
	}
	return nil
}

// Timeouts of one exchange (communication.md 6.6).
const (
	defaultTimeout = 40 * time.Second
	maxTimeout     = 300 * time.Second
)

func (r *Run) timeout(req *request) (time.Duration, error) {
	v, err := r.evaluate(req, req.timeout)
	if err != nil {
		return 0, err
	}
	if v.IsNil() {
		v = r.in.Common.Member("timeout")
	}
	if ms := v.ToNumber(); ms >= 1 {
		return time.Duration(min(ms, float64(maxTimeout/time.Millisecond))) * time.Millisecond, nil
	}
	return defaultTimeout, nil
}
