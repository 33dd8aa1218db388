package lint_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/lint"
	"github.com/cleat-run/cleat/source"
)

// parts are the texts of a connection type.
type parts struct{ kind, api, parameters, common, scope, scopes, install, base string }

func check(t *testing.T, p parts) source.Diagnostics {
	t.Helper()
	read := func(name, text string) *app.Code {
		if text == "" {
			return nil
		}
		file := source.NewFile(name, []byte(text))
		doc, found := jsonc.Parse(file)
		if err := found.Err(); err != nil {
			t.Fatal(found)
		}
		return &app.Code{Name: name, File: file, Doc: doc}
	}
	c := &app.Connection{ID: "conn", Type: p.kind, API: read("api", p.api), Parameters: read("params", p.parameters), Common: read("common", p.common),
		Scope: read("scope", p.scope), Scopes: read("scopes", p.scopes), Install: read("install", p.install)}
	return lint.Connection(&app.App{Name: "demo", Base: read("base", p.base)}, c)
}

// oauth1 puts members into an OAuth 1.0 connection that has no findings of its own.
func oauth1(root, more string) string {
	return `{"oauth": {"consumer_key": "{{common.key}}"` + root + `}, "info": {"url": "https://a.example/me"}` + more + `}`
}

// connectionCases have each rule with the smallest definition that breaks it, and one next
// to it that does not.
var connectionCases = []struct {
	parts
	want string // lines of severity, code, file with pointer, and message; "" for none
}{
	{parts{kind: "basic", api: `{"url": "/x", "pagination": {}}`}, `error CN-E2 api/pagination "pagination" is not available in a basic connection`},
	{parts{kind: "basic", api: `{"url": "/x", "aws": {}, "response": {"iterate": "", "output": 1, "limit": 1}}`}, `error CN-E2 api/aws "aws" is not available in a basic connection
error CN-E2 api/response/iterate "response.iterate" is not available in a basic connection
error CN-E2 api/response/output "response.output" is not available in a basic connection
error CN-E2 api/response/limit "response.limit" is not available in a basic connection`},
	{parts{kind: "basic", api: `[{"url": "/x"}]`}, `error CN-E2 api a basic connection has one request, not an array`},
	{parts{kind: "basic", api: `{"headers": {}}`}, `warning CON001 api nothing proves that the credentials are right`},
	{parts{kind: "basic", api: `{"url": "/x"}`}, ``},
	{parts{kind: "basic", parameters: `[{"name": "teamID", "editable": false}, {"name": "accountName", "editable": false}]`}, `error CN-E1 params/0/name teamID: this parameter name is reserved
error CN-E1 params/1/name accountName: this parameter name is reserved`},
	{parts{kind: "basic", parameters: `[{"name": "a"}, {"name": "b", "editable": true}, {"type": "banner"}]`}, `info CN-W1 params/0/name a: the parameter cannot be changed later`},
	{parts{kind: "basic", api: `{"url": "https://{{parameters.host}}/me"}`, parameters: `[{"name": "host", "editable": true}, {"name": "hos", "editable": true}]`},
		`warning CN-W2 params/0/name host: the parameter decides where the secrets go and is editable`},
	{parts{kind: "basic", api: `{"url": "/me"}`, base: `{"baseUrl": "{{connection.host}}"}`, parameters: `[{"name": "host", "editable": true}]`},
		`warning CN-W2 params/0/name host: the parameter decides where the secrets go and is editable`},
	{parts{kind: "basic", parameters: `[{"name": "apiKey", "type": "text", "editable": true}, {"name": "token", "type": "password", "editable": true}, {"name": "monkey", "type": "text", "editable": true}, {"name": "tokenId", "editable": true}]`},
		`warning CN-W3 params/0/name apiKey: the parameter seems to be secret and is shown while it is typed`},
	{parts{kind: "basic", api: `{"url": "{{common.a}}{{common.b}}{{common.c}} common.d"}`, common: `{"a": 1}`, install: `{"common": {"b": "{{parameters.b}}"}}`},
		`warning CN-W4 api/url common.c: the common data of the connection does not have this`},

	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "private": "x", "realm": "r"`, ``)}, `error O1-E7 api/oauth/private private: is no key of the oauth object
warning O1-E7 api/oauth/realm realm: is not in Make's schema of the oauth object`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "signature_method": "ROT13", "transport_method": "smoke"`, ``)}, `error O1-E8 api/oauth/signature_method ROT13: is not known
error O1-E8 api/oauth/transport_method smoke: is not known`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "signature_method": "hmac-sha256", "transport_method": "{{temp.t}}"`, ``)}, ``},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "signature_method": "RSA-SHA1"`, ``)}, `error O1-E9 api/oauth/signature_method info: a method with RSA needs private_key`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "signature_method": "RSA-SHA1", "private_key": "{{common.key}}"`, ``)}, ``},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "transport_method": "body"`, ``)}, `error O1-E10 api/oauth/transport_method info: the transport body needs a POST with a form`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "accessToken": {"method": "POST", "type": "json", "oauth": {"transport_method": "body"}}`)}, `error O1-E10 api/accessToken/oauth/transport_method accessToken: the transport body needs a POST with a form`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "accessToken": {"method": "POST", "oauth": {"transport_method": "body"}}`)}, ``},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "signature_method": "PLAINTEXT", "body_hash": true`, ``)}, `error O1-E11 api/oauth/body_hash info: PLAINTEXT has no body hash`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "signature_method": "PLAINTEXT", "body_hash": false`, ``)}, ``},
	{parts{kind: "oauth-1", api: `{"requestToken": {}}`}, `warning O1-W1 api nothing proves that the tokens are right`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "consumer_secret": "abc"`, ``)}, `warning O1-W2 api/oauth/consumer_secret consumer_secret: a secret stands in the code`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "requestToken": {}, "accessToken": {}`)}, `warning O1-W3 api/accessToken accessToken: accessToken is signed without the secret of requestToken`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "token_secret": "{{temp.s}}"`, `, "requestToken": {}, "accessToken": {}`)}, ``},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "authorize": {"oauth": {"token": "{{temp.t}}", "verifier": "x"}}`)}, `warning O1-W4 api/authorize/oauth/verifier verifier: of authorize only oauth.token is used`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "body_hash": true`, `, "accessToken": {"type": "urlencoded"}`)}, `warning O1-W5 api/oauth/body_hash accessToken: a form has no body hash`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "realm": "r", "transport_method": "query"`, ``)}, `warning O1-E7 api/oauth/realm realm: is not in Make's schema of the oauth object
