package oauth1_test

import (
	"crypto"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/oauth1"
)

// fixed signs the same way every time.
func fixed(c oauth1.Config) *oauth1.Config {
	c.Timestamp, c.Nonce = "1700000000", "n0nce"
	return &c
}

func TestZeroConfigSigns(t *testing.T) {
	t.Parallel()
	var c oauth1.Config
	before := time.Now().Unix()
	signed, err := c.Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range signed.Params {
		names = append(names, p.Name)
	}
	if want := []string{"oauth_nonce", "oauth_signature_method", "oauth_timestamp", "oauth_version"}; !slices.Equal(names, want) {
		t.Errorf("parameters %v, want %v", names, want)
	}
	if nonce := signed.Params[0].Value; len(nonce) != 32 || strings.Trim(nonce, "0123456789abcdef") != "" {
		t.Errorf("nonce %q", nonce)
	}
	if stamp, err := strconv.ParseInt(signed.Params[2].Value, 10, 64); err != nil || stamp < before || stamp > time.Now().Unix() {
		t.Errorf("timestamp %q", signed.Params[2].Value)
	}
	if signed.Params[1].Value != "HMAC-SHA1" || signed.Params[3].Value != "1.0" {
		t.Errorf("parameters %v", signed.Params)
	}
}

func TestProtocolParameters(t *testing.T) {
	t.Parallel()
	c := fixed(oauth1.Config{
		ConsumerKey: "ck", Callback: "oob", Verifier: "v", SessionHandle: "sh", Version: "1.0a",
		Extra: []oauth1.Param{{"oauth_zz", "1"}, {"aa", "2"}},
	})
	signed, err := c.Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{SendEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	want := "oauth_aa=2&oauth_callback=oob&oauth_consumer_key=ck&oauth_nonce=n0nce&oauth_session_handle=sh&" +
		"oauth_signature_method=HMAC-SHA1&oauth_timestamp=1700000000&oauth_token=&oauth_verifier=v&oauth_version=1.0a&oauth_zz=1"
	if got := oauth1.EncodeForm(signed.Params); got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestSignedURL(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, url, transport, want, baseURI string }{
		{"untouched", "https://u:p@Example.com:443/a%2fb;c?x=%zz#f", "", "https://u:p@Example.com:443/a%2fb;c?x=%zz#f", "https://example.com/a%2fb;c"},
		{"raw space and umlaut", "https://example.com/ä b?q=ü x", "", "https://example.com/%C3%A4%20b?q=%C3%BC%20x", "https://example.com/%C3%A4%20b"},
		{"raw bytes no URL can have", `https://example.com/a|b"c`, "", "https://example.com/a%7Cb%22c", "https://example.com/a%7Cb%22c"},
		{"query before fragment", "https://example.com/p?a=1#f", "query", "https://example.com/p?a=1&OAUTH#f", "https://example.com/p"},
		{"empty query", "https://example.com/p?", "query", "https://example.com/p?OAUTH", "https://example.com/p"},
		{"no path", "https://example.com", "query", "https://example.com?OAUTH", "https://example.com/"},
		{"query that ends in &", "https://example.com/?a&", "query", "https://example.com/?a&OAUTH", "https://example.com/"},
		{"port of the other scheme", "http://example.com:443/", "", "http://example.com:443/", "http://example.com:443/"},
		{"IPv6 with default port", "http://[::1]:80/x", "", "http://[::1]:80/x", "http://[::1]/x"},
		{"IPv6 zone", "http://[fe80::1%25eth0]:8080/x", "", "http://[fe80::1%25eth0]:8080/x", "http://[fe80::1]:8080/x"},
		{"empty port", "http://example.com:/x", "", "http://example.com:/x", "http://example.com/x"},
		{"dots stay", "http://example.com/a/../b/./c//d", "", "http://example.com/a/../b/./c//d", "http://example.com/a/../b/./c//d"},
	} {
		c := fixed(oauth1.Config{ConsumerKey: "ck", TransportMethod: tt.transport})
		signed, err := c.Sign(oauth1.Request{URL: tt.url}, oauth1.Token{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		before, _, _ := strings.Cut(tt.want, "OAUTH")
		if !strings.HasPrefix(signed.URL, before) || tt.transport == "" && signed.URL != tt.want {
			t.Errorf("%s: URL %s, want %s", tt.name, signed.URL, tt.want)
		}
		if uri := oauth1.PercentDecode(strings.Split(signed.BaseString, "&")[1]); uri != tt.baseURI {
			t.Errorf("%s: base string URI %s, want %s", tt.name, uri, tt.baseURI)
		}
	}
}

func TestHostHeader(t *testing.T) {
	t.Parallel()
	r := oauth1.Request{URL: "http://127.0.0.1:9000/x", Host: "API.example.com:80"}
	signed, err := fixed(oauth1.Config{}).Sign(r, oauth1.Token{})
	if err != nil || !strings.HasPrefix(signed.BaseString, "GET&http%3A%2F%2Fapi.example.com%2Fx&") {
		t.Errorf("%v, %v", err, signed)
	}
}

func TestInvalidURLs(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "/path", "example.com", "mailto:a@b.c", "http://", "http:///x", "http://:80/", "1http://x/", "http://a b/", "http://bücher.example/", `http://a\b/`} {
		if _, err := oauth1.BaseStringURI(url); !errors.Is(err, oauth1.CodeURLInvalid) {
			t.Errorf("%q: %v", url, err)
		}
	}
	_, err := oauth1.BaseStringURI("//x?token=geheim")
	if strings.Contains(err.Error(), "geheim") {
		t.Errorf("the query is in the error: %v", err)
	}
}

func TestBodyTransport(t *testing.T) {
	t.Parallel()
	form := "application/x-www-form-urlencoded"
	c := fixed(oauth1.Config{ConsumerKey: "ck", TransportMethod: "BODY"})
	for _, tt := range []struct{ body, want string }{
		{"", "oauth_consumer_key="},
		{"a=1", "a=1&oauth_consumer_key="},
		{"a=1&", "a=1&oauth_consumer_key="},
	} {
		r := oauth1.Request{Method: "post", URL: "https://example.com/", ContentType: form, Body: []byte(tt.body)}
		signed, err := c.Sign(r, oauth1.Token{})
		if err != nil || !strings.HasPrefix(string(signed.Body), tt.want) || string(r.Body) != tt.body {
			t.Errorf("%q: %v, %s", tt.body, err, signed.Body)
		}
		if signed.AuthorizationHeader != "" || signed.URL != r.URL {
			t.Errorf("%+v", signed)
		}
	}
	signed, err := c.Sign(oauth1.Request{Method: "PUT", URL: "https://example.com/", ContentType: form}, oauth1.Token{})
	if err != nil || len(signed.Warnings) != 1 || !strings.Contains(signed.Warnings[0], "PUT") {
		t.Errorf("%v, %v", err, signed)
	}
}

func TestBodyHash(t *testing.T) {
	t.Parallel()
	form, json := "application/x-www-form-urlencoded", "application/json"
	const emptySHA1, emptySHA256 = "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	for _, tt := range []struct {
		name, method, bodyHash, contentType, profile string
		want                                         string
		warned                                       bool
	}{
		{"none by default", "", "", json, "", "", false},
		{"false", "", "false", json, "", "", false},
		{"computed", "", "true", json, "", emptySHA1, false},
		{"computed by method", "HMAC-SHA256", "true", json, "", emptySHA256, false},
		{"no body, no type", "", "true", "", "", emptySHA1, false},
		{"a form has none", "", "true", form, "", "", true},
		{"given", "", emptySHA1, json, "", emptySHA1, false},
		{"given with a form", "", emptySHA1, form, "", emptySHA1, false},
		{"given and wrong", "", "abc", json, "", "abc", true},
		{"mastercard always", "HMAC-SHA256", "", form, "mastercard", emptySHA256, false},
		{"npm request is always SHA-1", "HMAC-SHA256", "true", json, "request", emptySHA1, false},
	} {
		c := fixed(oauth1.Config{ConsumerKey: "ck", SignatureMethod: tt.method, BodyHash: tt.bodyHash, Profile: tt.profile})
		signed, err := c.Sign(oauth1.Request{Method: "POST", URL: "https://example.com/", ContentType: tt.contentType}, oauth1.Token{})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got := ""
		if signed.Params[0].Name == "oauth_body_hash" {
			got = signed.Params[0].Value
		}
		if got != tt.want || (len(signed.Warnings) > 0) != tt.warned {
			t.Errorf("%s: %q, want %q; warnings %v", tt.name, got, tt.want, signed.Warnings)
		}
	}
}

func TestSignErrors(t *testing.T) {
	t.Parallel()
	request := oauth1.Request{Method: "POST", URL: "https://example.com/?oauth_nonce=x", ContentType: "text/plain"}
	for _, tt := range []struct {
		name   string
		config oauth1.Config
		code   oauth1.Code
		text   string
	}{
		{"method", oauth1.Config{SignatureMethod: "HMAC-MD5"}, oauth1.CodeMethodUnknown, "Signature method not supported: HMAC-MD5"},
		{"transport", oauth1.Config{TransportMethod: "cookie"}, oauth1.CodeTransportUnknown, "oauth: transport_method invalid (cookie)"},
		{"profile", oauth1.Config{Profile: "x"}, oauth1.CodeProfileUnknown, "oauth: profile not supported: x"},
		{"body transport", oauth1.Config{TransportMethod: "body"}, oauth1.CodeBodyTransport,
			"oauth: transport_method of body requires POST and content-type application/x-www-form-urlencoded (body transport requires POST and application/x-www-form-urlencoded, this is POST and text/plain)"},
		{"body hash", oauth1.Config{SignatureMethod: "plaintext", BodyHash: "true"}, oauth1.CodeBodyHashPlaintext,
			"oauth: PLAINTEXT signature_method not supported with body_hash signing (PLAINTEXT cannot be used with body_hash: it has no hash function)"},
		{"key", oauth1.Config{SignatureMethod: "RSA-SHA1"}, oauth1.CodeKeyMissing, "oauth: RSA methods need private_key"},
		{"repeated", oauth1.Config{Strict: true}, oauth1.CodeDuplicate,
			"oauth: protocol parameter oauth_nonce must be sent once, in one place (it is in the URL or form body too)"},
		{"repeated with PLAINTEXT", oauth1.Config{Strict: true, SignatureMethod: "PLAINTEXT"}, oauth1.CodeDuplicate,
			"oauth: protocol parameter oauth_nonce must be sent once, in one place (it is in the URL or form body too)"},
		{"extra repeats a field", oauth1.Config{Extra: []oauth1.Param{{"nonce", "x"}}}, oauth1.CodeDuplicate,
			"oauth: protocol parameter oauth_nonce must be sent once, in one place (it comes from another field of Config already)"},
		{"extra signature", oauth1.Config{Extra: []oauth1.Param{{"oauth_signature", "x"}}}, oauth1.CodeDuplicate,
			"oauth: protocol parameter oauth_signature must be sent once, in one place (it comes from another field of Config already)"},
	} {
		_, err := tt.config.Sign(request, oauth1.Token{})
		if !errors.Is(err, tt.code) || err.Error() != tt.text {
			t.Errorf("%s\n got %v\nwant %s", tt.name, err, tt.text)
		}
	}
}

func TestSignWarnings(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		config oauth1.Config
		url    string
		want   string
	}{
		{"none", oauth1.Config{ConsumerKey: "ck"}, "https://example.com/", ""},
		{"no consumer key", oauth1.Config{}, "https://example.com/", "no consumer key"},
		{"PLAINTEXT over http", oauth1.Config{ConsumerKey: "ck", SignatureMethod: "PLAINTEXT"}, "http://example.com/", "PLAINTEXT over http"},
		{"PLAINTEXT on loopback", oauth1.Config{ConsumerKey: "ck", SignatureMethod: "PLAINTEXT"}, "http://127.0.0.1:80/", ""},
		{"PLAINTEXT on localhost", oauth1.Config{ConsumerKey: "ck", SignatureMethod: "PLAINTEXT"}, "http://localhost:8080/", ""},
		{"PLAINTEXT on ::1", oauth1.Config{ConsumerKey: "ck", SignatureMethod: "PLAINTEXT"}, "http://[::1]/", ""},
		{"no nonce", oauth1.Config{ConsumerKey: "ck", OmitNonce: true}, "https://example.com/", "PLAINTEXT only"},
		{"realm in the query", oauth1.Config{ConsumerKey: "ck", Realm: "r", TransportMethod: "query"}, "https://example.com/", "realm"},
		{"twice", oauth1.Config{ConsumerKey: "ck"}, "https://example.com/?oauth_version=1.0", "oauth_version is in the URL"},
	} {
		signed, err := tt.config.Sign(oauth1.Request{URL: tt.url}, oauth1.Token{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(signed.Warnings, "\n"); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

// RFC 5849 3.4.1.3.1: oauth_signature is never signed, wherever it stands.
func TestOldSignatureIsNotSigned(t *testing.T) {
	t.Parallel()
	c := fixed(oauth1.Config{ConsumerKey: "ck"})
	a, _ := c.Sign(oauth1.Request{URL: "https://example.com/?a=1"}, oauth1.Token{})
	b, _ := c.Sign(oauth1.Request{URL: "https://example.com/?a=1&oauth_signature=x"}, oauth1.Token{})
	if a.BaseString != b.BaseString {
		t.Errorf("%s\n%s", a.BaseString, b.BaseString)
	}
}

func TestMultipartText(t *testing.T) {
	t.Parallel()
	body := "--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nK\xc3\xa4se &\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"\"\r\n\r\nbytes\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\n\r\n--b--\r\n"
	c := fixed(oauth1.Config{ConsumerKey: "ck", SignMultipart: "text"})
	r := oauth1.Request{Method: "POST", URL: "https://example.com/", ContentType: "Multipart/Form-Data; boundary=b", Body: []byte(body)}
	e, err := c.Explain(r, oauth1.Token{})
	if err != nil || !strings.HasSuffix(e.ParameterString, "&title=&title=K%C3%A4se%20%26") || strings.Contains(e.ParameterString, "photo") {
		t.Errorf("%v, %v", err, e)
	}
	r.ContentType = "multipart/form-data"
	if _, err := c.Sign(r, oauth1.Token{}); !errors.Is(err, oauth1.CodeMultipartInvalid) {
		t.Errorf("no boundary: %v", err)
	}
}

// The rules of npm qs and oauth-sign that can be observed (connections.md O1-67).
func TestProfileRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ query, want string }{
		{"a=1&b=2", "a=1&b=2"},
		{"a3[0]=a&a3[1]=2+q", "a3=2%20q&a3=a"},
		{"a[]=x&a[]=y", "a=x&a=y"},
		{"a[b]=x", "a%5Bb%5D=x"},
		{"a[21]=x", "a%5B21%5D=x"},
		{"a[b][c]=1&a[b][d]=2", "a%5Bb%5D=%5Bobject%20Object%5D"},
		{"a[b][]=1", "a%5Bb%5D=1"},
		{"=x&a=%zz&b=%ff", "a=%25zz&b=%25ff"},
		{"[x]=1&a]=2&a[=3", "%5Bx%5D=1&a%5B=3&a%5D=2"},
	} {
		c := fixed(oauth1.Config{Profile: "request", OmitVersion: true, OmitNonce: true, OmitTimestamp: true})
		e, err := c.Explain(oauth1.Request{URL: "https://Example.com:443/?" + tt.query}, oauth1.Token{})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(strings.ReplaceAll("&"+e.ParameterString, "&oauth_signature_method=HMAC-SHA1", ""), "&&", "&")[1:]
		if got != tt.want || e.BaseURI != "https://example.com:443/" {
			t.Errorf("%s\n got %s\nwant %s (%s)", tt.query, got, tt.want, e.BaseURI)
		}
	}
	many := strings.Repeat("a=1&", 1200)
	e, _ := fixed(oauth1.Config{Profile: "request"}).Explain(oauth1.Request{URL: "https://example.com/?" + many}, oauth1.Token{})
	if n := strings.Count(e.ParameterString, "a=1"); n != 1000 {
		t.Errorf("%d parameters, want 1000", n)
	}
}

func TestRealmByProfile(t *testing.T) {
	t.Parallel()
	c := fixed(oauth1.Config{ConsumerKey: "ck", Realm: "a b", Profile: "request", TransportMethod: "query"})
	signed, err := c.Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{})
	if err != nil || !strings.HasPrefix(signed.URL, "https://example.com/?realm=a%20b&oauth_consumer_key=ck&") || strings.Contains(signed.BaseString, "realm") {
		t.Errorf("%v, %+v", err, signed)
	}
}

func TestProfileForHost(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"api.mastercard.com": "mastercard", "Sandbox.API.mastercard.com:443": "mastercard",
		"mastercard.com": "rfc5849", "api.mastercard.com.evil.example": "rfc5849", "notapi.mastercard.com": "rfc5849",
	} {
		if got := oauth1.ProfileForHost(host); got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

// A raw value that would break out of its quotes is encoded after all.
func TestMastercardHeaderCannotBeBroken(t *testing.T) {
	t.Parallel()
	c := fixed(oauth1.Config{ConsumerKey: `a",x="b` + "\r\n", Profile: "mastercard", SignatureMethod: "HMAC-SHA256"})
	signed, err := c.Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{})
	if err != nil || !strings.Contains(signed.AuthorizationHeader, `oauth_consumer_key="a%22%2Cx%3D%22b%0D%0A"`) {
		t.Errorf("%v, %+v", err, signed)
	}
}

func TestOwnMethodTable(t *testing.T) {
	t.Parallel()
	methods := append(slices.Clone(oauth1.Methods), oauth1.Method{Name: "HMAC-SHA384", Kind: oauth1.KindHMAC, Hash: crypto.SHA384})
	c := fixed(oauth1.Config{Methods: methods, SignatureMethod: "hmac-sha384"})
	signed, err := c.Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{})
	if err != nil || len(signed.Signature) != 64 || !strings.Contains(signed.BaseString, "HMAC-SHA384") {
		t.Errorf("%v, %+v", err, signed)
	}
}

