package appdrive

import (
	"context"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

func TestMain(m *testing.M) {
	js.ServeIfChild()
	os.Exit(m.Run())
}

func TestEveryComponentOnce(t *testing.T) {
	roots := []string{"../../examples", "../../testdata/apps"}
	if own := os.Getenv("CLEAT_APPS"); own != "" {
		roots = append(roots, own)
	}
	for _, root := range roots {
		found := apps(t, root)
		if len(found) == 0 {
			t.Errorf("no app below %s", root)
		}
		for _, path := range found {
			name, _ := filepath.Rel(root, path)
			t.Run(name, func(t *testing.T) { driveApp(t, path) })
		}
	}
}

// apps returns the folders below root that are apps.
func apps(t *testing.T, root string) []string {
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if strings.HasPrefix(entry.Name(), ".") && path != root {
			return fs.SkipDir
		}
		if a, _, err := app.Load(path); err == nil && samePath(a.Root, path) && len(a.Modules)+len(a.RPCs)+len(a.Endpoints) > 0 {
			found = append(found, path)
			return fs.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func samePath(a, b string) bool {
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	return errA == nil && errB == nil && absA == absB
}

// driven are the types of modules that run when they are asked to.
var driven = []app.ModuleType{app.Action, app.Search, app.Universal}

func driveApp(t *testing.T, path string) {
	a, err := cleat.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	clean, all := 0, 0
	count := func(name string, drive func(t *testing.T)) {
		if all++; t.Run(name, drive) {
			clean++
		}
	}
	for _, m := range a.Modules {
		if slices.Contains(driven, m.Type) {
			count(m.ID, func(t *testing.T) { drive(t, a, a.Module, m.ID, m.API, sampleOf(m)) })
		}
	}
	for _, r := range a.RPCs {
		count("rpc "+r.ID, func(t *testing.T) { drive(t, a, a.RPC, r.ID, r.API, value.Undefined) })
	}
	for _, e := range a.Endpoints {
		count("endpoint "+e.ID, func(t *testing.T) { drive(t, a, a.Endpoint, e.ID, e.API, value.Undefined) })
	}
	t.Logf("%d of %d ran clean", clean, all)
}

// sampleOf is what a module gives: its samples, when they stand in the definition.
func sampleOf(m *app.Module) value.Value {
	if root := m.Samples.Root(); root != nil {
		return root.Value()
	}
	return value.Undefined
}

func drive(t *testing.T, a *cleat.App, compile func(string) (*cleat.Component, error), id string, api *app.Code, sample value.Value) {
	c, err := compile(id)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	record := connection(ctx, t, a, c)
	parameters := parametersOf(ctx, t, a, c, record)
	answers := answerFor(api, sample)
	rt := runtime(t, answers)
	run, err := rt.Start(ctx, c, cleat.Input{Connection: record, Parameters: parameters})
	if err != nil {
		t.Fatalf("start with %s: %v", value.FromCollection(parameters).AppendJSON(nil), err)
	}
	given := 0
	for bundle, err := range run.Bundles(ctx) {
		if err != nil {
			report(t, err)
			break
		}
		given++
		if c.Kind == app.ModuleKind && bundle.Collection() == nil {
			t.Errorf("bundle %d is no collection: %s", given, bundle.AppendJSON(nil))
		}
	}
	if !c.List() && given > 1 {
		t.Errorf("%d bundles where one is allowed", given)
	}
	for _, wrong := range answers.bad {
		t.Error(wrong)
	}
}

// report tells of an error, unless the app itself raises it over the answer of the stub.
func report(t *testing.T, err error) {
	t.Helper()
	var failure *engine.Error
	if !errors.As(err, &failure) {
		t.Errorf("the error is of type %T: %v", err, err)
		return
	}
	if failure.Directive == "response.valid" || failure.Directive == "response.error" {
		t.Logf("raised by the app: %v", err)
		return
	}
	t.Errorf("%v (%s %s, at %s)", err, failure.Step, failure.Directive, failure.Position)
}

// loopback is where the service of an example is.
var loopback = engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func runtime(t *testing.T, answers *stub) *cleat.Runtime {
	rt := cleat.New(cleat.Options{Engine: engine.Options{Transport: answers, Egress: loopback, Sleep: func(context.Context, time.Duration) error { return nil }}})
	t.Cleanup(func() { rt.Close() })
	return rt
}

// parametersOf fills the form of a component; the RPCs that it asks run against a stub.
func parametersOf(ctx context.Context, t *testing.T, a *cleat.App, c *cleat.Component, record *connect.Record) *value.Collection {
	options := form.Options{Platform: a.ManifestVersion, RPC: form.Cache(form.RPCFunc(func(ctx context.Context, call form.Call) (value.Value, error) {
		r := a.App.RPC(call.Name())
		if r == nil {
			return value.List(), nil // of the platform, or missing, which lint tells
		}
		return runtime(t, answerFor(r.API, value.Undefined)).RPC(a, record).Call(ctx, call)
	}))}
	values, problems := filled(ctx, c.Form(), options)
	for _, p := range problems {
		t.Errorf("form: %v", p.Error())
	}
	return values
}

// connection is a record that looks as if a person had made it; no flow runs.
func connection(ctx context.Context, t *testing.T, a *cleat.App, c *cleat.Component) *connect.Record {
	if len(c.Connections) == 0 {
		return nil
	}
	kind, err := a.ConnectionType(c.Connections[0])
	if err != nil {
		t.Fatal(err)
	}
	f, _ := cleat.FormOf(a.Connection(kind.ID).Parameters)
	data, _ := filled(ctx, f, form.Options{})
	for name, v := range map[string]value.Value{"accessToken": value.Text("access-token"), "refreshToken": value.Text("refresh-token"), "token": value.Text("token-1"), "tokenSecret": value.Text("token-secret"),
		"expires": value.Time(time.Now().Add(time.Hour)), "expireDate": value.Time(time.Now().Add(time.Hour))} {
		if _, given := data.Lookup(name); !given {
			data.Set(name, v)
		}
	}
	return &connect.Record{ID: 1, Name: "work", App: a.Name, Type: kind.ID, Kind: kind.Kind, Data: data}
}
