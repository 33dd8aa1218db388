package oauth1_test

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
)

const formType = "application/x-www-form-urlencoded"

// seen is what the independent server understood of a request.
type seen struct {
	signature *oauth1test.Signature
	err       error
	uri, body string
	header    http.Header
}

// checkingServer verifies every request independently and reports it.
func checkingServer(t *testing.T, signMultipart bool) (*httptest.Server, <-chan seen) {
	t.Helper()
	got := make(chan seen, 10)
	key := &testKey(t).PublicKey
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := oauth1test.Verify(r, "", oauth1test.Rules{SignMultipart: signMultipart}, func(string, string) (oauth1test.Keys, error) {
			return oauth1test.Keys{ConsumerSecret: "c&s", TokenSecret: "t s", PublicKey: key}, nil
		})
		body, _ := io.ReadAll(r.Body)
		got <- seen{s, err, r.RequestURI, string(body), r.Header}
	}))
	t.Cleanup(server.Close)
	return server, got
}

func serverConfig(t *testing.T, method, transport string) *oauth1.Config {
	return &oauth1.Config{
		ConsumerKey: "c k", ConsumerSecret: "c&s", Key: testKey(t),
		SignatureMethod: method, TransportMethod: transport, Realm: "r",
	}
}

var serverToken = oauth1.Token{Token: "töken", Secret: "t s"}

// Every method and transport, checked by the other reading of the RFC.
func TestSignHTTPMethodsAndTransports(t *testing.T) {
	t.Parallel()
	server, got := checkingServer(t, false)
	for _, m := range oauth1.Methods {
		for _, transport := range []string{"header", "query", "body"} {
			req, err := http.NewRequest("POST", server.URL+"/a%2Fb?x=1&x=%C3%A4&=e", strings.NewReader("b=2+3&a="))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", formType+"; charset=utf-8")
			if err := serverConfig(t, m.Name, transport).SignHTTP(req, serverToken); err != nil {
				t.Fatal(err)
			}
			send(t, http.DefaultClient, req)
			s := <-got
			if s.err != nil || s.signature.Transport != transport || s.signature.SignatureMethod != m.Name || !strings.HasPrefix(s.body, "b=2+3&a=") {
				t.Errorf("%s %s: %v %+v", m.Name, transport, s.err, s)
			}
		}
	}
}

func send(t *testing.T, client *http.Client, req *http.Request) string {
	t.Helper()
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode == http.StatusBadRequest && len(body) > 0 && strings.HasPrefix(string(body), "400 ") {
		t.Fatalf("net/http refused %s", req.URL)
	}
	return string(body)
}

// What net/http sends is what was signed, for all the ways to write a URL.
func TestSignHTTPWireURL(t *testing.T) {
	t.Parallel()
	server, got := checkingServer(t, false)
	host := strings.TrimPrefix(server.URL, "http://")
	for _, tt := range []struct {
		name string
		url  url.URL
		host string
		uri  string
	}{
		{"raw path", url.URL{Path: "/a/b c", RawPath: "/a%2fb%20c"}, "", "/a%2fb%20c"},
		{"raw path that does not fit is ignored", url.URL{Path: "/a b", RawPath: "/x"}, "", "/a%20b"},
		{"no path", url.URL{}, "", "/"},
		{"opaque path", url.URL{Opaque: "/%7e//x;y"}, "", "/%7e//x;y"},
		{"opaque with host", url.URL{Opaque: "//" + host + "/a%2Fb"}, "", "http://" + host + "/a%2Fb"},
		{"opaque with host and no path", url.URL{Opaque: "//" + host, RawQuery: "x"}, "", "http://" + host + "?x"},
		{"raw query", url.URL{Path: "/", RawQuery: "a b=ü&c=%zz"}, "", "/?a%20b=%C3%BC&c=%zz"},
		{"force query", url.URL{Path: "/", ForceQuery: true}, "", "/?"},
		{"host header", url.URL{Path: "/"}, "API.example.com:8080", "/"},
		{"host header with default port", url.URL{Path: "/"}, "api.example.com:80", "/"},
		{"non-ASCII path", url.URL{Path: "/ä"}, "", "/%C3%A4"},
	} {
		for _, transport := range []string{"header", "query"} {
			u := tt.url
			u.Scheme, u.Host = "http", host
			req := &http.Request{Method: "GET", URL: &u, Host: tt.host, Header: http.Header{}}
			if err := serverConfig(t, "", transport).SignHTTP(req, serverToken); err != nil {
				t.Fatal(err)
			}
			send(t, http.DefaultClient, req)
			s := <-got
			if s.err != nil || !strings.HasPrefix(s.uri, tt.uri) || transport == "header" && s.uri != tt.uri {
				t.Errorf("%s, %s: %v, sent %s", tt.name, transport, s.err, s.uri)
			}
		}
	}
}

func TestSignHTTPSharedURLIsNotChanged(t *testing.T) {
	t.Parallel()
	u, _ := url.Parse("https://example.com/?a=1")
	req := &http.Request{URL: u}
	if err := (&oauth1.Config{TransportMethod: "query"}).SignHTTP(req, oauth1.Token{}); err != nil || u.RawQuery != "a=1" || req.URL == u {
		t.Errorf("%v, %s", err, u)
	}
}

func TestSignHTTPOverwritesAuthorization(t *testing.T) {
	t.Parallel()
	req, _ := http.NewRequest("GET", "https://example.com/", nil)
	req.Header.Set("Authorization", "Bearer x")
	if err := new(oauth1.Config).SignHTTP(req, oauth1.Token{}); err != nil || len(req.Header["Authorization"]) != 1 || !strings.HasPrefix(req.Header.Get("Authorization"), "OAuth ") {
		t.Errorf("%v, %v", err, req.Header)
	}
}

