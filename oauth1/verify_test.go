package oauth1_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/oauth1"
)

var verifyTime = time.Unix(1_700_000_000, 0)

// verifier knows the client ck and the token tk.
func verifier(t testing.TB) *oauth1.Verifier {
	public := &testKey(t).PublicKey
	return &oauth1.Verifier{
		Now: func() time.Time { return verifyTime },
		Lookup: func(_ context.Context, consumerKey, token string) (*oauth1.Secrets, error) {
			switch {
			case consumerKey == "broken":
				return nil, errDatabase
			case consumerKey != "ck":
				return nil, nil
			case token != "" && token != "tk":
				return nil, oauth1.CodeTokenUnknown
			case token == "":
				return &oauth1.Secrets{ConsumerSecret: "c&s", PublicKey: public}, nil
			}
			return &oauth1.Secrets{ConsumerSecret: "c&s", TokenSecret: "t s", PublicKey: public}, nil
		},
	}
}

var errDatabase = errors.New("database is down")

func signerFor(t testing.TB) oauth1.Config {
	return oauth1.Config{ConsumerKey: "ck", ConsumerSecret: "c&s", Key: testKey(t), Now: func() time.Time { return verifyTime }}
}

var tk = oauth1.Token{Token: "tk", Secret: "t s"}

func TestVerifyAcceptsWhatSignSigns(t *testing.T) {
	t.Parallel()
	for _, m := range oauth1.Methods {
		for _, transport := range []string{"header", "query", "body"} {
			for _, token := range []oauth1.Token{tk, {}} {
				c := signerFor(t)
				c.SignatureMethod, c.TransportMethod, c.Realm = m.Name, transport, "r"
				r := oauth1.Request{Method: "POST", URL: "https://example.com/a?x=1&oauth_foo=bar", ContentType: formType, Body: []byte("b=2+3")}
				signed, err := c.Sign(r, token)
				if err != nil {
					t.Fatal(err)
				}
				r.URL, r.Body = signed.URL, signed.Body
				got, err := verifier(t).VerifyRequest(t.Context(), r, "Basic eDp5", signed.AuthorizationHeader)
				if err != nil {
					t.Errorf("%s %s: %v", m.Name, transport, err)
					continue
				}
				if got.ConsumerKey != "ck" || got.Token != token.Token || got.SignatureMethod != m.Name || got.TransportMethod != transport ||
					!got.Timestamp.Equal(verifyTime) || got.Nonce == "" || got.BaseString != signed.BaseString || got.Get("oauth_version") != "1.0" {
					t.Errorf("%s %s: %+v", m.Name, transport, got)
				}
			}
		}
	}
}

