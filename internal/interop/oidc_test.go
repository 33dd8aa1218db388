package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// The client that testdata/oidc is, see its common.json.
const oidcClient, oidcSecret = "cleat app", "an app's s&cret: 100% + 1"

// oidcBack is where the server sends the person back to. Nobody listens there: the tests
// take the address from the redirect.
const oidcBack = "http://127.0.0.1:9/oauth/cb/app"

// startOIDC starts oidc_provider.mjs and returns its address.
func startOIDC(t *testing.T) string { return startOIDCFor(t, oidcBack) }

// startOIDCFor starts it with another address to send people back to.
func startOIDCFor(t *testing.T, back string) string {
	t.Helper()
	if _, err := os.Stat("node_modules/oidc-provider"); err != nil {
		missing(t, "the npm package oidc-provider")
	}
	process := exec.Command(node(t), "oidc_provider.mjs")
	in, err := process.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := process.Wait(); err != nil {
			t.Errorf("oidc_provider.mjs: %v", err)
		}
	})
	client, err := json.Marshal(map[string]string{"client_id": oidcClient, "client_secret": oidcSecret, "redirect_uri": back})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(append(client, '\n')); err != nil {
		t.Fatal(err)
	}
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("oidc_provider.mjs tells no port: %v", err)
	}
	return "http://127.0.0.1:" + strings.TrimSpace(port)
}

// account is the app of testdata/oidc at work with a server.
type account struct {
	t       *testing.T
	server  string
	app     *cleat.App
	runtime *cleat.Runtime
	records *store.Store
	later   atomic.Int64 // how far the clock of cleat is ahead, a time.Duration
	asked   atomic.Int64 // requests to the token endpoint
}

func newAccount(t *testing.T) *account {
	t.Helper()
	a := &account{t: t, server: startOIDC(t)}
	var err error
	if a.app, err = cleat.Load("testdata/oidc"); err != nil || a.app.Findings.Err() != nil {
		t.Fatal(err, a.app.Findings)
	}
	if a.records, err = store.Open(t.Context(), store.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.records.Close() })
	a.runtime = cleat.New(cleat.Options{
		Engine: engine.Options{
			Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}},
			Now:    func() time.Time { return time.Now().Add(time.Duration(a.later.Load())) },
			Log: func(x engine.Exchange) {
				if strings.HasSuffix(x.URL, "/token") {
					a.asked.Add(1)
				}
			},
		},
		Connections: a.records, RedirectURI: oidcBack,
	})
	return a
}

const oidcSession = "the browser of the test"

// begin begins a connection of a type.
func (a *account) begin(id string) (*connect.Type, *connect.Started) {
	a.t.Helper()
	t, err := a.app.ConnectionType(id)
	if err != nil {
		a.t.Fatal(err)
	}
	started, err := a.runtime.Connector().Create(a.t.Context(), t, connect.Request{Name: id, Session: oidcSession,
		Parameters: value.Object("server", value.Text(a.server)).Collection()})
	if err != nil {
		a.t.Fatal(err)
	}
	return t, started
}

// finish takes the query of a callback to the stored connection.
func (a *account) finish(t *connect.Type, query string) (*connect.Record, error) {
	a.t.Helper()
	pairs := value.NewCollection(4)
	for _, p := range oauth1.ParseForm(query) {
		pairs.Set(p.Name, value.Text(p.Value))
	}
	cb := connect.Callback{Query: value.FromCollection(pairs), Session: oidcSession}
	flow, err := a.runtime.Connector().Flow(a.t.Context(), cb)
	if err != nil {
		return nil, err
	}
	started, err := a.runtime.Connector().Finish(a.t.Context(), t, flow, cb)
	if err != nil {
		return nil, err
	}
	return started.Record, nil
}

// connected is an account whose owner has allowed it.
func connected(t *testing.T) (*account, *connect.Type, *connect.Record) {
	t.Helper()
	a := newAccount(t)
	typ, started := a.begin("account")
	record, err := a.finish(typ, decide(t, started.Redirect, "allow"))
	if err != nil {
		t.Fatal(err)
	}
	return a, typ, record
}

// decide visits an address, presses the button, and returns the query of the callback.
func decide(t *testing.T, address, decision string) string {
	t.Helper()
	return decideFor(t, address, decision, oidcBack)
}

