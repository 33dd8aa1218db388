package connect_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/internal/visitor"
	"github.com/cleat-run/cleat/oauth1/oauth1test"
	"github.com/cleat-run/cleat/value"
)

const keysOfClient = `{"consumerKey": "ck-demo", "consumerSecret": "consumer-secret"}`

// template is what a new OAuth 1.0 connection contains (connections.md 2.4), at a server.
func template(server string) string {
	return strings.ReplaceAll(`{
	"oauth": {
		"consumer_key": "{{ifempty(parameters.consumerKey, common.consumerKey)}}",
		"consumer_secret": "{{ifempty(parameters.consumerSecret, common.consumerSecret)}}"
	},
	"requestToken": {
		"url": "$/oauth/request_token", "method": "POST",
		"response": {"temp": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}"}}
	},
	"authorize": {
		"url": "$/oauth/authorize", "oauth": {"token": "{{temp.token}}"},
		"response": {"temp": {"token": "{{query.oauth_token}}", "verifier": "{{query.oauth_verifier}}"}}
	},
	"accessToken": {
		"url": "$/oauth/access_token", "method": "POST",
		"oauth": {"token": "{{temp.token}}", "verifier": "{{temp.verifier}}", "token_secret": "{{temp.token_secret}}"},
		"response": {"data": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}"}}
	},
	"info": {
		"url": "$/api/whoami",
		"oauth": {"token": "{{connection.token}}", "token_secret": "{{connection.token_secret}}"},
		"response": {"uid": "{{body.user}}", "metadata": {"type": "text", "value": "{{body.user}} at {{body.consumer_key}}"}}
	}
}`, "$", server)
}

