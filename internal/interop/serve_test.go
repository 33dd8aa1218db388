package interop

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/store"
)

// served is a server of cleat with its first owner.
type served struct {
	t      *testing.T
	url    string
	client *http.Client // the browser of the owner
}

const ownerEmail, ownerPassword = "alice@example.com", "correct horse battery"

// serve starts a server that may change, given its address, and makes its first owner.
func serve(t *testing.T, change func(address string, c *server.Config)) *served {
	t.Helper()
	home := t.TempDir()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &served{t: t, url: "http://" + listener.Addr().String(), client: newBrowser(t)}
	c := server.Config{
		Store: store.Options{Dir: home}, Bus: bus.Options{Dir: filepath.Join(home, "bus"), MinFree: 1}, Workers: 2,
		Runtime:   cleat.Options{Engine: engine.Options{Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}},
		PublicURL: &url.URL{Scheme: "http", Host: listener.Addr().String()},
	}
	change(s.url, &c)
	instance, err := server.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- instance.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	link, err := instance.FirstLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.client.PostForm(link, url.Values{"email": {ownerEmail}, "password": {ownerPassword}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("the first owner is answered %d", answer.StatusCode)
	}
	return s
}

// newBrowser returns a client that keeps cookies and follows no redirects.
func newBrowser(t *testing.T) *http.Client {
	jar, _ := cookiejar.New(nil) // fails never without options
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(client.CloseIdleConnections)
	return client
}

// A person signs in to the server with a provider that the npm package is. The provider
// insists on PKCE and verifies the client itself.
func TestServerSignsInWithOIDCProvider(t *testing.T) {
	t.Parallel()
	var back string
	s := serve(t, func(address string, c *server.Config) {
		back = address + "/sign-in/oidc/callback"
		c.OIDC = server.OIDC{Issuer: startOIDCFor(t, back), ClientID: oidcClient, ClientSecret: oidcSecret}
	})
	for range 2 { // bound, then found by the subject
		browser := newBrowser(t)
		begun, err := browser.Get(s.url + "/sign-in/oidc")
		if err != nil {
			t.Fatal(err)
		}
		begun.Body.Close()
		answer, err := browser.Get(back + "?" + decideFor(t, begun.Header.Get("Location"), "allow", back))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusSeeOther || answer.Header.Get("Location") != "/" {
			t.Fatalf("the sign-in ends with %d", answer.StatusCode)
		}
		if me := shown(t, browser, s.url+"/v1/me"); !strings.Contains(me, `"email":"alice@example.com"`) {
			t.Errorf("%s is signed in", me)
		}
	}
	refused := newBrowser(t)
	begun, err := refused.Get(s.url + "/sign-in/oidc")
	if err != nil {
		t.Fatal(err)
	}
	begun.Body.Close()
	page := shown(t, refused, back+"?"+decideFor(t, begun.Header.Get("Location"), "deny", back))
	if !strings.Contains(page, "did not sign you in") {
		t.Errorf("a person who says no sees %s", page)
	}
}

// shown returns what is at an address.
func shown(t *testing.T, client *http.Client, address string) string {
	t.Helper()
	answer, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
