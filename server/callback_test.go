package server_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/internal/noteservice"
)

// flowOf begins a flow of the notes with a response mode, and returns what the browser was
// given and the state.
func (o *operator) flowOf(t *testing.T, service, name, mode string) (cookies []*http.Cookie, state string) {
	t.Helper()
	var made struct {
		AuthorizeURL string `json:"authorize_url"`
	}
	o.post(t, "/v1/connections", map[string]any{"app": "notes", "type": "code", "name": name, "parameters": map[string]any{"service": service, "mode": mode}}).
		is(t, http.StatusCreated).into(t, &made)
	path := strings.TrimPrefix(made.AuthorizeURL, o.url)
	// Looking at the page does not use it up.
	o.visitor().do(t, http.MethodHead, path, nil).is(t, http.StatusForbidden)
	o.visitor().get(t, path, "Sec-Purpose", "prefetch;prerender").is(t, http.StatusForbidden)
	begun := o.visitor().get(t, path).is(t, http.StatusSeeOther)
	if coop := begun.header.Get("Cross-Origin-Opener-Policy"); coop != "unsafe-none" {
		t.Errorf("a popup loses its opener on the way: %s", coop)
	}
	u, err := url.Parse(begun.header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return (&http.Response{Header: begun.header}).Cookies(), u.Query().Get("state")
}

// TestFormPost: a page of the provider posts its answer, to which browsers add no cookie
// that is SameSite=Lax (OAuth 2.0 Form Post Response Mode).
func TestFormPost(t *testing.T) {
	t.Parallel()
	o := newOperator(t)
	notes := httptest.NewServer(noteservice.New())
	defer notes.Close()
	body, kind := partUpload(t, "archive", map[string][]byte{"notes.zip": zipOf(t, filesOf(t, noteservice.App()))})
	o.do(t, http.MethodPost, "/v1/apps", body, "Content-Type", kind).is(t, http.StatusCreated)

	if cookies, _ := o.flowOf(t, notes.URL, "by redirect", "query"); len(cookies) != 1 || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Errorf("a flow that is redirected sets %v", cookies)
	}
	cookies, state := o.flowOf(t, notes.URL, "by form", "form_post")
	crossSite := &client{node: o.node, address: newAddress()}
	for _, c := range cookies {
		if c.SameSite != http.SameSiteNoneMode {
			continue
		}
		if crossSite.cookie = c.Name + "=" + c.Value; !c.Secure || !c.HttpOnly || c.MaxAge != 600 || c.Path != "/" {
			t.Errorf("the cookie is %v", c)
		}
	}
	answer := func(c *client, state string) map[string]string {
		return outcomeOf(t, c.do(t, http.MethodPost, "/oauth/cb/app", strings.NewReader(url.Values{"state": {state}, "error": {"access_denied"}}.Encode()),
			"Content-Type", "application/x-www-form-urlencoded", "Origin", notes.URL, "Sec-Fetch-Site", "cross-site"))
	}
	_, another := o.flowOf(t, notes.URL, "of another", "form_post")
	for name, told := range map[string]map[string]string{"without a cookie": answer(o.visitor(), state), "with another state": answer(crossSite, another), "with no state": answer(crossSite, "")} {
		if told["status"] != "failed" || told["reason"] == "connection_declined" {
			t.Errorf("%s: %v", name, told)
		}
	}
	// That cookie counts for nothing else.
	got := outcomeOf(t, crossSite.get(t, "/oauth/cb/app?error=access_denied&state="+state))
	if got["reason"] != "connection_other_browser" {
		t.Errorf("a redirect with the cookie of a form: %v", got)
	}
	if told := answer(crossSite, state); told["reason"] != "connection_declined" {
		t.Errorf("with cookie and state: %v", told)
	}
}
