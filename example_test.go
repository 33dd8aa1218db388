package cleat_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// here lets a runtime reach this machine; without it only public addresses can be reached.
var here = engine.Options{Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}

// A program that makes a connection and runs a module of an app.
func Example() {
	ctx := context.Background()
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"path": %q, "by": %q}`, r.URL.Path, r.Header.Get("Authorization"))
	}))
	defer service.Close()

	app, err := cleat.Load("testdata/apps/rest")
	if err != nil {
		panic(err)
	}
	module, err := app.Module("call")
	if err != nil {
		panic(err)
	}
	runtime, record, end := connected(ctx, app, value.Object("server", value.Text(service.URL), "token", value.Text("t")).Collection())
	defer end()
	run, err := runtime.Start(ctx, module, cleat.Input{Connection: record, Parameters: value.Object("url", value.Text("items")).Collection()})
	if err != nil {
		panic(err)
	}
	for bundle, err := range run.Bundles(ctx) {
		if err != nil {
			panic(err)
		}
		fmt.Println(string(bundle.Member("body").AppendJSON(nil)))
	}
	// Output: {"path":"/items","by":"Bearer t"}
}

// connected returns a runtime and a connection of the type key that it keeps.
func connected(ctx context.Context, app *cleat.App, parameters *value.Collection) (*cleat.Runtime, *connect.Record, func()) {
	dir, err := os.MkdirTemp("", "cleat-example-")
	if err != nil {
		panic(err)
	}
	records, err := store.Open(ctx, store.Options{Dir: dir})
	if err != nil {
		panic(err)
	}
	runtime := cleat.New(cleat.Options{Engine: here, Connections: records})
	key, err := app.ConnectionType("key")
	if err != nil {
		panic(err)
	}
	started, err := runtime.Connector().Create(ctx, key, connect.Request{Name: "work", Parameters: parameters})
	if err != nil {
		panic(err)
	}
	return runtime, started.Record, func() {
		runtime.Close()
		records.Close()
		os.RemoveAll(dir)
	}
}

// A form as a person meets it: with a default, and the options that an RPC gives.
func ExampleComponent_Form() {
	app, err := cleat.Load("testdata/apps/petshop")
	if err != nil {
		panic(err)
	}
	module, err := app.Module("searchPets")
	if err != nil {
		panic(err)
	}
	rpc := form.RPCFunc(func(context.Context, form.Call) (value.Value, error) { // or runtime.RPC(app, record)
		return value.ParseJSON([]byte(`[{"label": "Cats", "value": "cat"}, {"label": "Dogs", "value": "dog"}]`))
	})
	shown, problems := module.Form().Resolve(context.Background(), value.NewCollection(0), form.Options{RPC: rpc})
	for _, field := range shown {
		fmt.Println(field.Name, field.Type.Name, field.Value.ToText(), len(field.Options))
	}
	fmt.Println(len(problems), "problems")
	// Output:
	// kind select  2
	// limit uinteger 10 0
	// 0 problems
}

// What a module gives, before it has run.
func ExampleComponent_Sample() {
	app, err := cleat.Load("testdata/apps/petshop")
	if err != nil {
		panic(err)
	}
	module, err := app.Module("getPet")
	if err != nil {
		panic(err)
	}
	for _, field := range module.Interface().Fields() {
		fmt.Println(field.Name, field.Type.Name)
	}
	sample, err := module.Sample(context.Background(), nil, nil)
	fmt.Println(string(sample.AppendJSON(nil)), err)
	// Output:
	// id text
	// name text
	// created date
	// {"id":"p1","name":"Žofie 🐈","created":"2024-05-01T10:00:00.000Z"} <nil>
}
