package engine_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/engine"
)

// identity is a certificate that signs itself, and its key, both in PEM.
type identity struct{ certificate, key string }

func newIdentity(t *testing.T, name string) (identity, *x509.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return identity{string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))}, parsed
}

// A server that asks for a certificate gets the one of auth, and no other server does.
func TestClientCertificate(t *testing.T) {
	t.Parallel()
	ann, known := newIdentity(t, "ann")
	bob, _ := newIdentity(t, "bob")
	pool := x509.NewCertPool()
	pool.AddCert(known)
	who := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		name := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			name = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		fmt.Fprintf(w, `{"name": %q}`, name)
	}
	other := serveTLS(t, &tls.Config{ClientAuth: tls.RequestClientCert}, who)
	server := serveTLS(t, &tls.Config{ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, other.URL, http.StatusFound)
			return
		}
		who(w, r)
	})
	login := `{"url": "{{parameters.url}}", "ca": "{{connection.ca}}", "auth": {"type": "certificate", "certificate": "{{connection.certificate}}", "key": "{{connection.key}}"}, "response": {"output": "{{body}}"}}`
	for _, test := range []struct {
		name, url, api string
		identity       identity
		want, wantErr  string
	}{
		{name: "its certificate", identity: ann, want: `{"name":"ann"}`},
		{name: "line breaks written out", identity: identity{strings.ReplaceAll(ann.certificate, "\n", `\n`), strings.ReplaceAll(ann.key, "\n", `\n`)}, want: `{"name":"ann"}`},
		{name: "one that is not known", identity: bob, wantErr: "GET https://127.0.0.1"},
		{name: "none", identity: ann, api: `{"url": "{{parameters.url}}", "ca": "{{connection.ca}}"}`, wantErr: "GET https://127.0.0.1"},
		{name: "another server after a redirect", identity: ann, url: "/away", want: `{"name":"nobody"}`},
		{name: "another key", identity: identity{ann.certificate, bob.key}, wantErr: "InvalidConfigurationError: certificate and key: private key does not match public key"},
		{name: "no certificate", identity: identity{"x", ann.key}, wantErr: "InvalidConfigurationError: certificate and key: failed to find any PEM data in certificate input"},
		{name: "no key", identity: identity{ann.certificate, ""}, wantErr: "InvalidConfigurationError: auth of type certificate needs certificate and key"},
		{name: "in clear", identity: ann, url: "http", wantErr: "InvalidConfigurationError: auth of type certificate needs an address that begins with https: and not with http"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if test.api == "" {
				test.api = login
			}
			address := server.URL + test.url
			if test.url == "http" {
				address = strings.Replace(server.URL, "https", "http", 1)
			}
			in := at(address)
			in.Connection = object("ca", certificate(server)+certificate(other), "certificate", test.identity.certificate, "key", test.identity.key)
			got, err := result(t, local(engine.Options{}).Start(compile(t, engine.Action, test.api), in))
			switch {
			case test.wantErr == "" && err != nil:
				t.Fatal(err)
			case test.wantErr == "":
				wantJSON(t, got, test.want)
			case err == nil || !strings.Contains(err.Type+": "+err.Message, test.wantErr):
				t.Errorf("the error is %v, want %s", err, test.wantErr)
			case strings.Contains(err.Message, "PRIVATE"):
				t.Error("the error shows the key")
			}
		})
	}
}
