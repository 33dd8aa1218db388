package examples_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/examples"
	"github.com/cleat-run/cleat/internal/visitor"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// fake is how a provider of the gallery behaves, as far as its documents tell.
type fake struct {
	typed map[string]string // what a person types into the form
	// requests are those that the provider must see while an account is connected:
	// method and address, the query of the flow's steps included.
	requests []string
	authorize,
	method, transport string // of the signatures; no method: requests are not signed
	options oauth1test.Options
	header  http.Header // that every request of the API must have
	answer  any         // of the API
	label   string      // that the connection shows
	oob     bool        // the person types a code
	base    string      // address of the API
	path    string      // below it, that the module must reach with a right signature
}

var gallery = map[string]fake{
	"x": {
		requests: []string{"POST https://api.x.com/oauth/request_token?x_auth_access_type=write", "POST https://api.x.com/oauth/access_token", "GET https://api.x.com/2/users/me"},
		options:  oauth1test.Options{Quirks: oauth1test.Quirks{ContentType: "text/html", DeniedParameter: true, Extra: [][2]string{{"user_id", "7"}, {"screen_name", "alice"}}}},
		answer:   object{"data": object{"id": "7", "username": "alice"}}, label: "alice",
		authorize: "https://api.x.com/oauth/authorize", base: "https://api.x.com/2", path: "/tweets",
	},
	"tumblr": {
		requests: []string{"POST https://www.tumblr.com/oauth/request_token", "POST https://www.tumblr.com/oauth/access_token", "GET https://api.tumblr.com/v2/user/info"},
		answer:   object{"response": object{"user": object{"name": "alice"}}}, label: "alice",
		authorize: "https://www.tumblr.com/oauth/authorize", base: "https://api.tumblr.com/v2", path: "/user/dashboard",
	},
	"flickr": {
		requests: []string{"POST https://www.flickr.com/services/oauth/request_token", "POST https://www.flickr.com/services/oauth/access_token",
			"GET https://api.flickr.com/services/rest?method=flickr.test.login&format=json&nojsoncallback=1"},
		options: oauth1test.Options{RequestToken: "/services/oauth/request_token", Authorize: "/services/oauth/authorize?perms=write", AccessToken: "/services/oauth/access_token",
			Quirks: oauth1test.Quirks{ContentType: "text/plain", Extra: [][2]string{{"user_nsid", "7@N00"}}}},
		answer: object{"user": object{"id": "7@N00", "username": object{"_content": "alice"}}}, label: "alice",
		authorize: "https://www.flickr.com/services/oauth/authorize", base: "https://api.flickr.com/services", path: "/rest",
	},
	"discogs": {
		requests: []string{"GET https://api.discogs.com/oauth/request_token", "POST https://api.discogs.com/oauth/access_token", "GET https://api.discogs.com/oauth/identity"},
		header:   http.Header{"User-Agent": {"cleat/1.0 +https://github.com/cleat-run/cleat"}},

		answer:    object{"id": 7, "username": "alice"},
		label:     "alice",
		authorize: "https://www.discogs.com/oauth/authorize", method: "PLAINTEXT", base: "https://api.discogs.com", path: "/users/alice",
	},
	"mediawiki": {
		typed: map[string]string{"server": "https://wiki.example/w"},
		requests: []string{"GET https://wiki.example/w/index.php?title=Special%3AOAuth%2Finitiate&format=json",
			"GET https://wiki.example/w/index.php?title=Special%3AOAuth%2Ftoken&format=json", "GET https://wiki.example/w/api.php?action=query&meta=userinfo&format=json"},
		options: oauth1test.Options{RequestToken: "/w/index.php?title=Special:OAuth/initiate", Authorize: "/w/index.php?title=Special:OAuth/authorize&oauth_consumer_key=consumer",
			AccessToken: "/w/index.php?title=Special:OAuth/token", Quirks: oauth1test.Quirks{JSON: true}},
		answer: object{"query": object{"userinfo": object{"id": 7, "name": "Alice"}}}, label: "Alice",
		authorize: "https://wiki.example/w/index.php", oob: true, base: "https://wiki.example/w", path: "/api.php",
	},
	"magento": {
		typed:    map[string]string{"server": "https://shop.example", "verifier": "activated"},
		requests: []string{"POST https://shop.example/oauth/token/request", "POST https://shop.example/oauth/token/access", "GET https://shop.example/rest/V1/store/storeConfigs"},
		options: oauth1test.Options{RequestToken: "/oauth/token/request", AccessToken: "/oauth/token/access",
			Quirks: oauth1test.Quirks{ContentType: "text/html", Activated: "activated"}},
		answer: []any{object{"id": 1}}, label: "https://shop.example",
		method: "HMAC-SHA256", base: "https://shop.example/rest/V1", path: "/products?searchCriteria[pageSize]=10",
	},
	"woocommerce": {
		typed:    map[string]string{"server": "http://shop.example"},
		requests: []string{"GET http://shop.example/wp-json/wc/v3/system_status"},
		options:  oauth1test.Options{Consumers: []oauth1test.Consumer{{Key: "consumer", Secret: "consumer-secret", TwoLegged: true}}},
		answer:   object{"environment": object{"site_url": "http://shop.example"}}, label: "http://shop.example",
		method: "HMAC-SHA256", transport: "query", base: "http://shop.example/wp-json/wc/v3", path: "/products?include[0]=1",
	},
	"netsuite": {
		typed:    map[string]string{"account": "1234567_sb1", "tokenId": "token", "tokenSecret": "token-secret"},
		requests: []string{"GET https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/metadata-catalog"},
		options:  oauth1test.Options{Quirks: oauth1test.Quirks{SignatureRealm: "1234567_SB1"}},
		answer:   object{}, label: "1234567_sb1",
		method: "HMAC-SHA256", base: "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest", path: "/record/v1/customer?q=a%20b",
	},
	"mastercard": {
		typed:    map[string]string{"test": "/service/v1/items"},
		requests: []string{"GET https://sandbox.api.mastercard.com/service/v1/items"},
		options: oauth1test.Options{Consumers: []oauth1test.Consumer{{Key: "consumer", PublicKey: &key().PublicKey, TwoLegged: true}},
			Quirks: oauth1test.Quirks{Rules: oauth1test.Rules{Mastercard: true}}},
		answer: object{}, label: "https://sandbox.api.mastercard.com",
		method: "RSA-SHA256", base: "https://sandbox.api.mastercard.com", path: "/service/v1/items?a=b+c",
	},
	"garmin": {
		requests: []string{"POST https://connectapi.garmin.com/oauth-service/oauth/request_token", "POST https://connectapi.garmin.com/oauth-service/oauth/access_token",
			"GET https://apis.garmin.com/wellness-api/rest/user/id"},
		options: oauth1test.Options{RequestToken: "/oauth-service/oauth/request_token", Authorize: "/oauthConfirm", AccessToken: "/oauth-service/oauth/access_token",
			Quirks: oauth1test.Quirks{ContentType: "text/plain", CallbackLater: true, NoCallbackConfirmed: false}},
		answer: object{"userId": "d3315b1072421d0dd7c8f6b8e1de4df8"}, label: "d3315b1072421d0dd7c8f6b8e1de4df8",
		authorize: "https://connect.garmin.com/oauthConfirm", base: "https://apis.garmin.com", path: "/wellness-api/rest/dailies",
	},
	"schoology": {
		requests: []string{"GET https://api.schoology.com/v1/oauth/request_token", "GET https://api.schoology.com/v1/oauth/access_token",
			"GET https://api.schoology.com/v1/users/me", "GET https://api.schoology.com/v1/users/7"},
		options: oauth1test.Options{RequestToken: "/v1/oauth/request_token", AccessToken: "/v1/oauth/access_token", Quirks: oauth1test.Quirks{SignatureRealm: "Schoology API"}},
		answer:  object{"uid": "7", "name_display": "Alice"}, label: "Alice",
		authorize: "https://app.schoology.com/oauth/authorize", base: "https://api.schoology.com/v1", path: "/courses",
	},
	"jira-server": {
		typed: map[string]string{"server": "https://jira.example"},
		requests: []string{"POST https://jira.example/plugins/servlet/oauth/request-token", "POST https://jira.example/plugins/servlet/oauth/access-token",
			"GET https://jira.example/rest/api/2/myself"},
		options: oauth1test.Options{RequestToken: "/plugins/servlet/oauth/request-token", Authorize: "/plugins/servlet/oauth/authorize", AccessToken: "/plugins/servlet/oauth/access-token",
			Consumers: []oauth1test.Consumer{{Key: "consumer", PublicKey: &key().PublicKey}}, TokenLifetime: 1 << 40},
		answer: object{"key": "alice", "displayName": "Alice"}, label: "Alice",
		authorize: "https://jira.example/plugins/servlet/oauth/authorize", method: "RSA-SHA1", base: "https://jira.example/rest/api/2", path: "/search?jql=a%3Db",
	},
	"zotero": {
		requests: []string{"POST https://www.zotero.org/oauth/request", "POST https://www.zotero.org/oauth/access", "GET https://api.zotero.org/keys/current"},
		options: oauth1test.Options{RequestToken: "/oauth/request", Authorize: "/oauth/authorize?library_access=1&notes_access=1&write_access=1", AccessToken: "/oauth/access",
			Quirks: oauth1test.Quirks{Extra: [][2]string{{"userID", "7"}, {"username", "alice"}}}},
		header: http.Header{"Zotero-Api-Version": {"3"}},
		answer: object{"userID": 7, "username": "alice"}, label: "alice",
		authorize: "https://www.zotero.org/oauth/authorize", method: unsigned, base: "https://api.zotero.org", path: "/users/7/items",
	},
	"trello": {
		requests: []string{"POST https://trello.com/1/OAuthGetRequestToken", "POST https://trello.com/1/OAuthGetAccessToken", "GET https://api.trello.com/1/members/me"},
		options: oauth1test.Options{RequestToken: "/1/OAuthGetRequestToken", Authorize: "/1/OAuthAuthorizeToken?name=cleat&scope=read,write&expiration=never",
			AccessToken: "/1/OAuthGetAccessToken"},
		answer: object{"id": "7", "fullName": "Alice"}, label: "Alice",
		authorize: "https://trello.com/1/OAuthAuthorizeToken", base: "https://api.trello.com/1", path: "/members/me/boards",
	},
	"evernote": {
		requests: []string{"GET https://www.evernote.com/oauth", "GET https://www.evernote.com/oauth"},
		options: oauth1test.Options{RequestToken: "/oauth", Authorize: "/OAuth.action", AccessToken: "/oauth",
			Quirks: oauth1test.Quirks{Extra: [][2]string{{"edam_noteStoreUrl", "https://www.evernote.com/shard/s1/notestore"}, {"edam_expires", "4102444800000"}, {"edam_userId", "7"}}}},
		authorize: "https://www.evernote.com/OAuth.action",
	},
	"smugmug": {
		requests: []string{"POST https://api.smugmug.com/services/oauth/1.0a/getRequestToken", "POST https://api.smugmug.com/services/oauth/1.0a/getAccessToken",
			"GET https://api.smugmug.com/api/v2!authuser"},
		options: oauth1test.Options{RequestToken: "/services/oauth/1.0a/getRequestToken", Authorize: "/services/oauth/1.0a/authorize?Access=Full&Permissions=Modify",
			AccessToken: "/services/oauth/1.0a/getAccessToken"},
		header: http.Header{"Accept": {"application/json"}},
		answer: object{"Response": object{"User": object{"NickName": "alice", "Name": "Alice"}}}, label: "Alice",
		authorize: "https://api.smugmug.com/services/oauth/1.0a/authorize", method: "PLAINTEXT", base: "https://api.smugmug.com", path: "/api/v2/user/alice",
	},
}

