package connect_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/value"
)

const clientCommon = `{"clientId": "app-77", "clientSecret": "client-secret"}`

// codeTemplate is what a new OAuth 2.0 connection with refresh contains, at a provider.
const codeTemplate = `{
	"authorize": {
		"url": "$/authorize",
		"qs": {"scope": "{{join(oauth.scope, ' ')}}", "client_id": "{{common.clientId}}", "redirect_uri": "{{oauth.localRedirectUri}}", "response_type": "code"},
		"response": {"temp": {"code": "{{query.code}}"}}
	},
	"token": {
		"condition": "{{temp.code}}", "url": "$/token", "method": "POST", "type": "urlencoded",
		"body": {"grant_type": "authorization_code", "code": "{{temp.code}}", "client_id": "{{common.clientId}}", "client_secret": "{{common.clientSecret}}", "redirect_uri": "{{oauth.localRedirectUri}}"},
		"response": {
			"data": {"accessToken": "{{body.access_token}}", "refreshToken": "{{body.refresh_token}}", "expires": "{{addSeconds(now, body.expires_in)}}"},
			"expires": "{{addSeconds(now, body.refresh_expires_in)}}"
		}
	},
	"refresh": {
		"condition": "{{data.expires < addMinutes(now, 1)}}", "url": "$/token", "method": "POST", "type": "urlencoded",
		"body": {"grant_type": "refresh_token", "refresh_token": "{{data.refreshToken}}", "client_id": "{{common.clientId}}", "client_secret": "{{common.clientSecret}}"},
		"response": {
			"data": {"accessToken": "{{body.access_token}}", "refreshToken": "{{body.refresh_token}}", "expires": "{{addSeconds(now, body.expires_in)}}"},
			"expires": "{{addSeconds(now, body.refresh_expires_in)}}"
		}
	},
	"info": {
		"url": "$/me", "headers": {"authorization": "Bearer {{connection.accessToken}}"},
		"response": {"uid": "{{body.id}}", "metadata": {"type": "email", "value": "{{body.email}}"}}
	},
	"invalidate": {"url": "$/revoke", "method": "POST", "type": "urlencoded", "body": {"token": "{{connection.refreshToken}}"}}
}`

// codeType compiles the template, changed, for a provider.
func codeType(t *testing.T, p *provider2, change func(string) string) *connect.Type {
	t.Helper()
	api := codeTemplate
	if change != nil {
		if api = change(api); api == codeTemplate {
			t.Fatal("the change changes nothing")
		}
	}
	return compile(t, sections{kind: "oauth", api: strings.ReplaceAll(api, "$", p.URL), common: clientCommon, scope: `["read", "write"]`})
}

// atNoon sets the clock.
func (r *rig) atNoon() time.Time {
	r.clock = time.Date(2030, 5, 6, 12, 0, 0, 0, time.UTC)
	return r.clock
}

// authorized takes a code connection through the provider's page.
func (r *rig) authorized(typ *connect.Type, p *provider2) *connect.Record {
	r.t.Helper()
	started, err := r.create(typ)
	if err != nil {
		r.t.Fatal(err)
	}
	if started, err = r.back(typ, connect.Callback{Query: form(p.authorize(r.t, started.Redirect)), Session: session}); err != nil {
		r.t.Fatal(err)
	}
	return started.Record
}