func TestSignHTTPErrors(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]*url.URL{
		"no URL": nil, "no host": {Scheme: "http", Path: "/"}, "no scheme": {Host: "h"}, "raw opaque": {Scheme: "http", Host: "h", Opaque: "/a b"},
	} {
		if err := new(oauth1.Config).SignHTTP(&http.Request{URL: u}, oauth1.Token{}); !errors.Is(err, oauth1.CodeURLInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// onceReader is a body that can be read only once and knows whether it was
// closed.
type onceReader struct {
	io.Reader
	closed bool
}

func (r *onceReader) Close() error { r.closed = true; return nil }

func TestSignHTTPBodies(t *testing.T) {
	t.Parallel()
	server, got := checkingServer(t, false)
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, []byte("....a=1&b=2"), 0o600); err != nil {
		t.Fatal(err)
	}
	bodies := map[string]func() io.Reader{
		"bytes":  func() io.Reader { return strings.NewReader("a=1&b=2") },
		"stream": func() io.Reader { return &onceReader{Reader: strings.NewReader("a=1&b=2")} },
		"file": func() io.Reader {
			f, err := os.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			f.Seek(4, io.SeekStart)
			return f
		},
	}
	for name, body := range bodies {
		for _, contentType := range []string{formType, "text/plain"} {
			req, _ := http.NewRequest("POST", server.URL, body())
			req.Header.Set("Content-Type", contentType)
			c := serverConfig(t, "HMAC-SHA256", "")
			c.BodyHash = oauth1.BodyHashComputed
			if err := c.SignHTTP(req, serverToken); err != nil {
				t.Fatal(err)
			}
			send(t, http.DefaultClient, req)
			s := <-got
			if s.err != nil || s.body != "a=1&b=2" || (s.signature.Get("oauth_body_hash") != "") != (contentType != formType) {
				t.Errorf("%s %s: %v %+v", name, contentType, s.err, s)
			}
		}
	}
}

// Without a reason to, the body is not read.
func TestSignHTTPLeavesOtherBodiesAlone(t *testing.T) {
	t.Parallel()
	body := &onceReader{Reader: strings.NewReader("{}")}
	req, _ := http.NewRequest("POST", "https://example.com/", body)
	req.Header.Set("Content-Type", "application/json")
	if err := new(oauth1.Config).SignHTTP(req, oauth1.Token{}); err != nil || req.Body != io.ReadCloser(body) || req.GetBody != nil {
		t.Errorf("%v: the body was touched", err)
	}
}

func TestSignHTTPClosesWhatItReplaces(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"header", "body"} {
		body := &onceReader{Reader: strings.NewReader("a=1")}
		req, _ := http.NewRequest("POST", "https://example.com/", body)
		req.Header.Set("Content-Type", formType)
		if err := (&oauth1.Config{TransportMethod: transport}).SignHTTP(req, oauth1.Token{}); err != nil || !body.closed || req.GetBody == nil {
			t.Errorf("%s: %v, closed %v", transport, err, body.closed)
		}
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

func TestSignHTTPBodyTooLarge(t *testing.T) {
	t.Parallel()
	for name, length := range map[string]int64{"unknown length": -1, "known length": 1 << 40} {
		req, _ := http.NewRequest("POST", "https://example.com/", endless{})
		req.ContentLength = length
		if err := (&oauth1.Config{BodyHash: "true"}).SignHTTP(req, oauth1.Token{}); !errors.Is(err, oauth1.CodeBodyTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignHTTPUnreadableBody(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	req, _ := http.NewRequest("POST", "https://example.com/", io.MultiReader(strings.NewReader("a"), errorReader{broken}))
	req.Header.Set("Content-Type", formType)
	err := new(oauth1.Config).SignHTTP(req, oauth1.Token{})
	if !errors.Is(err, oauth1.CodeBodyUnreadable) || !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestSignHTTPMultipart(t *testing.T) {
	t.Parallel()
	server, got := checkingServer(t, true)
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	w.WriteField("title", "Käse & Brot")
	part, _ := w.CreateFormFile("photo", "a.jpg")
	part.Write([]byte{0xff, 0xd8})
	w.Close()
	req, _ := http.NewRequest("POST", server.URL, &body)
	req.Header.Set("Content-Type", w.FormDataContentType())
	c := serverConfig(t, "", "")
	c.SignMultipart = oauth1.SignMultipartText
	if err := c.SignHTTP(req, serverToken); err != nil {
		t.Fatal(err)
	}
	send(t, http.DefaultClient, req)
	if s := <-got; s.err != nil || !strings.Contains(s.signature.BaseString, "title%3DK%25C3%25A4se%2520%2526%2520Brot") {
		t.Errorf("%v %+v", s.err, s.signature)
	}
}

func TestNewRequest(t *testing.T) {
	t.Parallel()
	req, _ := http.NewRequest("post", "HTTPS://Example.com:443/a%2fb?x=1", strings.NewReader("a=1"))
	req.Host = "api.example.com"
	req.Header.Set("Content-Type", formType)
	r, err := oauth1.NewRequest(req)
	if err != nil || r.Method != "POST" || r.URL != "https://api.example.com/a%2fb?x=1" || string(r.Body) != "a=1" || r.ContentType != formType {
		t.Errorf("%v, %+v", err, r)
	}
	c := fixed(oauth1.Config{ConsumerKey: "ck"})
	signed, err := c.Sign(r, oauth1.Token{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SignHTTP(req, oauth1.Token{}); err != nil || req.Header.Get("Authorization") != signed.AuthorizationHeader {
		t.Errorf("%v\n%s\n%s", err, req.Header.Get("Authorization"), signed.AuthorizationHeader)
	}
}