func TestVerifyRefusals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		config  func(*oauth1.Config)
		token   oauth1.Token
		change  func(*oauth1.Request, *oauth1.Signed)
		code    oauth1.Code
		problem string
	}{
		{name: "not signed", change: func(_ *oauth1.Request, s *oauth1.Signed) { s.AuthorizationHeader = "" }, code: oauth1.CodeUnsigned},
		{name: "another client", config: func(c *oauth1.Config) { c.ConsumerKey = "x" }, code: oauth1.CodeConsumerUnknown, problem: "consumer_key_unknown"},
		{name: "another token", token: oauth1.Token{Token: "x"}, code: oauth1.CodeTokenUnknown, problem: "token_rejected"},
		{name: "wrong secret", config: func(c *oauth1.Config) { c.ConsumerSecret = "x" }, code: oauth1.CodeSignatureInvalid, problem: "signature_invalid"},
		{name: "another URL", change: func(r *oauth1.Request, _ *oauth1.Signed) { r.URL += "&y=2" }, code: oauth1.CodeSignatureInvalid, problem: "signature_invalid"},
		{name: "another method", change: func(r *oauth1.Request, _ *oauth1.Signed) { r.Method = "PUT" }, code: oauth1.CodeSignatureInvalid, problem: "signature_invalid"},
		{name: "another form", change: func(r *oauth1.Request, _ *oauth1.Signed) { r.Body = []byte("b=3") }, code: oauth1.CodeSignatureInvalid, problem: "signature_invalid"},
		{name: "method not known", change: func(_ *oauth1.Request, s *oauth1.Signed) {
			s.AuthorizationHeader = strings.Replace(s.AuthorizationHeader, "HMAC-SHA1", "MD5", 1)
		}, code: oauth1.CodeMethodUnknown, problem: "signature_method_rejected"},
		{name: "method not allowed", config: func(c *oauth1.Config) { c.SignatureMethod = "HMAC-SHA512" }, code: oauth1.CodeMethodUnknown, problem: "signature_method_rejected"},
		{name: "too old", config: func(c *oauth1.Config) { c.Timestamp = "1699999699" }, code: oauth1.CodeTimestampRefused, problem: "timestamp_refused"},
		{name: "from the future", config: func(c *oauth1.Config) { c.Timestamp = "1700000301" }, code: oauth1.CodeTimestampRefused, problem: "timestamp_refused"},
		{name: "no number", config: func(c *oauth1.Config) { c.Timestamp = "now" }, code: oauth1.CodeTimestampRefused, problem: "timestamp_refused"},
		{name: "negative", config: func(c *oauth1.Config) { c.Timestamp = "-1" }, code: oauth1.CodeTimestampRefused, problem: "timestamp_refused"},
		{name: "no nonce", config: func(c *oauth1.Config) { c.OmitNonce = true }, code: oauth1.CodeParameterAbsent, problem: "parameter_absent"},
		{name: "no timestamp", config: func(c *oauth1.Config) { c.OmitTimestamp = true }, code: oauth1.CodeParameterAbsent, problem: "parameter_absent"},
		{name: "no consumer key", config: func(c *oauth1.Config) { c.ConsumerKey = "" }, code: oauth1.CodeParameterAbsent, problem: "parameter_absent"},
		{name: "no signature", change: func(_ *oauth1.Request, s *oauth1.Signed) {
			s.AuthorizationHeader, _, _ = strings.Cut(s.AuthorizationHeader, ",oauth_signature=")
		}, code: oauth1.CodeParameterAbsent, problem: "parameter_absent"},
		{name: "version", config: func(c *oauth1.Config) { c.Version = "2.0" }, code: oauth1.CodeVersionRejected, problem: "version_rejected"},
		{name: "given twice", change: func(_ *oauth1.Request, s *oauth1.Signed) { s.AuthorizationHeader += `,oauth_nonce="x"` }, code: oauth1.CodeDuplicate, problem: "parameter_rejected"},
		{name: "nonce in the query too", change: func(r *oauth1.Request, _ *oauth1.Signed) { r.URL += "&oauth_nonce=x" }, code: oauth1.CodeDuplicate, problem: "parameter_rejected"},
		{name: "several transports", change: func(r *oauth1.Request, _ *oauth1.Signed) { r.URL += "&oauth_signature=x" }, code: oauth1.CodeSeveralTransports, problem: "parameter_rejected"},
		{name: "several headers", change: func(_ *oauth1.Request, s *oauth1.Signed) { s.Warnings = []string{s.AuthorizationHeader} }, code: oauth1.CodeSeveralTransports, problem: "parameter_rejected"},
		{name: "database", config: func(c *oauth1.Config) { c.ConsumerKey = "broken" }},
	} {
		c := signerFor(t)
		if tt.config != nil {
			tt.config(&c)
		}
		r := oauth1.Request{Method: "POST", URL: "https://example.com/a?x=1", ContentType: formType, Body: []byte("b=2")}
		signed, err := c.Sign(r, tt.token)
		if err != nil {
			t.Fatal(err)
		}
		signed.Warnings = nil
		if tt.change != nil {
			tt.change(&r, signed)
		}
		v := verifier(t)
		v.SignatureMethods = []string{"hmac-sha1"}
		_, err = v.VerifyRequest(t.Context(), r, append(signed.Warnings, signed.AuthorizationHeader)...)
		var refused *oauth1.Error
		switch {
		case tt.code == "":
			if !errors.Is(err, errDatabase) {
				t.Errorf("%s: %v", tt.name, err)
			}
		case !errors.As(err, &refused) || refused.Code != tt.code || refused.Problem() != tt.problem:
			t.Errorf("%s: %v, want %s", tt.name, err, tt.code)
		case tt.code == oauth1.CodeSignatureInvalid && !strings.HasPrefix(refused.BaseString, r.Method+"&https%3A%2F%2Fexample.com%2Fa&"):
			t.Errorf("%s: base string %q", tt.name, refused.BaseString)
		}
	}
}

func TestVerifyRSANeedsThePublicKey(t *testing.T) {
	t.Parallel()
	c := signerFor(t)
	c.SignatureMethod = "RSA-SHA256"
	signed, _ := c.Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{})
	v := verifier(t)
	v.Lookup = func(context.Context, string, string) (*oauth1.Secrets, error) { return &oauth1.Secrets{}, nil }
	if _, err := v.VerifyRequest(t.Context(), oauth1.Request{URL: "https://example.com/"}, signed.AuthorizationHeader); !errors.Is(err, oauth1.CodeSignatureInvalid) {
		t.Error(err)
	}
}