func TestCode(t *testing.T) {
	t.Parallel()
	pkce := replace(`"response_type": "code"`, `"response_type": "code", "code_challenge": "{{oauth.pkce.challenge}}", "code_challenge_method": "S256"`,
		`"code": "{{temp.code}}"`, `"code": "{{temp.code}}", "code_verifier": "{{oauth.pkce.verifier}}"`)
	byHand := replace(`"url": "$/authorize",`, `"url": "$/authorize", "temp": {"verifier": "{{uuid}}{{uuid}}"},`,
		`"response_type": "code"`, `"response_type": "code", "code_challenge": "{{replace(replace(replace(sha256(temp.verifier, 'base64'), '/\\+/g', '-'), '/\\//g', '_'), '/=/g', '')}}"`,
		`"code": "{{temp.code}}"`, `"code": "{{temp.code}}", "code_verifier": "{{temp.verifier}}"`)
	for _, test := range []struct {
		name   string
		change func(string) string
		query  func(query string) string
		want   string
	}{
		{name: "template"},
		{name: "proof key", change: pkce},
		{name: "proof key of the app", change: byHand},
		{name: "wrong proof key", change: func(api string) string {
			return strings.ReplaceAll(pkce(api), "{{oauth.pkce.verifier}}", "{{sha256(oauth.pkce.verifier)}}")
		}, want: "provider: [400] Bad Request"},
		{name: "state of the app", change: replace(`"response_type": "code"`, `"response_type": "code", "state": "{{oauth.state}}"`)},
		{name: "own state of the app", change: replace(`"response_type": "code"`, `"response_type": "code", "state": "{{uuid}}"`)},
		{name: "address with a query", change: replace("$/authorize", "$/authorize?prompt=consent")},
		{name: "preauthorize", change: replace(`{
	"authorize": {`, `{
	"preauthorize": {"response": {"temp": {"tenant": "t1"}, "data": {"tenant": "{{parameters.tenant}}t1"}}},
	"authorize": {`, "$/authorize", "$/authorize?tenant={{temp.tenant}}{{data.tenant}}")},

		{name: "denied", query: func(query string) string { return "error=access_denied&" + query[strings.Index(query, "state="):] }, want: "declined: declined by the user"},
		{name: "another error", query: func(query string) string {
			return "error=invalid_scope&error_description=no+such+scope&" + query[strings.Index(query, "state="):]
		}, want: "provider: invalid_scope: no such scope"},
		{name: "error in words of the app", change: replace(`"response": {"temp": {"code"`, `"response": {"error": {"message": "sorry, {{query.error}}"}, "temp": {"code"`), query: func(query string) string {
			return "error=invalid_scope&" + query[strings.Index(query, "state="):]
		}, want: "provider: sorry, invalid_scope"},
		{name: "forged state", query: func(query string) string { return query + "x" }, want: "unknown_flow: this answer belongs to no open authorization"},
		{name: "no state", query: func(query string) string { return query[:strings.Index(query, "&state=")] }, want: "unknown_flow: this answer belongs to no open authorization"},
		{name: "issuer", query: func(query string) string { return query + "&iss=http://$HOST/as" }},
		{name: "another issuer", query: func(query string) string { return query + "&iss=https://evil.example" }, want: `provider: the answer was issued by "https://evil.example", not by "$HOST"`},
		{name: "an error of another issuer", query: func(query string) string {
			return "iss=https://evil.example&error=invalid_scope&" + query[strings.Index(query, "state="):]
		}, want: `provider: the answer was issued by "https://evil.example", not by "$HOST"`},
		{name: "issuer that the app names", change: replace(`"url": "$/authorize",`, `"url": "$/authorize", "issuer": "https://id.example/as",`), query: func(query string) string { return query + "&iss=https://id.example/as" }},
		{name: "not quite the issuer that the app names", change: replace(`"url": "$/authorize",`, `"url": "$/authorize", "issuer": "https://id.example/as",`), query: func(query string) string { return query + "&iss=https://id.example/as/" },
			want: `provider: the answer was issued by "https://id.example/as/", not by "https://id.example/as"`},
		{name: "forged code", query: func(query string) string { return strings.Replace(query, "code=", "code=x", 1) }, want: "provider: [400] Bad Request"},
		{name: "other address in token", change: replace(`"client_secret": "{{common.clientSecret}}", "redirect_uri": "{{oauth.localRedirectUri}}"`, `"client_secret": "{{common.clientSecret}}", "redirect_uri": "https://example.com/"`), want: "provider: [400] Bad Request"},
		{name: "error of the token in words of the app", change: replace(`"response": {
			"data": {"accessToken"`, `"response": {
			"error": "{{body.error}}: {{body.error_description}}", "data": {"accessToken"`), query: func(query string) string { return strings.Replace(query, "code=", "code=x", 1) }, want: "provider: invalid_grant: no"},
		{name: "info refused", change: replace("Bearer {{connection.accessToken}}", "Bearer nobody"), want: "provider: [401] Unauthorized"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, p := newRig(t), newProvider2(t)
			noon := r.atNoon()
			typ := codeType(t, p, test.change)
			started, err := r.create(typ)
			if err != nil {
				t.Fatal(err)
			}
			query := p.authorize(t, started.Redirect)
			host := strings.TrimPrefix(p.URL, "http://")
			if test.query != nil {
				query = strings.Replace(test.query(query), "$HOST", host, 1)
			}
			_, err = r.back(typ, connect.Callback{Query: form(query), Session: session})
			if got, want := failure(err), strings.Replace(test.want, "$HOST", host, 1); got != want {
				t.Errorf("failure %q, want %q", got, want)
			}
			if err != nil {
				if all := r.stored(); len(all) > 0 {
					t.Error("a connection is stored")
				}
				return
			}
			record := r.one()
			if record.UID != "7" || record.Metadata != (connect.Metadata{Type: "email", Value: "ann@example.com"}) || !slices.Equal(record.Scope, []string{"read", "write"}) {
				t.Errorf("stored %+v", record)
			}
			if !record.Expires.Equal(noon.Add(24*time.Hour)) || !record.Data.Get("expires").AsTime().Equal(noon.Add(time.Hour)) {
				t.Errorf("expires %v, the token %v", record.Expires, record.Data.Get("expires").AsTime())
			}
			if err := r.connector.Test(t.Context(), typ, record); err != nil {
				t.Error(err)
			}
			r.hides("client-secret", record.Data.Get("accessToken").Str(), record.Data.Get("refreshToken").Str())
		})
	}
}

