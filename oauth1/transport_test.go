package oauth1_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
)

func startProvider(t testing.TB, o oauth1test.Options) *oauth1test.Server {
	t.Helper()
	server, err := oauth1test.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func defaultConfig() *oauth1.Config {
	return &oauth1.Config{ConsumerKey: oauth1test.DefaultConsumerKey, ConsumerSecret: oauth1test.DefaultConsumerSecret}
}

func issued(s *oauth1test.Server) oauth1.Token {
	token, secret := s.Issue(oauth1test.DefaultConsumerKey)
	return oauth1.Token{Token: token, Secret: secret}
}

func TestClient(t *testing.T) {
	t.Parallel()
	server := startProvider(t, oauth1test.Options{})
	base := &http.Client{Timeout: time.Minute}
	client := defaultConfig().Client(context.WithValue(t.Context(), oauth1.HTTPClient, base), issued(server))
	if client == base || client.Timeout != time.Minute || base.Transport != nil {
		t.Fatalf("%+v, %+v", client, base)
	}
	for range 3 { // each with a fresh nonce, or the provider would refuse
		res, err := client.Get(server.WhoAmIURL)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != 200 || !strings.Contains(string(body), `"user":"alice"`) {
			t.Fatalf("%d %s", res.StatusCode, body)
		}
		if res.Request.Header.Get("Authorization") != "" {
			t.Error("the signature shows in the response's request")
		}
	}
}

func TestTransportDoesNotChangeTheRequest(t *testing.T) {
	t.Parallel()
	server := startProvider(t, oauth1test.Options{})
	for _, transport := range []string{"header", "query", "body"} {
		config := defaultConfig()
		config.TransportMethod = transport
		req, _ := http.NewRequest("POST", server.WhoAmIURL, strings.NewReader("a=1"))
		req.Header.Set("Content-Type", formType)
		url, length := req.URL.String(), req.ContentLength
		rt := &oauth1.Transport{Config: config, Source: oauth1.StaticToken(issued(server))}
		res, err := rt.RoundTrip(req)
		if err != nil || res.StatusCode != 200 {
			t.Fatalf("%s: %v, %v", transport, err, res)
		}
		res.Body.Close()
		if req.URL.String() != url || req.ContentLength != length || req.Header.Get("Authorization") != "" {
			t.Errorf("%s: %+v", transport, req)
		}
	}
}

func TestTransportZeroValue(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("Authorization"))
	}))
	defer server.Close()
	req, _ := http.NewRequest("GET", server.URL, nil)
	if got := send(t, &http.Client{Transport: new(oauth1.Transport)}, req); !strings.HasPrefix(got, "OAuth oauth_nonce=") {
		t.Error(got)
	}
}

type sourceFunc func(context.Context) (oauth1.Token, error)

func (f sourceFunc) Token(ctx context.Context) (oauth1.Token, error) { return f(ctx) }

func TestTransportErrorsCloseTheBody(t *testing.T) {
	t.Parallel()
	expired := errors.New("token expired")
	for name, rt := range map[string]*oauth1.Transport{
		"source": {Source: sourceFunc(func(context.Context) (oauth1.Token, error) { return oauth1.Token{}, expired })},
		"method": {Config: &oauth1.Config{SignatureMethod: "x"}},
	} {
		body := &onceReader{Reader: strings.NewReader("x")}
		req, _ := http.NewRequest("POST", "http://127.0.0.1:1/", body)
		_, err := rt.RoundTrip(req)
		if err == nil || !body.closed || name == "source" && !errors.Is(err, expired) {
			t.Errorf("%s: %v, closed %v", name, err, body.closed)
		}
	}
}

// hop is what a server of a redirect chain got.
type hop struct {
	host, method, uri, authorization, body string
	err                                    error
}

