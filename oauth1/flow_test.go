package oauth1_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
)

func flowFor(s *oauth1test.Server, c *oauth1.Config) *oauth1.Flow {
	return &oauth1.Flow{Config: c, Endpoint: oauth1.Endpoint{
		RequestTokenURL: s.RequestTokenURL, AuthorizeURL: s.AuthorizeURL, AccessTokenURL: s.AccessTokenURL,
	}}
}

func whoAmI(t *testing.T, s *oauth1test.Server, c *oauth1.Config, token oauth1.Token) string {
	t.Helper()
	req, err := http.NewRequest("POST", s.WhoAmIURL, strings.NewReader("x=1"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", formType)
	return send(t, c.Client(t.Context(), token), req)
}

// The three legs with every method and transport, the verifier handed over
// without a browser.
func TestFlow(t *testing.T) {
	t.Parallel()
	key := testKey(t)
	server := startProvider(t, oauth1test.Options{Consumers: []oauth1test.Consumer{
		{Key: "ck", Secret: "c&s", PublicKey: &key.PublicKey, Callbacks: []string{"https://client.example/"}},
	}})
	for _, m := range oauth1.Methods {
		for _, transport := range []string{"header", "query", "body"} {
			config := &oauth1.Config{ConsumerKey: "ck", ConsumerSecret: "c&s", Key: key, SignatureMethod: m.Name, TransportMethod: transport}
			flow := flowFor(server, config)
			flow.Callback = "https://client.example/cb?x=1"
			temporary, err := flow.RequestToken(t.Context(), oauth1.Param{Name: "scope", Value: "a b"})
			if err != nil || !temporary.CallbackConfirmed || len(temporary.Warnings) > 0 {
				t.Fatalf("%s %s: %v, %+v", m.Name, transport, err, temporary)
			}
			_, callback, ok := server.Allow(temporary.Token.Token)
			query, found := strings.CutPrefix(callback, "https://client.example/cb?x=1&")
			if !ok || !found {
				t.Fatalf("callback %q", callback)
			}
			back, err := oauth1.ParseCallback(query)
			if err != nil || back.Token != temporary.Token.Token {
				t.Fatalf("%v, %+v", err, back)
			}
			token, err := flow.AccessToken(t.Context(), temporary.Token, back.Verifier)
			if err != nil || token.Get("user") != "alice" {
				t.Fatalf("%s %s: %v, %+v", m.Name, transport, err, token)
			}
			if got := whoAmI(t, server, config, token.Token); !strings.Contains(got, `"alice"`) {
				t.Errorf("%s %s: %s", m.Name, transport, got)
			}
			if config.Callback != "" || config.Verifier != "" {
				t.Errorf("the caller's Config was written to: %+v", config)
			}
		}
	}
}

var hiddenField = regexp.MustCompile(`name="(\w+)" value="([^"]*)"`)

// browser opens the authorize page and presses a button.
func browser(t *testing.T, authorizeURL, decision string) (*http.Response, string) {
	t.Helper()
	jar, _ := cookiejar.New(nil)
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Get(authorizeURL)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := io.ReadAll(res.Body)
	res.Body.Close()
	form := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(string(page), -1) {
		form.Set(field[1], field[2])
	}
	form.Set("decision", decision)
	u, _ := url.Parse(authorizeURL)
	u.RawQuery = ""
	res, err = client.PostForm(u.String(), form)
	if err != nil {
		t.Fatal(err)
	}
	page, _ = io.ReadAll(res.Body)
	res.Body.Close()
	return res, string(page)
}

func TestFlowInABrowser(t *testing.T) {
	t.Parallel()
	server := startProvider(t, oauth1test.Options{})
	flow := flowFor(server, defaultConfig())
	flow.Callback = "http://127.0.0.1:9/cb"
	temporary, err := flow.RequestToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	address, err := flow.AuthorizeURL(temporary.Token.Token, oauth1.Param{Name: "perms", Value: "read write"})
	if err != nil || !strings.HasSuffix(address, "&perms=read%20write") {
		t.Fatalf("%v, %s", err, address)
	}
	res, _ := browser(t, address, "allow")
	_, query, _ := strings.Cut(res.Header.Get("Location"), "?")
	back, err := oauth1.ParseCallback(query)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := flow.AccessToken(t.Context(), temporary.Token, "wrong"); !isProblem(err, "verifier_invalid") {
		t.Errorf("wrong verifier: %v", err)
	}
	if _, err := flow.AccessToken(t.Context(), temporary.Token, back.Verifier); err != nil {
		t.Error(err)
	}
	if _, err := flow.AccessToken(t.Context(), temporary.Token, back.Verifier); err == nil {
		t.Error("temporary credentials worked twice")
	}
}

func isProblem(err error, problem string) bool {
	var p *oauth1.ProblemError
	return errors.As(err, &p) && p.Problem == problem
}

var pin = regexp.MustCompile(`id="pin">(\w+)<`)

func TestFlowOutOfBand(t *testing.T) {
	t.Parallel()
	server := startProvider(t, oauth1test.Options{})
	flow := flowFor(server, defaultConfig())
	temporary, err := flow.RequestToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	address, _ := flow.AuthorizeURL(temporary.Token.Token)
	_, page := browser(t, address, "allow")
	code := pin.FindStringSubmatch(page)
	if code == nil {
		t.Fatalf("no code in %s", page)
	}
	if _, err := flow.AccessToken(t.Context(), temporary.Token, " "+code[1]+"\n"); err != nil {
		t.Error(err)
	}
}

func TestFlowRefused(t *testing.T) {
	t.Parallel()
	for name, quirks := range map[string]oauth1test.Quirks{"oauth_problem": {}, "denied": {DeniedParameter: true}} {
		server := startProvider(t, oauth1test.Options{Quirks: quirks})
		flow := flowFor(server, defaultConfig())
		flow.Callback = "http://127.0.0.1:9/cb"
		temporary, err := flow.RequestToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		address, _ := flow.AuthorizeURL(temporary.Token.Token)
		res, _ := browser(t, address, "deny")
		_, query, _ := strings.Cut(res.Header.Get("Location"), "?")
		back, err := oauth1.ParseCallback(query)
		var problem *oauth1.ProblemError
		if !errors.As(err, &problem) || !problem.Denied() || back.Token != temporary.Token.Token {
			t.Errorf("%s: %v, %+v", name, err, back)
		}
		if _, err := flow.AccessToken(t.Context(), temporary.Token, "x"); !isProblem(err, "user_refused") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseCallback(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		query   string
		want    oauth1.Callback
		problem string
	}{
		{"oauth_token=t&oauth_verifier=v%2B1", oauth1.Callback{Token: "t", Verifier: "v+1"}, ""},
		{"oauth_verifier=v", oauth1.Callback{Verifier: "v"}, ""},
		{"oauth_token=t", oauth1.Callback{Token: "t"}, ""}, // OAuth 1.0 before revision A
		{"denied=t", oauth1.Callback{Token: "t"}, "user_refused"},
		{"oauth_token=t&oauth_problem=permission_denied", oauth1.Callback{Token: "t"}, "permission_denied"},
		{"error=access_denied&oauth_token=t", oauth1.Callback{Token: "t"}, "user_refused"},
		{"error=server_error", oauth1.Callback{}, "server_error"},
		{"", oauth1.Callback{}, "user_refused"},
		{"state=x", oauth1.Callback{}, "user_refused"},
	} {
		got, err := oauth1.ParseCallback(tt.query)
		if got != tt.want || (err != nil) != (tt.problem != "") || err != nil && !isProblem(err, tt.problem) {
			t.Errorf("%q: %+v, %v", tt.query, got, err)
		}
	}
}

func TestFlowRefresh(t *testing.T) {
	t.Parallel()
	now := time.Now()
	server := startProvider(t, oauth1test.Options{TokenLifetime: time.Hour, Now: func() time.Time { return now }})
	config := defaultConfig()
	config.Now = func() time.Time { return now }
	flow := flowFor(server, config)
	token, err := flow.XAuth(t.Context(), "alice", "wonderland")
	if err != nil || token.SessionHandle == "" || token.ExpiresIn != time.Hour || token.AuthorizationExpiresIn != 365*24*time.Hour {
		t.Fatalf("%v, %+v", err, token)
	}
	now = now.Add(2 * time.Hour)
	if got := whoAmI(t, server, config, token.Token); !strings.Contains(got, "token_expired") {
		t.Errorf("still good: %s", got)
	}
	fresh, err := flow.Refresh(t.Context(), token.Token, token.SessionHandle)
	if err != nil || fresh.Token == token.Token || fresh.SessionHandle != token.SessionHandle {
		t.Fatalf("%v, %+v", err, fresh)
	}
	if got := whoAmI(t, server, config, fresh.Token); !strings.Contains(got, "alice") {
		t.Error(got)
	}
	if _, err := flow.Refresh(t.Context(), fresh.Token, "wrong"); !isProblem(err, "token_rejected") {
		t.Error(err)
	}
}

func TestFlowXAuthIsAlwaysPost(t *testing.T) {
	t.Parallel()
	server := startProvider(t, oauth1test.Options{})
	flow := flowFor(server, defaultConfig())
	flow.Endpoint.Method = "GET"
	if _, err := flow.XAuth(t.Context(), "alice", "wonderland"); err != nil {
		t.Error(err)
	}
	if _, err := flow.XAuth(t.Context(), "alice", "wrong"); !isProblem(err, "permission_denied") || strings.Contains(err.Error(), "wrong/") {
		t.Error(err)
	}
}

func TestFlowQuirks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		quirks oauth1test.Quirks
		flow   oauth1.Flow
		code   oauth1.Code
		status int
		warned bool
	}{
		{"plain", oauth1test.Quirks{}, oauth1.Flow{}, "", 0, false},
		{"confirmation required", oauth1test.Quirks{}, oauth1.Flow{RequireConfirmed: true}, "", 0, false},
		{"labelled text/html", oauth1test.Quirks{ContentType: "text/html"}, oauth1.Flow{}, "", 0, false},
		{"not confirmed", oauth1test.Quirks{CallbackConfirmedFalse: true}, oauth1.Flow{}, oauth1.CodeNotConfirmed, 0, false},
		{"no word of it", oauth1test.Quirks{NoCallbackConfirmed: true}, oauth1.Flow{}, "", 0, true},
		{"no word of it, but required", oauth1test.Quirks{NoCallbackConfirmed: true}, oauth1.Flow{RequireConfirmed: true}, oauth1.CodeNotConfirmed, 0, false},
		{"no callback", oauth1test.Quirks{NoCallbackConfirmed: true}, oauth1.Flow{OmitCallback: true}, "", 0, false},
		{"JSON", oauth1test.Quirks{JSON: true}, oauth1.Flow{}, "", 0, true},
		{"500", oauth1test.Quirks{FlowStatus: 500}, oauth1.Flow{}, "", 500, false},
		{"wrong clock", oauth1test.Quirks{ClockOffset: -time.Hour}, oauth1.Flow{}, "", 0, false},
		{"GET", oauth1test.Quirks{}, oauth1.Flow{Endpoint: oauth1.Endpoint{Method: "GET"}}, "", 0, false},
	} {
		server := startProvider(t, oauth1test.Options{Quirks: tt.quirks})
		flow := flowFor(server, defaultConfig())
		flow.RequireConfirmed, flow.OmitCallback, flow.Endpoint.Method = tt.flow.RequireConfirmed, tt.flow.OmitCallback, tt.flow.Endpoint.Method
		got, err := flow.RequestToken(t.Context(), oauth1.Param{Name: "scope", Value: "x"})
		var problem *oauth1.ProblemError
		switch {
		case tt.code != "" && !errors.Is(err, tt.code), tt.status != 0 && (!errors.As(err, &problem) || problem.Status != tt.status):
			t.Errorf("%s: %v", tt.name, err)
		case tt.code == "" && tt.status == 0 && (err != nil || (len(got.Warnings) > 0) != tt.warned):
			t.Errorf("%s: %v, %+v", tt.name, err, got)
		}
	}
}

func TestFlowProblems(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		config oauth1.Config
		quirks oauth1test.Quirks
		want   string
	}{
		{"unknown", oauth1.Config{ConsumerKey: "x"}, oauth1test.Quirks{},
			"oauth: the server refused: consumer_key_unknown: register the client first (status 401)"},
		{"in the header", oauth1.Config{ConsumerKey: "x"}, oauth1test.Quirks{ProblemInHeaderOnly: true},
			"oauth: the server refused: consumer_key_unknown: register the client first (status 401)"},
		{"no report", oauth1.Config{ConsumerKey: "x"}, oauth1test.Quirks{NoProblems: true},
			"oauth: the server refused (status 401)"},
		{"missing", oauth1.Config{}, oauth1test.Quirks{},
			"oauth: the server refused: parameter_absent: oauth_consumer_key is missing: missing oauth_consumer_key (status 400)"},
		{"version", oauth1.Config{ConsumerKey: oauth1test.DefaultConsumerKey, Version: "2.0"}, oauth1test.Quirks{},
			"oauth: the server refused: version_rejected (status 400)"},
	} {
		server := startProvider(t, oauth1test.Options{Quirks: tt.quirks})
		_, err := flowFor(server, &tt.config).RequestToken(t.Context())
		if err == nil || err.Error() != tt.want {
			t.Errorf("%s\n got %v\nwant %s", tt.name, err, tt.want)
		}
	}
}