func provider(t *testing.T, o oauth1test.Options) *oauth1test.Server {
	t.Helper()
	if o.Consumers == nil {
		o.Consumers = []oauth1test.Consumer{{Key: "ck-demo", Secret: "consumer-secret"}}
	}
	server, err := oauth1test.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// threeLegged walks through the provider's page and the callback.
func (r *rig) threeLegged(typ *connect.Type, decision string, parameters ...any) (*connect.Started, error) {
	started, err := r.create(typ, parameters...)
	if err != nil || started.Record != nil {
		return started, err
	}
	if _, err := visitor.Visit(r.t.Context(), started.Redirect, decision); err != nil {
		return nil, err
	}
	return r.back(typ, <-r.received)
}

func TestThreeLegs(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options oauth1test.Options
		deny    bool
		change  func(api string) string
		params  []any
		warning string
		want    string // failure, "" for a connection
	}{
		{name: "template"},
		{name: "answers labelled text/html", options: quirks(oauth1test.Quirks{ContentType: "text/html"})},
		{name: "provider before 1.0a", options: quirks(oauth1test.Quirks{NoCallbackConfirmed: true}), warning: "OAuth 1.0 without 1.0a callback confirmation: open to session fixation"},
		{name: "clock an hour off", options: quirks(oauth1test.Quirks{ClockOffset: time.Hour})},
		{name: "clock off, only Date to go by", options: quirks(oauth1test.Quirks{ClockOffset: -time.Hour, NoAcceptableTimestamps: true})},
		{name: "keys of the user", options: oauth1test.Options{Consumers: []oauth1test.Consumer{{Key: "mine", Secret: "my-own-secret"}}}, params: []any{"consumerKey", value.Text("mine"), "consumerSecret", value.Text("my-own-secret")}},
		{name: "query transport", change: replace(`"oauth": {`, `"oauth": {"transport_method": "query",`)},
		{name: "body transport", change: replace(`"consumer_key"`, `"transport_method": "body", "consumer_key"`, `"token": "{{connection.token}}"`, `"transport_method": "header", "token": "{{connection.token}}"`)},
		{name: "strict about 1.0a, and the provider too", change: replace(`"consumer_key"`, `"strict_1_0a": true, "consumer_key"`)},
		{name: "tokens by response.oauth", change: replace(`"response": {"data": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}"}}`,
			`"response": {"oauth": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}"}}`, `
		"oauth": {"token": "{{connection.token}}", "token_secret": "{{connection.token_secret}}"},`, ``)},
		{name: "PLAINTEXT", change: replace(`"consumer_key"`, `"signature_method": "PLAINTEXT", "consumer_key"`)},
		{name: "HMAC-SHA256", change: replace(`"consumer_key"`, `"signature_method": "HMAC-SHA256", "consumer_key"`)},

		{name: "denied", deny: true, want: "declined: declined by the user"},
		{name: "denied as X says it", options: quirks(oauth1test.Quirks{DeniedParameter: true}), deny: true, want: "declined: declined by the user"},
		{name: "callback not confirmed", options: quirks(oauth1test.Quirks{CallbackConfirmedFalse: true}), want: "provider: the provider did not confirm the callback address (oauth_callback_confirmed=false)"},
		{name: "strict about 1.0a", options: quirks(oauth1test.Quirks{NoCallbackConfirmed: true}), change: replace(`"consumer_key"`, `"strict_1_0a": true, "consumer_key"`),
			want: "provider: the provider did not confirm the callback address (oauth_callback_confirmed is missing)"},
		{name: "provider broken", options: quirks(oauth1test.Quirks{FlowStatus: 500}), want: "provider: [500] Internal Server Error"},
		{name: "unknown client", params: []any{"consumerKey", value.Text("nobody")}, want: "provider: oauth: the server refused: consumer_key_unknown: register the client first (status 401)"},
		{name: "problem in the header", options: quirks(oauth1test.Quirks{ProblemInHeaderOnly: true}), params: []any{"consumerKey", value.Text("nobody")}, want: "provider: oauth: the server refused: consumer_key_unknown: register the client first (status 401)"},
		{name: "no problem report", options: quirks(oauth1test.Quirks{NoProblems: true}), params: []any{"consumerKey", value.Text("nobody")}, want: "provider: [401] Unauthorized"},
		{name: "words of the app", params: []any{"consumerKey", value.Text("nobody")}, change: replace(`"response": {"temp": {"token": "{{body.oauth_token}}"`, `"response": {"error": "[{{statusCode}}] {{body.oauth_problem}}", "temp": {"token": "{{body.oauth_token}}"`), want: "provider: [401] consumer_key_unknown"},
		{name: "verifier lost", change: replace(`"verifier": "{{temp.verifier}}"`, `"verifier": "wrong"`), want: "provider: oauth: the server refused: verifier_invalid (status 401)"},
		{name: "token secret lost", options: quirks(oauth1test.Quirks{NoProblems: true}), change: replace(`"token_secret": "{{temp.token_secret}}"`, `"token_secret": ""`), want: "provider: [401] Unauthorized"},
		{name: "info refused", change: replace(`"token": "{{connection.token}}"`, `"token": "foreign"`), want: "provider: oauth: the server refused: token_rejected: this token is not known (status 401)"},
		{name: "info invalid", change: replace(`"uid"`, `"valid": "{{body.user = 'bob'}}", "error": "you are {{body.user}}", "uid"`), want: "provider: you are alice"},
		{name: "info invalid without words", change: replace(`"uid"`, `"valid": false, "uid"`), want: "provider: Response marked as invalid."},
		{name: "callback invalid", change: replace(`"response": {"temp": {"token": "{{query.oauth_token}}"`, `"response": {"valid": "{{query.wanted}}", "error": "not like that", "temp": {"token": "{{query.oauth_token}}"`), want: "provider: not like that"},
		{name: "method unknown", change: replace(`"consumer_key"`, `"signature_method": "ROT13", "consumer_key"`), want: "configuration: Signature method not supported: ROT13"},
		{name: "transport unknown", change: replace(`"consumer_key"`, `"transport_method": "smoke", "consumer_key"`), want: "configuration: oauth: transport_method invalid (smoke)"},
		{name: "more data than fits", params: []any{"note", value.Text(strings.Repeat("x", 70000))}, want: "configuration: the connection's data has 70011 bytes; 65536 are allowed"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, server := newRig(t), provider(t, test.options)
			api := template(server.URL)
			if test.change != nil {
				if changed := test.change(api); changed != api {
					api = changed
				} else {
					t.Fatal("the change changes nothing")
				}
			}
			typ := compile(t, sections{kind: "oauth-1", api: api, common: keysOfClient})
			decision := visitor.Allow
			if test.deny {
				decision = visitor.Deny
			}
			started, err := r.threeLegged(typ, decision, test.params...)
			if got := failure(err); got != test.want {
				t.Errorf("failure\n got %q\nwant %q", got, test.want)
			}
			if err != nil {
				r.nothingStored()
				return
			}
			if warned := slices.Contains(r.begun.Warnings, test.warning); warned != (test.warning != "") {
				t.Errorf("warnings %q, want %q", r.begun.Warnings, test.warning)
			}
			r.signedIn(typ, started.Record)
		})
	}
}

