package server_test

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/internal/visitor"
	"github.com/cleat-run/cleat/server"
)

// TestCrossOrigin: a page of another origin cannot use the session of a browser.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	c := commonNode(t).team(t)
	const evil = "https://evil.example"
	for _, header := range [][]string{
		{"Origin", evil},
		{"Origin", "null"},
		{"Origin", evil, "Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", strings.Replace(c.url, "http://", "https://", 1), "Sec-Fetch-Site", "cross-site"},
	} {
		for _, op := range []struct{ method, path string }{{"POST", "/v1/tokens"}, {"PUT", "/v1/branding"}, {"DELETE", "/v1/me/sessions"}, {"POST", "/v1/sign-out"}, {"POST", "/v1/sign-in"},
			{"POST", "/connect/x"}, {"POST", "/authorize/pin"}, {"POST", "/sign-in/x"}} {
			c.do(t, op.method, op.path, strings.NewReader(`{}`), append([]string{"Content-Type", "text/plain"}, header...)...).problem(t, http.StatusForbidden, "cross_origin")
		}
	}
	c.do(t, http.MethodPut, "/v1/branding", strings.NewReader(`{}`), "Content-Type", "application/json", "Origin", c.url, "Sec-Fetch-Site", "same-origin").is(t, http.StatusOK)
	c.get(t, "/v1/me", "Origin", evil).is(t, http.StatusOK)
	if got := c.get(t, "/v1/me", "Origin", evil); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("another origin may read the answer")
	}
}

// TestHeadersOfPages: what browsers are told.
func TestHeadersOfPages(t *testing.T) {
	t.Parallel()
	c := commonNode(t).visitor()
	for _, path := range []string{"/v1/me", "/connect/x", "/sign-in/x", "/authorize/x", "/nothing"} {
		h := c.get(t, path).header
		policy := h.Get("Content-Security-Policy")
		if !strings.Contains(policy, "script-src 'self'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") ||
			h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", path, h)
		}
	}
}

// TestSecureNode is about what differs behind HTTPS, and without addresses that are allowed
// by hand.
func TestSecureNode(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) {
		c.PublicURL = &url.URL{Scheme: "https", Host: "cleat.example"}
		c.Runtime.Engine.Egress = engine.Egress{}
	})
	t.Run("cookies", func(t *testing.T) {
		signed := n.visitor().post(t, "/v1/sign-in", map[string]any{"email": strings.ToUpper(bossEmail), "password": bossPassword}).is(t, http.StatusOK)
		line := signed.header.Get("Set-Cookie")
		for _, want := range []string{"__Host-cleat=", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"} {
			if !strings.Contains(line, want) || strings.Contains(line, "Domain") {
				t.Errorf("the cookie is %s", line)
			}
		}
		forged := &client{node: n, cookie: strings.Replace(signed.cookie(), "__Host-", "", 1)}
		forged.get(t, "/v1/me").problem(t, http.StatusUnauthorized, "unauthorized")
	})
	t.Run("addresses", func(t *testing.T) { guarded(t, n) })
}

// guarded: nothing that a team may write leads to this machine or its neighbours.
func guarded(t *testing.T, n *node) {
	reached := make(chan string, 100)
	inside := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached <- r.URL.Path }))
	defer inside.Close()
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(inside.URL, "http://"))
	c := n.team(t)
	token := c.withToken(t, "apps:write", "connections:write", "run", "hooks")
	token.upload(t, "photos", photosApp()).is(t, http.StatusCreated)
	for i, host := range []string{"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "169.254.169.254", "10.0.0.1", "2130706433", "0x7f000001", "127.1"} {
		address := "http://" + host + ":" + port
		var made struct {
			ID           string
			AuthorizeURL string `json:"authorize_url"`
		}
		token.post(t, "/v1/connections", map[string]any{"app": "photos", "name": host, "parameters": map[string]any{"service": address}}).is(t, http.StatusCreated).into(t, &made)
		u, err := url.Parse(made.AuthorizeURL)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.visitor().get(t, u.Path); got.status == http.StatusSeeOther || strings.Contains(string(got.body), "Connected") {
			t.Errorf("%s: the flow goes to %s: %d", address, got.header.Get("Location"), got.status)
		}
		token.post(t, "/v1/destinations", map[string]any{"name": host, "url": address}).is(t, http.StatusCreated).into(t, &made)
		token.post(t, "/v1/hooks", map[string]any{"name": fmt.Sprint("hook ", i), "app": "photos", "module": "watchRenamed"})
	}
	select {
	case path := <-reached:
		t.Errorf("a request for %s came through", path)
	default:
	}
	for _, address := range []string{"file:///etc/passwd", "gopher://127.0.0.1:70/x", "//evil.example", "http://", "http://user:password@evil.example", "javascript:alert(1)", "", "http://a b"} {
		token.post(t, "/v1/destinations", map[string]any{"name": "x" + address, "url": address}).problem(t, http.StatusUnprocessableEntity, "invalid_url")
	}
}