func TestStateOfAnotherBrowser(t *testing.T) {
	t.Parallel()
	r, p := newRig(t), newProvider2(t)
	typ := codeType(t, p, nil)
	started, err := r.create(typ)
	if err != nil {
		t.Fatal(err)
	}
	query := form(p.authorize(t, started.Redirect))
	for _, other := range []string{"", "another"} {
		_, err = r.back(typ, connect.Callback{Query: query, Session: other})
		if got, want := failure(err), "other_browser: this authorization was begun in another browser"; got != want {
			t.Errorf("session %q: failure %q, want %q", other, got, want)
		}
	}
	if _, err = r.back(typ, connect.Callback{Query: query, Session: session}); err != nil {
		t.Errorf("the right browser: %v", err)
	}
	_, err = r.back(typ, connect.Callback{Query: query, Session: session})
	if got, want := failure(err), "used: this authorization was already used"; got != want {
		t.Errorf("twice: failure %q, want %q", got, want)
	}
}

func TestGrantedScope(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, answer, want string }{
		{"spaces and commas", `"scope": "{{'a,b c'}}"`, "a b c"},
		{"array", `"scope": "{{split('a b a', ' ')}}"`, "a b"},
		{"empty", `"scope": "{{body.scope}}"`, "read write"},
		{"nothing", `"uid": 1`, "read write"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, p := newRig(t), newProvider2(t)
			r.authorized(codeType(t, p, replace(`"response": {
			"data": {"accessToken"`, `"response": {
			`+test.answer+`, "data": {"accessToken"`)), p)
			if got := strings.Join(r.one().Scope, " "); got != test.want {
				t.Errorf("scope %q, want %q", got, test.want)
			}
		})
	}
}

