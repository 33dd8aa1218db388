package connect_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// provider2 is an authorization server as RFC 6749 has it, with one account: codes and
// refresh tokens are good once, access tokens until revoked.
type provider2 struct {
	*httptest.Server
	key *rsa.PublicKey // of the service account

	// before, if set, may answer a request to /token instead.
	before func(w http.ResponseWriter, form url.Values) (answered bool)
	// silent leaves these members out of the answers.
	silent []string

	lock    sync.Mutex
	serial  int
	codes   map[string]url.Values // by code: what authorize was asked
	refresh map[string]bool
	access  map[string]bool
	asked   []string // grant types, in order
	revoked []string
}

func newProvider2(t *testing.T) *provider2 {
	t.Helper()
	p := &provider2{codes: map[string]url.Values{}, refresh: map[string]bool{}, access: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /revoke", func(_ http.ResponseWriter, q *http.Request) { p.revoked = append(p.revoked, q.FormValue("token")) })
	mux.HandleFunc("GET /me", func(w http.ResponseWriter, q *http.Request) {
		p.lock.Lock()
		defer p.lock.Unlock()
		if !p.access[strings.TrimPrefix(q.Header.Get("Authorization"), "Bearer ")] {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		writeJSON(w, http.StatusOK, map[string]any{"id": 7, "email": "ann@example.com"})
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v)
}

// authorize lets the person say yes: it returns the query of the callback.
func (p *provider2) authorize(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	asked := u.Query()
	if asked.Get("response_type") != "code" || asked.Get("client_id") != "app-77" || asked.Get("state") == "" {
		t.Errorf("the person is sent to %s", address)
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	code := p.next("code")
	p.codes[code] = asked
	return url.Values{"code": {code}, "state": {asked.Get("state")}}.Encode()
}

// next is a new secret; p.lock is held.
func (p *provider2) next(kind string) string {
	p.serial++
	return fmt.Sprintf("%s-secret-%d", kind, p.serial)
}

// asks returns what was asked for so far.
func (p *provider2) asks() string {
	p.lock.Lock()
	defer p.lock.Unlock()
	return strings.Join(p.asked, " ")
}

func (p *provider2) token(w http.ResponseWriter, q *http.Request) {
	q.ParseForm()
	form := q.PostForm
	p.lock.Lock()
	p.asked = append(p.asked, form.Get("grant_type"))
	p.lock.Unlock()
	if p.before != nil && p.before(w, form) {
		return
	}
	p.lock.Lock()
	defer p.lock.Unlock()
	if refused := p.refusal(form); refused != "" {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": refused, "error_description": "no"})
		return
	}
	answer := map[string]any{"access_token": p.next("access"), "token_type": "bearer", "expires_in": 3600, "scope": form.Get("scope")}
	if grant := form.Get("grant_type"); grant == "authorization_code" || grant == "refresh_token" {
		refresh := p.next("refresh")
		p.refresh[refresh], answer["refresh_token"], answer["refresh_expires_in"] = true, refresh, 86400
	}
	p.access[answer["access_token"].(string)] = true
	for _, name := range p.silent {
		delete(answer, name)
	}
	writeJSON(w, http.StatusOK, answer)
}

// refusal is the error of RFC 6749 5.2 for a form, "" when it is granted; p.lock is held.
func (p *provider2) refusal(form url.Values) string {
	if form.Get("client_id") != "app-77" || form.Get("client_secret") != "client-secret" {
		if form.Get("assertion") == "" {
			return "invalid_client"
		}
	}
	good := false
	switch form.Get("grant_type") {
	case "authorization_code":
		asked, known := p.codes[form.Get("code")]
		delete(p.codes, form.Get("code"))
		good = known && asked.Get("redirect_uri") == form.Get("redirect_uri") && proves(asked.Get("code_challenge"), form.Get("code_verifier"))
	case "refresh_token":
		good = p.refresh[form.Get("refresh_token")]
		if good && p.silent == nil {
			delete(p.refresh, form.Get("refresh_token"))
		}
	case "client_credentials":
		good = true
	case "password":
		good = form.Get("username") == "ann" && form.Get("password") == "wonderland"
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		good = p.signed(form.Get("assertion"))
	}
	if !good {
		return "invalid_grant"
	}
	return ""
}

// proves is RFC 7636 4.6.
func proves(challenge, verifier string) bool {
	sum := sha256.Sum256([]byte(verifier))
	return challenge == "" || len(verifier) >= 43 && challenge == base64.RawURLEncoding.EncodeToString(sum[:])
}

// newKey is a key of a service account: the half that the provider knows, and PEM.
func newKey(t *testing.T) (*rsa.PublicKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// signed checks an assertion of RFC 7523 by RS256.
func (p *provider2) signed(assertion string) bool {
	at := strings.LastIndexByte(assertion, '.')
	signature, err := base64.RawURLEncoding.DecodeString(assertion[at+1:])
	sum := sha256.Sum256([]byte(assertion[:max(at, 0)]))
	return err == nil && p.key != nil && rsa.VerifyPKCS1v15(p.key, crypto.SHA256, sum[:], signature) == nil
}