warning O1-W6 api/oauth/realm info: realm is sent in the header only`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "requestToken": {"qs": {"cb": "{{oauth.redirectUri}}", "x": "{{oauth.localRedirectUri}}"}}`)}, `warning O1-W7 api/requestToken/qs/cb oauth.redirectUri is the legacy address`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(`, "signature_method": "PLAINTEXT"`, `, "accessToken": {"url": "http://a.example/"}, "requestToken": {"url": "http://127.0.0.1:8/"}, "authorize": {"url": "http://a.example/"}, "refresh": []`)}, `warning O1-W3 api/accessToken accessToken: accessToken is signed without the secret of requestToken
error O1-W8 api/accessToken/url accessToken: PLAINTEXT sends the secrets in clear over http
warning O1-E6 api/refresh "refresh" is not portable to Make`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "requestToken": {"response": {"temp": {"t": "{{body.oauth_token}}"}}}`)}, `warning O1-W9 api/requestToken/response/temp/t requestToken: body.oauth_token is read although the answer is not declared as a form`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "requestToken": {"response": {"type": "urlencoded", "temp": {"t": "{{body.oauth_token}}"}}}`)}, ``},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "token": {}, "requestToken": {"aws": {}}`)}, `error O1-E6 api/token "token" is no directive of an OAuth 1.0 connection
error O1-E1 api/requestToken/aws "aws" is not available in an OAuth 1.0 connection (requestToken)`},
	{parts{kind: "oauth-1", common: `{"key": 1}`, api: oauth1(``, `, "accessToken": {"pagination": {}, "response": {"limit": 1, "iterate": "x", "output": "y"}}`)}, `error O1-E2 api/accessToken/pagination "pagination" is not available in an OAuth 1.0 connection (accessToken)
