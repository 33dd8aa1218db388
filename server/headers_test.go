package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// kept are the addresses whose answers are the same for everybody and may be kept.
var kept = []string{"GET /static/page.css", "GET /static/outcome.js", "GET /connect.js"}

// TestHeadersOfEveryAnswer asks for every address, in ways that succeed and that fail.
func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	all := s.owner.withToken(t, allScopes()...)
	for _, op := range operations {
		if op.route == "GET /v1/live" || strings.HasPrefix(op.route, "DELETE ") || op.route == "POST /v1/sign-out" {
			continue // a stream, see below; what is deleted is in other tests
		}
		browserHeaders(t, op.route, s.ask(t, s.visitor(), op.route, op.body))
		browserHeaders(t, op.route, s.ask(t, all, op.route, op.body))
		_, path, _ := strings.Cut(s.fill(op.route), " ")
		browserHeaders(t, op.route+" with TRACE", s.visitor().do(t, http.MethodTrace, path, nil))
	}
	for pattern := range plainRoutes {
		method, path, found := strings.Cut(pattern, " ")
		if !found {
			method, path = http.MethodPost, pattern
		}
		for _, name := range namesIn(path) {
			path = strings.ReplaceAll(path, "{"+name+"}", "nothing")
		}
		browserHeaders(t, pattern, s.visitor().do(t, method, path, nil))
		browserHeaders(t, pattern+" with PUT", s.visitor().do(t, http.MethodPut, path, nil))
	}
	for _, path := range []string{"/nothing", "//evil.example/..", "/v1/../v1/me", "/hooks/", "/static/../page.css", "/v1/me/"} {
		browserHeaders(t, path, s.visitor().get(t, path))
		browserHeaders(t, path, s.visitor().get(t, path, "Cookie", "cleat=x", "Host", "evil.example"))
	}
	_, session, _ := strings.Cut(s.ask(t, all, "POST /v1/connect-sessions", `{"app": "photos"}`).location(t), s.url)
	browserHeaders(t, "a connect page", s.visitor().get(t, session))
	hook := s.ask(t, all, "GET /v1/hooks/{hook}", "").location(t)
	browserHeaders(t, "a hook", s.visitor().post(t, strings.TrimPrefix(hook, s.url), map[string]any{}))
}

// location is the url that an answer holds.
func (a *answer) location(t *testing.T) string {
	t.Helper()
	var v struct{ URL string }
	a.into(t, &v)
	if v.URL == "" {
		t.Fatalf("%s: no url\n%s", a.asked, a.body)
	}
	return v.URL
}

func browserHeaders(t *testing.T, what string, a *answer) {
	t.Helper()
	h := a.header
	policy := h.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "base-uri 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("%s: %d: the policy is %q", what, a.status, policy)
	}
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Server": "", "X-Powered-By": ""} {
		if got := h.Values(name); len(got) > 1 || h.Get(name) != want {
			t.Errorf("%s: %d: %s is %q, not %q", what, a.status, name, got, want)
		}
	}
	if h.Get("Cross-Origin-Opener-Policy") == "" || h.Get("Cross-Origin-Resource-Policy") == "" || h.Get("X-Request-Id") == "" {
		t.Errorf("%s: %d: %v", what, a.status, h)
	}
	if cache := h.Get("Cache-Control"); cache != "no-store" && !(slices.Contains(kept, what) && cache == "max-age=3600") {
		t.Errorf("%s: %d: Cache-Control is %q", what, a.status, cache)
	}
	if strings.Contains(string(a.body), "goroutine ") {
		t.Errorf("%s: a stack is told", what)
	}
}

// TestHookSpeaksForNobody: what an app answers comes from the address of the server. It
// cannot run there, keep anything there, or change what the server says of itself.
func TestHookSpeaksForNobody(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	files := filesOf(t, photosApp())
	for path := range files {
		if strings.HasSuffix(path, ".communication.iml.json") && strings.HasPrefix(path, "webhooks/") {
			files[path] = []byte(`{"verification": {"condition": true, "respond": {"status": 200, "type": "text", "body": "<script src='/hooks/x'></script>", "headers": {
				"content-type": "text/html", "set-cookie": "cleat=planted", "content-security-policy": "script-src *", "x-frame-options": "ALLOWALL", "referrer-policy": "unsafe-url",
				"x-content-type-options": "x", "service-worker-allowed": "/", "refresh": "0;url=https://evil.example", "link": "<https://evil.example>; rel=preload",
				"strict-transport-security": "max-age=0", "clear-site-data": "*", "cross-origin-opener-policy": "unsafe-none", "alt-svc": "h2=evil.example", "x-mine": "yes"}}}}`)
		}
	}
	hook := o.post(t, "/v1/hooks", map[string]any{"name": "x", "app": "photos", "module": "watchRenamed", "connection": o.connection}).location(t)
	body, kind := partUpload(t, "archive", map[string][]byte{"photos.zip": zipOf(t, files)})
	o.do(t, http.MethodPost, "/v1/apps", body, "Content-Type", kind).is(t, http.StatusCreated)
	var got *answer
	eventually(t, "the new version answers", func() bool {
		got = o.visitor().get(t, strings.TrimPrefix(hook, o.url)).is(t, http.StatusOK)
		return string(got.body) != "Accepted" && len(got.body) > 0
	})
	browserHeaders(t, "a hook", got)
	if got.header.Get("X-Mine") != "yes" || got.header.Get("Content-Type") != "text/html" {
		t.Errorf("the answer of the app is %v %s", got.header, got.body)
	}
	if policy := got.header.Get("Content-Security-Policy"); !strings.Contains(policy, "; sandbox;") {
		t.Errorf("a page of an app may do what those of the server may: %s", policy)
	}
	for _, name := range []string{"Set-Cookie", "Service-Worker-Allowed", "Refresh", "Link", "Strict-Transport-Security", "Clear-Site-Data", "Alt-Svc"} {
		if got.header.Get(name) != "" {
			t.Errorf("an app sets %s", name)
		}
	}
}

// TestLogo: a page shows the logo of the team.
func TestLogo(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	const logo = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
	o.owner.call(t, http.MethodPut, "/v1/branding", map[string]any{"product": "Acme", "logo": logo}).is(t, http.StatusOK)
	session := o.post(t, "/v1/connect-sessions", map[string]any{"app": "photos"}).location(t)
	if page := o.visitor().get(t, strings.TrimPrefix(session, o.url)); !strings.Contains(string(page.body), `<img class="logo" src="`+logo+`" alt="Acme">`) {
		t.Errorf("the page shows another logo:\n%s", page.body)
	}
}
