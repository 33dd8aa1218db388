package appdrive

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/store"
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

// driver drives the components of one app.
type driver struct {
	app      *cleat.App
	provider *provider
	records  *store.Store
	clean    int
	all      int
}

func driveApp(t *testing.T, path string) {
	a, err := cleat.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	records, err := store.Open(t.Context(), store.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	d := &driver{app: a, provider: providerOf(a.App), records: records}
	for _, m := range a.Modules {
		d.module(t, m)
	}
	for _, w := range a.Webhooks {
		d.component(t, "webhook "+w.ID, func(t *testing.T, p *problems) { d.webhook(t, p, w, nil) })
	}
	for _, r := range a.RPCs {
		d.component(t, "rpc "+r.ID, func(t *testing.T, p *problems) { d.run(t, p, a.RPC, r.ID, r.API, value.Undefined) })
	}
	for _, e := range a.Endpoints {
		d.component(t, "endpoint "+e.ID, func(t *testing.T, p *problems) {
			d.run(t, p, a.Endpoint, e.ID, e.API, d.interfaceOf(t, e.OutputParameters))
		})
	}
	t.Logf("%d of %d ran clean", d.clean, d.all)
}

func (d *driver) module(t *testing.T, m *app.Module) {
	d.component(t, m.ID, func(t *testing.T, p *problems) {
		switch m.Type {
		case app.Trigger:
			d.trigger(t, p, m)
		case app.InstantTrigger:
			if w := d.app.App.Webhook(m.Webhook); w != nil {
				d.webhook(t, p, w, m)
			} else {
				p.note("the instant trigger has no webhook")
			}
		default:
			d.run(t, p, d.app.Module, m.ID, m.API, d.sampleOf(t, m))
		}
	})
}

// component drives one component and compares its problems with those that are known.
func (d *driver) component(t *testing.T, name string, drive func(t *testing.T, p *problems)) {
	d.all++
	t.Run(name, func(t *testing.T) {
		p := &problems{}
		drive(t, p)
		if len(p.list) == 0 {
			d.clean++
		}
		p.report(t, d.app.Name+"/"+name)
	})
}

// run drives what runs when it is asked to. What it gives is compared with the bundle that
// its author expects.
func (d *driver) run(t *testing.T, p *problems, compile func(string) (*cleat.Component, error), id string, api *app.Code, bundle value.Value) {
	c, err := compile(id)
	if err != nil {
		p.note("%v", err)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	record := connection(ctx, t, d.app, c)
	parameters := d.parameters(ctx, t, p, c, record)
	s := d.stub(api, bundle, 2, parameters)
	run, err := d.runtime(t, s).Start(ctx, c, cleat.Input{Connection: record, Parameters: parameters})
	if err != nil {
		p.note("start with %s: %v", value.FromCollection(parameters).AppendJSON(nil), err)
		return
	}
	given := 0
	for got, err := range run.Bundles(ctx) {
		if err != nil {
			p.failure(t, err)
			break
		}
		if given++; c.Kind == app.ModuleKind && got.Collection() == nil {
			p.note("bundle %d is no collection: %s", given, got.AppendJSON(nil))
		}
		differs(t, bundle, got)
	}
	if !c.List() && given > 1 {
		p.note("%d bundles where one is allowed", given)
	}
	p.list = append(p.list, s.bad...)
}

// stub is the service as a communication expects it.
func (d *driver) stub(api *app.Code, bundle value.Value, n int, parameters *value.Collection) *stub {
	s := d.provider.answering(expectations(api), bundle, n, parameters)
	s.wanted = wantedOf(d.app.App, api)
	return s
}

// differs prints what a bundle lacks of what the interface or the sample promises.
func differs(t *testing.T, promised, got value.Value) {
	var lacks []string
	for name := range promised.Collection().All() {
		if _, there := got.Collection().Lookup(name); !there {
			lacks = append(lacks, name)
		}
	}
	if len(lacks) > 0 {
		t.Logf("differs: a bundle lacks %s of the interface", strings.Join(lacks, ", "))
	}
}

// problems are what went wrong with one component.
type problems struct{ list []string }

func (p *problems) note(format string, args ...any) {
	p.list = append(p.list, fmt.Sprintf(format, args...))
}

// failure notes an error, unless the app itself raises it over the answer of the stub.
func (p *problems) failure(t *testing.T, err error) {
	var failure *engine.Error
	if !errors.As(err, &failure) {
		p.note("the error is of type %T: %v", err, err)
		return
	}
	if failure.Directive == "response.valid" || failure.Directive == "response.error" {
		t.Logf("raised by the app: %v", err)
		return
	}
	p.note("%v (%s %s, at %s)", err, failure.Step, failure.Directive, failure.Position)
}

// loopback is where the service of an example is.
var loopback = engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func (d *driver) runtime(t *testing.T, s *stub) *cleat.Runtime {
	rt := cleat.New(cleat.Options{Hooks: d.records, Triggers: d.records,
		Engine: engine.Options{Transport: s, Egress: loopback, Sleep: func(context.Context, time.Duration) error { return nil }}})
	t.Cleanup(func() { rt.Close() })
	return rt
}

// rpc runs the RPCs of forms, each against a stub of its own.
func (d *driver) rpc(t *testing.T, record *connect.Record) form.RPC {
	return form.RPCFunc(func(ctx context.Context, call form.Call) (value.Value, error) {
		r := d.app.App.RPC(call.Name())
		if r == nil {
			return value.List(), nil // of the platform, or missing, which lint tells
		}
		return d.runtime(t, d.stub(r.API, value.Undefined, 2, call.Values)).RPC(d.app, record).Call(ctx, call)
	})
}

// parameters fills the form of a component.
func (d *driver) parameters(ctx context.Context, t *testing.T, p *problems, c *cleat.Component, record *connect.Record) *value.Collection {
	values, wrong := filled(ctx, c.Form(), form.Options{Platform: d.app.ManifestVersion, RPC: form.Cache(d.rpc(t, record))})
	for _, w := range wrong {
		p.note("form: %v", w.Error())
	}
	return values
}

// sampleOf is a bundle of a module: its sample, or one made from its interface.
func (d *driver) sampleOf(t *testing.T, m *app.Module) value.Value {
	if root := m.Samples.Root(); root.Value().Collection().Len() > 0 {
		return root.Value()
	}
	return d.interfaceOf(t, m.Interface)
}

func (d *driver) interfaceOf(t *testing.T, code *app.Code) value.Value {
	f, _ := cleat.FormOf(code)
	made, _ := filled(t.Context(), f, form.Options{RPC: d.rpc(t, nil)})
	return value.FromCollection(made)
}

// account is that of the connection at the service.
const account = "user-1"

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
	return &connect.Record{ID: 1, Name: "work", App: a.Name, Type: kind.ID, Kind: kind.Kind, UID: account, Data: data}
}
