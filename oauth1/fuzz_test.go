package oauth1_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
)

// FuzzSignVerify holds the law of this package: whatever the request, what is
// signed is accepted by [oauth1.Verifier] and by an independent reading of the
// RFC, both over the very bytes that are sent and with the same base string;
// and a request that was tampered with is refused, unless the change means
// nothing (+ for %20).
func FuzzSignVerify(f *testing.F) {
	f.Add("GET", "photos", "file=vacation.jpg&size=original", "", "cs", "ts", uint(0), uint(3))
	f.Add("POST", "request", "b5=%3D%253D&a3=a&c%40=&a2=r%20b", "c2&a3=2+q", "c&s", "", uint(7), uint(20))
	f.Add("DELETE", "ä b/%2f;x=1|", "a[0]=ß&a=%zz&=&&x", "\xff=%ff", "ü", "%41", uint(30), uint(9))
	f.Add("PATCH", "//..", "?q=1+2%2B3", "{\"a\":1}", "", "\n", uint(101), uint(0))
	key := testKey(f)
	f.Fuzz(func(t *testing.T, method, path, query, body, consumerSecret, tokenSecret string, choice, flip uint) {
		if !isToken(method) || strings.ContainsAny(path, "?#") || strings.Contains(query, "#") || namesOAuth(query) || namesOAuth(body) {
			t.Skip("no request that can be made, or one with protocol parameters of its own")
		}
		m := oauth1.Methods[choice%7]
		c := &oauth1.Config{
			ConsumerKey: "c&k", ConsumerSecret: consumerSecret, Key: key, SignatureMethod: m.Name,
			TransportMethod: []string{"header", "query", "body"}[choice/7%3], Realm: "r",
		}
		r := oauth1.Request{
			Method: method, URL: []string{"https://Example.com:443", "http://example.com:8080", "http://[::1]:443"}[choice/21%3] + "/" + path + "?" + query,
			ContentType: []string{formType, "text/plain"}[choice/63%2], Body: []byte(body),
		}
		if r.ContentType != formType && m.Kind != oauth1.KindPlaintext {
			c.BodyHash = oauth1.BodyHashComputed
		}
		signed, err := c.Sign(r, oauth1.Token{Token: "t k", Secret: tokenSecret})
		if errors.Is(err, oauth1.CodeBodyTransport) {
			t.Skip("refused: this body cannot carry the parameters")
		}
		if err != nil {
			t.Fatal(err)
		}
		ours := &oauth1.Verifier{Window: -1, InsecurePlaintext: true, Lookup: func(context.Context, string, string) (*oauth1.Secrets, error) {
			return &oauth1.Secrets{ConsumerSecret: consumerSecret, TokenSecret: tokenSecret, PublicKey: &key.PublicKey}, nil
		}}
		theirs := func(req *http.Request) (string, error) {
			scheme, _, _ := strings.Cut(r.URL, "://")
			s, err := oauth1test.Verify(req, scheme+"://"+req.Host, oauth1test.Rules{}, func(string, string) (oauth1test.Keys, error) {
				return oauth1test.Keys{ConsumerSecret: consumerSecret, TokenSecret: tokenSecret, PublicKey: &key.PublicKey}, nil
			})
			if err != nil {
				return "", err
			}
			return s.BaseString, nil
		}
		accepted, err := ours.VerifyRequest(t.Context(), oauth1.Request{Method: method, URL: signed.URL, ContentType: r.ContentType, Body: signed.Body}, signed.AuthorizationHeader)
		if err != nil || accepted.BaseString != signed.BaseString {
			t.Fatalf("our verifier: %v\n%+v\n%+v", err, signed, accepted)
		}
		if base, err := theirs(received(method, signed, r.ContentType)); err != nil || base != signed.BaseString {
			t.Fatalf("the other verifier: %v\n%+v\n%s", err, signed, base)
		}
		if m.Kind == oauth1.KindPlaintext {
			return
		}
		tampered := tamper(*signed, flip)
		got, err := ours.VerifyRequest(t.Context(), oauth1.Request{Method: method, URL: tampered.URL, ContentType: r.ContentType, Body: tampered.Body}, tampered.AuthorizationHeader)
		if err == nil && got.BaseString != signed.BaseString {
			t.Fatalf("accepted although tampered with\n%+v\n%+v", signed, tampered)
		}
		if base, err := theirs(received(method, &tampered, r.ContentType)); err == nil && base != signed.BaseString {
			t.Fatalf("the other accepted although tampered with\n%+v\n%+v", signed, tampered)
		}
		if wrong, err := c.Signature(flipByte(signed.BaseString, flip), tokenSecret); err != nil || wrong == signed.Signature {
			t.Fatalf("two base strings, one signature: %v", err)
		}
	})
}

// received is the request as a server sees it.
func received(method string, s *oauth1.Signed, contentType string) *http.Request {
	_, rest, _ := strings.Cut(s.URL, "://")
	host, target, _ := strings.Cut(rest, "/")
	return &http.Request{
		Method: method, Host: host, RequestURI: "/" + target, Body: io.NopCloser(strings.NewReader(string(s.Body))),
		Header: http.Header{"Content-Type": {contentType}, "Authorization": {s.AuthorizationHeader}},
	}
}

// tamper flips a bit somewhere behind the host, in the body or in the header.
func tamper(s oauth1.Signed, at uint) oauth1.Signed {
	origin := strings.Index(s.URL, "://") + 3
	origin += strings.IndexByte(s.URL[origin:], '/') + 1
	switch {
	case at%3 == 0 && s.AuthorizationHeader != "":
		s.AuthorizationHeader = flipByte(s.AuthorizationHeader, at/3)
	case at%3 == 1 && len(s.Body) > 0:
		s.Body = []byte(flipByte(string(s.Body), at/3))
	case len(s.URL) > origin:
		s.URL = s.URL[:origin] + flipByte(s.URL[origin:], at/3)
	}
	return s
}

func flipByte(s string, at uint) string {
	b := []byte(s)
	b[at%uint(len(b))] ^= 1
	return string(b)
}

func namesOAuth(form string) bool {
	for _, p := range oauth1.ParseForm(form) {
		if strings.HasPrefix(p.Name, "oauth_") {
			return true
		}
	}
	return false
}

// isToken reports whether s can be a request method in upper case.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-") == ""
}

// FuzzParse feeds every parser of foreign text; they must end, and encoding
// must be undone by decoding.
func FuzzParse(f *testing.F) {
	f.Add(`OAuth realm="x", a="%20\"b", c=d`)
	f.Add("oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1-2")
	f.Add("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----")
	f.Add("https://u@[::1%25x]:443/%zz?a=b#c")
	f.Fuzz(func(t *testing.T, s string) {
		if got := oauth1.PercentDecode(oauth1.PercentEncode(s)); got != s {
			t.Errorf("%q became %q", s, got)
		}
		params := append(oauth1.ParseAuthorization(s), oauth1.ParseForm(s)...)
		back := oauth1.ParseForm(oauth1.EncodeForm(params))
		if oauth1.NormalizedParameters(back) != oauth1.NormalizedParameters(params) {
			t.Errorf("%v became %v", params, back)
		}
		oauth1.ParseProblem(400, http.Header{"Www-Authenticate": {s}}, []byte(s))
		oauth1.ParseCallback(s)
		oauth1.ParseCredentials([]byte(s))
		oauth1.ParsePrivateKey(s, "x")
		oauth1.ParsePublicKey(s)
		oauth1.BaseStringURI(s)
		oauth1.CompareBaseString("GET&http%3A%2F%2Fa%2F&a%3Db", s)
	})
}