// TestSessions: a session is new with each sign-in, ends with it, and no cookie that
// somebody brings along becomes one.
func TestSessions(t *testing.T) {
	t.Parallel()
	n := commonNode(t)
	planted := &client{node: n, cookie: "cleat=" + strings.Repeat("A", 43), address: newAddress()}
	login := map[string]any{"email": bossEmail, "password": bossPassword}
	first := planted.post(t, "/v1/sign-in", login).is(t, http.StatusOK).cookie()
	if first == planted.cookie || first == "" {
		t.Errorf("after a sign-in the cookie is %q", first)
	}
	planted.get(t, "/v1/me").problem(t, http.StatusUnauthorized, "unauthorized")
	c := &client{node: n, cookie: first, address: newAddress()}
	second := &client{node: n, cookie: c.post(t, "/v1/sign-in", login).is(t, http.StatusOK).cookie(), address: newAddress()}
	c.get(t, "/v1/me").problem(t, http.StatusUnauthorized, "unauthorized")
	second.get(t, "/v1/me").is(t, http.StatusOK)
	second.post(t, "/v1/sign-out", nil).is(t, http.StatusNoContent)
	second.get(t, "/v1/me").problem(t, http.StatusUnauthorized, "unauthorized")
}

// TestSignInIsSlowedDown: by account, whatever the address; by address, whatever the
// account; at once or one after the other.
func TestSignInIsSlowedDown(t *testing.T) {
	t.Parallel()
	n := commonNode(t)
	try := func(address, email string) *answer {
		c := &client{node: n, address: address}
		return c.post(t, "/v1/sign-in", map[string]any{"email": email, "password": "wrong"})
	}
	for i := range 5 {
		try(newAddress(), "nobody@slow.example").problem(t, http.StatusUnauthorized, "wrong_password")
		_ = i
	}
	if got := try(newAddress(), " NOBODY@slow.example"); got.header.Get("Retry-After") == "" {
		t.Errorf("the sixth attempt: %d %s", got.status, got.body)
	} else {
		got.problem(t, http.StatusTooManyRequests, "too_many_attempts")
	}
	// IPv6: who has one address has all of a /64.
	var refused int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			got := try(fmt.Sprintf("2001:db8:0:1::%x", i), fmt.Sprintf("n%d@slow.example", i))
			mu.Lock()
			defer mu.Unlock()
			if got.status == http.StatusTooManyRequests {
				refused++
			}
		})
	}
	all.Wait()
	if refused != 12-5 {
		t.Errorf("of 12 attempts at once %d are refused, not 7", refused)
	}
}

// TestNobodyIsFoundOut: for an account that is there and one that is not the answers are
// the same, but for the id of the request.
func TestNobodyIsFoundOut(t *testing.T) {
	t.Parallel()
	n := commonNode(t)
	told := func(email string) problem {
		p := n.visitor().post(t, "/v1/sign-in", map[string]any{"email": email, "password": "wrong but long enough"}).problem(t, http.StatusUnauthorized, "wrong_password")
		p.RequestID = ""
		return p
	}
	if there, not := told(bossEmail), told("nobody@cleat.example"); fmt.Sprint(there) != fmt.Sprint(not) {
		t.Errorf("%+v is not %+v", there, not)
	}
	n.visitor().post(t, "/v1/sign-in", map[string]any{"email": bossEmail, "password": bossPassword}).is(t, http.StatusOK) // forgets the failure
}