// redirectServers are two hosts; a request for /to?where=X&status=N redirects
// to X, with the query it got (and so any protocol parameters) appended when
// echo is set. Everything that arrives is verified.
func redirectServers(t *testing.T) (a, b string, hops func() []hop) {
	t.Helper()
	var mu sync.Mutex
	var list []hop
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := oauth1test.Verify(r, "", oauth1test.Rules{}, func(string, string) (oauth1test.Keys, error) {
			return oauth1test.Keys{ConsumerSecret: "c&s", TokenSecret: "t s"}, nil
		})
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		list = append(list, hop{r.Host, r.Method, r.RequestURI, r.Header.Get("Authorization"), string(body), err})
		mu.Unlock()
		q := r.URL.Query()
		if q.Get("where") == "" {
			return
		}
		location := q.Get("where")
		if q.Get("echo") != "" {
			_, oauth, _ := strings.Cut(r.URL.RawQuery, "oauth_")
			location += "&oauth_" + oauth
		}
		status := http.StatusFound
		if q.Get("status") == "307" {
			status = http.StatusTemporaryRedirect
		}
		http.Redirect(w, r, location, status)
	})
	one, two := httptest.NewServer(handler), httptest.NewServer(handler)
	t.Cleanup(one.Close)
	t.Cleanup(two.Close)
	return one.URL, two.URL, func() []hop {
		mu.Lock()
		defer mu.Unlock()
		got := list
		list = nil
		return got
	}
}

// clients are the two ways to follow redirects: a signing transport, and a
// signed request with a redirect policy.
func redirectClients(c *oauth1.Config) map[string]func(*http.Request) (*http.Response, error) {
	policy := &http.Client{CheckRedirect: c.CheckRedirect(oauth1.StaticToken(serverToken), nil)}
	return map[string]func(*http.Request) (*http.Response, error){
		"transport": c.Client(context.Background(), serverToken).Do,
		"policy": func(req *http.Request) (*http.Response, error) {
			if err := c.SignHTTP(req, serverToken); err != nil {
				return nil, err
			}
			return policy.Do(req)
		},
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	a, b, hops := redirectServers(t)
	for _, tt := range []struct {
		name, method, query string
		signed              []bool
	}{
		{"same server", "GET", "/?where=/next%3Fx=1", []bool{true, true}},
		{"same server, absolute", "GET", "/?where=" + a + "/next%3Fx=1", []bool{true, true}},
		{"same server, echo", "GET", "/?echo=1&where=/next%3Fx=1", []bool{true, true}},
		{"other server", "GET", "/?where=" + b + "/next%3Fx=1", []bool{true, false}},
		{"other server, echo", "GET", "/?echo=1&where=" + b + "/next%3Fx=1", []bool{true, false}},
		{"away and back", "GET", "/?where=" + b + "/%3Fwhere=" + a + "/next", []bool{true, false, false}},
		{"POST becomes GET", "POST", "/?where=/next", []bool{true, true}},
		{"POST stays POST", "POST", "/?status=307&where=/next", []bool{true, true}},
		{"POST to other server", "POST", "/?status=307&where=" + b + "/next", []bool{true, false}},
	} {
		for _, transport := range []string{"header", "query", "body"} {
			if transport == "body" && tt.method == "GET" {
				continue
			}
			c := &oauth1.Config{ConsumerKey: "ck", ConsumerSecret: "c&s", TransportMethod: transport}
			for name, do := range redirectClients(c) {
				req, _ := http.NewRequest(tt.method, a+tt.query, nil)
				if tt.method == "POST" {
					req, _ = http.NewRequest(tt.method, a+tt.query, strings.NewReader("f=1"))
					req.Header.Set("Content-Type", formType)
				}
				res, err := do(req)
				if err != nil {
					t.Errorf("%s, %s, %s: %v", tt.name, transport, name, err)
					continue
				}
				res.Body.Close()
				checkHops(t, tt.name+", "+transport+", "+name, hops(), tt.signed)
			}
		}
	}
}

func checkHops(t *testing.T, name string, got []hop, signed []bool) {
	t.Helper()
	if len(got) != len(signed) {
		t.Errorf("%s: %d hops, want %d", name, len(got), len(signed))
		return
	}
	for i, h := range got {
		oauth := h.authorization != "" || strings.Contains(h.uri, "oauth_") || strings.Contains(h.body, "oauth_")
		if signed[i] && h.err != nil || !signed[i] && oauth {
			t.Errorf("%s, hop %d: %+v", name, i, h)
		}
		if h.method == "POST" && !strings.HasPrefix(h.body, "f=1") {
			t.Errorf("%s, hop %d: body %q", name, i, h.body)
		}
	}
}

func TestCheckRedirectAsksNext(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	policy := new(oauth1.Config).CheckRedirect(nil, func(*http.Request, []*http.Request) error { return stop })
	req, _ := http.NewRequest("GET", "https://example.com/", nil)
	if err := policy(req, nil); !errors.Is(err, stop) {
		t.Error(err)
	}
	policy = new(oauth1.Config).CheckRedirect(nil, nil)
	if err := policy(req, make([]*http.Request, 9)); err != nil {
		t.Error(err)
	}
	if err := policy(req, make([]*http.Request, 10)); err == nil {
		t.Error("endless redirects")
	}
}

func TestClockSkewIsLearnt(t *testing.T) {
	t.Parallel()
	for name, quirks := range map[string]oauth1test.Quirks{
		"acceptable timestamps": {ClockOffset: 3 * time.Hour},
		"behind":                {ClockOffset: -3 * time.Hour},
		"date header":           {ClockOffset: 3 * time.Hour, NoAcceptableTimestamps: true},
		"in WWW-Authenticate":   {ClockOffset: 3 * time.Hour, ProblemInHeaderOnly: true},
	} {
		server := startProvider(t, oauth1test.Options{Quirks: quirks})
		var sent atomic.Int32
		config := defaultConfig()
		config.Clock = new(oauth1.Clock)
		client := &http.Client{Transport: &oauth1.Transport{
			Base:   countingTransport{&sent},
			Config: config, Source: oauth1.StaticToken(issued(server)),
		}}
		for i := range 2 {
			req, _ := http.NewRequest("POST", server.WhoAmIURL, strings.NewReader("a=1"))
			req.Header.Set("Content-Type", formType)
			res, err := client.Do(req)
			if err != nil || res.StatusCode != 200 {
				t.Fatalf("%s: %v, %v", name, err, res.Status)
			}
			res.Body.Close()
			if got := sent.Load(); got != int32(2+i) { // refused, repeated; then right at once
				t.Errorf("%s: %d requests after call %d", name, got, i)
			}
		}
		off := config.Clock.Offset(strings.TrimPrefix(server.URL, "http://")) - quirks.ClockOffset
		if off.Abs() > 5*time.Second {
			t.Errorf("%s: off by %s", name, off)
		}
	}
}

type countingTransport struct{ n *atomic.Int32 }

func (c countingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return http.DefaultTransport.RoundTrip(req)
}

// A refusal that teaches nothing is handed on, its body whole.
func TestRefusalIsHandedOn(t *testing.T) {
	t.Parallel()
	long := "oauth_problem=token_rejected&x=" + strings.Repeat("y", 200<<10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(401)
		fmt.Fprint(w, long)
	}))
	defer server.Close()
	req, _ := http.NewRequest("GET", server.URL, nil)
	if got := send(t, new(oauth1.Config).Client(t.Context(), oauth1.Token{}), req); got != long {
		t.Errorf("%d bytes, want %d", len(got), len(long))
	}
}

