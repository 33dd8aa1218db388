package oauth1

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"testing"
)

// benchURL is an ordinary API call: 6 protocol parameters and two of its own.
const benchURL = "https://api.example.com/1.1/statuses/home_timeline.json?count=20&include_entities=true"

var benchToken = Token{Token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", Secret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE"}

func benchConfig(method string) *Config {
	return &Config{
		ConsumerKey: "xvz1evFS4wEEPTGEFPHBog", ConsumerSecret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
		SignatureMethod: method,
	}
}

// benchSign builds a request and signs it.
func benchSign(b *testing.B, c *Config) {
	b.ReportAllocs()
	for b.Loop() {
		req, err := http.NewRequest("GET", benchURL, nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := c.SignHTTP(req, benchToken); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) { benchSign(b, benchConfig("")) }

func BenchmarkSignPlaintext(b *testing.B) { benchSign(b, benchConfig("PLAINTEXT")) }

func BenchmarkSignRSA(b *testing.B) {
	c := benchConfig("RSA-SHA256")
	c.Key = benchKey(b)
	benchSign(b, c)
}

// BenchmarkSignNeutral signs without net/http.
func BenchmarkSignNeutral(b *testing.B) {
	c := benchConfig("")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Sign(Request{Method: "GET", URL: benchURL}, benchToken); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFloorHMAC is what no HMAC signer can be faster than.
func BenchmarkFloorHMAC(b *testing.B) {
	base := benchBase(b)
	key := []byte("kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw&LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := http.NewRequest("GET", benchURL, nil); err != nil {
			b.Fatal(err)
		}
		mac := hmac.New(sha1.New, key)
		mac.Write(base)
		_ = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
}

// BenchmarkFloorRSA is the bare key operation.
func BenchmarkFloorRSA(b *testing.B) {
	key, base := benchKey(b), benchBase(b)
	b.ReportAllocs()
	for b.Loop() {
		sum := sha256.Sum256(base)
		if _, err := key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}
}

func benchBase(b *testing.B) []byte {
	b.Helper()
	signed, err := benchConfig("").Sign(Request{Method: "GET", URL: benchURL}, benchToken)
	if err != nil {
		b.Fatal(err)
	}
	return []byte(signed.BaseString)
}

func benchKey(b *testing.B) *rsa.PrivateKey {
	b.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	return key
}