func decideFor(t *testing.T, address, decision, to string) string {
	t.Helper()
	jar, _ := cookiejar.New(nil) // fails never without options
	client := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), to) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	defer client.CloseIdleConnections()
	page, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	page.Body.Close()
	if page.StatusCode != http.StatusOK {
		t.Fatalf("the server shows %d at %s", page.StatusCode, page.Request.URL)
	}
	answer, err := client.PostForm(page.Request.URL.String(), url.Values{"decision": {decision}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	back, err := answer.Location()
	if err != nil || !strings.HasPrefix(back.String(), to+"?") {
		t.Fatalf("the server sends the person to %v: %v", back, err)
	}
	return back.RawQuery
}

// run runs a module to its end with the stored connection and returns its output.
func (a *account) run(module string) (value.Value, error) {
	a.t.Helper()
	c, err := a.app.Module(module)
	if err != nil {
		a.t.Fatal(err)
	}
	run, err := a.runtime.Start(a.t.Context(), c, cleat.Input{Connection: a.stored(c.Connections[0]), Parameters: value.NewCollection(0)})
	if err != nil {
		return value.Undefined, err
	}
	var output value.Value
	for bundle, err := range run.Bundles(a.t.Context()) {
		if err != nil {
			return value.Undefined, err
		}
		output = bundle
	}
	return output, nil
}

func (a *account) stored(name string) *connect.Record {
	a.t.Helper()
	record, err := a.records.ConnectionNamed(a.t.Context(), name)
	if err != nil {
		a.t.Fatal(err)
	}
	return record
}

// post sends a form as the client and returns the status and the answer.
func (a *account) post(path string, form url.Values) (int, map[string]any) {
	a.t.Helper()
	form.Set("client_id", oidcClient)
	form.Set("client_secret", oidcSecret)
	answer, err := http.PostForm(a.server+path, form)
	if err != nil {
		a.t.Fatal(err)
	}
	defer answer.Body.Close()
	body := map[string]any{}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil && !errors.Is(err, io.EOF) {
		a.t.Fatal(err)
	}
	return answer.StatusCode, body
}

// active reports whether the server accepts a token.
func (a *account) active(token string) bool {
	a.t.Helper()
	_, body := a.post("/token/introspection", url.Values{"token": {token}})
	return body["active"] == true
}

func text(r *connect.Record, name string) string { return r.Data.Get(name).Str() }

func TestOIDCProviderGrantsACodeWithPKCE(t *testing.T) {
	t.Parallel()
	a, _, record := connected(t)
	if record.UID != "alice" || record.Metadata.Value != "alice@example.com" || strings.Join(record.Scope, " ") != "openid email offline_access" {
		t.Errorf("uid %q, metadata %v, scope %q", record.UID, record.Metadata, record.Scope)
	}
	if text(record, "refreshToken") == "" {
		t.Error("there is no refresh token")
	}
	got, err := a.run("whoAmI")
	if err != nil || got.Member("email").Str() != "alice@example.com" {
		t.Errorf("whoAmI gives %s: %v", got.AppendJSON(nil), err)
	}
	if asked := a.asked.Load(); asked != 1 {
		t.Errorf("the token endpoint was asked %d times, want once", asked)
	}
}

// The server itself insists on the proof: without the verifier there is no token.
func TestOIDCProviderRefusesACodeWithoutItsVerifier(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	_, started := a.begin("account")
	query, err := url.ParseQuery(decide(t, started.Redirect, "allow"))
	if err != nil {
		t.Fatal(err)
	}
	status, body := a.post("/token", url.Values{"grant_type": {"authorization_code"}, "code": {query.Get("code")}, "redirect_uri": {oidcBack}})
	if status != http.StatusBadRequest || body["error"] != "invalid_grant" {
		t.Errorf("the server answers %d %v", status, body)
	}
}

func TestOIDCProviderRefusedByThePerson(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	typ, started := a.begin("account")
	query := decide(t, started.Redirect, "deny")
	for _, want := range []connect.Reason{connect.Declined, connect.Used} {
		_, err := a.finish(typ, query)
		var e *connect.Error
		if !errors.As(err, &e) || e.Reason != want {
			t.Errorf("finished with %v, want the reason %s", err, want)
		}
	}
	if all, err := a.records.Connections(t.Context()); err != nil || len(all) > 0 {
		t.Errorf("%d connections are stored: %v", len(all), err)
	}
}

// Each hour the token has ended before the run, and the refresh token is another one each
// time. The server ends the whole grant when it sees an old one again.
func TestOIDCProviderRotatesRefreshTokens(t *testing.T) {
	t.Parallel()
	a, _, record := connected(t)
	seen := map[string]bool{text(record, "refreshToken"): true}
	for round := range 2 {
		before := a.stored("account")
		a.later.Add(int64(time.Hour))
		if _, err := a.run("whoAmI"); err != nil {
			t.Fatal(err)
		}
		after := a.stored("account")
		if text(before, "accessToken") == text(after, "accessToken") || seen[text(after, "refreshToken")] {
			t.Errorf("refresh %d brought nothing new", round+1)
		}
		seen[text(after, "refreshToken")] = true
		if a.active(text(before, "refreshToken")) || !a.active(text(after, "refreshToken")) {
			t.Errorf("refresh %d: the server does not accept the newest refresh token alone", round+1)
		}
	}
	if _, err := a.run("whoAmI"); err != nil {
		t.Error(err)
	}
	if asked := a.asked.Load(); asked != 3 {
		t.Errorf("the token endpoint was asked %d times, want 3", asked)
	}
}

// The server has ended the access token before its time: the run gets another one.
func TestOIDCProviderRefreshesARefusedToken(t *testing.T) {
	t.Parallel()
	a, _, record := connected(t)
	a.post("/token/revocation", url.Values{"token": {text(record, "accessToken")}, "token_type_hint": {"access_token"}})
	if got, err := a.run("whoAmI"); err != nil || got.Member("sub").Str() != "alice" {
		t.Errorf("whoAmI gives %s: %v", got.AppendJSON(nil), err)
	}
	if stored := a.stored("account"); stored.Broken != "" || !a.active(text(stored, "accessToken")) {
		t.Errorf("the stored token is not accepted, broken: %q", stored.Broken)
	}
}

// A refresh token that was used behind the back of cleat ends the grant at the server; the
// person has to authorize again.
func TestOIDCProviderRefusesAStolenRefreshToken(t *testing.T) {
	t.Parallel()
	a, _, record := connected(t)
	if status, body := a.post("/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(record, "refreshToken")}}); status != http.StatusOK {
		t.Fatalf("the server answers %d %v", status, body)
	}
	a.later.Add(int64(time.Hour))
	_, err := a.run("whoAmI")
	var e *engine.Error
	if !errors.As(err, &e) || e.Type != engine.InvalidAccessTokenError || !strings.Contains(e.Message, "invalid_grant") {
		t.Errorf("the run ends with %v", err)
	}
	if broken := a.stored("account").Broken; !strings.Contains(broken, "invalid_grant") {
		t.Errorf("broken: %q", broken)
	}
}

func TestOIDCProviderForgetsADeletedConnection(t *testing.T) {
	t.Parallel()
	a, typ, record := connected(t)
	if !a.active(text(record, "refreshToken")) || !a.active(text(record, "accessToken")) {
		t.Fatal("the tokens are not accepted before")
	}
	if refused, err := a.runtime.Connector().Delete(t.Context(), typ, record); refused != nil || err != nil {
		t.Fatal(refused, err)
	}
	if a.active(text(record, "refreshToken")) || a.active(text(record, "accessToken")) {
		t.Error("the server still accepts a token")
	}
	if _, err := a.records.Connection(context.Background(), record.ID); !errors.Is(err, connect.ErrNotFound) {
		t.Errorf("the connection is there: %v", err)
	}
}

func TestOIDCProviderGrantsClientCredentials(t *testing.T) {
	t.Parallel()
	a := newAccount(t)
	typ, started := a.begin("robot")
	if started.Record == nil {
		t.Fatalf("a person has to visit %s", started.Redirect)
	}
	first := a.stored("robot")
	if got, err := a.run("checkToken"); err != nil || !got.Member("active").Truthy() || got.Member("client_id").Str() != oidcClient {
		t.Errorf("checkToken gives %s: %v", got.AppendJSON(nil), err)
	}
	a.later.Add(int64(10 * time.Minute))
	if got, err := a.run("checkToken"); err != nil || !got.Member("active").Truthy() {
		t.Errorf("later checkToken gives %s: %v", got.AppendJSON(nil), err)
	}
	second := a.stored("robot")
	if asked := a.asked.Load(); asked != 2 || text(first, "accessToken") == text(second, "accessToken") {
		t.Errorf("the token endpoint was asked %d times, want 2", asked)
	}
	if refused, err := a.runtime.Connector().Delete(t.Context(), typ, second); refused != nil || err != nil {
		t.Fatal(refused, err)
	}
	if a.active(text(second, "accessToken")) {
		t.Error("the server still accepts the token")
	}
}