type object = map[string]any

// unsigned says that an API takes no signatures.
const unsigned = "none"

// key is the RSA key of all clients that have one.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func TestGallery(t *testing.T) {
	t.Parallel()
	entries, err := fs.ReadDir(examples.Providers(), ".")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if want := slices.Sorted(maps.Keys(gallery)); !slices.Equal(names, want) {
		t.Errorf("the gallery has %v, there are fakes for %v", names, want)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, gallery[name])
			a := load(t, name)
			rt := p.runtime(t)
			record := p.connect(t, rt, a)
			if record.Metadata.Value != p.label {
				t.Errorf("the connection shows %q, not %q", record.Metadata.Value, p.label)
			}
			if !slices.Equal(p.seen, p.requests) {
				t.Errorf("the provider saw\n  %s\nnot\n  %s", strings.Join(p.seen, "\n  "), strings.Join(p.requests, "\n  "))
			}
			if p.path != "" {
				p.request(t, rt, a, record)
			}
		})
	}
}

// provider is a fake at work: it listens on loopback and is every host there is.
type provider struct {
	fake
	oauth   *oauth1test.Provider
	network *http.Transport
	seen    []string // requests but those of the person
}

func start(t *testing.T, f fake) *provider {
	p := &provider{fake: f, oauth: oauth1test.New(f.options)}
	if f.typed["tokenId"] != "" {
		p.typed = maps.Clone(f.typed)
		p.typed["tokenId"], p.typed["tokenSecret"] = p.oauth.Issue("consumer")
	}
	p.oauth.Handle("/", p.api())
	p.oauth.Handle("/v1/users/me", p.protected(http.RedirectHandler("/v1/users/7", http.StatusSeeOther)))
	plain, secure := httptest.NewServer(p), httptest.NewTLSServer(p)
	t.Cleanup(plain.Close)
	t.Cleanup(secure.Close)
	dial := func(server *httptest.Server) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}
	}
	p.network = &http.Transport{DialContext: dial(plain), TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	p.network.DialTLSContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		raw, err := dial(secure)(ctx, network, "")
		if err != nil {
			return nil, err
		}
		return tls.Client(raw, p.network.TLSClientConfig), nil
	}
	t.Cleanup(p.network.CloseIdleConnections)
	return p
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("From") != person {
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		p.seen = append(p.seen, r.Method+" "+scheme+r.Host+withoutOAuth(r.RequestURI))
	}
	p.oauth.ServeHTTP(w, r)
}

