package server

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/trace"
)

// visit is what is learnt of a request on its way, for whoever ends it.
type visit struct {
	route    string // the path of its pattern
	span     *trace.Span
	delivery string // id of what a hook is sent, when it is traced
}

// visitFrom returns that of a request.
func visitFrom(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey).(*visit); ok {
		return v
	}
	return &visit{}
}

// tracedPaths begin the addresses whose requests are traced: neither probes nor files.
var tracedPaths = []string{"/v1/", hookPath, "/oauth/cb/", "/authorize/", "/connect/", "/sign-in/"}

// traced begins the span of a request. It is part of the trace that an actor names. What
// strangers send begins one, whatever it says; what a hook is sent begins that of the
// delivery.
func (s *Server) traced(r *http.Request, a *Actor) *http.Request {
	t := s.Node.Trace
	if t == nil || !slices.ContainsFunc(tracedPaths, func(p string) bool { return strings.HasPrefix(r.URL.Path, p) }) {
		return r
	}
	ctx, v := r.Context(), visitFrom(r.Context())
	switch {
	case strings.HasPrefix(r.URL.Path, hookPath):
		v.delivery = s.NewDelivery()
		ctx, v.span = t.Work(ctx, trace.Server, "request", v.delivery)
	case a != nil:
		ctx, v.span = t.Start(t.Continue(ctx, r.Header.Get("Traceparent")), trace.Server, "request")
		v.span.Int("cleat.team", a.Team)
		v.span.Text("cleat.actor", a.ID)
	default:
		ctx, v.span = t.Start(ctx, trace.Server, "request")
	}
	v.span.Text("cleat.request", requestID(ctx))
	return r.WithContext(ctx)
}

// newDelivery makes the id of what a hook was sent, if that is not done.
func (s *Server) newDelivery(ctx context.Context) string {
	if id := visitFrom(ctx).delivery; id != "" {
		return id
	}
	return s.NewDelivery()
}

// endTrace ends the span of a request. Of its address only the route is told, for the rest
// may be secret.
func (v *visit) endTrace(method string, status int) {
	if v.span == nil {
		return
	}
	v.span.Name(strings.TrimSpace(method + " " + v.route))
	v.span.Text("http.request.method", method)
	v.span.Text("http.route", v.route)
	v.span.Int("http.response.status_code", int64(status))
	if status >= http.StatusInternalServerError {
		v.span.Fail(strconv.Itoa(status))
	}
	v.span.End()
}