// Extending the scope is the flow on the same connection: the union is asked for, the id
// stays, and what broke it is gone (CN-22, CN-23).
func TestReauthorize(t *testing.T) {
	t.Parallel()
	r, p := newRig(t), newProvider2(t)
	typ := codeType(t, p, nil)
	record := r.authorized(typ, p)
	if missing := record.Missing([]string{"read", "mail"}); !slices.Equal(missing, []string{"mail"}) {
		t.Errorf("missing %q", missing)
	}
	if err := r.connector.MarkBroken(t.Context(), record, "revoked"); err != nil {
		t.Fatal(err)
	}
	started, err := r.connector.Create(t.Context(), typ, connect.Request{ConnID: record.ID, Session: session, Scope: append(record.Scope, "mail")})
	if err != nil {
		t.Fatal(err)
	}
	if u, _ := url.Parse(started.Redirect); u.Query().Get("scope") != "read write mail" {
		t.Errorf("the person is sent to %s", started.Redirect)
	}
	if _, err := r.back(typ, connect.Callback{Query: form(p.authorize(t, started.Redirect)), Session: session}); err != nil {
		t.Fatal(err)
	}
	again := r.one()
	if again.ID != record.ID || again.Name != "work" || again.Broken != "" || !slices.Equal(again.Scope, []string{"read", "write", "mail"}) {
		t.Errorf("afterwards %+v", again)
	}
	if again.Data.Get("accessToken").Str() == record.Data.Get("accessToken").Str() {
		t.Error("the token is still the old one")
	}
}

// The end user is stored with the connection itself, not behind it, and stays when it is
// authorized again.
func TestEndUser(t *testing.T) {
	t.Parallel()
	r, p := newRig(t), newProvider2(t)
	typ := codeType(t, p, nil)
	finish := func(q connect.Request) *connect.Record {
		t.Helper()
		q.Session = session
		started, err := r.connector.Create(t.Context(), typ, q)
		if err == nil {
			_, err = r.back(typ, connect.Callback{Query: form(p.authorize(t, started.Redirect)), Session: session})
		}
		if err != nil {
			t.Fatal(err)
		}
		return r.one()
	}
	record := finish(connect.Request{Name: "work", EndUser: "customer-7"})
	if record.EndUser != "customer-7" || record.Version != 1 {
		t.Errorf("made: %q, version %d", record.EndUser, record.Version)
	}
	again := finish(connect.Request{ConnID: record.ID})
	if again.EndUser != "customer-7" || again.Version != 2 {
		t.Errorf("authorized again: %q, version %d", again.EndUser, again.Version)
	}
	if moved := finish(connect.Request{ConnID: record.ID, EndUser: "customer-8"}); moved.EndUser != "customer-8" || moved.Version != 3 {
		t.Errorf("of another person: %q, version %d", moved.EndUser, moved.Version)
	}
	key := newRig(t)
	if _, err := key.connector.Create(t.Context(), keyType(t), connect.Request{Name: "key", EndUser: "customer-7", Parameters: value.Object(
		"host", value.Text(keyService(t)), "apiKey", value.Text("good-key")).Collection()}); err != nil {
		t.Fatal(err)
	}
	if made := key.one(); made.EndUser != "customer-7" || made.Version != 1 {
		t.Errorf("of a key: %q, version %d", made.EndUser, made.Version)
	}
}

// Other parameters are taken along by the rules of an edit; with another address nothing
// secret of before goes there, nor stays.
func TestReauthorizeWithOtherParameters(t *testing.T) {
	t.Parallel()
	r, p := newRig(t), newProvider2(t)
	typ := compile(t, sections{kind: "oauth", common: clientCommon, parameters: `[{"name": "note", "editable": true}, {"name": "fixed"},
		{"name": "pin", "type": "password", "editable": true}, {"name": "host", "editable": true, "default": "` + p.URL + `"}]`,
		api: strings.ReplaceAll(strings.ReplaceAll(codeTemplate, `"url": "$/me"`, `"url": "{{parameters.host}}/me"`), "$", p.URL)})
	record := r.authorized(typ, p)
	record.Data.Set("note", value.Text("old"))
	record.Data.Set("pin", value.Text("1234"))
	record.Data.Set("extra", value.Text("secret of before"))
	if err := r.records.UpdateConnection(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		give []any
		want string // note, pin and extra afterwards, or the failure
	}{
		{"nothing", nil, "old 1234 secret of before"},
		{"another note, an empty pin", []any{"note", value.Text("new"), "pin", value.Text("")}, "new 1234 secret of before"},
		{"one that cannot be edited", []any{"fixed", value.Text("x")}, `configuration: the parameter "fixed" cannot be changed later`},
		{"an unknown one", []any{"fixxed", value.Text("x")}, `configuration: the connection has no parameter "fixxed"`},
		{"another address", []any{"host", value.Text(p.URL + "/.")}, "new  "},
	} {
		values, err := typ.Reentered(r.one(), value.Object(test.give...).Collection())
		if err != nil {
			if got := failure(err); got != test.want {
				t.Errorf("%s: failure %q, want %q", test.name, got, test.want)
			}
			continue
		}
		started, err := r.connector.Create(t.Context(), typ, connect.Request{ConnID: record.ID, Session: session, Parameters: values, Scope: record.Scope})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = r.back(typ, connect.Callback{Query: form(p.authorize(t, started.Redirect)), Session: session}); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		data := r.one().Data
		if got := data.Get("note").Str() + " " + data.Get("pin").Str() + " " + data.Get("extra").Str(); got != test.want {
			t.Errorf("%s: the data are %q, want %q", test.name, got, test.want)
		}
	}
}