// TestReturnURL: nobody is sent to an address that the team has not named.
func TestReturnURL(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	o.owner.call(t, http.MethodPut, "/v1/branding", map[string]any{"origins": []string{"https://app.acme.example"}}).is(t, http.StatusOK)
	for _, address := range []string{"https://evil.example/", "//evil.example", "https://app.acme.example.evil.example/", "https://app.acme.example@evil.example/", "https://user@app.acme.example/",
		"http://app.acme.example/", "https://app.acme.example:444/", "javascript:alert(1)", "https:app.acme.example", "https://evil.example\\@app.acme.example/", "/relative", "https://app.acme.example\r\n.evil.example"} {
		o.post(t, "/v1/connect-sessions", map[string]any{"app": "photos", "return_url": address}).problem(t, http.StatusUnprocessableEntity, "return_url_refused")
		o.post(t, "/v1/connections", map[string]any{"app": "photos", "name": "x", "parameters": map[string]any{"service": o.serviceURL}, "return_url": address}).problem(t, http.StatusUnprocessableEntity, "return_url_refused")
		o.post(t, "/v1/connections/"+o.connection+"/reauthorize", map[string]any{"return_url": address}).problem(t, http.StatusUnprocessableEntity, "return_url_refused")
	}
	for _, origin := range []string{"https://a;script-src-elem", "javascript://localhost", "https://a b", "https://a/", "https://a'", "http://evil.example", "*", "https://*", "https://a\r\nX: y", ""} {
		o.owner.call(t, http.MethodPut, "/v1/branding", map[string]any{"origins": []string{origin}}).problem(t, http.StatusUnprocessableEntity, "invalid_branding")
	}
	for field, text := range map[string]string{"logo": "data:image/svg+xml;base64,AAAA", "accent": "red;}", "support": "javascript:alert(1)"} {
		o.owner.call(t, http.MethodPut, "/v1/branding", map[string]any{field: text}).problem(t, http.StatusUnprocessableEntity, "invalid_branding")
	}
}

