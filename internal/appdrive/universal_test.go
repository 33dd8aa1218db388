package appdrive

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/value"
)

// service answers what it was asked; a query that is unknown is an error of GraphQL.
func service(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	if strings.Contains(string(body), "unknown") {
		io.WriteString(w, `{"errors": [{"message": "no such field"}]}`)
		return
	}
	fmt.Fprintf(w, `{"asked": %q}`, fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Header.Get("Authorization"), " ", r.Header.Get("X-Own"), " ", string(body)))
}

// The universal modules of both kinds against a server: what the person gives is what is
// sent, with the authorization of the connection.
func TestUniversalModules(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(service))
	t.Cleanup(server.Close)
	rt := cleat.New(cleat.Options{Engine: engine.Options{Egress: loopback}})
	t.Cleanup(func() { rt.Close() })
	for _, test := range []struct {
		app        string
		parameters string
		want       string // of body.asked
		failure    string
	}{
		{"rest", `{"url": "items", "method": "GET", "qs": [{"key": "q", "value": "a b"}]}`, `GET /items?q=a%20b Bearer t  `, ""},
		{"rest", `{"url": "items/7", "method": "PUT", "headers": [{"key": "X-Own", "value": "1"}], "body": "{\"a\": 1}"}`, `PUT /items/7 Bearer t 1 {"a": 1}`, ""},
		{"graphql", `{"query": "{ me { id } }"}`, `POST /graphql Bearer t  {"query":"{ me { id } }"}`, ""},
		{"graphql", `{"query": "query($id: ID) { user(id: $id) { id } }", "variables": {"id": "7"}}`, `POST /graphql Bearer t  {"query":"query($id: ID) { user(id: $id) { id } }","variables":{"id":"7"}}`, ""},
		{"graphql", `{"query": "{ unknown }"}`, "", "RuntimeError: no such field"},
	} {
		got, err := call(t.Context(), rt, test.app, server.URL, test.parameters)
		failure := ""
		if err != nil {
			failure = err.Error()
		}
		if asked := got.Member("body").Member("asked").ToText(); asked != test.want || failure != test.failure {
			t.Errorf("%s %s: asked %q, failure %q; want %q, %q", test.app, test.parameters, asked, failure, test.want, test.failure)
		}
	}
}

func call(ctx context.Context, rt *cleat.Runtime, name, server, parameters string) (value.Value, error) {
	a, err := cleat.Load("../../testdata/apps/" + name)
	if err != nil {
		return value.Undefined, err
	}
	c, err := a.Module("call")
	if err != nil {
		return value.Undefined, err
	}
	given, err := value.ParseJSON([]byte(parameters))
	if err != nil {
		return value.Undefined, err
	}
	record := &connect.Record{ID: 1, Name: "work", App: a.Name, Type: "key", Kind: connect.Basic,
		Data: value.Object("server", value.Text(server), "token", value.Text("t")).Collection()}
	run, err := rt.Start(ctx, c, cleat.Input{Connection: record, Parameters: given.Collection()})
	if err != nil {
		return value.Undefined, err
	}
	return run.Value(ctx)
}
