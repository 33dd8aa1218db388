package cleat_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/value"
)

// An endpoint runs by itself: defaults and the checks of its form apply, and its value is
// unwrapped.
func TestEndpointRunsAlone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"asked": %q}`, r.URL.RequestURI())
	}))
	t.Cleanup(server.Close)
	definition := &app.App{Name: "demo", ManifestVersion: 2, Endpoints: []*app.Endpoint{{ID: "getBook",
		API:             code(t, "endpoint", strings.ReplaceAll(`{"url": "$/books/{{parameters.id}}", "qs": {"lang": "{{parameters.lang}}"}, "response": {"output": "{{body}}"}}`, "$", server.URL)),
		InputParameters: code(t, "input", `[{"name": "id", "type": "integer", "required": true}, {"name": "lang", "type": "text", "default": "en"}]`)}}}
	runtime, _ := runtimeWithStore(t)
	endpoint, err := cleat.NewApp(definition, nil).Endpoint("getBook")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ parameters, want, failure string }{
		{`7`, `{"asked":"/books/7?lang=en"}`, ""},
		{`seven`, ``, `DataError: parameter "id": "seven" is no number`},
	} {
		run, err := runtime.Start(t.Context(), endpoint, cleat.Input{Parameters: value.Object("id", value.Text(test.parameters)).Collection()})
		var got string
		if err == nil {
			var v value.Value
			v, err = run.Value(t.Context())
			got = string(v.AppendJSON(nil))
		}
		if got != test.want || text(err) != test.failure {
			t.Errorf("%s: %s, failure %q; want %s, %q", test.parameters, got, text(err), test.want, test.failure)
		}
	}
	if _, err := cleat.NewApp(definition, nil).Endpoint("getBok"); err == nil || err.Error() != `the app has no endpoint "getBok"` {
		t.Errorf("error %v", err)
	}
}

// What a module gives a sibling endpoint is converted and checked by the endpoint's form.
func TestEndpointChecksWhatAModuleGives(t *testing.T) {
	t.Parallel()
	definition := &app.App{Name: "demo", ManifestVersion: 2,
		Endpoints: []*app.Endpoint{{ID: "getBook", API: code(t, "endpoint", `{"response": {"output": "{{parameters}}"}}`),
			InputParameters: code(t, "input", `[{"name": "id", "type": "integer", "required": true}, {"name": "lang", "type": "text", "default": "en"}]`)}},
		Modules: []*app.Module{{ID: "book", Type: app.Action, API: code(t, "api", `{"endpoint": "getBook", "input": {"id": "{{parameters.id}}"}}`)}}}
	book, err := cleat.NewApp(definition, nil).Module("book")
	if err != nil {
		t.Fatal(err)
	}
	for given, want := range map[string]string{
		"7":   `{"id":7,"lang":"en"}`,
		"one": `DataError: parameter "id": "one" is no number`,
		"":    `DataError: parameter "id": the field is mandatory`,
	} {
		run, err := newRuntime(cleat.Options{}).Start(t.Context(), book, cleat.Input{Parameters: value.Object("id", value.Text(given)).Collection()})
		if err != nil {
			t.Fatal(err)
		}
		v, err := run.Value(t.Context())
		if got := strings.TrimPrefix(string(v.AppendJSON(nil))+text(err), "null"); got != want {
			t.Errorf("%q: got %s, want %s", given, got, want)
		}
	}
}
