package oauth1

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
)

// forgery is a request signed by hand, so that a case can break any step of it.
type forgery struct {
	method, uri string
	query, form []string // encoded pairs
	protocol    []string
	key         string
	join        func([]string) string // makes the parameter string
}

const (
	brokenURL  = "https://api.example.com:443/v1/caf%C3%A9/?b=x%20y&a=1%2B1&c=%5B2%5D"
	brokenForm = "name=A+b&tag=%21"
)

func rightForgery() forgery {
	return forgery{
		method: "POST", uri: "https://api.example.com/v1/caf%C3%A9/",
		query: []string{"b=x%20y", "a=1%2B1", "c=%5B2%5D"}, form: []string{"name=A%20b", "tag=%21"},
		protocol: []string{"oauth_consumer_key=ck", "oauth_nonce=n", "oauth_signature_method=HMAC-SHA1", "oauth_timestamp=1700000000", "oauth_token=tk", "oauth_verifier=v", "oauth_version=1.0"},
		key:      "cs%2B%20&ts%2F%3D",
		join:     func(pairs []string) string { slices.Sort(pairs); return strings.Join(pairs, "&") },
	}
}

func (f forgery) base() string {
	pairs := slices.Concat(f.query, f.form, f.protocol)
	return f.method + "&" + PercentEncode(f.uri) + "&" + PercentEncode(f.join(pairs))
}