func TestVerifyPlaintextNeedsTLS(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		url      string
		insecure bool
		ok       bool
	}{{"https://example.com/", false, true}, {"http://example.com/", false, false}, {"http://example.com/", true, true}, {"http://127.0.0.1:1/", false, true}} {
		c := signerFor(t)
		c.SignatureMethod, c.OmitNonce, c.OmitTimestamp = "PLAINTEXT", true, true
		signed, err := c.Sign(oauth1.Request{URL: tt.url}, oauth1.Token{})
		if err != nil {
			t.Fatal(err)
		}
		v := verifier(t)
		v.InsecurePlaintext, v.Nonces = tt.insecure, new(oauth1.MemoryNonces)
		_, err = v.VerifyRequest(t.Context(), oauth1.Request{URL: tt.url}, signed.AuthorizationHeader)
		if (err == nil) != tt.ok || err != nil && !errors.Is(err, oauth1.CodeInsecure) {
			t.Errorf("%s, %v: %v", tt.url, tt.insecure, err)
		}
	}
}

func TestVerifyWindow(t *testing.T) {
	t.Parallel()
	c := signerFor(t)
	c.Timestamp = "1600000000"
	signed, _ := c.Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{})
	v := verifier(t)
	v.Window = -1
	if _, err := v.VerifyRequest(t.Context(), oauth1.Request{URL: "https://example.com/"}, signed.AuthorizationHeader); err != nil {
		t.Error(err)
	}
}

func TestVerifyBodyHash(t *testing.T) {
	t.Parallel()
	c := signerFor(t)
	c.BodyHash = oauth1.BodyHashComputed
	r := oauth1.Request{Method: "POST", URL: "https://example.com/", ContentType: "application/json", Body: []byte(`{"a":1}`)}
	signed, err := c.Sign(r, tk)
	if err != nil {
		t.Fatal(err)
	}
	got, err := verifier(t).VerifyRequest(t.Context(), r, signed.AuthorizationHeader)
	if err != nil || !got.BodyHash {
		t.Errorf("%v, %+v", err, got)
	}
	r.Body = []byte(`{"a":2}`)
	if _, err := verifier(t).VerifyRequest(t.Context(), r, signed.AuthorizationHeader); !errors.Is(err, oauth1.CodeBodyHashInvalid) {
		t.Error(err)
	}
}

func TestVerifyReplay(t *testing.T) {
	t.Parallel()
	c := signerFor(t)
	v := verifier(t)
	v.Nonces = new(oauth1.MemoryNonces)
	r := oauth1.Request{URL: "https://example.com/"}
	signed, _ := c.Sign(r, tk)
	bad := strings.Replace(signed.AuthorizationHeader, `oauth_signature="`, `oauth_signature="x`, 1)
	if _, err := v.VerifyRequest(t.Context(), r, bad); !errors.Is(err, oauth1.CodeSignatureInvalid) {
		t.Error(err)
	}
	if _, err := v.VerifyRequest(t.Context(), r, signed.AuthorizationHeader); err != nil {
		t.Errorf("a wrong signature used the nonce up: %v", err)
	}
	if _, err := v.VerifyRequest(t.Context(), r, signed.AuthorizationHeader); !errors.Is(err, oauth1.CodeNonceUsed) {
		t.Error(err)
	}
}

