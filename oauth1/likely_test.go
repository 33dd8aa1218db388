package oauth1

import (
	"testing"
	"time"
)

// TestLikely checks the first cause of a refusal.
func TestLikely(t *testing.T) {
	t.Parallel()
	const at = 1_700_000_000
	for _, test := range []struct {
		name    string
		config  Config
		request Request
		token   Token
		problem *ProblemError
		want    string
	}{
		{"unknown key", Config{ConsumerKey: "k", ConsumerSecret: "s"}, Request{}, Token{}, &ProblemError{Problem: ProblemConsumerKeyUnknown},
			"the server does not know the consumer key: it is mistyped, or belongs to another environment of the service"},
		{"clock by Date", Config{ConsumerKey: "k", ConsumerSecret: "s"}, Request{}, Token{}, &ProblemError{Date: time.Unix(at+600, 0)},
			"the timestamp is 10m0s behind the server's clock"},
		{"clock by range", Config{ConsumerKey: "k", ConsumerSecret: "s"}, Request{}, Token{}, &ProblemError{Problem: ProblemTimestampRefused, AcceptableFrom: time.Unix(at-700, 0), AcceptableTo: time.Unix(at-500, 0)},
			"the timestamp is 10m0s ahead of the server's clock"},
		{"timestamps that go back", Config{}, Request{}, Token{}, &ProblemError{Problem: ProblemTimestampRefused},
			"the server refuses the timestamp: the clocks differ, or it wants timestamps that never go back"},
		{"absent", Config{}, Request{}, Token{}, &ProblemError{Problem: ProblemParameterAbsent, Absent: []string{"oauth_verifier"}}, "the server misses oauth_verifier"},
		{"no key", Config{ConsumerSecret: "s"}, Request{}, Token{}, nil, "there is no consumer key"},
		{"no secret", Config{ConsumerKey: "k"}, Request{}, Token{}, nil, "there is no consumer secret"},
		{"no token secret", Config{ConsumerKey: "k", ConsumerSecret: "s"}, Request{}, Token{Token: "t"}, nil, "there is a token but no token secret: both belong into the key"},
		{"white space", Config{ConsumerKey: "k", ConsumerSecret: "s\n"}, Request{}, Token{Token: "t", Secret: "u"}, nil, "the consumer secret begins or ends with white space"},
		{"JSON as form", Config{ConsumerKey: "k", ConsumerSecret: "s"}, Request{ContentType: formMediaType, Body: []byte("{}")}, Token{Token: "t", Secret: "u"}, nil,
			"the body is no form, but is sent and signed as one: correct Content-Type"},
		{"nothing unusual", Config{ConsumerKey: "k", ConsumerSecret: "s"}, Request{}, Token{Token: "t", Secret: "u"}, nil,
			"the consumer secret or the token secret is not the one that belongs to the key"},
		{"NetSuite", Config{ConsumerKey: "k", ConsumerSecret: "s", SignatureMethod: "HMAC-SHA256", Realm: "1-sb1"}, Request{URL: "https://1-sb1.suitetalk.api.netsuite.com/x"}, Token{Token: "t", Secret: "u"}, nil,
			"NetSuite wants the account as realm, in upper case and with _ for -, such as 1234567_SB1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.config.Timestamp = "1700000000"
			if test.request.URL == "" {
				test.request.URL = "https://api.example.com/a"
			}
			causes := test.config.Likely(test.request, test.token, test.problem)
			if len(causes) == 0 || causes[0].Text != test.want {
				t.Errorf("got %+v\nwant first: %s", causes, test.want)
			}
		})
	}
}

// TestEcho finds what a server shows of its own work.
func TestEcho(t *testing.T) {
	t.Parallel()
	bases, signatures := Echo(`<p>Invalid signature. Expected signature <b>/f3woMlF/2kwxLGin0qjeJmbl+A=</b> for
GET&amp;http%3A%2F%2Fexample.com%2Fa&amp;oauth_nonce%3Dn</p>`)
	if len(bases) != 1 || bases[0] != "GET&http%3A%2F%2Fexample.com%2Fa&oauth_nonce%3Dn" {
		t.Errorf("base strings %q", bases)
	}
	if len(signatures) != 1 || signatures[0] != "/f3woMlF/2kwxLGin0qjeJmbl+A=" {
		t.Errorf("signatures %q", signatures)
	}
}
