package engine

import (
	"context"
	"net/http"
	"time"

	"github.com/cleat-run/cleat/source"
)

// Exchange is one request with its answer as it may be shown: secrets, credentials and
// what log.sanitize names are replaced by [Redacted]. Of a request without log.sanitize
// there are neither headers, bodies nor values of the query, unless the run is debugged
// (communication.md 12).
type Exchange struct {
	Plan           string          `json:"plan"`
	Step           string          `json:"step"`
	Directive      string          `json:"directive,omitempty"` // that the url came from, such as pagination.url
	Position       source.Position `json:"position"`            // of that directive
	Started        time.Time       `json:"started"`
	Duration       time.Duration   `json:"duration"`
	Timing         Timing          `json:"timing"`
	Method         string          `json:"method"`
	Resend         int             `json:"resend,omitempty"` // how often it had been sent before, and was lost or refused
	URL            string          `json:"url"`
	RequestHeader  http.Header     `json:"requestHeader,omitempty"`
	RequestBody    string          `json:"requestBody,omitempty"`
	RequestSize    int             `json:"requestSize"` // of the body in bytes
	Status         int             `json:"status,omitempty"`
	ResponseHeader http.Header     `json:"responseHeader,omitempty"`
	ResponseBody   string          `json:"responseBody,omitempty"`
	Size           int64           `json:"size"` // of the answer's body in bytes, decompressed
	Error          string          `json:"error,omitempty"`
}

// log hands the exchange to the listener. Only for a listener anything is made ready. That
// of a connection or a hook waits until the run knows which parts of the answer are secrets.
func (r *Run) log(ctx context.Context, req *request, w *wire, a *answer, err error, t *trace) {
	if t == nil {
		return
	}
	x := Exchange{Plan: r.plan.Name, Step: req.step, Directive: w.place, Position: req.at[w.place], Started: t.started,
		Method: w.method, Resend: w.resend, RequestSize: len(w.body)}
	x.Timing, x.Duration = t.end()
	show := func() { r.tell(ctx, r.shown(x, req, w, a, err)) }
	if r.stores() {
		r.unshown = append(r.unshown, show)
		return
	}
	show()
}

// tell hands an exchange to those who listen to the run, and to all runs.
func (r *Run) tell(ctx context.Context, x Exchange) {
	if o := r.engine.options.Observer; o != nil {
		o.Exchange(ctx, x)
	}
	for _, listen := range []func(Exchange){r.engine.options.Log, r.in.Log} {
		if listen != nil {
			listen(x)
		}
	}
}

// stores reports whether what the run is given becomes part of a connection or a hook.
func (r *Run) stores() bool {
	return r.plan.Kind == Connection || r.plan.Kind == Leg || r.plan.Kind == Attach
}

// showAll hands out what has waited.
func (r *Run) showAll() {
	for _, show := range r.unshown {
		show()
	}
	r.unshown = nil
}

// shown completes x, secrets replaced.
func (r *Run) shown(x Exchange, req *request, w *wire, a *answer, err error) Exchange {
	s := r.sanitizer(req)
	open := r.in.Debug || r.engine.options.Debug || len(req.sanitize) > 0
	x.URL = s.url(w.url, open)
	if open {
		x.RequestHeader, x.RequestBody = s.headers("request", w.header), s.body("request", w.header, w.body)
	}
	if a != nil {
		x.Status, x.Size = a.status, a.size()
	}
	if a != nil && open {
		x.ResponseHeader, x.ResponseBody = s.headers("response", a.header), s.body("response", a.header, a.raw)
	}
	if err != nil {
		x.Error = s.text(err.Error())
	}
	return x
}
