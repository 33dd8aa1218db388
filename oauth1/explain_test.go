package oauth1_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/oauth1"
)

// RFC 5849 3.1 with erratum 2550, printed.
func TestExplain(t *testing.T) {
	t.Parallel()
	c := &oauth1.Config{
		ConsumerKey: "9djdj82h48djs9d2", ConsumerSecret: "j49sk3j29djd", OmitVersion: true,
		Timestamp: "137131201", Nonce: "7d8f3e4a", Realm: "Example",
	}
	e, err := c.Explain(oauth1.Request{
		Method: "post", URL: "http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b",
		ContentType: "application/x-www-form-urlencoded", Body: []byte("c2&a3=2+q"),
	}, oauth1.Token{Token: "kkk9d7dh3k39sjv7", Secret: "dh893hdasih9"})
	if err != nil {
		t.Fatal(err)
	}
	want := `request           POST http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b
signature method  HMAC-SHA1
transport method  header

parameters, in the order of the base string
   1  url       a2=r%20b
   2  body      a3=2%20q
   3  url       a3=a
   4  url       b5=%3D%253D
   5  url       c%40=
   6  body      c2=
   7  protocol  oauth_consumer_key=9djdj82h48djs9d2
   8  protocol  oauth_nonce=7d8f3e4a
   9  protocol  oauth_signature_method=HMAC-SHA1
  10  protocol  oauth_timestamp=137131201
  11  protocol  oauth_token=kkk9d7dh3k39sjv7

parameter string  a2=r%20b&a3=2%20q&a3=a&b5=%3D%253D&c%40=&c2=&oauth_consumer_key=9djdj82h48djs9d2&oauth_nonce=7d8f3e4a&oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131201&oauth_token=kkk9d7dh3k39sjv7
base string URI   http://example.com/request
base string       POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7
key               (12 characters)&(12 characters)
signature         r6/TJjbCOr97/+UU0NsvSne7s5g=

header            Authorization: OAuth realm="Example",oauth_consumer_key="9djdj82h48djs9d2",oauth_nonce="7d8f3e4a",oauth_signature_method="HMAC-SHA1",oauth_timestamp="137131201",oauth_token="kkk9d7dh3k39sjv7",oauth_signature="r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D"
query             http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b&oauth_consumer_key=9djdj82h48djs9d2&oauth_nonce=7d8f3e4a&oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131201&oauth_token=kkk9d7dh3k39sjv7&oauth_signature=r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D
body              c2&a3=2+q&oauth_consumer_key=9djdj82h48djs9d2&oauth_nonce=7d8f3e4a&oauth_signature_method=HMAC-SHA1&oauth_timestamp=137131201&oauth_token=kkk9d7dh3k39sjv7&oauth_signature=r6%2FTJjbCOr97%2F%2BUU0NsvSne7s5g%3D
`
	if got := e.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// No secret in an explanation, whatever the method.
func TestExplainMasksSecrets(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"HMAC-SHA256", "RSA-SHA256", "PLAINTEXT"} {
		c := &oauth1.Config{ConsumerKey: "ck", ConsumerSecret: "geheim ", Key: testKey(t), SignatureMethod: method}
		e, err := c.Explain(oauth1.Request{Method: "POST", URL: "https://example.com/", ContentType: formType}, oauth1.Token{Token: "tk"})
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(e)
		if err != nil || strings.Contains(string(text)+e.String(), "geheim") {
			t.Errorf("%s: %v %s", method, err, text)
		}
		warnings := strings.Join(e.Warnings, "\n")
		if !strings.Contains(warnings, "the consumer secret begins or ends with white space") || !strings.Contains(warnings, "no token secret") {
			t.Errorf("%s: %q", method, warnings)
		}
		if want := map[string]string{"HMAC-SHA256": "(7 characters)&(empty)", "PLAINTEXT": "(7 characters)&(empty)", "RSA-SHA256": "RSA private key, 2048 bits"}[method]; e.KeyMasked != want {
			t.Errorf("%s: key %q", method, e.KeyMasked)
		}
	}
}

func TestExplainMastercard(t *testing.T) {
	t.Parallel()
	c := &oauth1.Config{ConsumerKey: "a!b%21", SignatureMethod: "HMAC-SHA256", Profile: "mastercard"}
	e, err := c.Explain(oauth1.Request{URL: "https://api.mastercard.com/?a=b:c+d"}, oauth1.Token{})
	if err != nil || e.Parameters[0].EncodedValue != "b:c+d" || e.Parameters[0].Value != "b:c+d" {
		t.Fatalf("%v, %+v", err, e)
	}
	for _, p := range e.Parameters {
		if p.Name == "oauth_consumer_key" && p.Value != "a!b%21" {
			t.Errorf("%+v", p)
		}
	}
	if !strings.Contains(e.String(), "profile           mastercard\n") {
		t.Error(e)
	}
}