func TestReauthorizeWithAnotherAccount(t *testing.T) {
	t.Parallel()
	for _, allow := range []bool{false, true} {
		r, p := newRig(t), newProvider2(t)
		typ := codeType(t, p, nil)
		record := r.authorized(typ, p)
		record.UID = "8"
		if err := r.records.UpdateConnection(t.Context(), record); err != nil {
			t.Fatal(err)
		}
		started, err := r.connector.Create(t.Context(), typ, connect.Request{ConnID: record.ID, Session: session, AllowAccountChange: allow})
		if err != nil {
			t.Fatal(err)
		}
		_, err = r.back(typ, connect.Callback{Query: form(p.authorize(t, started.Redirect)), Session: session})
		want, uid := `configuration: this is another account than the one that connection "work" belongs to`, "8"
		if allow {
			want, uid = "", "7"
		}
		if got := failure(err); got != want || r.one().UID != uid {
			t.Errorf("allowed %v: failure %q, uid %q", allow, got, r.one().UID)
		}
	}
}

// Types without a page: what the person typed gives a token at once, and again when it
// has ended (O2-4, O2-6).
func TestWithoutPage(t *testing.T) {
	t.Parallel()
	const shape = `{
		"token": {"condition": "{{if(data.accessToken, data.expires < addMinutes(now, 1), true)}}", "url": "$/token", "method": "POST", "type": "urlencoded",
			"temp": {"payload": {"iss": "{{parameters.id}}", "exp": "{{timestamp + 300}}"}}, "body": {BODY},
			"response": {"error": "{{body.error}}", "data": {"accessToken": "{{body.access_token}}", "expires": "{{addSeconds(now, body.expires_in)}}"}}},
		"info": {"url": "$/me", "headers": {"authorization": "Bearer {{connection.accessToken}}"}, "response": {"uid": "{{body.id}}"}}
	}`
	const parameters = `[{"name": "id", "type": "text", "editable": true}, {"name": "password", "type": "password", "editable": true}]`
	robot, pem := newKey(t)
	const bearer = `"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "{{jwt(temp.payload, parameters.password, 'RS256')}}"`
	_, foreign := newKey(t)
	for _, test := range []struct {
		name, kind, body string
		id, password     string
		want             string
	}{
		{"service account", "oauth-clicre", bearer, "robot@example.com", pem, ""},
		{"key with line breaks as two characters", "oauth-clicre", bearer, "robot@example.com", strings.ReplaceAll(pem, "\n", `\n`), ""},
		{"foreign key", "oauth-clicre", bearer, "robot@example.com", foreign, "provider: invalid_grant"},
		{"client credentials", "oauth-clicre", `"grant_type": "client_credentials", "client_id": "{{parameters.id}}", "client_secret": "{{parameters.password}}"`, "app-77", "client-secret", ""},
		{"wrong client", "oauth-clicre", `"grant_type": "client_credentials", "client_id": "{{parameters.id}}", "client_secret": "{{parameters.password}}"`, "app-77", "wrong", "provider: invalid_client"},
		{"password", "oauth-resowncre", `"grant_type": "password", "username": "{{parameters.id}}", "password": "{{parameters.password}}", "client_id": "{{common.clientId}}", "client_secret": "{{common.clientSecret}}"`, "ann", "wonderland", ""},
		{"wrong password", "oauth-resowncre", `"grant_type": "password", "username": "{{parameters.id}}", "password": "{{parameters.password}}", "client_id": "{{common.clientId}}", "client_secret": "{{common.clientSecret}}"`, "ann", "looking-glass", "provider: invalid_grant"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, p := newRig(t), newProvider2(t)
			p.key = robot
			r.atNoon()
			typ := compile(t, sections{kind: test.kind, api: strings.NewReplacer("$", p.URL, "BODY", test.body).Replace(shape), parameters: parameters, common: clientCommon})
			_, err := r.create(typ, "id", value.Text(test.id), "password", value.Text(test.password))
			if got := failure(err); got != test.want {
				t.Errorf("failure %q, want %q", got, test.want)
			}
			if err != nil {
				r.nothingStored()
				return
			}
			record := r.one()
			first := record.Data.Get("accessToken").Str()
			if same, err := r.connector.Fresh(t.Context(), typ, record, 0); err != nil || same.Version != record.Version {
				t.Errorf("a fresh token is renewed: %v", err)
			}
			r.clock = r.clock.Add(time.Hour)
			renewed, err := r.connector.Fresh(t.Context(), typ, record, 0)
			if err != nil {
				t.Fatal(err)
			}
			if second := r.one().Data.Get("accessToken").Str(); second == first || renewed.Data.Get("accessToken").Str() != second {
				t.Errorf("%q follows %q", second, first)
			}
			// An edit takes the whole flow again, and changes nothing when that fails.
			if _, err := r.connector.Edit(t.Context(), typ, renewed, value.Object("password", value.Text("mistyped")).Collection()); err == nil || r.one().Version != renewed.Version {
				t.Errorf("an edit with a wrong password: %v", err)
			}
			if _, err := r.connector.Edit(t.Context(), typ, renewed, value.Object("password", value.Text("")).Collection()); err != nil {
				t.Errorf("an edit that changes nothing: %v", err)
			}
		})
	}
}