// A handler behind a Verifier, over the wire: the body stays readable, and a
// refusal is a problem report that this package reads again.
func TestVerifyHTTP(t *testing.T) {
	t.Parallel()
	v := verifier(t)
	v.Nonces = new(oauth1.MemoryNonces)
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := v.Verify(r.Context(), r)
		if err != nil {
			oauth1.Refuse(w, "my realm", err)
			return
		}
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, who.ConsumerKey+" "+who.TransportMethod+" "+string(body))
	})
	plain, secure := httptest.NewServer(handler), httptest.NewTLSServer(handler)
	defer plain.Close()
	defer secure.Close()
	for _, server := range []*httptest.Server{plain, secure} {
		for _, transport := range []string{"header", "query", "body"} {
			c := signerFor(t)
			c.TransportMethod, c.BodyHash = transport, oauth1.BodyHashComputed
			req, _ := http.NewRequest("POST", server.URL+"/a%2fb?q=a+b", strings.NewReader("x=1"))
			req.Header.Set("Content-Type", formType)
			if err := c.SignHTTP(req, tk); err != nil {
				t.Fatal(err)
			}
			if got := send(t, server.Client(), req); !strings.HasPrefix(got, "ck "+transport+" x=1") {
				t.Errorf("%s: %s", transport, got)
			}
		}
		c := signerFor(t)
		c.BodyHash = oauth1.BodyHashComputed
		req, _ := http.NewRequest("PUT", server.URL, strings.NewReader("{}"))
		if err := c.SignHTTP(req, tk); err != nil {
			t.Fatal(err)
		}
		if got := send(t, server.Client(), req); got != "ck header {}" {
			t.Errorf("JSON: %s", got)
		}
	}
	c := signerFor(t)
	c.Timestamp = "1"
	req, _ := http.NewRequest("GET", plain.URL, nil)
	if err := c.SignHTTP(req, tk); err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	p := oauth1.ParseProblem(res.StatusCode, res.Header, nil)
	if p == nil || p.Status != 401 || p.Problem != "timestamp_refused" || !p.AcceptableFrom.Equal(verifyTime.Add(-oauth1.DefaultWindow)) {
		t.Errorf("%+v", p)
	}
}

func TestVerifyURL(t *testing.T) {
	t.Parallel()
	sign := func(url string) string {
		c := signerFor(t)
		signed, err := c.Sign(oauth1.Request{URL: url}, tk)
		if err != nil {
			t.Fatal(err)
		}
		return signed.AuthorizationHeader
	}
	for _, tt := range []struct {
		name, signed string
		req          *http.Request
		url          func(*http.Request) string
	}{
		{"TLS", "https://api.example.com/x?y", &http.Request{Host: "api.example.com", RequestURI: "/x?y", TLS: new(tls.ConnectionState)}, nil},
		{"two slashes", "http://api.example.com//x", &http.Request{Host: "api.example.com", RequestURI: "//x"}, nil},
		{"absolute form", "http://api.example.com/x", &http.Request{Host: "api.example.com", RequestURI: "http://api.example.com/x"}, nil},
		{"behind a proxy", "https://public.example/x", &http.Request{Host: "10.0.0.1", RequestURI: "/x"}, func(r *http.Request) string { return "https://public.example" + r.RequestURI }},
		{"not from a server", "https://api.example.com/x", httptest.NewRequest("GET", "https://api.example.com/x", nil), nil},
	} {
		if tt.req.Header == nil {
			tt.req.Header = http.Header{}
		}
		tt.req.Header.Set("Authorization", sign(tt.signed))
		v := verifier(t)
		v.URL = tt.url
		if _, err := v.Verify(t.Context(), tt.req); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	if _, err := verifier(t).Verify(t.Context(), &http.Request{RequestURI: "*"}); !errors.Is(err, oauth1.CodeURLInvalid) {
		t.Error(err)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err                  error
		status               int
		challenge, wantsBody string
	}{
		{&oauth1.Error{Code: oauth1.CodeParameterAbsent, Parameter: "oauth_nonce"}, 400,
			`OAuth realm="a%22b",oauth_problem="parameter_absent",oauth_parameters_absent="oauth_nonce"`, "oauth_problem=parameter_absent&oauth_parameters_absent=oauth_nonce"},
		{&oauth1.Error{Code: oauth1.CodeDuplicate, Parameter: "oauth_nonce"}, 400,
			`OAuth realm="a%22b",oauth_problem="parameter_rejected",oauth_parameters_rejected="oauth_nonce"`, "oauth_problem=parameter_rejected&oauth_parameters_rejected=oauth_nonce"},
		{&oauth1.Error{Code: oauth1.CodeSignatureInvalid, BaseString: "GET&geheim"}, 401, `OAuth realm="a%22b",oauth_problem="signature_invalid"`, "oauth_problem=signature_invalid"},
		{&oauth1.Error{Code: oauth1.CodeUnsigned}, 401, `OAuth realm="a%22b"`, ""},
		{errDatabase, 500, "", "Internal Server Error\n"},
	} {
		w := httptest.NewRecorder()
		oauth1.Refuse(w, `a"b`, tt.err)
		if w.Code != tt.status || w.Header().Get("WWW-Authenticate") != tt.challenge || w.Body.String() != tt.wantsBody {
			t.Errorf("%v: %d %q %q", tt.err, w.Code, w.Header().Get("WWW-Authenticate"), w.Body)
		}
	}
}