func (f forgery) signature() string {
	mac := hmac.New(sha1.New, []byte(f.key))
	mac.Write([]byte(f.base()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (f *forgery) replace(pair string, with ...string) {
	for _, list := range []*[]string{&f.query, &f.form, &f.protocol} {
		if i := slices.Index(*list, pair); i >= 0 {
			*list = slices.Replace(slices.Clone(*list), i, i+1, with...)
		}
	}
}

// brokenSignatures are what other sides do wrong. Base is a word of what CompareBaseString
// says, empty where the base string is right; found a word of what Diagnose says.
var brokenSignatures = []struct {
	name        string
	breaks      func(*forgery)
	base, found string
}{
	{"token secret missing", func(f *forgery) { f.key = "cs%2B%20&" }, "", "token secret is missing"},
	{"consumer secret missing", func(f *forgery) { f.key = "&ts%2F%3D" }, "", "consumer secret is missing"},
	{"secrets swapped", func(f *forgery) { f.key = "ts%2F%3D&cs%2B%20" }, "", "swapped"},
	{"secrets not encoded", func(f *forgery) { f.key = "cs+ &ts/=" }, "", "not percent-encoded"},
	{"ampersand missing", func(f *forgery) { f.key = "cs%2B%20" }, "", "without the &"},
	{"secrets trimmed", func(f *forgery) { f.key = "cs%2B&ts%2F%3D" }, "", "white space"},
	{"secrets with line break", func(f *forgery) { f.key = "cs%2B%20%0A&ts%2F%3D%0A" }, "", "line break"},
	{"keys for secrets", func(f *forgery) { f.key = "ck&tk" }, "", "place of the secrets"},
	{"consumer key for secret", func(f *forgery) { f.key = "ck&ts%2F%3D" }, "", "consumer key stands in place"},
	{"secrets encoded twice", func(f *forgery) { f.key = "cs%252B%2520&ts%252F%253D" }, "", "secrets are encoded twice"},
	{"unsorted", func(f *forgery) { f.join = func(p []string) string { return strings.Join(p, "&") } }, "unsorted", "not sorted"},
	{"query encoded twice", func(f *forgery) { f.query = []string{"a=1%252B1", "b=x%2520y", "c=%255B2%255D"} }, "double-encoded", "double-encoded"},
	{"plus for space in query", func(f *forgery) { f.replace("b=x%20y", "b=x+y") }, "a space is written %20", "space is written +"},
	{"plus for space everywhere", func(f *forgery) { f.replace("b=x%20y", "b=x+y"); f.replace("name=A%20b", "name=A+b") }, "a space is written %20", "space is written +"},
	{"plus taken literally", func(f *forgery) { f.replace("name=A%20b", "name=A%2Bb") }, "plus sign", "plus sign"},
	{"marks not encoded", func(f *forgery) { f.replace("tag=%21", "tag=!") }, "ours is encoded once more", "not encoded"},
	{"lower-case escapes", func(f *forgery) {
		f.query = []string{"b=x%20y", "a=1%2b1", "c=%5b2%5d"}
	}, "upper-case digits", "lower case"},
	{"port kept", func(f *forgery) { f.uri = "https://api.example.com:443/v1/caf%C3%A9/" }, "default port", "port is kept"},
	{"http", func(f *forgery) { f.uri = "http://api.example.com/v1/caf%C3%A9/" }, "scheme differs", "http is signed"},
	{"host upper case", func(f *forgery) { f.uri = "https://API.EXAMPLE.COM/v1/caf%C3%A9/" }, "lower case", "upper case"},
	{"path decoded", func(f *forgery) { f.uri = "https://api.example.com/v1/café/" }, "path is", "path is percent-decoded"},
	{"path encoded twice", func(f *forgery) { f.uri = "https://api.example.com/v1/caf%25C3%25A9/" }, "once more", "path is percent-encoded once more"},
	{"slash missing", func(f *forgery) { f.uri = "https://api.example.com/v1/caf%C3%A9" }, "slash at the end", "slash at the end"},
	{"slash added", func(f *forgery) { f.uri += "/" }, "slash at the end", "slash is added"},
	{"path lower-case escapes", func(f *forgery) { f.uri = "https://api.example.com/v1/caf%c3%a9/" }, "letter case of the escapes", "escapes of the path"},
	{"query in the URI", func(f *forgery) {
		f.uri += "?b=x%20y&a=1%2B1&c=%5B2%5D"
	}, "query does not belong", "query is left in"},
	{"query not signed", func(f *forgery) { f.query = nil }, "check the query", "query is not signed"},
	{"body not signed", func(f *forgery) { f.form = nil }, "check the query", "body is not signed"},
	{"method GET", func(f *forgery) { f.method = "GET" }, "method is POST here and GET", "as GET"},
	{"method lower case", func(f *forgery) { f.method = "post" }, "upper case", "lower case"},
	{"method PUT", func(f *forgery) { f.method = "PUT" }, "method is POST here and PUT", "as PUT"},
	{"version not signed", func(f *forgery) { f.replace("oauth_version=1.0") }, "oauth_version is signed here", "oauth_version is not signed"},
	{"token not signed", func(f *forgery) { f.replace("oauth_token=tk") }, "oauth_token is signed here", "oauth_token is not signed"},
	{"token empty", func(f *forgery) { f.replace("oauth_token=tk", "oauth_token=") }, "oauth_token is", "empty oauth_token"},
	{"verifier not signed", func(f *forgery) { f.replace("oauth_verifier=v") }, "oauth_verifier is signed here", "oauth_verifier is not signed"},
	{"realm signed", func(f *forgery) { f.protocol = append(slices.Clone(f.protocol), "realm=R") }, "never signed", "realm is signed"},
	{"realm lower case signed", func(f *forgery) { f.protocol = append(slices.Clone(f.protocol), "realm=r") }, "never signed", "realm is signed"},
	{"keys swapped", func(f *forgery) {
		f.replace("oauth_consumer_key=ck", "oauth_consumer_key=tk")
		f.replace("oauth_token=tk", "oauth_token=ck")
	}, "oauth_consumer_key is", "key and token are swapped"},
	{"parameters not encoded again", func(f *forgery) { f.query = []string{"b=x y", "a=1+1", "c=[2]"} }, "ours is encoded once more", "query is not encoded"},
	{"body signed, query not, unsorted", func(f *forgery) { f.query = nil; f.key = "cs%2B%20&" }, "check the query", "query is not signed"},
	{"method and secret", func(f *forgery) { f.method = "GET"; f.key = "cs%2B%20&" }, "method is", "as GET"},
}

// TestBrokenSignatures measures how often the cause is named: with the base string of the
// other side, and with its signature alone among the first three findings.
func TestBrokenSignatures(t *testing.T) {
	t.Parallel()
	c := &Config{ConsumerKey: "ck", ConsumerSecret: "cs+ ", Verifier: "v", Realm: "R", Timestamp: "1700000000", Nonce: "n"}
	r := Request{Method: "POST", URL: brokenURL, ContentType: formMediaType + "; charset=utf-8", Body: []byte(brokenForm)}
	token := Token{Token: "tk", Secret: "ts/="}
	e, err := c.Explain(r, token)
	if err != nil || e.BaseString != rightForgery().base() || e.Signature != rightForgery().signature() {
		t.Fatalf("the signature made by hand is not the right one: %v\n%s\n%s", err, e.BaseString, rightForgery().base())
	}
	compared, named, diagnosed := 0, 0, 0
	for _, broken := range brokenSignatures {
		f := rightForgery()
		broken.breaks(&f)
		if broken.base != "" {
			compared++
			if d := CompareBaseString(e.BaseString, f.base()); strings.Contains(d.Message, broken.base) {
				named++
			} else {
				t.Logf("%s: compared: %s", broken.name, d.Message)
			}
		}
		found, err := c.Diagnose(r, token, f.signature())
		if err != nil {
			t.Fatal(err)
		}
		if slices.ContainsFunc(found[:min(3, len(found))], func(f Finding) bool { return strings.Contains(f.String(), broken.found) }) {
			diagnosed++
		} else {
			t.Logf("%s: diagnosed: %v", broken.name, found)
		}
	}
	t.Logf("named %d of %d by base string, %d of %d by signature", named, compared, diagnosed, len(brokenSignatures))
	if named*100 < compared*95 || diagnosed*100 < len(brokenSignatures)*95 {
		t.Error("fewer than 95 % of the causes are named")
	}
}