func TestClockCorrectsTimestamp(t *testing.T) {
	t.Parallel()
	var clock oauth1.Clock
	clock.Set("API.example.com", 90*time.Second)
	c := oauth1.Config{Clock: &clock, Now: func() time.Time { return time.Unix(1000, 0) }}
	for url, want := range map[string]string{"https://api.example.com:443/": "1090", "https://other.example.com/": "1000"} {
		signed, err := c.Sign(oauth1.Request{URL: url, Host: "front.example"}, oauth1.Token{})
		if err != nil || !strings.Contains(signed.BaseString, "oauth_timestamp%3D"+want) {
			t.Errorf("%s: %v, %s", url, err, signed.BaseString)
		}
	}
}

func TestConcurrentSigning(t *testing.T) {
	t.Parallel()
	c := &oauth1.Config{ConsumerKey: "ck", ConsumerSecret: "cs", Clock: new(oauth1.Clock)}
	var mu sync.Mutex
	seen := make(map[string]bool)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				signed, err := c.Sign(oauth1.Request{URL: "https://example.com/?a=1"}, oauth1.Token{Token: "t"})
				mu.Lock()
				if err != nil || seen[signed.Signature] {
					t.Errorf("%v, %s", err, signed.Signature)
				}
				seen[signed.Signature] = true
				mu.Unlock()
			}
		})
	}
	group.Wait()
}