// person marks the requests of a browser.
const person = "person@example.com"

// withoutOAuth drops what the signer put into a query.
func withoutOAuth(target string) string {
	path, query, _ := strings.Cut(target, "?")
	pieces := slices.DeleteFunc(strings.Split(query, "&"), func(piece string) bool { return strings.HasPrefix(piece, "oauth_") || piece == "" })
	if len(pieces) == 0 {
		return path
	}
	return path + "?" + strings.Join(pieces, "&")
}

func (p *provider) protected(h http.Handler) http.Handler {
	if p.method == unsigned {
		return h
	}
	return p.oauth.Protect(h)
}

// api answers who signed, when the request is as the provider wants it.
func (p *provider) api() http.Handler {
	return p.protected(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, values := range p.header {
			if r.Header.Get(name) != values[0] {
				http.Error(w, name+" is not "+values[0], http.StatusForbidden)
				return
			}
		}
		if p.method == unsigned && (r.Header.Get("Authorization") != "" || r.Header.Get("Zotero-Api-Key") == "") {
			http.Error(w, "the key is missing", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(p.answer)
	}))
}

func (p *provider) runtime(t *testing.T) *cleat.Runtime {
	records, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	return cleat.New(cleat.Options{Engine: engine.Options{Transport: p.network}, Connections: records, RedirectURI: callback})
}