func TestCompareBaseString(t *testing.T) {
	t.Parallel()
	base := func(method, uri, params string) string {
		return method + "&" + oauth1.PercentEncode(uri) + "&" + oauth1.PercentEncode(params)
	}
	const uri, params = "https://example.com/a%2fb", "a=1%20x&b=%3D&oauth_nonce=n"
	ours := base("GET", uri, params)
	for _, tt := range []struct {
		name, theirs, part, parameter, message string
	}{
		{"same", ours + "\n", "", "", "the base strings are the same"},
		{"method", base("POST", uri, params), "method", "", "the method is GET here and POST there"},
		{"method in lower case", base("get", uri, params), "method", "", "it must be upper case"},
		{"port kept", base("GET", "https://example.com:443/a%2fb", params), "uri", "", "the default port is kept on one side"},
		{"another port", base("GET", "https://example.com:8443/a%2fb", params), "uri", "", "the port differs"},
		{"host in upper case", base("GET", "https://Example.com/a%2fb", params), "uri", "", "scheme and host must be lower case"},
		{"scheme", base("GET", "http://example.com/a%2fb", params), "uri", "", "the scheme differs"},
		{"host", base("GET", "https://www.example.com/a%2fb", params), "uri", "", "the host differs"},
		{"slash", base("GET", uri+"/", params), "uri", "", "the slash at the end"},
		{"query in the URI", base("GET", uri+"?a=1", params), "uri", "", "the query does not belong into it"},
		{"case of escapes", base("GET", "https://example.com/a%2Fb", params), "uri", "", "the letter case of the escapes in the path"},
		{"path decoded", base("GET", "https://example.com/a/b", params), "uri", "", "the path is percent-encoded once more on one side"},
		{"path", base("GET", "https://example.com/c", params), "uri", "", ": the path"},
		{"case of the path", base("GET", "https://example.com/A%2fb", params), "uri", "", "the letter case of the path"},
		{"no URI", base("GET", "example", params), "uri", "", "no absolute URL"},
		{"missing there", base("GET", uri, "b=%3D&oauth_nonce=n"), "parameters", "a", "the parameter a is signed here but not there: check the query"},
		{"missing here", base("GET", uri, params+"&oauth_token=t"), "parameters", "oauth_token", "the parameter oauth_token is signed there but not here"},
		{"signature signed", base("GET", uri, params+"&oauth_signature=t"), "parameters", "oauth_signature", "it is never signed"},
		{"empty parameter", base("GET", uri, "&"+params), "parameters", "", "an empty parameter is signed there"},
		{"another value", base("GET", uri, "a=2&b=%3D&oauth_nonce=n"), "parameters", "a", "the parameter a is a=1%20x here and a=2 there"},
		{"double-encoded", base("GET", uri, "a=1%2520x&b=%3D&oauth_nonce=n"), "parameters", "a", "theirs is double-encoded"},
		{"encoded once less", base("GET", uri, "a=1 x&b=%3D&oauth_nonce=n"), "parameters", "a", "ours is encoded once more"},
		{"plus for a space", base("GET", uri, "a=1+x&b=%3D&oauth_nonce=n"), "parameters", "a", "a space is written %20, not +"},
		{"plus kept", base("GET", uri, "a=1%2Bx&b=%3D&oauth_nonce=n"), "parameters", "a", "a plus sign in a query or form is a space"},
		{"lower-case escapes", base("GET", uri, "a=1%20x&b=%3d&oauth_nonce=n"), "parameters", "b", "escapes are written with upper-case digits"},
		{"unsorted", base("GET", uri, "b=%3D&a=1%20x&oauth_nonce=n"), "parameters", "b", "unsorted"},
		{"duplicate lost", base("GET", uri, "a=1%20x&oauth_nonce=n"), "parameters", "b", "signed here but not there"},
		{"not encoded at all", "GET&" + uri + "&" + params, "form", "", "parameter string was not percent-encoded"},
		{"encoded as a whole", oauth1.PercentEncode(ours), "form", "", "percent-encoded once more"},
		{"garbage", "hello", "form", "", "ours has 3, theirs 1"},
	} {
		d := oauth1.CompareBaseString(ours, tt.theirs)
		if d.Equal != (tt.part == "") || d.Part != tt.part || d.Parameter != tt.parameter || !strings.Contains(d.String(), tt.message) {
			t.Errorf("%s: %+v\nwant %s", tt.name, d, tt.message)
		}
	}
	lower := strings.ReplaceAll(ours, "%3D", "%3d")
	if d := oauth1.CompareBaseString(ours, lower); d.Equal || d.Part != "parameters" || !strings.Contains(d.Message, "upper-case digits") {
		t.Errorf("%+v", d)
	}
}

