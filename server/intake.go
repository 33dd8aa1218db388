package server

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/trace"
	"github.com/cleat-run/cleat/webhook"
	"github.com/cleat-run/cleat/work"
)

// Queue takes deliveries: when Publish returns nil one is kept whatever happens. Its
// failures are Problems, or unknown.
type Queue interface {
	Publish(ctx context.Context, team int64, d *record.Delivery, head, body []byte, sequential bool) error
}

func (s *Server) intakeRoutes() { s.mux.HandleFunc(hookPath+"{token}", s.intake) }

// intake takes a request of a service (work.md 6). It is answered when the bus has it; no
// record is written. Only where the app says how to answer is its code run before.
func (s *Server) intake(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Security-Policy", hookPolicy)
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // pages send to hooks, too
	reply, err := s.take(w, r)
	if err != nil {
		s.refuseDelivery(w, r, err)
		return
	}
	for name, lines := range reply.Header {
		if !ours[http.CanonicalHeaderKey(name)] {
			w.Header()[name] = lines
		}
	}
	if reply.Header.Get("Content-Type") == "" && len(reply.Body) > 0 {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	w.WriteHeader(reply.Status)
	_, _ = w.Write(reply.Body)
}

// hookPolicy is for what apps answer. It comes from the address of the server, but is
// written by a team: a page of it is of no origin (HTML 7.1.5, sandbox), so that no script
// in it could act for somebody who is signed in here.
const hookPolicy = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// ours are headers that the server sets itself, and those with which an app could speak for
// this server's own pages.
var ours = map[string]bool{
	"Connection": true, "Content-Length": true, "Keep-Alive": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
	"Alt-Svc": true, "Clear-Site-Data": true, "Content-Security-Policy": true, "Cross-Origin-Embedder-Policy": true, "Cross-Origin-Opener-Policy": true,
	"Cross-Origin-Resource-Policy": true, "Link": true, "Nel": true, "Origin-Agent-Cluster": true, "Referrer-Policy": true, "Refresh": true, "Report-To": true,
	"Reporting-Endpoints": true, "Service-Worker-Allowed": true, "Set-Cookie": true, "Strict-Transport-Security": true, "X-Content-Type-Options": true,
	"X-Frame-Options": true, "X-Request-Id": true,
}

var accepted = &engine.Reply{Status: http.StatusOK, Body: []byte("Accepted")}

func (s *Server) take(w http.ResponseWriter, r *http.Request) (*engine.Reply, error) {
	token := r.PathValue("token")
	known, err := s.hooks.get(r.Context(), s, token)
	if err != nil {
		return nil, err
	}
	span := trace.Of(r.Context())
	span.Int("cleat.team", known.team)
	span.Text("cleat.hook", work.SourceOfHook(known.record.ID))
	if known.record.Disabled {
		return nil, problem(http.StatusGone, "paused", "the hook is paused")
	}
	if err := known.rate.admit(s.Limits, s.Now()); err != nil {
		return nil, err
	}
	if r.ContentLength > s.Limits.Body {
		return nil, tooLarge(s.Limits.Body)
	}
	content, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.Limits.Body))
	if err != nil {
		if _, over := errors.AsType[*http.MaxBytesError](err); over {
			return nil, tooLarge(s.Limits.Body)
		}
		return nil, endedEarly(err)
	}
	reply := accepted
	if known.hook != nil {
		r.Body = io.NopCloser(bytes.NewReader(content))
		got, err := known.hook.Read(r.Context(), r, content)
		if err != nil {
			status, message := webhook.Status(err)
			p := problem(status, "refused", "%s", message)
			p.cause = err
			return nil, p
		}
		if got.Reply != nil {
			reply = got.Reply
		}
		if got.Verified {
			return reply, nil
		}
	}
	d := &record.Delivery{ID: s.newDelivery(r.Context()), Hook: known.record.ID, Received: s.Now(), Source: addressFrom(r.Context())}
	if err := s.Queue.Publish(r.Context(), known.team, d, work.HeadOf(r, ""), content, known.record.Sequential); err != nil {
		return nil, err
	}
	return reply, nil
}