func quirks(q oauth1test.Quirks) oauth1test.Options { return oauth1test.Options{Quirks: q} }

// replace changes texts in pairs: old, new.
func replace(pairs ...string) func(string) string { return strings.NewReplacer(pairs...).Replace }

// signedIn checks what the template has stored, and that it works.
func (r *rig) signedIn(typ *connect.Type, got *connect.Record) {
	r.t.Helper()
	record := r.one()
	consumer := record.Data.Get("consumerKey").ToText()
	if consumer == "" {
		consumer = "ck-demo"
	}
	if record.ID != got.ID || record.UID != "alice" || record.Metadata != (connect.Metadata{Type: "text", Value: "alice at " + consumer}) || record.Broken != "" {
		r.t.Errorf("stored: id %d, uid %q, metadata %+v, broken %q", record.ID, record.UID, record.Metadata, record.Broken)
	}
	if err := r.connector.Test(r.t.Context(), typ, record); err != nil {
		r.t.Errorf("the stored connection does not work: %v", err)
	}
	r.hides(record.Data.Get("token_secret").Str(), "consumer-secret", "my-own-secret")
}

func TestAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	const page, good = "<!DOCTYPE html><title>Sign in</title>", "oauth_token=rt&oauth_token_secret=rs&oauth_callback_confirmed=true"
	type answer struct{ kind, body string }
	for _, test := range []struct {
		name            string
		request, access answer
		want            string
	}{
		{"page for requestToken", answer{"text/html", page}, answer{}, "provider: the provider's answer to requestToken (200, text/html) holds no token"},
		{"nothing for requestToken", answer{"", ""}, answer{}, "provider: the provider's answer to requestToken (200, of no type) holds no token"},
		{"empty token", answer{"text/plain", "oauth_token=&oauth_token_secret="}, answer{}, "provider: the provider's answer to requestToken (200, text/plain) holds no token"},
		{"problem with status 200", answer{"text/plain", "oauth_problem=permission_unknown"}, answer{}, "provider: the provider's answer to requestToken (200, text/plain) holds no token"},
		{"page for accessToken", answer{"text/plain", good}, answer{"text/html", page}, "provider: the provider's answer to accessToken (200, text/html) holds no token"},
		{"nothing for accessToken", answer{"text/plain", good}, answer{"text/plain", ""}, "provider: the provider's answer to accessToken (200, text/plain) holds no token"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				give := map[string]answer{"/oauth/request_token": test.request, "/oauth/access_token": test.access}[q.URL.Path]
				w.Header()["Content-Type"] = nil
				if give.kind != "" {
					w.Header().Set("Content-Type", give.kind)
				}
				fmt.Fprint(w, give.body)
			}))
			defer server.Close()
			typ := compile(t, sections{kind: "oauth-1", api: template(server.URL), common: keysOfClient})
			_, err := r.create(typ)
			if err == nil {
				_, err = r.back(typ, connect.Callback{Query: form("oauth_token=rt&oauth_verifier=v"), Session: session})
			}
			if got := failure(err); got != test.want {
				t.Errorf("failure %q, want %q", got, test.want)
			}
			r.nothingStored()
		})
	}
}

