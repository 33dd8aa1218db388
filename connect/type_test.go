package connect_test

import (
	"strings"
	"testing"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// The default scope is a list of texts, the scope list an object, either may be empty
// (O1-56, O1-57); what is no request at all is told when it is compiled.
func TestCompileTellsMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, api, scope, scopes, want string }{
		{"nothing", ``, ``, ``, ``},
		{"empty", `{}`, `[]`, `{}`, ``},
		{"full", `{"info": {"url": "https://a.example/"}}`, `["read", "write"]`, `{"read": "Read all"}`, ``},
		{"scope is an object", `{}`, `{"read": "Read all"}`, ``, `scope:1:1: the default scope must be an array of texts`},
		{"scope of 512 characters", `{}`, `["` + strings.Repeat("č", 512) + `"]`, ``, ``},
		{"scope of 513 characters", `{}`, `["read", "` + strings.Repeat("č", 513) + `"]`, ``, `scope:1:10: (/1) a scope must be a text of 1 to 512 characters`},
		{"scope of none", `{}`, `[""]`, ``, `scope:1:2: (/0) a scope must be a text of 1 to 512 characters`},
		{"scope that is no text", `{}`, `[1]`, ``, `scope:1:2: (/0) a scope must be a text of 1 to 512 characters`},
		{"scope list is an array", `{}`, ``, `["read"]`, `scopes:1:1: the scope list must be an object of scope to description`},
		{"several pages", `{"authorize": [{"url": "https://a.example/"}]}`, ``, ``, `api:1:15: (/authorize) authorize must be an object: it is one address`},
		{"no request", `{"token": ["x"]}`, ``, ``, `api:1:12: (/token/0) a request must be an object`},
		{"wrong expression", `{"token": {"url": "{{a("}}`, ``, ``, `api:1:24: (/token/url) Unexpected end of an expression`},
	} {
		c := &app.Connection{ID: "conn", Type: "oauth2"}
		for _, part := range []struct {
			name, text string
			into       **app.Code
		}{{"api", test.api, &c.API}, {"scope", test.scope, &c.Scope}, {"scopes", test.scopes, &c.Scopes}} {
			if part.text != "" {
				file := source.NewFile(part.name, []byte(part.text))
				doc, _ := jsonc.Parse(file)
				*part.into = &app.Code{Name: part.name, File: file, Doc: doc}
			}
		}
		_, found := connect.Compile(&app.App{Name: "demo"}, c)
		got := ""
		if err := found.Err(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

// What is secret by its field, by its name or by its value is not shown; what is too short
// to be masked in what is recorded is shown as it is, so that it is found again.
func TestShown(t *testing.T) {
	t.Parallel()
	typ := compile(t, sections{kind: "basic", api: `{"url": "https://a.example/"}`,
		parameters: `[{"name": "pass", "type": "password"}, {"name": "code", "type": "password"}, {"name": "region", "type": "text"}, {"name": "login", "type": "text"}]`})
	for _, test := range []struct{ name, data, want string }{
		{"fields", `{"pass":"long-enough","code":"12","region":"europe-west"}`, `{"pass":"[redacted]","code":"[redacted]","region":"europe-west"}`},
		{"a secret inside another field", `{"pass":"long-enough","login":"me:long-enough"}`, `{"pass":"[redacted]","login":"me:[redacted]"}`},
		{"what the service gave", `{"accessToken":"t","account":42,"session":"abcdefgh","ready":true}`, `{"accessToken":"[redacted]","account":42,"session":"[redacted]","ready":true}`},
		{"nested", `{"team":{"id":7,"apiKey":"k","names":["short","a longer one"]},"tokens":[1,{"a":"b"}]}`,
			`{"team":{"id":7,"apiKey":"[redacted]","names":["short","[redacted]"]},"tokens":["[redacted]",{"a":"[redacted]"}]}`},
	} {
		data, err := value.ParseJSON([]byte(test.data))
		if err != nil {
			t.Fatal(err)
		}
		shown := value.FromCollection(typ.Shown(data.Collection()))
		if got := string(shown.AppendJSON(nil)); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if got := string(data.AppendJSON(nil)); got != test.data {
			t.Errorf("%s: the data itself became %s", test.name, got)
		}
	}
}
