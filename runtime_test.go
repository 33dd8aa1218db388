package cleat_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// code reads a piece of an app.
func code(t *testing.T, name, text string) *app.Code {
	t.Helper()
	file := source.NewFile(name, []byte(text))
	doc, found := jsonc.Parse(file)
	if err := found.Err(); err != nil {
		t.Fatal(found)
	}
	return &app.Code{Name: name, File: file, Doc: doc}
}

const refreshing = `{"refresh": {"condition": "{{data.expires < now}}", "url": "$/token", "method": "POST",
	"response": {"error": "{{body.error}}", "data": {"token": "{{body.token}}"}}}}`

// A request that the service refuses for its token is made once more with a renewed one,
// in the middle of a run too; a connection is marked only when a person is needed.
func TestRefusedToken(t *testing.T) {
	t.Parallel()
	const search = `{"url": "/items", "qs": {"page": "1"}, "response": {"iterate": "{{body}}"}, "pagination": {"condition": "{{length(body) = 2}}", "qs": {"page": "{{pagination.page}}"}}}`
	for _, test := range []struct {
		name       string
		connection string
		base       string // members of the base besides address and token
		module     string
		refuse     func(token, page string) int // status, 0 to answer
		renewal    string                       // answer to /token, with its status
		want       string                       // bundles
		failure    string
		asked      string
		broken     string
	}{
		{name: "good token", want: `["a","b","c"]`, asked: "old/1 old/2"},
		{name: "refused", refuse: unless("new", 401), renewal: `200 {"token": "new"}`, want: `["a","b","c"]`, asked: "old/1 token new/1 new/2"},
		{name: "refused by the type of the error", base: `, "response": {"error": {"401": {"message": "gone", "type": "InvalidAccessTokenError"}, "403": {"message": "gone", "type": "InvalidAccessTokenError"}}}`,
			refuse: unless("new", 403), renewal: `200 {"token": "new"}`, want: `["a","b","c"]`, asked: "old/1 token new/1 new/2"},
		{name: "on the second page", refuse: func(token, page string) int {
			if token == "old" && page == "2" {
				return 401
			}
			return 0
		}, renewal: `200 {"token": "new"}`, want: `["a","b","c"]`, asked: "old/1 old/2 token new/2"},
		{name: "a POST", module: `{"url": "/items", "method": "POST", "qs": {"page": 2}, "body": {}}`, refuse: unless("new", 401), renewal: `200 {"token": "new"}`, want: `["c"]`, asked: "old/2 token new/2"},
		{name: "forbidden", refuse: unless("new", 403), want: "[]", failure: "RuntimeError: [403] Forbidden", asked: "old/1"},
		{name: "refused for ever", refuse: unless("never", 401), renewal: `200 {"token": "new"}`, want: "[]", failure: "RuntimeError: [401] Unauthorized", asked: "old/1 token new/1"},
		{name: "refused for ever by type", base: `, "response": {"error": {"message": "gone", "type": "InvalidAccessTokenError"}}`,
			refuse: unless("never", 401), renewal: `200 {"token": "new"}`, want: "[]", failure: "InvalidAccessTokenError: gone", asked: "old/1 token new/1", broken: "gone"},
		{name: "renewal refused", refuse: unless("new", 401), renewal: `400 {"error": "revoked"}`, want: "[]",
			failure: `InvalidAccessTokenError: connection "work" has to be authorized again: revoked`, asked: "old/1 token", broken: "revoked"},
		{name: "renewal not answered", base: `, "response": {"error": {"message": "gone", "type": "InvalidAccessTokenError"}}`,
			refuse: unless("new", 401), renewal: `503 {}`, want: "[]", failure: "ConnectionError: [503] Service Unavailable", asked: "old/1 token"},
		{name: "nothing to renew with", connection: `{"info": {"url": "$/me"}}`, base: `, "response": {"error": {"message": "gone", "type": "InvalidAccessTokenError"}}`,
			refuse: unless("new", 401), want: "[]", failure: "InvalidAccessTokenError: gone", asked: "old/1", broken: "gone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if q.URL.Path == "/token" {
					asked = append(asked, "token")
					status, body, _ := strings.Cut(test.renewal, " ")
					w.WriteHeader(map[string]int{"200": 200, "400": 400, "503": 503}[status])
					fmt.Fprint(w, body)
					return
				}
				token, page := q.Header.Get("X-Token"), q.URL.Query().Get("page")
				asked = append(asked, token+"/"+page)
				if test.refuse != nil && test.refuse(token, page) != 0 {
					w.WriteHeader(test.refuse(token, page))
					return
				}
				fmt.Fprint(w, map[string]string{"1": `["a","b"]`, "2": `["c"]`}[page])
			}))
			defer server.Close()
			connection, module := test.connection, test.module
			if connection == "" {
				connection = refreshing
			}
			if module == "" {
				module = search
			}
			runtime, records := runtimeWithStore(t)
			definition := &app.App{Name: "demo", Base: code(t, "base", `{"baseUrl": "`+server.URL+`", "headers": {"X-Token": "{{connection.token}}"}`+test.base+`}`),
				Connections: []*app.Connection{{ID: "conn", Type: "oauth", API: code(t, "connection", strings.ReplaceAll(connection, "$", server.URL))}},
				RPCs:        []*app.RPC{{ID: "list", Connection: "conn", API: code(t, "rpc", module)}}}
			record := &connect.Record{Name: "work", App: "demo", Type: "conn", Kind: connect.OAuth2,
				Data: value.Object("token", value.Text("old"), "expires", value.Time(time.Now().Add(time.Hour))).Collection()}
			if err := records.InsertConnection(t.Context(), record); err != nil {
				t.Fatal(err)
			}
			got, err := bundles(t, runtime, cleat.NewApp(definition, nil), record)
			if got != test.want || text(err) != test.failure {
				t.Errorf("bundles %s, failure %q; want %s, %q", got, text(err), test.want, test.failure)
			}
			if all := strings.Join(asked, " "); all != test.asked {
				t.Errorf("asked %q, want %q", all, test.asked)
			}
			stored, err := records.Connection(t.Context(), record.ID)
			if err != nil || stored.Broken != test.broken {
				t.Errorf("broken %q, want %q; error %v", stored.Broken, test.broken, err)
			}
		})
	}
}

// unless refuses every token but the good one.
func unless(good string, status int) func(token, page string) int {
	return func(token, _ string) int {
		if token == good {
			return 0
		}
		return status
	}
}

func runtimeWithStore(t *testing.T) (*cleat.Runtime, *store.Store) {
	t.Helper()
	records, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	return cleat.New(cleat.Options{Connections: records, Engine: engine.Options{Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}}), records
}

// bundles runs the only RPC and returns what it gave before it failed.
func bundles(t *testing.T, runtime *cleat.Runtime, a *cleat.App, record *connect.Record) (string, error) {
	t.Helper()
	list, err := a.RPC("list")
	if err != nil {
		t.Fatal(err)
	}
	run, err := runtime.Start(t.Context(), list, cleat.Input{Connection: record})
	if err != nil {
		return "", err
	}
	all := value.NewArray()
	for bundle, err := range run.Bundles(t.Context()) {
		if err != nil {
			return string(value.FromArray(all).AppendJSON(nil)), err
		}
		all.Append(bundle)
	}
	return string(value.FromArray(all).AppendJSON(nil)), nil
}

func text(err error) string {
	var e *engine.Error
	if errors.As(err, &e) {
		return e.Error()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