func TestCallback(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		late  time.Duration
		other string // session of the callback
		query func(query string) string
		want  string
	}{
		{name: "foreign token", query: func(string) string { return "oauth_token=rt-foreign&oauth_verifier=v" }, want: "unknown_flow: this answer belongs to no open authorization"},
		{name: "nothing at all", other: "another", query: func(string) string { return "" }, want: "unknown_flow: this answer belongs to no open authorization"},
		{name: "neither token nor verifier", query: func(string) string { return "lang=en" }, want: "declined: declined by the user"},
		{name: "other browser", other: "another", want: "other_browser: this authorization was begun in another browser"},
		{name: "no cookie", other: "-", want: "other_browser: this authorization was begun in another browser"},
		{name: "just in time", late: 9 * time.Minute},
		{name: "late", late: 11 * time.Minute, want: "expired: this authorization has expired"},
		{name: "the session alone", query: func(query string) string { return query[strings.Index(query, "oauth_verifier"):] }},
		{name: "another problem", query: func(query string) string {
			return query + "&oauth_problem=additional_authorization_required&oauth_problem_advice=ask+them"
		}, want: "provider: additional_authorization_required: ask them"},
		{name: "forged verifier", query: func(query string) string { return query + "0" }, want: "provider: oauth: the server refused: verifier_invalid (status 401)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.clock = time.Now()
			now := func() time.Time { return r.clock }
			server := provider(t, oauth1test.Options{Now: now})
			typ := compile(t, sections{kind: "oauth-1", api: template(server.URL), common: keysOfClient})
			started, err := r.create(typ)
			if err != nil {
				t.Fatal(err)
			}
			_, address, _ := server.Allow(tokenOf(t, started.Redirect))
			query := address[strings.Index(address, "?")+1:]
			if test.query != nil {
				query = test.query(query)
			}
			cb := connect.Callback{Query: form(query), Session: session}
			if test.other != "" {
				cb.Session = strings.Trim(test.other, "-")
			}
			r.clock = r.clock.Add(test.late)
			_, err = r.back(typ, cb)
			if got := failure(err); got != test.want {
				t.Errorf("failure %q, want %q", got, test.want)
			}
			if stored := len(r.stored()); (stored == 1) != (test.want == "") {
				t.Errorf("%d connections are stored", stored)
			}
		})
	}
}

// A state in the callback binds the answer to its flow, also where the provider gives no
// token back (connections.md 5.4).
func TestStateInTheCallback(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(string) string
		query  func(query string) string
		want   string
	}{
		{name: "as it comes"},
		{name: "without the token", query: func(query string) string { return without(query, "oauth_token") }},
		{name: "without the state", query: func(query string) string { return without(query, "state") }},
		{name: "another state", query: func(query string) string { return without(query, "state") + "&state=x" }, want: "unknown_flow: this answer belongs to no open authorization"},
		{name: "nothing at all", query: func(string) string { return "" }, want: "unknown_flow: this answer belongs to no open authorization"},
		{name: "without token and state", query: func(query string) string { return without(without(query, "state"), "oauth_token") }, want: "unknown_flow: this answer belongs to no open authorization"},
		{name: "refused, without the token", query: func(query string) string { return "oauth_problem=user_refused&state=" + valueOf(query, "state") }, want: "declined: declined by the user"},
		{name: "a callback of the app", change: replace(`"requestToken": {`, `"requestToken": {"oauth": {"callback": "{{oauth.redirectUri}}?own=1"}, `),
			query: func(query string) string { return without(query, "oauth_token") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, server := newRig(t), provider(t, oauth1test.Options{})
			r.connector.StateInCallback = true
			api := template(server.URL)
			if test.change != nil {
				api = test.change(api)
			}
			typ := compile(t, sections{kind: "oauth-1", api: api, common: keysOfClient})
			started, err := r.create(typ)
			if err != nil {
				t.Fatal(err)
			}
			_, address, _ := server.Allow(tokenOf(t, started.Redirect))
			query := address[strings.Index(address, "?")+1:]
			if state := valueOf(query, "state"); (len(state) == 43) != (test.change == nil) {
				t.Errorf("the state is %q", state)
			}
			if test.query != nil {
				query = test.query(query)
			}
			_, err = r.back(typ, connect.Callback{Query: form(query), Session: session})
			if got := failure(err); got != test.want {
				t.Errorf("failure %q, want %q", got, test.want)
			}
		})
	}
}

func valueOf(query, name string) string {
	values, _ := url.ParseQuery(query)
	return values.Get(name)
}

func without(query, name string) string {
	values, _ := url.ParseQuery(query)
	values.Del(name)
	return values.Encode()
}

func tokenOf(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query().Get("oauth_token")
}

