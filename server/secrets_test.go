package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cleat-run/cleat/trace/tracetest"
)

// marker is in every secret of the test. It is made of letters and digits, so that no
// escaping hides it.
const marker = "Zq7VaultX9"

// disguised are the encodings of a secret that would hide it from a search.
func disguised(secret string) map[string]string {
	all := map[string]string{"plain": secret, "hex": hex.EncodeToString([]byte(secret)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(secret)))}
	for offset, name := range []string{"base64 at 0", "base64 at 1", "base64 at 2"} {
		whole := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("-", offset) + secret + "---"))
		all[name] = whole[(offset*4+2)/3 : (offset+len(secret))*4/3]
	}
	return all
}

// search looks for secrets in what leaves a server.
type search struct {
	t       *testing.T
	mu      sync.Mutex
	needles map[string]string
	places  int
}

func (s *search) in(where string, content []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.places++
	for form, needle := range s.needles {
		if at := bytes.Index(content, []byte(needle)); at >= 0 {
			s.t.Errorf("%s shows a secret (%s): …%q…", where, form, content[max(at-60, 0):min(at+len(needle)+40, len(content))])
		}
	}
}

// also looks for another secret from now on.
func (s *search) also(name, secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for form, needle := range disguised(secret) {
		s.needles[name+", "+form] = needle
	}
}