// Every mistake of the table is found again, alone.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	r := oauth1.Request{Method: "POST", URL: "https://example.com:8443/a%2fb/?b=1%202&a=+&b=0", Host: "front.example", ContentType: formType, Body: []byte("z=1&c=2+3")}
	token := oauth1.Token{Token: "tk", Secret: "t s"}
	config := fixed(oauth1.Config{ConsumerKey: "ck", ConsumerSecret: "c%26s", Realm: "r"})
	wrong := map[string]func(c *oauth1.Config, r *oauth1.Request, t *oauth1.Token){
		"":                    func(*oauth1.Config, *oauth1.Request, *oauth1.Token) {},
		"it uses HMAC-SHA256": func(c *oauth1.Config, _ *oauth1.Request, _ *oauth1.Token) { c.SignatureMethod = "HMAC-SHA256" },
		"it uses PLAINTEXT":   func(c *oauth1.Config, _ *oauth1.Request, _ *oauth1.Token) { c.SignatureMethod = "PLAINTEXT" },
		"the token secret is missing from the key": func(_ *oauth1.Config, _ *oauth1.Request, t *oauth1.Token) { t.Secret = "" },
		"the secrets are percent-decoded first":    func(c *oauth1.Config, _ *oauth1.Request, _ *oauth1.Token) { c.ConsumerSecret = "c&s" },
		"the body is not signed":                   func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) { r.Body = nil },
		"the query is not signed":                  func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) { r.URL = "https://example.com/a%2fb/" },
		"the Host header is not looked at":         func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) { r.Host = "" },
		"http is signed instead of https": func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) {
			r.URL = strings.Replace(r.URL, "https", "http", 1)
		},
		"the path is percent-decoded": func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) {
			r.URL = strings.Replace(r.URL, "%2f", "/", 1)
		},
		"the slash at the end of the path is left out": func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) {
			r.URL = strings.Replace(r.URL, "/?", "?", 1)
		},
		"the method is signed as GET": func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) { r.Method = "GET" },
		"a plus sign is taken for a plus sign": func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) {
			r.URL, r.Body = strings.Replace(r.URL, "+", "%2B", 1), []byte("z=1&c=2%2B3")
		},
		"the parameters are double-encoded": func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) {
			r.URL, r.Body = "https://example.com/a%2fb/?b=1%25202&a=%2520&b=0", []byte("z=1&c=2%25203")
		},
		"oauth_version is not signed": func(c *oauth1.Config, _ *oauth1.Request, _ *oauth1.Token) { c.OmitVersion = true },
		"oauth_token is not signed":   func(_ *oauth1.Config, _ *oauth1.Request, t *oauth1.Token) { t.Token = "" },
		"realm is signed":             func(_ *oauth1.Config, r *oauth1.Request, _ *oauth1.Token) { r.URL += "&realm=r" },
		"the token secret is missing from the key; oauth_version is not signed": func(c *oauth1.Config, _ *oauth1.Request, t *oauth1.Token) {
			t.Secret, c.OmitVersion = "", true
		},
	}
	for want, change := range wrong {
		c, changed, other := *config, r, token
		change(&c, &changed, &other)
		signed, err := c.Sign(changed, other)
		if err != nil {
			t.Fatal(err)
		}
		found, err := config.Diagnose(r, token, signed.Signature)
		if want == "" {
			want = "the signature is right"
		}
		if err != nil || len(found) == 0 || found[0].String() != want {
			t.Errorf("%v, %v, want %s", err, found, want)
		}
	}
	if found, err := config.Diagnose(r, token, "x"); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", err, found)
	}
	if _, err := config.Diagnose(oauth1.Request{}, token, "x"); err == nil {
		t.Error("no error for an invalid URL")
	}
}

func TestDiagnoseRSA(t *testing.T) {
	t.Parallel()
	c := fixed(oauth1.Config{ConsumerKey: "ck", SignatureMethod: "RSA-SHA1", Key: testKey(t)})
	r := oauth1.Request{URL: "https://example.com/?a=1"}
	signed, err := c.Sign(oauth1.Request{URL: "https://example.com/"}, oauth1.Token{})
	if err != nil {
		t.Fatal(err)
	}
	found, err := c.Diagnose(r, oauth1.Token{}, signed.Signature)
	if err != nil || len(found) != 1 || found[0].String() != "the query is not signed" || found[0].BaseString != signed.BaseString {
		t.Errorf("%v, %v", err, found)
	}
}
