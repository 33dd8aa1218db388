package bench

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	dghubble "github.com/dghubble/oauth1"
	mrjones "github.com/mrjones/oauth"

	"github.com/cleat-run/cleat/oauth1"
)

const (
	address        = "https://api.example.com/1.1/statuses/home_timeline.json?count=20&include_entities=true"
	consumerKey    = "xvz1evFS4wEEPTGEFPHBog"
	consumerSecret = "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw"
	token          = "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb"
	tokenSecret    = "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"
)

// wire answers every request, and keeps the Authorization header of the last one.
type wire struct{ authorization string }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	w.authorization = req.Header.Get("Authorization")
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: req}, nil
}

// signers sign a request on its way to w, each in the way that its library recommends.
func signers(tb testing.TB, w *wire) map[string]http.RoundTripper {
	consumer := mrjones.NewCustomHttpClientConsumer(consumerKey, consumerSecret, mrjones.ServiceProvider{}, &http.Client{Transport: w})
	theirs, err := consumer.MakeRoundTripper(&mrjones.AccessToken{Token: token, Secret: tokenSecret})
	if err != nil {
		tb.Fatal(err)
	}
	config := dghubble.NewConfig(consumerKey, consumerSecret)
	return map[string]http.RoundTripper{
		"cleat": &oauth1.Transport{
			Base:   w,
			Config: &oauth1.Config{ConsumerKey: consumerKey, ConsumerSecret: consumerSecret},
			Source: oauth1.StaticToken(oauth1.Token{Token: token, Secret: tokenSecret}),
		},
		"dghubble/oauth1": config.Client(dghubble.NoContext, dghubble.NewToken(token, tokenSecret)).Transport,
		"mrjones/oauth":   theirs,
	}
}

func TestSignersSendTheSameParameters(t *testing.T) {
	w := &wire{}
	for name, transport := range signers(t, w) {
		if d, ok := transport.(*dghubble.Transport); ok {
			d.Base = w
		}
		send(t, transport)
		params := map[string]string{}
		for _, p := range oauth1.ParseAuthorization(w.authorization) {
			params[p.Name] = p.Value
		}
		want := []string{"oauth_consumer_key", "oauth_nonce", "oauth_signature", "oauth_signature_method", "oauth_timestamp", "oauth_token", "oauth_version"}
		for _, p := range want {
			if params[p] == "" {
				t.Errorf("%s sends no %s: %s", name, p, w.authorization)
			}
		}
		if len(params) != len(want) || params["oauth_signature_method"] != "HMAC-SHA1" {
			t.Errorf("%s sends %s", name, w.authorization)
		}
	}
}

func send(tb testing.TB, transport http.RoundTripper) {
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		tb.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
}

// BenchmarkSign builds, signs and "sends" one GET request with HMAC-SHA1. The floor is
// the HMAC and base64 alone, over a base string of the same length.
func BenchmarkSign(b *testing.B) {
	w := &wire{}
	for name, transport := range signers(b, w) {
		if d, ok := transport.(*dghubble.Transport); ok {
			d.Base = w
		}
		b.Run(strings.ReplaceAll(name, "/", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				send(b, transport)
			}
		})
	}
	signed, err := (&oauth1.Config{ConsumerKey: consumerKey, ConsumerSecret: consumerSecret}).
		Sign(oauth1.Request{URL: address}, oauth1.Token{Token: token, Secret: tokenSecret})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("floor", func(b *testing.B) {
		key, base := []byte(consumerSecret+"&"+tokenSecret), []byte(signed.BaseString)
		b.ReportAllocs()
		for b.Loop() {
			mac := hmac.New(sha1.New, key)
			mac.Write(base)
			_ = base64.StdEncoding.EncodeToString(mac.Sum(nil))
		}
	})
}