// answering is a provider that gives one answer to everything.
func answering(t *testing.T, status int, body string) *oauth1.Flow {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return &oauth1.Flow{Endpoint: oauth1.Endpoint{RequestTokenURL: server.URL, AccessTokenURL: server.URL}}
}

func TestFlowAnswers(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body, want string
	}{
		{"good", "oauth_token=a%20b&oauth_token_secret=c+d&oauth_callback_confirmed=TRUE\r\n", ""},
		{"empty secret", "oauth_token=a&oauth_token_secret=&oauth_callback_confirmed=true", ""},
		{"JSON", `{"oauth_token":"a","oauth_token_secret":"b","oauth_callback_confirmed":true,"oauth_expires_in":1700000000}`, ""},
		{"no token", "<html>secret page</html>", "oauth: the answer of the provider has no oauth_token"},
		{"no secret", "oauth_token=geheim", "oauth: the answer of the provider has no oauth_token_secret"},
		{"broken JSON", `{"oauth_token":`, "oauth: the answer of the provider has no oauth_token"},
		{"problem with 200", "oauth_problem=additional_authorization_required", "oauth: the server refused: additional_authorization_required (status 200)"},
		{"too long", strings.Repeat("x", 1<<20+1), "oauth: the answer of the provider is too long (more than 1 MiB)"},
	} {
		got, err := answering(t, 200, tt.body).RequestToken(t.Context())
		if text := fmt.Sprint(err); err != nil && text != tt.want || err == nil && tt.want != "" {
			t.Errorf("%s\n got %v\nwant %s", tt.name, err, tt.want)
		}
		if err == nil && (!got.CallbackConfirmed || got.Token.Token == "") {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestFlowEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := answering(t, 200, "").AccessToken(ctx, oauth1.Token{}, ""); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestFlowSendsHeaders(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "oauth_token=%s&oauth_token_secret=", url.QueryEscape(r.UserAgent()))
	}))
	defer server.Close()
	flow := &oauth1.Flow{Header: http.Header{"user-agent": {"app/1.0 +https://example.com"}}, Endpoint: oauth1.Endpoint{AccessTokenURL: server.URL}}
	got, err := flow.AccessToken(t.Context(), oauth1.Token{}, "")
	if err != nil || got.Token.Token != "app/1.0 +https://example.com" {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestFlowInvalidEndpoints(t *testing.T) {
	t.Parallel()
	var flow oauth1.Flow
	if _, err := flow.RequestToken(t.Context()); !errors.Is(err, oauth1.CodeURLInvalid) {
		t.Error(err)
	}
	if _, err := flow.AuthorizeURL("t"); !errors.Is(err, oauth1.CodeURLInvalid) {
		t.Error(err)
	}
	flow.Endpoint.AuthorizeURL = "https://wiki.example/index.php?title=Special:OAuth/authorize#x"
	if got, err := flow.AuthorizeURL("t k"); err != nil || got != "https://wiki.example/index.php?title=Special:OAuth/authorize&oauth_token=t%20k#x" {
		t.Errorf("%v, %s", err, got)
	}
}
