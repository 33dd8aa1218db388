package server_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/bus"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/server"
	"github.com/cleat-run/cleat/store"
)

const oidcClient, oidcSecret = "cleat client", "s&cret +100%"

// oidcIssuer is a provider of OpenID Connect that says whatever a test has it say. Its
// tokens are signed here, without the library that checks them.
type oidcIssuer struct {
	t   *testing.T
	url string
	key *rsa.PrivateKey

	mu     sync.Mutex
	grants map[string]oidcGrant // by code
}

// oidcGrant is what the issuer answers for a code.
type oidcGrant struct {
	challenge string
	claims    map[string]any
	info      map[string]any // of the userinfo endpoint
	key       *rsa.PrivateKey
	algorithm string
}

func newOIDCKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newOIDCIssuer(t *testing.T) *oidcIssuer {
	i := &oidcIssuer{t: t, key: newOIDCKey(t), grants: map[string]oidcGrant{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.metadata)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /userinfo", i.userinfo)
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	i.url = web.URL
	return i
}

func (i *oidcIssuer) metadata(w http.ResponseWriter, _ *http.Request) {
	oidcAnswer(w, map[string]any{"issuer": i.url, "authorization_endpoint": i.url + "/auth", "token_endpoint": i.url + "/token", "jwks_uri": i.url + "/keys",
		"userinfo_endpoint": i.url + "/userinfo", "id_token_signing_alg_values_supported": []string{"RS256", "none", "HS256"}})
}

func (i *oidcIssuer) keys(w http.ResponseWriter, _ *http.Request) {
	e := big.NewInt(int64(i.key.E)).Bytes()
	oidcAnswer(w, map[string]any{"keys": []any{map[string]string{"kty": "RSA", "kid": "1", "use": "sig", "n": oidcText(i.key.N.Bytes()), "e": oidcText(e)}}})
}

// token redeems a code once, for the client and the verifier that belong to it.
func (i *oidcIssuer) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if id != url.QueryEscape(oidcClient) || secret != url.QueryEscape(oidcSecret) {
		w.WriteHeader(http.StatusUnauthorized)
		oidcAnswer(w, map[string]string{"error": "invalid_client"})
		return
	}
	code := r.FormValue("code")
	i.mu.Lock()
	grant, ok := i.grants[code]
	delete(i.grants, code)
	i.mu.Unlock()
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	if !ok || oidcText(sum[:]) != grant.challenge {
		w.WriteHeader(http.StatusBadRequest)
		oidcAnswer(w, map[string]string{"error": "invalid_grant", "error_description": "secret words of the provider"})
		return
	}
	info, _ := json.Marshal(grant.info)
	oidcAnswer(w, map[string]any{"access_token": oidcText(info), "token_type": "Bearer", "id_token": i.sign(grant)})
}

func (i *oidcIssuer) userinfo(w http.ResponseWriter, r *http.Request) {
	info, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(info)
}

func (i *oidcIssuer) sign(g oidcGrant) string {
	head, _ := json.Marshal(map[string]string{"alg": g.algorithm, "kid": "1"})
	body, _ := json.Marshal(g.claims)
	text := oidcText(head) + "." + oidcText(body)
	if g.algorithm == "none" {
		return text + "."
	}
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, g.key, crypto.SHA256, sum[:])
	if err != nil {
		i.t.Error(err)
	}
	return text + "." + oidcText(signature)
}