// A flow is finished once, whatever came of it, and its secrets are gone then.
func TestCallbackTwice(t *testing.T) {
	t.Parallel()
	for _, decision := range []string{visitor.Allow, visitor.Deny} {
		t.Run(decision, func(t *testing.T) {
			t.Parallel()
			r, server := newRig(t), provider(t, oauth1test.Options{})
			typ := compile(t, sections{kind: "oauth-1", api: template(server.URL), common: keysOfClient})
			started, err := r.create(typ)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := visitor.Visit(t.Context(), started.Redirect, decision); err != nil {
				t.Fatal(err)
			}
			cb := <-r.received
			flow, err := r.connector.Flow(t.Context(), cb)
			if err != nil {
				t.Fatal(err)
			}
			_, first := r.connector.Finish(t.Context(), typ, flow, cb)
			if (first == nil) != (decision == visitor.Allow) {
				t.Errorf("first: %v", first)
			}
			_, err = r.connector.Finish(t.Context(), typ, flow, cb)
			if got, want := failure(err), "used: this authorization was already used"; got != want {
				t.Errorf("second: %q, want %q", got, want)
			}
			if _, err = r.back(typ, cb); failure(err) != "used: this authorization was already used" {
				t.Errorf("again: %v", err)
			}
			if left, err := r.records.FlowBy(t.Context(), "", connect.Hash(session)); err != nil || !left.Used || left.Temp != nil || left.Data != nil {
				t.Errorf("the flow is still there: %+v, error %v", left, err)
			}
		})
	}
}

func TestAbandonErasesTheFlow(t *testing.T) {
	t.Parallel()
	r, server := newRig(t), provider(t, oauth1test.Options{})
	typ := compile(t, sections{kind: "oauth-1", api: template(server.URL), common: keysOfClient})
	started, err := r.create(typ)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time there is nothing to do
		if err := r.connector.Abandon(t.Context(), session); err != nil {
			t.Fatal(err)
		}
	}
	_, err = r.back(typ, connect.Callback{Query: form("oauth_token=" + tokenOf(t, started.Redirect) + "&oauth_verifier=v"), Session: session})
	if got, want := failure(err), "used: this authorization was already used"; got != want {
		t.Errorf("failure %q, want %q", got, want)
	}
	r.nothingStored()
}

func TestShorterFlows(t *testing.T) {
	t.Parallel()
	twoLegged := oauth1test.Options{Consumers: []oauth1test.Consumer{{Key: "ck-demo", Secret: "consumer-secret", TwoLegged: true}}}
	const oauth = `"oauth": {"consumer_key": "{{common.consumerKey}}", "consumer_secret": "{{common.consumerSecret}}"}`
	for _, test := range []struct {
		name    string
		options oauth1test.Options
		api     string
		params  []any
		uid     string
		want    string
	}{
		{"info only", twoLegged, `{` + oauth + `, "info": {"url": "$/api/whoami", "response": {"uid": "{{body.consumer_key}}"}}}`, nil, "ck-demo", ""},
		{"no authorize", twoLegged, `{` + oauth + `, "authorize": {"condition": false, "url": "$/oauth/authorize"}, "info": {"url": "$/api/whoami", "response": {"uid": "{{body.consumer_key}}"}}}`, nil, "ck-demo", ""},
		{"refused", oauth1test.Options{}, `{` + oauth + `, "info": {"url": "$/api/whoami"}}`, nil, "", "provider: oauth: the server refused: token_rejected: this token is not known (status 401)"},
		{"no steps at all", oauth1test.Options{}, `{` + oauth + `}`, nil, "", ""},
		{"xAuth", oauth1test.Options{}, `{` + oauth + `, "accessToken": {"url": "$/oauth/access_token", "method": "POST", "type": "urlencoded",
			"body": {"x_auth_username": "{{parameters.username}}", "x_auth_password": "{{parameters.password}}", "x_auth_mode": "client_auth"},
			"response": {"data": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}"}}},
			"info": {"url": "$/api/whoami", "oauth": {"token": "{{data.token}}", "token_secret": "{{data.token_secret}}"}, "response": {"uid": "{{body.user}}"}}}`,
			[]any{"username", value.Text("alice"), "password", value.Text("wonderland")}, "alice", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, server := newRig(t), provider(t, test.options)
			typ := compile(t, sections{kind: "oauth-1", api: strings.ReplaceAll(test.api, "$", server.URL), common: keysOfClient})
			_, err := r.create(typ, test.params...)
			if got := failure(err); got != test.want {
				t.Errorf("failure %q, want %q", got, test.want)
			}
			if err != nil {
				r.nothingStored()
				return
			}
			if uid := r.one().UID; uid != test.uid {
				t.Errorf("uid %q, want %q", uid, test.uid)
			}
			r.hides("wonderland")
		})
	}
}

