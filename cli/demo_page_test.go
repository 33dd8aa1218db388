package cli

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/internal/visitor"
)

// browser is a newcomer at the page of the demo. It does not follow redirects.
type browser struct {
	t    *testing.T
	http *http.Client
	page string // address
}

func newBrowser(t *testing.T, page string) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, page}
}

// do returns status, page, and where the browser is sent.
func (b *browser) do(r *http.Request, err error) (status int, page, sentTo string) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	answer, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	if location, err := answer.Location(); err == nil {
		sentTo = location.String()
	}
	return answer.StatusCode, string(content), sentTo
}

func (b *browser) get(address string) (page string) {
	b.t.Helper()
	_, page, _ = b.do(http.NewRequest(http.MethodGet, address, nil))
	return page
}

func (b *browser) post(path string, pairs ...string) (status int, page, sentTo string) {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, b.page+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r, err)
}

func (b *browser) sees(page string, texts ...string) {
	b.t.Helper()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			b.t.Errorf("the page does not show %q:\n%s", text, page)
		}
	}
}

func startDemoPage(t *testing.T) (page string) {
	f := &factory{std: Streams{Out: io.Discard, Err: io.Discard}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	page = "http://" + listener.Addr().String()
	d, err := f.startDemo(t.Context(), "127.0.0.1:0", page+callbackPaths[connect.OAuth1])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.close)
	p := &demoPage{demo: d, session: connect.NewSecret(), host: listener.Addr().String()}
	t.Cleanup(serve(listener, p.handler()))
	return page
}

// authorized answers the service's page and returns where it sends the browser back to.
func authorized(t *testing.T, address string) (callback string) {
	_, callback, err := visitor.Answer(context.Background(), address, visitor.Allow)
	if err != nil {
		t.Fatal(err)
	}
	return callback
}

func TestDemoPageWalksThroughTheApp(t *testing.T) {
	t.Parallel()
	page := startDemoPage(t)
	b := newBrowser(t, page)
	b.sees(b.get(page), "1. Connect an account", "&#34;requestToken&#34;")

	_, _, service := b.post("/connect")
	b.sees(b.get(authorized(t, service)), "Connected as <strong>alice@photos.example</strong>", "2. Run a module",
		"By the sea (19)", "/oauth/access_token", "HMAC-SHA1")

	_, shown, _ := b.post("/run", "id", "searchPhotos", "param-text", "boat", "param-limit", "3")
	b.sees(shown, "3. Search photos gave 3 bundles", "Boat 10", "Authorization: OAuth [redacted]", "base string")
	_, shown, _ = b.post("/run", "id", "searchPhotos", "param-text", "submarine")
	b.sees(shown, "3. Search photos gave 0 bundles")
	_, shown, _ = b.post("/run", "id", "getPhoto", "param-id", "7")
	b.sees(shown, "[404] there is no photo 7", `value="7"`)
	_, shown, _ = b.post("/run", "id", "getPhoto", "param-id", "seven")
	b.sees(shown, "Photo ID: &#34;seven&#34; is no number")
	_, shown, _ = b.post("/run", "id", "getPhoto")
	b.sees(shown, "a value is missing: id")
	_, shown, _ = b.post("/run", "id", "<b>")
	b.sees(shown, "the app has no module &#34;&lt;b&gt;&#34;")
}

// A callback works once, and in the browser that began.
func TestDemoPageTakesACallbackOnce(t *testing.T) {
	t.Parallel()
	page := startDemoPage(t)
	b := newBrowser(t, page)
	_, shown, _ := b.post("/run", "id", "getPhoto", "param-id", "1001")
	b.sees(shown, "connect an account first")

	_, _, service := b.post("/connect")
	callback := authorized(t, service)
	stranger := newBrowser(t, page)
	stranger.sees(stranger.get(callback), "this authorization was begun in another browser")
	b.sees(b.get(strings.Replace(callback, "oauth_token=", "oauth_token=x", 1)), "this answer belongs to no open authorization")
	b.sees(b.get(callback), "Connected as")
	b.sees(b.get(callback), "this authorization was already used", "start again")

	_, _, service = b.post("/connect")
	_, callback, err := visitor.Answer(t.Context(), service, visitor.Deny)
	if err != nil {
		t.Fatal(err)
	}
	b.sees(b.get(callback), "declined by the user")
}

// Other sites can neither press its buttons nor reach it by another name.
func TestDemoPageIsForItsOwnFormsOnly(t *testing.T) {
	t.Parallel()
	page := startDemoPage(t)
	b := newBrowser(t, page)
	r, err := http.NewRequest(http.MethodPost, page+"/connect", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Origin", "https://evil.example")
	if status, _, _ := b.do(r, nil); status != http.StatusForbidden {
		t.Errorf("a form of another site: status %d", status)
	}
	r, err = http.NewRequest(http.MethodGet, page, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example"
	if status, _, _ := b.do(r, nil); status != http.StatusMisdirectedRequest {
		t.Errorf("another name: status %d", status)
	}
}