func oidcText(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func oidcAnswer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// oidcNode is a server whose people sign in with an issuer.
type oidcNode struct {
	t       *testing.T
	issuer  *oidcIssuer
	url     string
	records *store.Store
}

func startOIDCNode(t *testing.T, change func(*server.OIDC)) *oidcNode {
	t.Helper()
	home, issuer := t.TempDir(), newOIDCIssuer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c := server.Config{
		Store: store.Options{Dir: home}, Bus: bus.Options{Dir: filepath.Join(home, "bus"), MinFree: 1}, Workers: 1, Proxies: loopback,
		Runtime:   cleat.Options{Engine: engine.Options{Egress: engine.Egress{Allow: loopback}}},
		PublicURL: &url.URL{Scheme: "http", Host: listener.Addr().String()},
		OIDC:      server.OIDC{Issuer: issuer.url, ClientID: oidcClient, ClientSecret: oidcSecret, Name: "Example", Role: record.Operator},
	}
	change(&c.OIDC)
	instance, err := server.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- instance.Serve(serving, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	n := &oidcNode{t: t, issuer: issuer, url: "http://" + listener.Addr().String()}
	if n.records, err = store.Open(t.Context(), store.Options{Dir: home}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.records.Close() })
	return n
}

func (n *oidcNode) addUser(email, subject string, disabled bool) *record.User {
	n.t.Helper()
	user := &record.User{ID: record.NewID("usr", time.Now()), Email: email, Subject: subject, Disabled: disabled, Created: time.Now()}
	if err := n.records.InsertUser(n.t.Context(), user, record.Member{Team: 1, Role: record.Viewer}); err != nil {
		n.t.Fatal(err)
	}
	return user
}

// oidcTry is one sign-in: what the issuer says, and how the browser comes back.
type oidcTry struct {
	grant  oidcGrant
	query  url.Values
	jar    http.CookieJar
	claims map[string]any
}

// signIn goes through a sign-in that change may spoil, and returns the status, and where
// the browser is sent, or the words of the page.
func (n *oidcNode) signIn(change func(*oidcTry)) (int, string, *http.Client) {
	n.t.Helper()
	jar, _ := cookiejar.New(nil) // fails never without options
	client := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	n.t.Cleanup(client.CloseIdleConnections)
	begun := n.get(client, n.url+"/sign-in/oidc")
	asked, err := url.Parse(begun.Header.Get("Location"))
	if err != nil || begun.StatusCode != http.StatusSeeOther {
		n.t.Fatalf("the sign-in begins with %d %s", begun.StatusCode, begun.Header.Get("Location"))
	}
	q := asked.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("response_type") != "code" || q.Get("redirect_uri") != n.url+"/sign-in/oidc/callback" {
		n.t.Errorf("the issuer is asked for %s", asked.RawQuery)
	}
	try := &oidcTry{jar: jar, query: url.Values{"state": {q.Get("state")}, "code": {rand.Text()}, "iss": {n.issuer.url}},
		claims: map[string]any{"iss": n.issuer.url, "aud": oidcClient, "sub": "s-1", "exp": time.Now().Add(time.Minute).Unix(), "iat": time.Now().Unix(),
			"nonce": q.Get("nonce"), "email": "boss@example.com", "email_verified": true, "name": "Boss"}}
	try.grant = oidcGrant{challenge: q.Get("code_challenge"), info: map[string]any{"sub": "s-1"}, key: n.issuer.key, algorithm: "RS256"}
	change(try)
	try.grant.claims = try.claims
	n.issuer.mu.Lock()
	n.issuer.grants[try.query.Get("code")] = try.grant
	n.issuer.mu.Unlock()
	client.Jar = try.jar
	// Each try comes from an address of its own: failures of one are counted.
	answer := n.get(client, n.url+"/sign-in/oidc/callback?"+try.query.Encode())
	if answer.StatusCode == http.StatusSeeOther {
		return answer.StatusCode, answer.Header.Get("Location"), client
	}
	page, err := io.ReadAll(answer.Body)
	if err != nil {
		n.t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "</h1>\n<p>")
	text, _, _ = strings.Cut(text, "</p>")
	return answer.StatusCode, html.UnescapeString(text), client
}

func (n *oidcNode) get(client *http.Client, address string) *http.Response {
	n.t.Helper()
	r, err := http.NewRequestWithContext(n.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	b := make([]byte, 3)
	rand.Read(b)
	r.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", b[0], b[1], b[2]))
	answer, err := client.Do(r)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// me asks who is signed in.
func (n *oidcNode) me(client *http.Client) (int, map[string]any) {
	n.t.Helper()
	answer := n.get(client, n.url+"/v1/me")
	me := map[string]any{}
	if err := json.NewDecoder(answer.Body).Decode(&me); err != nil {
		n.t.Fatal(err)
	}
	return answer.StatusCode, me
}

func TestOIDCRefuses(t *testing.T) {
	t.Parallel()
	n := startOIDCNode(t, func(*server.OIDC) {})
	n.addUser("boss@example.com", "", false)
	n.addUser("gone@example.com", "", true)
	n.addUser("bound@example.com", n.issuer.url+" s-2", false)
	n.addUser("left@example.com", n.issuer.url+" s-3", true)
	const (
		untrusted = "The answer of Example cannot be trusted."
		stranger  = "You may not sign in here; ask an owner of the team to invite you."
		elsewhere = "This sign-in was not begun in this browser, or it took more than ten minutes."
		unproven  = "Example has not verified your email address."
	)
	claim := func(name string, v any) func(*oidcTry) {
		return func(try *oidcTry) {
			if try.claims[name] = v; v == nil {
				delete(try.claims, name)
			}
		}
	}
	query := func(name, v string) func(*oidcTry) { return func(try *oidcTry) { try.query.Set(name, v) } }
	other := newOIDCKey(t)
	for _, test := range []struct {
		name   string
		change func(*oidcTry)
		status int
		text   string
	}{
		{"another nonce", claim("nonce", "x"), 403, untrusted},
		{"no nonce", claim("nonce", nil), 403, untrusted},
		{"another audience", claim("aud", "somebody else"), 403, untrusted},
		{"another party", claim("azp", "somebody else"), 403, untrusted},
		{"another issuer", claim("iss", "https://accounts.example.com"), 403, untrusted},
		{"expired", claim("exp", time.Now().Add(-time.Hour).Unix()), 403, untrusted},
		{"another key", func(try *oidcTry) { try.grant.key = other }, 403, untrusted},
		{"no signature", func(try *oidcTry) { try.grant.algorithm = "none" }, 403, untrusted},
		{"another verifier", func(try *oidcTry) { try.grant.challenge = "x" }, 403, untrusted},
		{"another state", query("state", "x"), 400, elsewhere},
		{"no state", query("state", ""), 400, elsewhere},
		{"another browser", func(try *oidcTry) { try.jar = nil }, 400, elsewhere},
		{"an answer of another issuer", query("iss", "https://accounts.example.com"), 400, "Another provider answered."},
		{"the person said no", query("error", "access_denied"), 403, "Example did not sign you in."},
		{"an address that is not verified", claim("email_verified", false), 403, unproven},
		{"an address of which nothing is said", claim("email_verified", nil), 403, unproven},
		{"no address", claim("email", nil), 403, unproven},
		{"an address that is none", claim("email", "Boss <boss@example.com>"), 403, unproven},
		{"a stranger", claim("email", "stranger@example.com"), 403, stranger},
		{"a user who is disabled", claim("email", "gone@example.com"), 403, stranger},
		{"a subject who is disabled", claim("sub", "s-3"), 403, stranger},
		{"an address of another subject", claim("email", "bound@example.com"), 403, "This email address belongs to somebody else who signed in before."},
		{"the provider tells of another person", func(try *oidcTry) {
			delete(try.claims, "email")
			try.grant.info = map[string]any{"sub": "s-9", "email": "boss@example.com", "email_verified": true}
		}, 403, untrusted},
	} {
		t.Run(test.name, func(t *testing.T) {
			status, text, client := n.signIn(test.change)
			if status != test.status || text != test.text {
				t.Errorf("%d %q, want %d %q", status, text, test.status, test.text)
			}
			if status, _ := n.me(client); status != http.StatusUnauthorized {
				t.Errorf("somebody is signed in: %d", status)
			}
		})
	}
	if user, err := n.records.UserWithEmail(t.Context(), "boss@example.com"); err != nil || user.Subject != "" {
		t.Errorf("a refused sign-in has bound %v: %v", user, err)
	}
}

// From the first sign-in on the subject counts: addresses change owners.
func TestOIDCBindsTheSubject(t *testing.T) {
	t.Parallel()
	n := startOIDCNode(t, func(*server.OIDC) {})
	boss := n.addUser("boss@example.com", "", false)
	ways, err := io.ReadAll(n.get(http.DefaultClient, n.url+"/v1/sign-in").Body)
	if want := fmt.Sprintf(`{"oidc":{"name":"Example","url":"%s/sign-in/oidc"}}`, n.url); err != nil || strings.TrimSpace(string(ways)) != want {
		t.Errorf("the ways to sign in are %s, want %s: %v", ways, want, err)
	}
	for _, change := range []func(*oidcTry){
		func(try *oidcTry) {
			delete(try.claims, "email")
			try.grant.info = map[string]any{"sub": "s-1", "email": "Boss@Example.com", "email_verified": "true"}
		},
		func(try *oidcTry) { try.claims["email"] = "renamed@example.com" },
		func(try *oidcTry) { delete(try.claims, "email"); delete(try.claims, "email_verified") },
	} {
		status, where, client := n.signIn(change)
		if status != http.StatusSeeOther || where != "/" {
			t.Fatalf("the sign-in ends with %d %s", status, where)
		}
		if status, me := n.me(client); status != http.StatusOK || me["id"] != boss.ID {
			t.Errorf("%d %v is signed in", status, me)
		}
	}
	user, err := n.records.User(t.Context(), boss.ID)
	if err != nil || user.Subject != n.issuer.url+" s-1" || user.Email != "boss@example.com" {
		t.Errorf("the user is %+v: %v", user, err)
	}
}

// Whoever opened the invitation may have been somebody else, who chose the password: when
// the address is proven it ends, with all sessions.
func TestOIDCEndsWhatWasNotProven(t *testing.T) {
	t.Parallel()
	n := startOIDCNode(t, func(*server.OIDC) {})
	boss := n.addUser("boss@example.com", "", false)
	boss.Password = "$argon2id$of somebody else"
	if err := n.records.UpdateUser(t.Context(), boss); err != nil {
		t.Fatal(err)
	}
	if err := n.records.InsertSession(t.Context(), &record.Session{Hash: "x", User: boss.ID, Team: 1, Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	_, _, client := n.signIn(func(*oidcTry) {})
	user, err := n.records.User(t.Context(), boss.ID)
	if err != nil || user.Password != "" || user.Subject == "" {
		t.Errorf("the user is %+v: %v", user, err)
	}
	if sessions, err := n.records.Sessions(t.Context(), boss.ID); err != nil || len(sessions) != 1 || sessions[0].Hash == "x" {
		t.Errorf("the sessions are %v: %v", sessions, err)
	}
	// The person may choose one now, without an old one.
	r, err := http.NewRequest(http.MethodPost, n.url+"/v1/me/password", strings.NewReader(`{"new": "correct horse battery"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Errorf("the first password is answered %d", answer.StatusCode)
	}
}

// The cookie serves once, and so does the code.
func TestOIDCComesBackOnce(t *testing.T) {
	t.Parallel()
	n := startOIDCNode(t, func(*server.OIDC) {})
	n.addUser("boss@example.com", "", false)
	var query url.Values
	_, _, client := n.signIn(func(try *oidcTry) { query = try.query })
	if again := n.get(client, n.url+"/sign-in/oidc/callback?"+query.Encode()); again.StatusCode != http.StatusBadRequest {
		t.Errorf("the second time: %d", again.StatusCode)
	}
}

func TestOIDCSignUp(t *testing.T) {
	t.Parallel()
	n := startOIDCNode(t, func(o *server.OIDC) { o.Signup, o.Domains = true, []string{"example.com"} })
	person := func(subject, email string) func(*oidcTry) {
		return func(try *oidcTry) { try.claims["sub"], try.claims["email"] = subject, email }
	}
	if status, text, _ := n.signIn(person("s-1", "first@example.com")); status != http.StatusForbidden || !strings.Contains(text, "no owner yet") {
		t.Errorf("without an owner: %d %s", status, text)
	}
	n.addUser("boss@example.com", "", false)
	for _, email := range []string{"a@example.org", "a@sub.example.com", "a@badexample.com", "a@example.com@example.org"} {
		if status, text, _ := n.signIn(person("s-2", email)); status != http.StatusForbidden {
			t.Errorf("%s: %d %s", email, status, text)
		}
	}
	status, text, client := n.signIn(person("s-3", "new@EXAMPLE.com"))
	if status != http.StatusSeeOther {
		t.Fatalf("%d %s", status, text)
	}
	if _, me := n.me(client); me["email"] != "new@example.com" || me["role"] != "operator" || me["name"] != "Boss" {
		t.Errorf("%v is signed in", me)
	}
}

func TestOIDCIssuerOutOfReach(t *testing.T) {
	t.Parallel()
	n := startOIDCNode(t, func(o *server.OIDC) { o.Issuer = "http://192.168.0.1" }) // which the guard refuses
	answer := n.get(http.DefaultClient, n.url+"/sign-in/oidc")
	page, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusBadGateway || !strings.Contains(string(page), "Example cannot be asked now; try again later.") {
		t.Errorf("%d %s: %v", answer.StatusCode, page, err)
	}
}