func tooLarge(limit int64) *Problem {
	return problem(http.StatusRequestEntityTooLarge, "too_large", "the request is larger than %d bytes", limit)
}

// endedEarly is for a body that did not arrive.
func endedEarly(err error) *Problem {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return problem(http.StatusRequestTimeout, "timeout", "the request took too long to arrive")
	}
	return problem(http.StatusBadRequest, "invalid_request", "the request ended early")
}

func (s *Server) refuseDelivery(w http.ResponseWriter, r *http.Request, err error) {
	s.metrics.refused(problemOf(err).Status)
	writeProblem(w, r, s.Log, err)
}

// hookCache keeps the hooks that requests come for. One that was changed by another node
// is known within a second.
type hookCache struct {
	mu    sync.Mutex
	known map[string]*knownHook
}

type knownHook struct {
	team   int64
	record *webhook.Record
	hook   *work.OpenHook // nil when the app leaves the answer to us
	rate   *hookRate
	looked time.Time
}

const (
	hookTrust    = time.Second
	hookPatience = 2 * time.Second // for records that do not answer
	maxHooks     = 50_000
)

func (c *hookCache) get(ctx context.Context, s *Server, token string) (*knownHook, error) {
	now := s.Now()
	c.mu.Lock()
	k := c.known[token]
	c.mu.Unlock()
	if k != nil && now.Sub(k.looked) < hookTrust {
		return k, nil
	}
	look, cancel := context.WithTimeout(ctx, hookPatience)
	defer cancel()
	fresh, err := s.lookUpHook(look, token)
	switch {
	case errors.Is(err, record.ErrNotFound):
		c.forget(token)
		return nil, problem(http.StatusNotFound, "not_found", "there is no such hook")
	case err != nil && k != nil:
		// The records do not answer: a hook that was known is known still, for intake needs
		// no SQL (work.md 7). Others that come for it do not wait for them, too.
		still := *k
		still.looked = s.Now()
		c.put(token, &still)
		return k, nil
	case err != nil:
		return nil, busy(http.StatusServiceUnavailable, "unavailable", time.Second, "the hook cannot be looked up now")
	}
	if k != nil {
		fresh.rate = k.rate
	}
	c.put(token, fresh)
	return fresh, nil
}

func (c *hookCache) put(token string, k *knownHook) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known == nil || len(c.known) >= maxHooks {
		c.known = map[string]*knownHook{}
	}
	c.known[token] = k
}

func (c *hookCache) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, token)
}

func (s *Server) lookUpHook(ctx context.Context, token string) (*knownHook, error) {
	if len(token) > 100 || strings.ContainsAny(token, "/ ") {
		return nil, record.ErrNotFound
	}
	team, id, err := s.records.HookWithToken(ctx, token)
	if err != nil {
		return nil, err
	}
	r, err := s.records.OfTeam(team).Hook(ctx, id)
	if err != nil {
		return nil, err
	}
	k := &knownHook{team: team, record: r, rate: &hookRate{}, looked: s.Now()}
	opened, err := s.Node.Catalog.App(ctx, team, r.App)
	if err != nil {
		return k, nil // it is taken, and fails where that can be seen
	}
	if c, err := opened.Webhook(r.Type); err == nil && c.Answers() {
		// It outlives this request: what it does for others is no part of this one's span.
		if k.hook, err = s.Node.OpenHook(trace.Without(ctx), team, id, nil); err != nil {
			return nil, err
		}
	}
	return k, nil
}

// hookRate counts the requests of the present window, on this node.
type hookRate struct {
	mu    sync.Mutex
	began time.Time
	count int64
}

func (h *hookRate) admit(l Limits, now time.Time) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if passed := now.Sub(h.began); passed < 0 || passed >= l.HookWindow {
		h.began, h.count = now, 0
	}
	if h.count++; h.count > l.HookRequests {
		return busy(http.StatusTooManyRequests, "too_many_requests", h.began.Add(l.HookWindow).Sub(now), "more than %d requests in %s", l.HookRequests, l.HookWindow)
	}
	return nil
}