func TestEditOfWhoTheClientIs(t *testing.T) {
	t.Parallel()
	r, p := newRig(t), newProvider2(t)
	typ := compile(t, sections{kind: "oauth", api: strings.ReplaceAll(codeTemplate, "$", p.URL), common: clientCommon,
		parameters: `[{"name": "clientId", "type": "text", "editable": true}, {"name": "note", "type": "text", "editable": true}]`})
	record := r.authorized(typ, p)
	_, err := r.connector.Edit(t.Context(), typ, record, value.Object("clientId", value.Text("another")).Collection())
	if got, want := failure(err), `configuration: with another "clientId" the connection has to be authorized again`; got != want {
		t.Errorf("failure %q, want %q", got, want)
	}
	if _, err := r.connector.Edit(t.Context(), typ, record, value.Object("note", value.Text("mine")).Collection()); err != nil {
		t.Error(err)
	}
	if got := r.one(); got.Data.Get("note").Str() != "mine" || got.Data.Get("clientId").Str() != "" || got.Expires.IsZero() {
		t.Errorf("afterwards %s, expires %v", value.FromCollection(got.Data).AppendJSON(nil), got.Expires)
	}
}

func TestInvalidateAtTheProvider(t *testing.T) {
	t.Parallel()
	r, p := newRig(t), newProvider2(t)
	typ := codeType(t, p, nil)
	record := r.authorized(typ, p)
	if refused, err := r.connector.Delete(t.Context(), typ, record); refused != nil || err != nil {
		t.Fatal(refused, err)
	}
	if !slices.Equal(p.revoked, []string{record.Data.Get("refreshToken").Str()}) || len(r.stored()) != 0 {
		t.Errorf("revoked %q, %d stored", p.revoked, len(r.stored()))
	}
}