const callback = "http://callback.example/oauth/cb/app-oauth1"

func load(t *testing.T, name string) *cleat.App {
	definition, found, err := app.LoadFS(examples.Providers(), name)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) > 0 {
		t.Errorf("findings: %v", found)
	}
	return cleat.NewApp(definition, found)
}

// connect takes an account through the flow, over the authorize page where there is one.
func (p *provider) connect(t *testing.T, rt *cleat.Runtime, a *cleat.App) *connect.Record {
	connection, err := a.ConnectionType(a.Connections[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	c := rt.Connector()
	started, err := c.Create(t.Context(), connection, connect.Request{Name: "account", Session: "session", Parameters: p.form(a)})
	if err != nil {
		t.Fatal(err)
	}
	if started.Record != nil {
		return started.Record
	}
	if started.PIN != p.oob || !strings.HasPrefix(started.Redirect, p.authorize+"?") {
		t.Fatalf("the person is sent to %s, PIN %v", started.Redirect, started.PIN)
	}
	back := p.allow(t, started.Redirect)
	back.Session = "session"
	flow, err := c.Flow(t.Context(), back)
	if err != nil {
		t.Fatal(err)
	}
	if started, err = c.Finish(t.Context(), connection, flow, back); err != nil {
		t.Fatal(err)
	}
	return started.Record
}

// form is what a person types: the values of the fake over defaults.
func (p *provider) form(a *cleat.App) *value.Collection {
	der, _ := x509.MarshalPKCS8PrivateKey(key()) // fails never for RSA
	standard := map[string]string{"consumerKey": "consumer", "consumerSecret": "consumer-secret",
		"privateKey": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
	values := value.NewCollection(4)
	for _, field := range a.Connections[0].Parameters.Root().Elements {
		name, _ := field.Get("name").Str()
		text, typed := p.typed[name]
		if !typed {
			text = standard[name]
		}
		if text == "" {
			text, _ = field.Get("default").Str()
		}
		values.Set(name, value.Text(text))
	}
	return values
}

// allow presses the button, and returns what came back from the provider.
func (p *provider) allow(t *testing.T, address string) connect.Callback {
	browser := roundTripper(func(r *http.Request) (*http.Response, error) {
		r.Header.Set("From", person)
		return p.network.RoundTrip(r)
	})
	page, sentTo, err := visitor.AnswerOver(t.Context(), browser, address, visitor.Allow)
	if err != nil {
		t.Fatal(err)
	}
	back, err := url.Parse(sentTo)
	if err != nil {
		t.Fatal(err)
	}
	answers := value.NewCollection(2)
	for name, values := range back.Query() {
		answers.Set(name, value.Text(values[0]))
	}
	if p.oob {
		_, after, _ := strings.Cut(page, `<code id="pin">`)
		pin, _, _ := strings.Cut(after, "<")
		answers.Set("oauth_verifier", value.Text(pin))
	}
	return connect.Callback{Query: value.FromCollection(answers)}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// request runs the module and holds the provider to a right signature by the method and
// in the place that it wants.
func (p *provider) request(t *testing.T, rt *cleat.Runtime, a *cleat.App, record *connect.Record) {
	module, err := a.Module("makeApiCall")
	if err != nil {
		t.Fatal(err)
	}
	run, err := rt.Start(t.Context(), module, cleat.Input{Connection: record,
		Parameters: value.Object("url", value.Text(strings.TrimPrefix(p.path, "/")), "method", value.Text("GET")).Collection()})
	if err != nil {
		t.Fatal(err)
	}
	v, err := run.Value(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if status := v.Member("statusCode").ToText(); status != "200" {
		t.Errorf("status %s: %v", status, v)
	}
	if want := "GET " + p.base + p.path; p.seen[len(p.seen)-1] != want {
		t.Errorf("the provider saw %s, not %s", p.seen[len(p.seen)-1], want)
	}
	if p.method == unsigned {
		return
	}
	last := p.oauth.Signatures()[len(p.oauth.Signatures())-1]
	method, transport := p.method, p.transport
	if method == "" {
		method = "HMAC-SHA1"
	}
	if transport == "" {
		transport = "header"
	}
	if last.SignatureMethod != method || last.Transport != transport {
		t.Errorf("signed by %s in the %s, not by %s in the %s", last.SignatureMethod, last.Transport, method, transport)
	}
}
