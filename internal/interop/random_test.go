package interop

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	mathrand "math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/oauth1"
)

// requests is how many random requests each stranger checks.
const requests = 1000

// call is one request with what it is signed with.
type call struct {
	config  oauth1.Config
	token   oauth1.Token
	request oauth1.Request
}

// signed is a call with its signature.
type signed struct {
	call
	*oauth1.Signed
}

func (c call) sign(t *testing.T) signed {
	t.Helper()
	s, err := c.config.Sign(c.request, c.token)
	if err != nil {
		t.Fatalf("%s %s: %v", c.request.Method, c.request.URL, err)
	}
	return signed{c, s}
}

// seed returns the seed of this run and tells it, so that a failure can be repeated.
func seed(t *testing.T) *random {
	t.Helper()
	n := uint64(time.Now().UnixNano())
	if text := os.Getenv("CLEAT_SEED"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed: CLEAT_SEED=%d", n)
	return &random{mathrand.New(mathrand.NewPCG(n, 1)), t}
}

// random makes requests.
type random struct {
	*mathrand.Rand
	t *testing.T
}

func pick[T any](r *random, from ...T) T { return from[r.IntN(len(from))] }

// often is true in percent of all cases.
func (r *random) often(percent int) bool { return r.IntN(100) < percent }

// texts are the names, values and secrets that others get wrong.
var texts = []string{
	"", "a", "z", "A", "0", "value", "with space", "a+b", "a&b=c", "100%", "%41", "%", "a/b?c#d", "~-._", "!*'()", "\"quoted\"",
	"ěščřžýáíé", "ß", "日本語", "😀", "é", "e\u0301", "\u00a0", "[]", "a[0]", "filter[name]", "{x}", "a:b;c,d@e$f", "\\|^`<>",
	"line\nbreak", "tab\t", "null", "undefined", "__proto__", "constructor", "toString", "realm", "oauth", "o_auth_token", strings.Repeat("long ", 60),
}

func (r *random) text() string {
	if r.often(15) {
		return strconv.Itoa(r.IntN(1000))
	}
	text := pick(r, texts...)
	if r.often(20) {
		text += pick(r, texts...)
	}
	return text
}

// secret has no characters that a header cannot carry, in case it is sent in clear.
func (r *random) secret() string {
	return pick(r, "", "secret", "a&b", "a+b", "100%", "a/b", "%2F", "se cret", "ěščř ß 日本 😀", "~!*'()", "a=b&c=d", strings.Repeat("x", 200))
}

func (r *random) call() call {
	c := call{config: oauth1.Config{
		ConsumerKey:     pick(r, "key", "key with space", "a&b=c", "klíč", "k%41", "k/+"),
		ConsumerSecret:  r.secret(),
		SignatureMethod: pick(r, "HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"),
		TransportMethod: pick(r, oauth1.TransportHeader, oauth1.TransportQuery, oauth1.TransportBody),
		Timestamp:       strconv.Itoa(1_000_000_000 + r.IntN(1_000_000_000)),
		Nonce:           strconv.FormatUint(r.Uint64(), 36),
		OmitVersion:     r.often(30),
	}}
	if strings.HasPrefix(c.config.SignatureMethod, "RSA") {
		c.config.Key = key()
	}
	if r.often(70) {
		c.token = oauth1.Token{Token: pick(r, "token", "tok en", "t&=%", "žeton"), Secret: r.secret()}
	}
	c.request = oauth1.Request{
		Method: pick(r, "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
		URL:    r.url(),
	}
	if c.config.TransportMethod == oauth1.TransportBody {
		c.request.Method = "POST"
		c.request.ContentType = pick(r, "application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=UTF-8")
		c.request.Body = []byte(r.form())
		return c
	}
	if c.config.TransportMethod == oauth1.TransportHeader {
		c.config.Realm = pick(r, "", "", "Photos", "http://example.com/")
		c.config.Callback = pick(r, "", "", "oob", "https://app.example/back?a=b%20c&d=+")
	}
	if c.request.Method == "GET" || c.request.Method == "HEAD" {
		return c
	}
	switch r.IntN(4) {
	case 0:
		c.request.ContentType, c.request.Body = "application/json", []byte(`{"a":1,"text":"`+strconv.Itoa(r.IntN(9))+`&b=2"}`)
		if c.config.SignatureMethod != "PLAINTEXT" && r.often(50) {
			c.config.BodyHash = oauth1.BodyHashComputed
		}
	case 1:
		c.request.ContentType, c.request.Body = "text/plain", []byte("a=1&b=2")
	default:
		c.request.ContentType = pick(r, "application/x-www-form-urlencoded", "application/x-www-form-urlencoded;charset=utf-8")
		c.request.Body = []byte(r.form())
	}
	return c
}

func (r *random) url() string {
	scheme := pick(r, "http", "https", "HTTP", "Https")
	host := pick(r, "example.com", "EXAMPLE.com", "Api.Example.Com", "xn--hkyrky-ptac70bc.fi", "127.0.0.1", "[::1]", "[2001:db8::8a2e:370:7334]", "[2001:DB8::1]")
	port := pick(r, "", "", ":80", ":443", ":8080", ":65535")
	var path strings.Builder
	for range r.IntN(4) {
		path.WriteString("/" + pick(r, "a", "photos", "A%20b", "%C3%A9", "a%2Fb", "é", "a b", "~x", "a+b", "a:b@c", "v1.0", "a;v=1", "!*'()", "%7E"))
	}
	if path.Len() == 0 && r.often(50) {
		path.WriteString("/")
	}
	query := ""
	if r.often(75) {
		query = "?" + r.form()
	}
	return scheme + "://" + host + port + path.String() + query
}

// form returns a query or a form body in one of the ways in which people write them.
func (r *random) form() string {
	var pieces []string
	for range r.IntN(6) {
		name, value := r.text(), r.text()
		if strings.HasPrefix(name, "oauth_") {
			continue
		}
		piece := r.encode(name) + "=" + r.encode(value)
		if r.often(5) {
			piece = r.encode(name) // no value at all
		}
		pieces = append(pieces, piece)
		if r.often(25) {
			pieces = append(pieces, pick(r, piece, r.encode(name)+"="+r.encode(r.text()), "")) // repeated, or empty
		}
	}
	return strings.Join(pieces, "&")
}

// encode escapes text as RFC 3986 does, as forms do, with small letters, or more than
// needed.
func (r *random) encode(text string) string {
	switch r.IntN(5) {
	case 0:
		return strings.ReplaceAll(oauth1.PercentEncode(text), "%20", "+")
	case 1:
		return escapes(text, "0123456789abcdef", "-._~")
	case 2:
		return escapes(text, "0123456789ABCDEF", "-._~!*'()$:@/?,")
	case 3:
		return escapes(text, "0123456789ABCDEF", "-._~[]") // brackets as browsers leave them
	}
	return oauth1.PercentEncode(text)
}

// escapes percent-encodes all but letters, digits and plain.
func escapes(text, digits, plain string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(plain, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

// key is the RSA key of all calls.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func privatePEM() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key())}))
}

func publicPEM(t *testing.T) string {
	der, err := x509.MarshalPKIXPublicKey(key().Public())
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
