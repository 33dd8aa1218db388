package cleat_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// bookApp is an app whose module sends its parameters, and whose RPCs give options.
func bookApp(t *testing.T, address string) *cleat.App {
	t.Helper()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	definition, found, err := app.LoadFS(fstest.MapFS{
		"makecomapp.json": file(`{"fileVersion":1,"generalCodeFiles":{},"components":{"connection":{},"webhook":{},"function":{},"endpoint":{},
			"module":{"addBook":{"label":"Add","description":"","moduleType":"action","actionCrud":"create","codeFiles":{"communication":"add.json","mappableParams":"expect.json"}}},
			"rpc":{"shelves":{"label":"Shelves","codeFiles":{"communication":"shelves.json"}},"lost":{"label":"Lost","codeFiles":{"communication":"lost.json"}}}},"origins":[]}`),
		"add.json":     file(`{"url":"` + address + `/add","method":"POST","body":"{{parameters}}"}`),
		"expect.json":  file(`[{"name":"pages","type":"uinteger","required":true,"default":1},{"name":"due","type":"date"},{"name":"shelf","type":"select","options":"rpc://shelves?room=r1"}]`),
		"shelves.json": file(`{"url":"` + address + `/shelves","qs":{"room":"{{parameters.room}}"},"response":{"iterate":"{{body}}","output":{"label":"{{item}}","value":"{{item}}"}}}`),
		"lost.json":    file(`{"url":"` + address + `/lost"}`),
	}, "makecomapp.json")
	if err != nil {
		t.Fatal(err)
	}
	return cleat.NewApp(definition, found)
}

func bookService(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /add", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		body := make([]byte, r.ContentLength)
		r.Body.Read(body)
		w.Write(body)
	})
	mux.HandleFunc("GET /shelves", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Write([]byte(`["` + r.URL.Query().Get("room") + `-a","` + r.URL.Query().Get("room") + `-b"]`))
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func newRuntime(o cleat.Options) *cleat.Runtime {
	o.Engine.Egress.Allow = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	return cleat.New(o)
}

func TestParametersAreConvertedBeforeARun(t *testing.T) {
	t.Parallel()
	a := bookApp(t, bookService(t))
	module, err := a.Module("addBook")
	if err != nil {
		t.Fatal(err)
	}
	rt := newRuntime(cleat.Options{Timezone: "Europe/Prague"})
	for _, c := range []struct{ given, want value.Value }{
		{value.Object("due", value.Text("2026-01-31 09:00"), "more", value.True),
			value.Object("due", value.Text("2026-01-31T08:00:00.000Z"), "more", value.True, "pages", value.Int(1))},
		{value.Object("pages", value.Text("12"), "shelf", value.Text("?")), value.Object("pages", value.Int(12), "shelf", value.Text("?"))},
	} {
		run, err := rt.Start(t.Context(), module, cleat.Input{Parameters: c.given.Collection()})
		if err != nil {
			t.Fatal(err)
		}
		got, err := run.Value(t.Context())
		if err != nil || string(got.AppendJSON(nil)) != string(c.want.AppendJSON(nil)) {
			t.Errorf("got %s, %v, want %s", got.AppendJSON(nil), err, c.want.AppendJSON(nil))
		}
	}
}

func TestParametersThatDoNotFitAreNotSent(t *testing.T) {
	t.Parallel()
	module, err := bookApp(t, "http://127.0.0.1:1").Module("addBook")
	if err != nil {
		t.Fatal(err)
	}
	_, err = newRuntime(cleat.Options{}).Start(t.Context(), module, cleat.Input{Parameters: value.Object("pages", value.Int(-1), "due", value.Text("soon")).Collection()})
	var failure *engine.Error
	var problems form.Problems
	if !errors.As(err, &failure) || !errors.As(err, &problems) || len(problems) != 2 {
		t.Fatalf("got %v", err)
	}
	const want = `DataError: validation failed for 2 parameters • pages: -1 is no whole number from 0 on • due: "soon" is no date`
	if got := err.Error(); got != want || failure.Position.String() != "expect.json:1:2" {
		t.Errorf("got %s at %s\nwant %s", got, failure.Position, want)
	}
}

func TestFormsAskTheAppsRPCs(t *testing.T) {
	t.Parallel()
	a := bookApp(t, bookService(t))
	module, err := a.Module("addBook")
	if err != nil {
		t.Fatal(err)
	}
	rpc := newRuntime(cleat.Options{}).RPC(a, nil)
	shown, problems := module.Form().Resolve(t.Context(), value.NewCollection(0), form.Options{RPC: rpc})
	if len(problems) > 0 || len(shown) != 3 {
		t.Fatalf("%d fields, %v", len(shown), problems)
	}
	var labels []string
	for _, o := range shown[2].Options {
		labels = append(labels, o.Label)
	}
	if len(labels) != 2 || labels[0] != "r1-a" || labels[1] != "r1-b" {
		t.Errorf("options are %q", labels)
	}
	for address, want := range map[string]string{
		"rpc://lost":             "[404]",
		"rpc://nowhere":          `the app has no rpc "nowhere"`,
		"rpc://other/1/list":     "rpc://other/1/list belongs to the platform and is not known here",
		"api://connections/x":    "api://connections/x belongs to the platform and is not known here",
		"rpc://shelves?room=%zz": `the query of rpc://shelves?room=%zz cannot be read: ` + url.EscapeError("%zz").Error(),
	} {
		_, err := rpc.Call(context.Background(), form.Call{URL: address})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", address, err, want)
		}
	}
}

// What the keyword erase gives in a mapping empties a field, in modules that update and in
// those that do not say what they do; elsewhere it is refused.
func TestErasedParameters(t *testing.T) {
	t.Parallel()
	mapping, found := iml.Compile("{{if(gone, erase, 'kept')}}", iml.Options{})
	if found.Err() != nil {
		t.Fatal(found)
	}
	scope := iml.NewScope()
	scope.Set("gone", value.True)
	title, err := mapping.Eval(&iml.Env{Scope: scope})
	if err != nil || title.Kind() != value.KindNull {
		t.Fatalf("%v, %v", title, err)
	}
	expect := code(t, "expect", `[{"name":"title","type":"text"},{"name":"tags","type":"array"}]`)
	const refused = `DataError: validation failed for 2 parameters • title: the field cannot be erased here • tags: the field cannot be erased here`
	for _, c := range []struct {
		kind       app.ModuleType
		crud, want string
	}{
		{app.Action, "update", `{"title":null,"tags":[]}`},
		{app.Action, "", `{"title":null,"tags":[]}`},
		{app.Universal, "", `{"title":null,"tags":[]}`},
		{app.Action, "create", refused},
		{app.Search, "", refused},
	} {
		m := &app.Module{ID: "save", Type: c.kind, Crud: c.crud, Expect: expect, API: code(t, "api", `{"response":{"output":"{{parameters}}"}}`)}
		component, err := cleat.NewApp(&app.App{Name: "demo", ManifestVersion: 2, Modules: []*app.Module{m}}, nil).Module("save")
		if err != nil {
			t.Fatal(err)
		}
		run, err := newRuntime(cleat.Options{}).Start(t.Context(), component, cleat.Input{Parameters: value.Object("title", title, "tags", value.Erase).Collection()})
		got := text(err)
		if err == nil {
			v, err := run.Value(t.Context())
			got = string(v.AppendJSON(nil)) + text(err)
		}
		if got != c.want {
			t.Errorf("%s %q: got %s, want %s", c.kind, c.crud, got, c.want)
		}
	}
}
