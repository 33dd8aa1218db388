package cli

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// secretNames are the secrets of the vault.
var secretNames = []string{"apiKey", "newKey", "password", "jwtSecret", "common", "consumerSecret", "tempSecret", "verifier", "token", "tokenSecret",
	"clientSecret", "code", "accessToken", "refreshToken", "hookPass", "hookSecret", "passphrase", "label"}

// tattler is a provider that writes every secret that it is sent into what it answers, in
// all forms that it can think of.
type tattler struct {
	*httptest.Server
	needles map[string]map[string]string // of each secret

	lock     sync.Mutex
	refuses  string                     // the path that is answered 400
	seen     map[string]map[string]bool // the secrets that arrived, by path
	callback string                     // of OAuth 1.0
	hanging  chan struct{}              // gets one for each request that hangs
	hook     string                     // address that was attached
}

func newTattler(t *testing.T) *tattler {
	p := &tattler{needles: map[string]map[string]string{}, seen: map[string]map[string]bool{}, hanging: make(chan struct{}, 1)}
	for _, name := range secretNames {
		p.needles[name] = disguised(marker + name + "Z")
	}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

// refuse has one path answer 400 from now on.
func (p *tattler) refuse(path string) {
	p.lock.Lock()
	defer p.lock.Unlock()
	p.refuses = path
}

// arrived returns the secrets that were sent to each path, a line for each.
func (p *tattler) arrived() string {
	p.lock.Lock()
	defer p.lock.Unlock()
	var b strings.Builder
	for _, path := range slices.Sorted(maps.Keys(p.seen)) {
		fmt.Fprintln(&b, path, strings.Join(slices.Sorted(maps.Keys(p.seen[path])), " "))
	}
	return b.String()
}

// note finds the secrets in a request, and remembers them.
func (p *tattler) note(path string, r *http.Request, body string) (names []string, refused bool) {
	var raw strings.Builder
	fmt.Fprintln(&raw, r.RequestURI, body)
	r.Header.Write(&raw)
	p.lock.Lock()
	defer p.lock.Unlock()
	for name, needles := range p.needles {
		if len(traces([]byte(raw.String()), needles)) > 0 {
			names = append(names, name)
			if p.seen[path] == nil {
				p.seen[path] = map[string]bool{}
			}
			p.seen[path][name] = true
		}
	}
	return names, p.refuses == path
}

func (p *tattler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path := "/" + strings.SplitN(r.URL.Path, "/", 3)[1]
	names, refused := p.note(path, r, string(body))
	var told []string
	for _, name := range names {
		told = append(told, gossip(secretOf(name))...)
	}
	w.Header().Set("X-Echo", strings.NewReplacer("\n", " ", "\r", " ").Replace(strings.Join(told, " ")))
	echo := strings.Join(told, "\n")
	if refused {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "message": echo})
		return
	}
	switch path {
	case "/refused":
		answer(w, http.StatusBadRequest, map[string]any{"message": echo, "nested": map[string]any{echo: []string{echo}}})
	case "/unsaid":
		http.Error(w, echo, http.StatusInternalServerError)
	case "/unauthorized":
		answer(w, http.StatusUnauthorized, map[string]any{"message": echo})
	case "/garbled":
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{"+strings.Repeat(echo, 9))
	case "/long":
		long := strings.Repeat("-", 8<<10-20)
		answer(w, http.StatusBadRequest, map[string]any{"message": long + echo, "all": strings.Repeat(long, 7) + echo})
	case "/away":
		w.Header().Set("Location", "http://169.254.169.254/"+addresses(names))
		w.WriteHeader(http.StatusFound)
	case "/lost":
		panic(http.ErrAbortHandler)
	case "/hang":
		p.hanging <- struct{}{}
		<-r.Context().Done()
	default:
		p.grant(w, r, path, string(body))
	}
}

// addresses are secrets as they stand in an address: in its path, in its query, and as
// JSON in a parameter.
func addresses(names []string) string {
	var b strings.Builder
	for _, name := range names {
		quoted := `{"s":"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(secretOf(name)) + `"}` // as JavaScript does
		fmt.Fprintf(&b, "%s?%s&state=%s&more=%s&", url.PathEscape(secretOf(name)), url.QueryEscape(secretOf(name)), url.QueryEscape(quoted), base64.URLEncoding.EncodeToString([]byte(quoted)))
	}
	return b.String()
}

// grant is what the provider does for those who ask well.
func (p *tattler) grant(w http.ResponseWriter, r *http.Request, path, body string) {
	form := func(pairs ...string) {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
		for i := 0; i < len(pairs); i += 2 {
			fmt.Fprintf(w, "&%s=%s", pairs[i], url.QueryEscape(pairs[i+1]))
		}
	}
	switch path {
	case "/request_token":
		p.lock.Lock()
		p.callback = oauthCallback(r.Header.Get("Authorization"))
		p.lock.Unlock()
		form("oauth_token", "temporary", "oauth_token_secret", secretOf("tempSecret"), "oauth_callback_confirmed", "true")
	case "/access_token":
		form("oauth_token", secretOf("token"), "oauth_token_secret", secretOf("tokenSecret"))
	case "/authorize":
		http.Redirect(w, r, p.back(r.URL.Query()), http.StatusFound)
	case "/token":
		answer(w, http.StatusOK, map[string]any{"access_token": secretOf("accessToken"), "refresh_token": secretOf("refreshToken"), "expires_in": 1})
	case "/attach":
		p.lock.Lock()
		p.hook = body[strings.Index(body, "http://"):]
		p.hook = p.hook[:strings.Index(p.hook, `"`)]
		p.lock.Unlock()
		answer(w, http.StatusOK, map[string]any{"secret": secretOf("hookSecret")})
	case "/ok":
		answer(w, http.StatusOK, map[string]any{"items": []any{map[string]any{"id": 1}, map[string]any{"id": 2}}})
	default:
		answer(w, http.StatusOK, map[string]any{"id": 7, "name": "ann"})
	}
}

// back is where the person is sent back to.
func (p *tattler) back(asked url.Values) string {
	p.lock.Lock()
	defer p.lock.Unlock()
	if asked.Get("oauth_token") != "" {
		return p.callback + "?oauth_token=temporary&oauth_verifier=" + url.QueryEscape(secretOf("verifier"))
	}
	return asked.Get("redirect_uri") + "?" + url.Values{"code": {secretOf("code")}, "state": {asked.Get("state")}}.Encode()
}

func oauthCallback(authorization string) string {
	_, rest, _ := strings.Cut(authorization, `oauth_callback="`)
	text, _, _ := strings.Cut(rest, `"`)
	address, _ := url.PathUnescape(text)
	return address
}

func answer(w http.ResponseWriter, status int, content any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(content)
}

// pemKey is a private key as it stands in a file.
func pemKey(t *testing.T) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}