// TestUploads: an archive is data of a stranger.
func TestUploads(t *testing.T) {
	t.Parallel()
	o := commonNode(t).team(t).withToken(t, "apps:write")
	manifest := []byte(`{"fileVersion": 1, "components": {}}`)
	many := map[string][]byte{"makecomapp.json": manifest}
	for i := range 5001 {
		many[fmt.Sprintf("f%04d", i)] = nil
	}
	lying := zipOf(t, map[string][]byte{"makecomapp.json": manifest, "a": []byte(strings.Repeat("a", 1000))})
	if i := strings.LastIndex(string(lying), "PK\x01\x02\x14\x00"); i > 0 {
		copy(lying[i+24:], "\x01\x00\x00\x00") // the size in the directory
	}
	for _, bad := range []struct {
		name    string
		archive []byte
	}{
		{"out of the folder", zipOf(t, map[string][]byte{"makecomapp.json": manifest, "../evil": []byte("x")})},
		{"absolute", zipOf(t, map[string][]byte{"makecomapp.json": manifest, "/etc/evil": []byte("x")})},
		{"a drive", zipOf(t, map[string][]byte{"makecomapp.json": manifest, `C:\evil`: []byte("x")})},
		{"a bomb", zipOf(t, map[string][]byte{"makecomapp.json": manifest, "zeros": make([]byte, 200<<20)})},
		{"many entries", zipOf(t, many)},
		{"a size that lies", lying},
		{"a link", zipEntries(t, entry{"makecomapp.json", string(manifest), 0}, entry{"link", "/etc/passwd", fs.ModeSymlink})},
		{"a device", zipEntries(t, entry{"makecomapp.json", string(manifest), 0}, entry{"device", "", fs.ModeDevice})},
		{"a name twice", zipEntries(t, entry{"makecomapp.json", string(manifest), 0}, entry{"makecomapp.json", string(manifest), 0})},
		{"a file that is a folder, too", zipEntries(t, entry{"makecomapp.json", string(manifest), 0}, entry{"a", "x", 0}, entry{"a/", "", fs.ModeDir})},
		{"a manifest of 40 MiB", zipOf(t, map[string][]byte{"makecomapp.json": []byte(`{"fileVersion": 1, "components": {}, "x": "` + strings.Repeat("x", 40<<20) + `"}`)})},
		{"a bomb in a bomb", zipOf(t, map[string][]byte{"app.zip": zipOf(t, map[string][]byte{"makecomapp.json": manifest, "zeros": make([]byte, 200<<20)})})},
		{"no archive", []byte("PK\x03\x04 nothing")},
		{"nothing", nil},
		{"no app", zipOf(t, map[string][]byte{"readme": []byte("x")})},
		{"deep", zipOf(t, map[string][]byte{"makecomapp.json": []byte(strings.Repeat("[", 10_000))})},
	} {
		body, kind := partUpload(t, "archive", map[string][]byte{"app.zip": bad.archive})
		got := o.do(t, http.MethodPost, "/v1/apps", body, "Content-Type", kind)
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", bad.name, got.status, got.body)
		}
	}
	// Names that only some file systems take for the same are two names: nothing is written to one.
	cases, kind := partUpload(t, "archive", map[string][]byte{"cases.zip": zipOf(t, map[string][]byte{"makecomapp.json": manifest, "a.json": []byte("1"), "A.json": []byte("2")})})
	o.do(t, http.MethodPost, "/v1/apps", cases, "Content-Type", kind).is(t, http.StatusCreated)
	o.do(t, http.MethodDelete, "/v1/apps/cases", nil).is(t, http.StatusNoContent)
	many = map[string][]byte{"x/makecomapp.json": manifest}
	for i := range 1100 {
		many[fmt.Sprintf("x/f%04d", i)] = nil
	}
	parts, kind := partUpload(t, "file", many)
	if told := o.do(t, http.MethodPost, "/v1/apps", parts, "Content-Type", kind).problem(t, http.StatusUnprocessableEntity, "invalid_request"); told.Hint != "send a ZIP instead" {
		t.Errorf("for too many files: %+v", told)
	}
	outside := map[string][]byte{"photos/makecomapp.json": manifest, "photos/../../evil": []byte("x")}
	body, kind := partUpload(t, "file", outside)
	o.do(t, http.MethodPost, "/v1/apps", body, "Content-Type", kind).problem(t, http.StatusUnprocessableEntity, "unreadable_app")
	o.do(t, http.MethodPost, "/v1/apps", strings.NewReader("x"), "Content-Type", "text/plain").is(t, http.StatusUnprocessableEntity)
	if all := listed[struct{}](t, o.get(t, "/v1/apps")); len(all) != 0 {
		t.Errorf("%d of them became apps", len(all))
	}
	eventually(t, "no upload is left in the temporary folder", func() bool {
		left, err := filepath.Glob(filepath.Join(os.TempDir(), "multipart-*"))
		return err == nil && len(left) == 0
	})
}

// entry is one of a ZIP, of a type that archive/zip does not write by itself.
type entry struct {
	name, text string
	mode       fs.FileMode
}