error O1-E3 api/accessToken/response/limit "response.limit" is not available in an OAuth 1.0 connection (accessToken)
error O1-E4 api/accessToken/response/iterate "response.iterate" is not available in an OAuth 1.0 connection (accessToken)
error O1-E5 api/accessToken/response/output "response.output" is not available in an OAuth 1.0 connection (accessToken)`},

	{parts{kind: "oauth-clicre", api: `{"info": {}, "requestToken": {}}`}, `error O2-E1 api/requestToken "requestToken" is no directive of an OAuth 2.0 connection`},
	{parts{kind: "oauth-clicre", api: `{"info": {"response": {"output": 1}}}`}, `error O2-E2 api/info/response/output "response.output" is not available in an OAuth 2.0 connection (info)`},
	{parts{kind: "oauth-clicre", scope: `{}`, scopes: `[]`}, `error O2-E3 scope scope, the default scope, must be an array of texts
error O2-E3 scopes scopes, the scope list, must be an object of scope to description`},
	{parts{kind: "oauth-clicre", api: `{"authorize": {}}`}, `warning CON001 api nothing proves that the tokens are right`},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "refresh": {"url": "/x"}}`}, `warning O2-W1 api/refresh refresh does not say when it is wanted`},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "authorize": {"qs": {"redirect_uri": "{{oauth.localRedirectUri}}"}}, "token": {"body": {"redirect_uri": "{{oauth.makeRedirectUri}}"}}}`}, `warning O2-W2 api/token/body/redirect_uri redirect_uri differs from that of authorize`},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "refresh": {"condition": true, "body": {"redirect_uri": "x"}}}`}, `warning O2-W3 api/refresh/body/redirect_uri a refresh has no redirect_uri`},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "refresh": {"condition": true, "response": {"expires": "{{a}}", "data": {"expires": "{{a}}"}}}}`}, `warning O2-W4 api/refresh/response/expires this is the end of the connection, but the same expression as the end of the access token in data.expires`},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "refresh": {"condition": true, "response": {"scope": "{{a}}"}}}`}, `warning O2-W5 api/refresh/response/scope the scope of a refresh is ignored`},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "refresh": {"condition": true, "body": {"refresh_token": "{{a}}"}}}`}, `warning O2-W6 api/refresh/body secrets are sent that log.sanitize does not name`},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "refresh": {"condition": true, "body": {"refresh_token": "{{a}}"}, "log": {"sanitize": ["request.body"]}}}`}, ``},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "token": {}}`}, `warning O2-W7 api/token token runs without a person, but does not say when`},
	{parts{kind: "oauth-clicre", api: `{"info": {}, "token": {}, "authorize": {}}`}, ``},
	{parts{kind: "oauth"}, ``},
	{parts{kind: "oauth-1", api: `[]`}, ``},
	{parts{kind: "oauth-1", api: `{"oauth": 1, "info": [1, {"oauth": null}], "requestToken": "x"}`}, ``},
}

func TestConnectionRules(t *testing.T) {
	t.Parallel()
	for _, test := range connectionCases {
		var got []string
		for _, d := range check(t, test.parts) {
			if d.Hint == "" && d.Code != "O1-E6" {
				t.Errorf("%s has no hint", d.Code)
			}
			got = append(got, fmt.Sprintf("%s %s %s%s %s", d.Severity, d.Code, d.File, d.Pointer, d.Message))
		}
		if text := strings.Join(got, "\n"); text != test.want {
			t.Errorf("%s %s %s\n got %s\nwant %s", test.kind, test.api, test.parameters, text, test.want)
		}
	}
}

// The files of an alias have no effect; nothing else is said about them (connections.md CN-8).
func TestAlias(t *testing.T) {
	t.Parallel()
	code := func(name, text string) *app.Code {
		f := source.NewFile(name, []byte(text))
		doc, found := jsonc.Parse(f)
		if found.Err() != nil {
			t.Fatal(found)
		}
		return &app.Code{File: f, Doc: doc}
	}
	c := &app.Connection{ID: "account", Type: "basic", AliasTo: "library", API: code("api", `{"url": "/x"}`), Parameters: code("params", `[]`), Common: code("common", `{"a": 1}`)}
	var got []string
	for _, d := range lint.Connection(&app.App{Name: "demo"}, c) {
		got = append(got, d.Severity.String()+" "+d.Code+" "+d.File+" "+d.Message)
	}
	want := []string{`warning CN-W5 api this has no effect: the connection is an alias of "library"`, `warning CN-W5 common this has no effect: the connection is an alias of "library"`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