// A body that cannot be sent twice is not.
func TestNoRepeatWithoutBody(t *testing.T) {
	t.Parallel()
	server := startProvider(t, oauth1test.Options{Quirks: oauth1test.Quirks{ClockOffset: time.Hour}})
	client := defaultConfig().Client(t.Context(), issued(server))
	for want := 401; want >= 200; want -= 201 { // the second call knows the time
		req, _ := http.NewRequest("POST", server.WhoAmIURL, &onceReader{Reader: strings.NewReader("{}")})
		res, err := client.Do(req)
		if err != nil || res.StatusCode != want {
			t.Fatalf("%v, %v, want %d", err, res, want)
		}
		res.Body.Close()
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	window := &oauth1.ProblemError{AcceptableFrom: now.Add(time.Hour), AcceptableTo: now.Add(2 * time.Hour)}
	var nobody *oauth1.Clock
	if nobody.Offset("h") != 0 || nobody.Learn("h", window, now) {
		t.Error("a nil clock knows something")
	}
	var c oauth1.Clock
	if !c.Learn("H:443", window, now) || c.Offset("h") != 90*time.Minute {
		t.Errorf("offset %s", c.Offset("h"))
	}
	if c.Learn("h", window, now) || c.Offset("h") != 90*time.Minute {
		t.Error("the same window teaches nothing new")
	}
	if c.Learn("h", nil, now) || c.Learn("h", &oauth1.ProblemError{Problem: "nonce_used", Date: now.Add(time.Hour)}, now) {
		t.Error("learnt from an unrelated problem")
	}
	c.Set("h", 0)
	if c.Offset("h") != 0 {
		t.Error("not forgotten")
	}
	for i := range 10_000 {
		c.Set(fmt.Sprint(i), time.Second)
	}
	if c.Offset("9999") != time.Second {
		t.Error("the newest host is forgotten")
	}
}
