package engine_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1"
)

// seen is what a server was asked.
type seen struct {
	method, uri, body string
	header            http.Header
}

// watch serves with handler and notes what it was asked.
func watch(t *testing.T, handler http.HandlerFunc) (*httptest.Server, *[]seen) {
	var all []seen
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		all = append(all, seen{r.Method, r.RequestURI, string(body), r.Header.Clone()})
		handler(w, r)
	}), &all
}

func to(location string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", location)
		w.WriteHeader(status)
	}
}

// TestCredentialsStayAtHome follows a redirect to another host, which must learn nothing
// that identifies the sender.
func TestCredentialsStayAtHome(t *testing.T) {
	t.Parallel()
	for _, status := range []int{301, 302, 303, 307, 308} {
		stranger, asked := watch(t, answers(`{"ok":true}`))
		home := serve(t, to(stranger.URL+"/there?keep=1&oauth_token=leaked", status))
		in := at(home.URL)
		in.Connection, in.Secrets = object("key", "key-in-a-header-1"), []string{"key-in-a-header-1"}
		_, err := result(t, local(engine.Options{}).Start(compile(t, engine.Action, `{
			"url": "{{parameters.url}}", "method": "POST", "body": {"a": 1}, "shareCookies": true, "qs": {"api_key": "{{connection.key}}"},
			"headers": {"Authorization": "Bearer x", "Cookie": "own=1", "X-Api-Key": "k", "X-Custom": "v {{connection.key}}", "X-Plain": "stays", "Proxy-Authorization": "p"},
			"aws": {"key": "AKID", "secret": "S", "sign_version": 4, "session": "session-token"}
		}`), in))
		if err != nil || len(*asked) != 1 {
			t.Fatalf("%d: %v, %d requests", status, err, len(*asked))
		}
		got := (*asked)[0]
		for name, want := range map[string]string{"Authorization": "", "Cookie": "", "X-Api-Key": "", "X-Custom": "", "Proxy-Authorization": "", "X-Amz-Security-Token": "",
			"X-Plain": "stays", "Referer": home.URL} {
			if got.header.Get(name) != want {
				t.Errorf("%d: %s is %q, want %q", status, name, got.header.Get(name), want)
			}
		}
		if got.uri != "/there?keep=1" {
			t.Errorf("%d: the address is %s", status, got.uri)
		}
		if kept := status >= 307; kept != (got.method == "POST" && got.body == `{"a":1}`) {
			t.Errorf("%d: %s %q", status, got.method, got.body)
		}
	}
}

// TestRedirectsAreSignedAnew follows a redirect at home: the signature fits the new
// address and has a nonce of its own.
func TestRedirectsAreSignedAnew(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"header", "query", "body"} {
		home, asked := watch(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/from" {
				to("/target?x=1", http.StatusFound)(w, r)
				return
			}
			answers(`{"ok":true}`)(w, r)
		})
		_, err := result(t, local(engine.Options{}).Start(compile(t, engine.Action, `{
			"url": "{{parameters.url}}/from", "method": "POST", "type": "urlencoded", "body": {"a": "1"},
			"oauth": {"consumer_key": "ck", "consumer_secret": "cs", "token": "t", "token_secret": "ts", "transport_method": "`+transport+`"}
		}`), at(home.URL)))
		if err != nil || len(*asked) != 2 {
			t.Fatalf("%s: %v, %d requests", transport, err, len(*asked))
		}
		nonces := map[string]bool{}
		for _, x := range *asked {
			params := protocol(t, x)
			nonces[params["oauth_nonce"]] = true
			config := oauth1.Config{ConsumerKey: "ck", ConsumerSecret: "cs", Nonce: params["oauth_nonce"], Timestamp: params["oauth_timestamp"]}
			signed, err := config.Sign(oauth1.Request{Method: x.method, URL: home.URL + withoutProtocol(x.uri), ContentType: x.header.Get("Content-Type"),
				Body: []byte(strings.Split(x.body, "&oauth_")[0])}, oauth1.Token{Token: "t", Secret: "ts"})
			if err != nil {
				t.Fatal(err)
			}
			if want := header(signed.AuthorizationHeader)["oauth_signature"]; params["oauth_signature"] != want {
				t.Errorf("%s: the signature of %s %s is %q, want %q", transport, x.method, x.uri, params["oauth_signature"], want)
			}
		}
		if len(nonces) != 2 {
			t.Errorf("%s: the nonces are %v", transport, nonces)
		}
	}
}

// protocol returns the OAuth parameters of a request, wherever they are.
func protocol(t *testing.T, x seen) map[string]string {
	t.Helper()
	params := header(x.header.Get("Authorization"))
	_, query, _ := strings.Cut(x.uri, "?")
	for _, p := range append(oauth1.ParseForm(query), oauth1.ParseForm(x.body)...) {
		if strings.HasPrefix(p.Name, "oauth_") {
			params[p.Name] = p.Value
		}
	}
	return params
}

func header(text string) map[string]string {
	params := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimPrefix(text, "OAuth "), ",") {
		name, v, _ := strings.Cut(strings.TrimSpace(pair), "=")
		params[name], _ = url.QueryUnescape(strings.Trim(v, `"`))
	}
	return params
}

func withoutProtocol(uri string) string {
	path, query, _ := strings.Cut(uri, "?")
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		if pair != "" && !strings.HasPrefix(pair, "oauth_") {
			kept = append(kept, pair)
		}
	}
	if kept == nil {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}