func TestOutOfBand(t *testing.T) {
	t.Parallel()
	r, server := newRig(t), provider(t, oauth1test.Options{})
	api := replace(`"method": "POST",
		"response": {"temp": {"token": "{{body`, `"method": "POST", "oauth": {"callback": "oob"},
		"response": {"temp": {"token": "{{body`)(template(server.URL))
	typ := compile(t, sections{kind: "oauth-1", api: api, common: keysOfClient})
	started, err := r.create(typ)
	if err != nil {
		t.Fatal(err)
	}
	token := tokenOf(t, started.Redirect)
	verifier, address, ok := server.Allow(token)
	if !started.PIN || !ok || address != "" {
		t.Errorf("PIN %v, address %q", started.PIN, address)
	}
	finished, err := r.back(typ, connect.Callback{Query: value.Object("oauth_token", value.Text(token), "oauth_verifier", value.Text(verifier)), Session: session})
	if err != nil {
		t.Fatal(err)
	}
	r.signedIn(typ, finished.Record)
}

// The scope is that of the connection type, of the component and of the person, and
// environment, now and the three addresses can be read (O1-70 to O1-78).
func TestVariables(t *testing.T) {
	t.Parallel()
	r, server := newRig(t), provider(t, oauth1test.Options{})
	api := replace(`"oauth": {"token": "{{temp.token}}"},
		"response"`, `"oauth": {"token": "{{temp.token}}"},
		"qs": {"scope": "{{join(oauth.scope, ',')}}", "list": "{{oauth.scope[2]}}", "same": "{{oauth.redirectUri = oauth.localRedirectUri && oauth.redirectUri = oauth.makeRedirectUri}}",
			"back": "{{oauth.redirectUri}}", "zone": "{{environment.timezone}}", "now": "{{formatDate(now, 'YYYY')}}", "typed": "{{parameters.a}}{{data.a}}{{connection.a}}", "fixed": "{{common.consumerKey}}"},
		"response"`)(template(server.URL))
	typ := compile(t, sections{kind: "oauth-1", api: api, common: keysOfClient, scope: `["read", "write"]`})
	started, err := r.connector.Create(t.Context(), typ, connect.Request{Name: "work", Session: session, Scope: []string{"write", "account", "read"}, Parameters: value.Object("a", value.Text("A")).Collection()})
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(started.Redirect)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"scope": "read,write,account", "list": "write", "same": "true", "back": r.connector.RedirectURI, "zone": "UTC",
		"now": time.Now().UTC().Format("2006"), "typed": "AAA", "fixed": "ck-demo"}
	for name, text := range want {
		if got := u.Query().Get(name); got != text {
			t.Errorf("%s is %q, want %q", name, got, text)
		}
	}
}

// Requests of components are signed by the root oauth object, in the context of the
// connection, under what the component itself says (O1-33).
func TestUseSignsWithTheRootObject(t *testing.T) {
	t.Parallel()
	r, server := newRig(t), provider(t, oauth1test.Options{})
	typ := compile(t, sections{kind: "oauth-1", api: template(server.URL), common: keysOfClient})
	started, err := r.threeLegged(typ, visitor.Allow)
	if err != nil {
		t.Fatal(err)
	}
	in, err := r.connector.Use(t.Context(), typ, started.Record, engine.Input{})
	if err != nil {
		t.Fatal(err)
	}
	if got := in.ConnectionOAuth.Member("consumer_secret").ToText(); !in.OAuth1 || got != "consumer-secret" {
		t.Errorf("signed: %v, consumer secret %q", in.OAuth1, got)
	}
	if got := in.Connection.Member("__IMTCONN__").ToText(); got != fmt.Sprint(started.Record.ID) {
		t.Errorf("__IMTCONN__ is %q", got)
	}
	if !in.Common.IsUndefined() {
		t.Error("a component sees the common data of the connection type")
	}
	for _, secret := range []string{started.Record.Data.Get("token_secret").Str(), "consumer-secret"} {
		if !slices.Contains(in.Secrets, secret) {
			t.Errorf("%q is not masked", secret)
		}
	}
}
