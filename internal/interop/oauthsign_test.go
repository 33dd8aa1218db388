package interop

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// signer is a running oauth_sign.js.
type signer struct {
	in  io.Writer
	out *bufio.Scanner
}

type signatureRequest struct {
	Method          string            `json:"method"`
	URL             string            `json:"url"`
	Form            *string           `json:"form,omitempty"`
	Protocol        map[string]string `json:"protocol"`
	SignatureMethod string            `json:"signatureMethod"`
	ConsumerSecret  string            `json:"consumerSecret"`
	TokenSecret     string            `json:"tokenSecret"`
	PrivateKey      string            `json:"privateKey,omitempty"`
}

type signatureAnswer struct {
	Base      string
	Signature *string // nil when the method is not supported
	Error     string
}

func startSigner(t *testing.T) *signer {
	t.Helper()
	process := exec.Command(node(t), "oauth_sign.js")
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errors := &strings.Builder{}
	process.Stderr = errors
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := process.Wait(); err != nil || errors.Len() > 0 {
			t.Errorf("oauth_sign.js: %v\n%s", err, errors)
		}
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	return &signer{in, lines}
}

// sign asks oauth-sign for its own base string and signature of what was signed.
func (s *signer) sign(t *testing.T, c signed) signatureAnswer {
	t.Helper()
	r := signatureRequest{
		Method: c.request.Method, URL: c.request.URL, Protocol: map[string]string{},
		SignatureMethod: c.config.SignatureMethod, ConsumerSecret: c.config.ConsumerSecret, TokenSecret: c.token.Secret,
	}
	if strings.HasPrefix(c.request.ContentType, "application/x-www-form-urlencoded") {
		form := string(c.request.Body)
		r.Form = &form
	}
	if c.config.Key != nil {
		r.PrivateKey = privatePEM()
	}
	for _, p := range c.Params {
		r.Protocol[p.Name] = p.Value
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.in.Write(append(text, '\n')); err != nil {
		t.Fatal(err)
	}
	if !s.out.Scan() {
		t.Fatalf("oauth_sign.js gives no answer: %v", s.out.Err())
	}
	var answer signatureAnswer
	if err := json.Unmarshal(s.out.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if answer.Error != "" {
		t.Fatalf("oauth_sign.js: %s", answer.Error)
	}
	return answer
}

// oauthSignMethods are the methods that oauth-sign 0.9.0 has; for the others its base
// string is compared.
var oauthSignMethods = []string{"HMAC-SHA1", "HMAC-SHA256", "RSA-SHA1", "PLAINTEXT"}

func TestOAuthSignSignsTheSame(t *testing.T) {
	s, r := startSigner(t), seed(t)
	compared := map[string]int{}
	for n := range requests {
		c := r.call().sign(t)
		answer := s.sign(t, c)
		if answer.Base != c.BaseString {
			t.Errorf("request %d: %s\nbase string of oauth1     %s\nbase string of oauth-sign %s", n, c.describe(), c.BaseString, answer.Base)
		}
		if answer.Signature == nil {
			continue
		}
		compared[c.config.SignatureMethod]++
		if *answer.Signature != c.Signature {
			t.Errorf("request %d: %s\nsignature of oauth1     %s\nsignature of oauth-sign %s", n, c.describe(), c.Signature, *answer.Signature)
		}
	}
	for _, method := range oauthSignMethods {
		if compared[method] == 0 {
			t.Errorf("no signature with %s was compared", method)
		}
	}
	if len(compared) != len(oauthSignMethods) {
		t.Errorf("compared %v, want the methods %v", compared, oauthSignMethods)
	}
	t.Logf("%d base strings and the signatures %v are the same", requests, compared)
}

// nodeDifferences is where oauth-sign, with the parsers that Node.js brings, differs from
// RFC 5849. The random requests hold none of these.
var nodeDifferences = []struct{ name, url, ours, theirs string }{
	{
		"querystring turns bytes that are no UTF-8 into U+FFFD, RFC 5849 3.4.1.3.1 signs them",
		"http://example.com/?a=%FF", "a%3D%25FF", "a%3D%25EF%25BF%25BD",
	},
	{
		"URL rewrites an IPv6 address, RFC 5849 3.4.1.2 takes the host as it is sent",
		"http://[0:0:0:0:0:0:0:1]/", "http%3A%2F%2F%5B0%3A0%3A0%3A0%3A0%3A0%3A0%3A1%5D%2F", "http%3A%2F%2F%5B%3A%3A1%5D%2F",
	},
	{
		"URL resolves dot segments, which a client that sends them as they are must sign",
		"http://example.com/a/../b", "http%3A%2F%2Fexample.com%2Fa%2F..%2Fb", "http%3A%2F%2Fexample.com%2Fb",
	},
}

func TestKnownDifferencesOfNodeStillExist(t *testing.T) {
	s := startSigner(t)
	for _, d := range nodeDifferences {
		c := call{}
		c.config.SignatureMethod, c.request.Method, c.request.URL = "HMAC-SHA1", http.MethodGet, d.url
		signed := c.sign(t)
		theirs := s.sign(t, signed).Base
		if !strings.Contains(signed.BaseString, d.ours) || !strings.Contains(theirs, d.theirs) || strings.Contains(signed.BaseString, d.theirs) {
			t.Errorf("%s\nours   %s\ntheirs %s", d.name, signed.BaseString, theirs)
		}
	}
}