func zipEntries(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, e := range entries {
		head := &zip.FileHeader{Name: e.name}
		head.SetMode(e.mode | 0o644)
		f, err := w.CreateHeader(head)
		if err == nil && e.mode&fs.ModeDir == 0 {
			_, err = io.WriteString(f, e.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPackedBodies: the interface takes no packed bodies, and a hook whose app answers by
// itself refuses what is too much when unpacked.
func TestPackedBodies(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	for range 300 {
		w.Write(make([]byte, 1<<20))
	}
	w.Close()
	header := []string{"Content-Type", "application/json", "Content-Encoding", "gzip"}
	if got := o.do(t, http.MethodPost, "/v1/run", bytes.NewReader(packed.Bytes()), header...); got.status < 400 || got.status >= 500 {
		t.Errorf("a packed body is answered %d", got.status)
	}
	hook := o.post(t, "/v1/hooks", map[string]any{"name": "x", "app": "photos", "module": "watchRenamed", "connection": o.connection}).is(t, http.StatusCreated).location(t)
	if got := o.visitor().do(t, http.MethodPost, strings.TrimPrefix(hook, o.url), bytes.NewReader(packed.Bytes()), header...); got.status < 400 || got.status >= 500 {
		t.Errorf("a bomb for a hook is answered %d %s", got.status, got.body)
	}
}

// TestPublicAddress: whatever a request claims to have come to, addresses are those of
// public-url.
func TestPublicAddress(t *testing.T) {
	t.Parallel()
	o := newOperator(t) // whose proxy is trusted
	forged := []string{"Host", "evil.example", "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https", "Forwarded", "host=evil.example;proto=https", "X-Original-Url", "/v1/me"}
	for _, answer := range []*answer{
		o.post(t, "/v1/connect-sessions", map[string]any{"app": "photos"}, forged...),
		o.owner.post(t, "/v1/users", map[string]any{"email": "x@cleat.example", "role": "viewer"}, forged...),
		o.post(t, "/v1/hooks", map[string]any{"name": "x", "app": "photos", "module": "watchRenamed", "connection": o.connection}, forged...),
		o.get(t, "/v1/sign-in", forged...), o.visitor().get(t, "/openapi.json", forged...), o.visitor().get(t, "/connect/x", forged...), o.visitor().get(t, "//evil.example/..", forged...),
	} {
		if told := string(answer.body) + answer.header.Get("Location"); strings.Contains(told, "https://evil.example") || strings.Contains(told, "http://evil.example") || strings.Contains(told, "https://127") {
			t.Errorf("%s: %d %s", answer.asked, answer.status, told)
		}
	}
}

// endless is a body that does not say how long it is.
type endless struct{ io.Reader }

func TestTooMuch(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	var hook struct{ URL string }
	o.post(t, "/v1/hooks", map[string]any{"name": "x", "app": "photos", "module": "watchRenamed", "connection": o.connection}).into(t, &hook)
	text := func(n int) string { return `{"app": "` + strings.Repeat("a", n) + `"}` }
	for _, path := range []string{"/v1/run", "/v1/rpc", strings.TrimPrefix(hook.URL, o.url)} {
		for _, header := range [][]string{nil, {"Idempotency-Key", "big"}} {
			header = append(header, "Content-Type", "application/json")
			o.do(t, http.MethodPost, path, strings.NewReader(text(6<<20)), header...).is(t, http.StatusRequestEntityTooLarge)
			o.do(t, http.MethodPost, path, endless{strings.NewReader(text(6 << 20))}, header...).is(t, http.StatusRequestEntityTooLarge)
		}
	}
	big, kind := partUpload(t, "archive", map[string][]byte{"app.zip": make([]byte, 33<<20)})
	content, _ := io.ReadAll(big)
	o.do(t, http.MethodPost, "/v1/apps", strings.NewReader(string(content)), "Content-Type", kind).is(t, http.StatusRequestEntityTooLarge)
	o.do(t, http.MethodPost, "/v1/apps", endless{strings.NewReader(string(content))}, "Content-Type", kind).is(t, http.StatusRequestEntityTooLarge)
	deep := `{"app": "photos", "module": "searchPhotos", "parameters": {"a": ` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}}`
	for _, body := range []string{deep, strings.Replace(deep, "10_000", "", 1)[:200], `{"app": "photos", "module": "searchPhotos", "parameters": {"a": ` + strings.Repeat("[", 501) + strings.Repeat("]", 501) + `}}`} {
		if got := o.do(t, http.MethodPost, "/v1/run", strings.NewReader(body), "Content-Type", "application/json"); got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
			t.Errorf("deep JSON: %d %.200s", got.status, got.body)
		}
	}
	o.get(t, "/v1/me", "X-Large", strings.Repeat("a", 100<<10)).is(t, http.StatusRequestHeaderFieldsTooLarge)
	o.post(t, "/v1/run", map[string]any{"app": "photos", "module": "searchPhotos"}, "Idempotency-Key", strings.Repeat("k", 256)).problem(t, http.StatusUnprocessableEntity, "invalid_request")
}

// TestWire sends what no client would.
func TestWire(t *testing.T) {
	t.Parallel()
	n := commonNode(t)
	for _, bad := range []struct{ name, request, want string }{
		{"two lengths", "POST /v1/run HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}", "HTTP/1.1 400 "},
		{"length and chunks", "POST /hooks/x HTTP/1.0\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.0 "},
		{"unknown coding", "POST /hooks/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "HTTP/1.1 501 "},
		{"no host", "GET /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
		{"a space before the colon", "GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", "HTTP/1.1 400 "},
		{"a zero byte", "GET /healthz HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n", "HTTP/1.1 400 "},
		{"another path for the guard", "POST /hooks/../v1/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "HTTP/1.1 307 "},
	} {
		got := n.raw(t, bad.request)
		if !strings.HasPrefix(got, bad.want) {
			t.Errorf("%s: %.200q, want %q", bad.name, got, bad.want)
		}
		if strings.Count(got, "\nHTTP/1.") > 0 {
			t.Errorf("%s: two answers: %q", bad.name, got)
		}
	}
}

// raw writes to a connection, and reads until the server closes it or is silent.
func (n *node) raw(t *testing.T, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	_ = c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	got, _ := io.ReadAll(c)
	return string(got)
}

// TestSlowHeaders: who does not finish a header is cut off after ten seconds, while others
// are served.
func TestSlowHeaders(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes the ten seconds that a header may take")
	}
	n := commonNode(t)
	c, err := net.Dial("tcp", strings.TrimPrefix(n.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: x\r\n")
	n.visitor().get(t, "/healthz").is(t, http.StatusOK)
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := bufio.NewReader(c).ReadString('\n'); err != io.EOF {
		t.Errorf("the connection ends with %v", err)
	}
}

// TestNames: names are only names, in the database, in headers, and in the log.
func TestNames(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	for i, name := range []string{`'; drop table schedule; --`, "a\r\nX-Injected: yes", "\x1b[31mred\x1b[0m\nlevel=ERROR msg=forged", `<script>alert(1)</script>`, "{{connection.token}}", `%s%n"\`} {
		wish := map[string]any{"name": name, "app": "photos", "module": "watchPhotos", "every": "24h", "parameters": map[string]any{"limit": 1}}
		got := o.post(t, "/v1/triggers", wish).is(t, http.StatusCreated)
		if got.header.Get("X-Injected") != "" {
			t.Errorf("%q became a header", name)
		}
		var made struct{ ID, Name string }
		got.into(t, &made)
		o.get(t, "/v1/triggers/"+made.ID).is(t, http.StatusOK).into(t, &made)
		if made.Name != name {
			t.Errorf("%q became %q", name, made.Name)
		}
		o.get(t, "/v1/runs?source="+url.QueryEscape(name)+"&app="+url.QueryEscape(name)).is(t, http.StatusOK)
		o.get(t, "/v1/apps/"+url.PathEscape(name)).is(t, http.StatusNotFound)
		o.get(t, "/v1/triggers?after="+url.QueryEscape(name)).is(t, http.StatusOK)
		session := o.post(t, "/v1/connect-sessions", map[string]any{"app": "photos", "name": fmt.Sprint(i, name), "end_user": name}).is(t, http.StatusCreated)
		var s struct{ URL string }
		session.into(t, &s)
		if shown := o.visitor().get(t, strings.TrimPrefix(s.URL, o.url)).is(t, http.StatusOK); strings.Contains(string(shown.body), "<script>alert") {
			t.Errorf("the page shows %q as it is", name)
		}
		o.visitor().get(t, "/hooks/"+url.PathEscape(name))
	}
	log := o.log.String()
	if strings.Contains(log, "\x1b[") || strings.Contains(log, "\nlevel=ERROR msg=forged") {
		t.Error("a name became a line of the log")
	}
}

// TestForwarded: an address that a client claims counts only when a proxy passes it on.
func TestForwarded(t *testing.T) {
	t.Parallel()
	n := ownNode(t, func(c *server.Config) { c.Proxies = nil })
	signed := (&client{node: n, address: "203.0.113.9"}).post(t, "/v1/sign-in", map[string]any{"email": bossEmail, "password": bossPassword}, "Forwarded", "for=203.0.113.9", "X-Real-Ip", "203.0.113.9").is(t, http.StatusOK)
	c := &client{node: n, cookie: signed.cookie()}
	for _, s := range listed[struct{ Address string }](t, c.get(t, "/v1/me/sessions")) {
		if s.Address != "127.0.0.1" {
			t.Errorf("a client without a proxy is at %s", s.Address)
		}
	}
	behind := commonNode(t).team(t)
	behind.address = "203.0.113.66, 198.51.100.7:5123, 127.0.0.9" // the first is what the client claims
	var made struct{ ID string }
	behind.post(t, "/v1/tokens", map[string]any{"name": "x", "scopes": []string{"run"}}).is(t, http.StatusCreated).into(t, &made)
	for _, l := range listed[struct{ Object, Address string }](t, behind.get(t, "/v1/audit")) {
		if l.Object == made.ID && l.Address != "198.51.100.7" {
			t.Errorf("behind a proxy a client is at %s", l.Address)
		}
	}
}

// TestNameOfArchive: an app without a folder is named as its archive is, or as it is told.
func TestNameOfArchive(t *testing.T) {
	t.Parallel()
	c := commonNode(t).team(t).withToken(t, "apps:write", "run")
	files := filesOf(t, photosApp())
	for _, up := range []struct{ query, file, want string }{{"", "holidays.zip", "holidays"}, {"?name=pictures", "holidays.zip", "pictures"}} {
		body, kind := partUpload(t, "archive", map[string][]byte{up.file: zipOf(t, files)})
		c.do(t, http.MethodPost, "/v1/apps"+up.query, body, "Content-Type", kind).is(t, http.StatusCreated)
		c.post(t, "/v1/samples", map[string]any{"app": up.want, "module": "searchPhotos"}).is(t, http.StatusOK)
	}
	c.do(t, http.MethodPost, "/v1/apps?name=../x", strings.NewReader(""), "Content-Type", "multipart/form-data; boundary=x").is(t, http.StatusUnprocessableEntity)
}

// TestCallbackIsOfItsBrowser: what a provider answers counts in the browser alone in which
// the flow was begun, and once.
func TestCallbackIsOfItsBrowser(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	begin := func(name string) (cookie, callback string) {
		var made struct {
			AuthorizeURL string `json:"authorize_url"`
		}
		o.post(t, "/v1/connections", map[string]any{"app": "photos", "name": name, "parameters": o.parameters()}).is(t, http.StatusCreated).into(t, &made)
		begun := o.visitor().get(t, strings.TrimPrefix(made.AuthorizeURL, o.url)).is(t, http.StatusSeeOther)
		_, back, err := visitor.Answer(t.Context(), begun.header.Get("Location"), visitor.Allow)
		if err != nil {
			t.Fatal(err)
		}
		return begun.cookie(), strings.TrimPrefix(back, o.url)
	}
	mine, callback := begin("mine, too")
	other, _ := begin("of somebody else")
	name, _, _ := strings.Cut(mine, "=")
	for _, cookie := range []string{"", other, name + "=1.", name + "=x", name + "=" + strings.Repeat("9", 30) + ".x", strings.Replace(mine, "=", "=9", 1)} {
		got := (&client{node: o.node, cookie: cookie, address: newAddress()}).get(t, callback)
		if told := outcomeOf(t, got); told["status"] != "failed" || got.status < 400 || got.status >= 500 {
			t.Errorf("with the cookie %q: %d %v", cookie, got.status, told)
		}
	}
	person := &client{node: o.node, cookie: mine, address: newAddress()}
	if told := outcomeOf(t, person.get(t, callback)); told["status"] != "connected" {
		t.Errorf("in its browser: %v", told)
	}
	if told := outcomeOf(t, person.get(t, callback)); told["status"] != "failed" {
		t.Errorf("once more: %v", told)
	}
	if all := listed[struct{}](t, o.get(t, "/v1/connections")); len(all) != 2 {
		t.Errorf("%d connections", len(all))
	}
}
