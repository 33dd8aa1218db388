package connect_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

// session is the secret of the browser in the tests.
const session = "the-secret-of-this-browser"

// rig is a connector with a store of its own and a page where providers send people back.
type rig struct {
	t         *testing.T
	connector *connect.Connector
	records   *store.Store
	dir       string    // of records
	clock     time.Time // zero: the real time
	lock      sync.Mutex
	log       []engine.Exchange
	received  chan connect.Callback
	begun     *connect.Started // what create gave last
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	records, err := store.Open(t.Context(), store.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { records.Close() })
	r := &rig{t: t, dir: dir, records: records, received: make(chan connect.Callback, 1)}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.received <- connect.Callback{Query: form(q.URL.RawQuery), Session: session}
	}))
	t.Cleanup(page.Close)
	now := func() time.Time {
		if r.clock.IsZero() {
			return time.Now()
		}
		return r.clock
	}
	e := engine.New(engine.Options{Now: now, Egress: engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		Log:   r.keep})
	r.connector = &connect.Connector{Engine: e, Store: records, RedirectURI: page.URL + "/oauth/cb/app", Now: now}
	return r
}

func (r *rig) keep(x engine.Exchange) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.log = append(r.log, x)
}

// form reads a query.
func form(query string) value.Value {
	all := value.NewCollection(4)
	for _, p := range oauth1.ParseForm(query) {
		all.Set(p.Name, value.Text(p.Value))
	}
	return value.FromCollection(all)
}

// sections are the texts of a connection type by the name of their section.
type sections struct{ kind, api, parameters, common, scope string }

func compile(t *testing.T, s sections) *connect.Type {
	t.Helper()
	typ, err := s.compile()
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

func (s sections) compile() (*connect.Type, error) {
	c := &app.Connection{ID: "conn", Label: "Conn", Type: s.kind}
	for _, part := range []struct {
		name, text string
		into       **app.Code
	}{{"api", s.api, &c.API}, {"parameters", s.parameters, &c.Parameters}, {"common", s.common, &c.Common}, {"scope", s.scope, &c.Scope}} {
		if part.text == "" {
			continue
		}
		file := source.NewFile(part.name, []byte(part.text))
		doc, found := jsonc.Parse(file)
		if err := found.Err(); err != nil {
			return nil, err
		}
		*part.into = &app.Code{Name: part.name, File: file, Doc: doc}
	}
	typ, found := connect.Compile(&app.App{Name: "demo"}, c)
	return typ, found.Err()
}

// create begins a connection in the browser of the tests.
func (r *rig) create(typ *connect.Type, parameters ...any) (*connect.Started, error) {
	var err error
	r.begun, err = r.connector.Create(r.t.Context(), typ, connect.Request{Name: "work", Parameters: value.Object(parameters...).Collection(), Session: session})
	return r.begun, err
}

// back finishes the flow of a callback.
func (r *rig) back(typ *connect.Type, cb connect.Callback) (*connect.Started, error) {
	flow, err := r.connector.Flow(r.t.Context(), cb)
	if err != nil {
		return nil, err
	}
	return r.connector.Finish(r.t.Context(), typ, flow, cb)
}

// stored returns the connections in the store.
func (r *rig) stored() []*connect.Record {
	r.t.Helper()
	all, err := r.records.Connections(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return all
}

// nothingStored fails when a connection, or the secrets of a flow, are in the store.
func (r *rig) nothingStored() {
	r.t.Helper()
	if all := r.stored(); len(all) > 0 {
		r.t.Errorf("%d connections are stored, the first with %s", len(all), value.FromCollection(all[0].Data).AppendJSON(nil))
	}
	f, err := r.records.FlowBy(r.t.Context(), "", connect.Hash(session))
	if err == nil && (!f.Used || f.Temp != nil || f.Data != nil) {
		r.t.Errorf("an open flow is stored: %+v", f)
	}
	if err != nil && !errors.Is(err, connect.ErrNotFound) {
		r.t.Error(err)
	}
}

// one returns the only connection.
func (r *rig) one() *connect.Record {
	r.t.Helper()
	all := r.stored()
	if len(all) != 1 {
		r.t.Fatalf("%d connections are stored, want one", len(all))
	}
	return all[0]
}

// hides fails when the log of exchanges holds a secret.
func (r *rig) hides(secrets ...string) {
	r.t.Helper()
	for _, x := range r.log {
		for _, secret := range secrets {
			if secret != "" && strings.Contains(x.URL+x.RequestBody+x.ResponseBody+x.Error, secret) {
				r.t.Errorf("the log of %s shows %q", x.Step, secret)
			}
		}
	}
}

// failure is how an error is compared: its reason and its text.
func failure(err error) string {
	if e, ok := err.(*connect.Error); ok {
		return string(e.Reason) + ": " + e.Message
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