// TestNoSecretLeaves fills the secrets of connections, destinations, people and deliveries
// with a marker, uses them all, and looks for it in answers, the live stream, the log, and
// all files.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	traces := &tracetest.Receiver{}
	n := ownNode(t, tracing(t, traces))
	s := &search{t: t, needles: map[string]string{}}
	s.also("marker", marker)
	n.heard = func(a *answer) {
		s.in("the answer of "+a.asked, append([]byte(strings.Join(a.header.Values("Location"), " ")+"\n"), a.body...))
	}

	o := newOperatorOf(t, n, marker+"consumer")
	live, _ := o.follow(t, "/v1/live")
	watch := func(want int) {
		for range want {
			s.in("the live stream", []byte(live().data))
		}
	}
	o.post(t, "/v1/run", o.search(1)).is(t, http.StatusOK)
	watch(1)
	o.post(t, "/v1/run?stream=1", o.search(1), "Idempotency-Key", "k").is(t, http.StatusOK)
	o.post(t, "/v1/connections/"+o.connection+"/test", nil).is(t, http.StatusOK)
	o.post(t, "/v1/forms", map[string]any{"app": "photos", "component": "photos", "values": o.parameters(), "check": true, "schema": true}).is(t, http.StatusOK)
	o.call(t, http.MethodPatch, "/v1/connections/"+o.connection, map[string]any{"parameters": map[string]any{"consumerSecret": marker + "other"}})
	signed := o.service.Signatures()
	o.service.Revoke(signed[len(signed)-1].Token)
	o.post(t, "/v1/run", o.search(1)).problem(t, http.StatusConflict, "connection_unusable")
	o.post(t, "/v1/connections/"+o.connection+"/test", nil)

	var session, hook struct{ ID, URL string }
	o.post(t, "/v1/connect-sessions", map[string]any{"app": "photos", "connection": o.connection}).is(t, http.StatusCreated).into(t, &session)
	form := url.Values{"service": {o.serviceURL}, "consumerKey": {"mine"}, "consumerSecret": {o.secret}}
	page := strings.TrimPrefix(session.URL, n.url)
	wrong := url.Values{"service": {"no address"}, "consumerKey": {"mine"}, "consumerSecret": {o.secret}}
	o.visitor().do(t, http.MethodPost, page, strings.NewReader(wrong.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	sent := o.visitor().do(t, http.MethodPost, page, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded").is(t, http.StatusSeeOther)
	if outcome := o.authorize(t, sent.header.Get("Location")); outcome["status"] != "connected" {
		t.Fatalf("not repaired: %v", outcome)
	}

	// Somebody signs in with a wrong password, and somebody joins with one.
	o.visitor().post(t, "/v1/sign-in", map[string]any{"email": "x@cleat.example", "password": marker + "password"})
	var invited struct{ Link string }
	o.owner.post(t, "/v1/users", map[string]any{"email": "ann@cleat.example", "role": "viewer"}).into(t, &invited)
	o.visitor().post(t, "/v1/links/"+invited.Link[strings.LastIndex(invited.Link, "/")+1:], map[string]any{"password": marker + "password"}).is(t, http.StatusOK)

	// A hook is sent a secret of the service. Whoever may see deliveries sees it there.
	o.post(t, "/v1/hooks", map[string]any{"name": "x", "app": "photos", "module": "watchRenamed", "connection": o.connection}).is(t, http.StatusCreated).into(t, &hook)
	o.visitor().do(t, http.MethodPost, strings.TrimPrefix(hook.URL, n.url)+"?key="+marker+"query", strings.NewReader(`{"event": "photo.renamed", "secret": "`+marker+`body"}`),
		"Content-Type", "application/json", "Authorization", "Bearer "+marker+"header").is(t, http.StatusOK)
	eventually(t, "the delivery is dropped", func() bool {
		return len(listed[struct{}](t, o.get(t, "/v1/hooks/"+hook.ID+"/deliveries?state=dropped"))) == 1
	})
	// What cannot be worked on is kept by the bus for a month.
	files := filesOf(t, photosApp())
	files["makecomapp.json"] = bytes.Replace(files["makecomapp.json"], []byte(`"photoRenamed": {`), []byte(`"another": {`), 1)
	upload, kind := partUpload(t, "archive", map[string][]byte{"photos.zip": zipOf(t, files)})
	o.do(t, http.MethodPost, "/v1/apps", upload, "Content-Type", kind).is(t, http.StatusCreated)
	o.visitor().do(t, http.MethodPost, strings.TrimPrefix(hook.URL, n.url), strings.NewReader(marker+"dead"), "Authorization", "Bearer "+marker+"header").is(t, http.StatusOK)
	eventually(t, "the delivery is dead", func() bool {
		return len(listed[struct{}](t, o.get(t, "/v1/hooks/"+hook.ID+"/deliveries?state=dead"))) == 1
	})
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(marker, 3)))
	heard := n.heard
	n.heard = nil // it is shown once, to whoever makes it
	o.post(t, "/v1/destinations", map[string]any{"name": "x", "url": o.serviceURL, "secret": secret}, "Idempotency-Key", "d").is(t, http.StatusCreated)
	n.heard = heard
	for _, path := range []string{"apps", "connections", "connections/" + o.connection, "runs?limit=500", "triggers", "hooks", "hooks/" + hook.ID + "/deliveries", "destinations", "events", "me"} {
		o.get(t, "/v1/"+path).is(t, http.StatusOK)
	}
	for _, r := range listed[struct{ ID string }](t, o.get(t, "/v1/runs?limit=500")) {
		o.get(t, "/v1/runs/"+r.ID).is(t, http.StatusOK)
	}
	for _, path := range []string{"tokens", "users", "audit", "branding", "me/sessions"} {
		o.owner.get(t, "/v1/"+path).is(t, http.StatusOK)
	}
	o.get(t, "/metrics")
	arrived(t, traces, "the last request", named("GET /v1/me/sessions", "http.response.status_code", "200"))
	signatures := &search{t: t, needles: map[string]string{}}
	for _, sent := range o.service.Signatures() {
		for _, p := range sent.Params {
			if name, text := p[0], p[1]; len(text) > 8 && name != "oauth_signature_method" && name != "oauth_timestamp" {
				signatures.needles[name] = text
				signatures.in("the traces", traces.Raw())
			}
		}
	}
	if len(traces.Spans()) < 60 || signatures.places < 10 {
		t.Errorf("%d spans are searched %d times", len(traces.Spans()), signatures.places)
	}

	// Tokens and sessions are kept as hashes: neither files nor log hold them.
	s.also("token", strings.TrimPrefix(o.token, "cleat_"))
	_, cookie, _ := strings.Cut(o.owner.cookie, "=")
	s.also("session", cookie)
	s.in("the traces", traces.Raw())
	s.in("the log", []byte(n.log.String()))
	err := filepath.WalkDir(n.home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // the bus takes files away while it works
		}
		content, err := os.ReadFile(path)
		if err == nil {
			s.in(strings.TrimPrefix(path, n.home), content)
		}
		return nil
	})
	if err != nil || s.places < 60 {
		t.Errorf("%d places were searched, %v", s.places, err)
	}
}
