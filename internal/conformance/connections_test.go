package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/value"
)

func isConnections(file value.Value) bool {
	return has(file, []string{"cases"}, []string{"public_url"})
}

// connectionFile is a file of flow cases.
type connectionFile struct {
	Now       time.Time
	PublicURL string `json:"public_url"`
	Cases     []connectionCase
}

// connectionCase is one vector: steps of a person and of components with one connection
// type, and the exchanges that each step makes.
type connectionCase struct {
	ID         string
	Connection struct {
		Type                                             string
		Communication, Common, Parameters, Scope, Scopes json.RawMessage
	}
	Base           json.RawMessage
	User           value.Value
	Given          *givenRecord
	ComponentScope []string `json:"component_scope"`
	Steps          []connectionStep
}

// givenRecord is a connection that is there before the first step.
type givenRecord struct {
	Data    value.Value
	Scope   []string
	UID     value.Value
	Expires time.Time
}

type connectionStep struct {
	Do         string
	Query      value.Value
	Body       value.Value
	Cookie     *bool
	Parameters value.Value
	Request    json.RawMessage
	Retries    int
	Parallel   int
	Nodes      int
	Exchanges  []connectionExchange
	Expect     struct {
		Redirect             string
		RedirectCompare      string            `json:"redirect_compare"`
		RedirectQuery        map[string]string `json:"redirect_query"`
		Saved                json.RawMessage
		Data                 value.Value
		Error                *wantedFailure
		Errors               []wantedFinding
		Missing              []string
		NeedsReauthorization *bool `json:"needs_reauthorization"`
	}
}

// wantedFailure tells the failure of a flow by its kind, that of a use by its type.
type wantedFailure struct {
	Kind, Type      string
	Status          int
	MessageContains []string `json:"message_contains"`
}

type wantedFinding struct {
	Code         string
	PathContains string `json:"path_contains"`
}

// connectionExchange is an exchange in the words of these vectors.
type connectionExchange struct {
	Expect struct {
		Method, URL   string
		Headers       map[string]value.Value
		HeadersAbsent []string `json:"headers_absent"`
		Body          *string
		ContentType   string `json:"content_type"`
	}
	Respond struct {
		Status      int
		ContentType string `json:"content_type"`
		Headers     map[string]value.Value
		Body        string
	}
}

func (x connectionExchange) exchange() (e exchange) {
	e.Request.Method, e.Request.URL, e.Request.BodyText = x.Expect.Method, x.Expect.URL, x.Expect.Body
	e.Request.HeadersAbsent, e.Request.Headers = x.Expect.HeadersAbsent, with(x.Expect.Headers, "content-type", x.Expect.ContentType)
	e.Response.Status, e.Response.Body = x.Respond.Status, &x.Respond.Body
	e.Response.Headers = with(x.Respond.Headers, "content-type", x.Respond.ContentType)
	return e
}

func with(headers map[string]value.Value, name, text string) map[string]value.Value {
	headers = maps.Clone(headers)
	if headers == nil {
		headers = map[string]value.Value{}
	}
	if text != "" {
		headers[name] = value.Text(text)
	}
	return headers
}

func connectionCases(_ value.Value, text []byte) ([]vector, error) {
	var file connectionFile
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	var cases []vector
	for _, c := range file.Cases {
		cases = append(cases, vector{c.ID, c.Connection.Type, func() error { return c.run(file) }})
	}
	return cases, nil
}

// connectionRun is a case at work.
type connectionRun struct {
	connectionCase
	app      *cleat.App
	kind     connect.Kind
	script   *script
	dir      string
	nodes    []*node
	session  string
	settings cleat.Options
}

// node is one of several processes on one store.
type node struct {
	records *store.Store
	runtime *cleat.Runtime
}

func (c connectionCase) run(file connectionFile) (err error) {
	r := &connectionRun{connectionCase: c, script: &script{}, session: "session"}
	if err := r.define(); err != nil {
		return err
	}
	if r.dir, err = os.MkdirTemp("", "vector"); err != nil {
		return err
	}
	defer os.RemoveAll(r.dir)
	defer r.close()
	var nonces, states atomic.Int64
	path := map[connect.Kind]string{connect.OAuth1: "/oauth/cb/app-oauth1", connect.OAuth2: "/oauth/cb/app"}[r.kind]
	now := func() time.Time { return file.Now }
	r.settings = cleat.Options{RedirectURI: file.PublicURL + path,
		NewState: func() string { return fmt.Sprintf("STATE%d", states.Add(1)) },
		Engine: engine.Options{Transport: r.script, Now: now,
			NewNonce: func() string { return fmt.Sprintf("nonce%d", nonces.Add(1)) },
			Sleep:    func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}}
	if err := r.begin(); err != nil {
		return err
	}
	for i, step := range c.Steps {
		if err := r.step(step); err != nil {
			return fmt.Errorf("step %d, %s: %w", i+1, step.Do, err)
		}
	}
	return nil
}

// define makes the app of the case: one connection type.
func (r *connectionRun) define() error {
	c := &app.Connection{ID: "connection", Type: r.Connection.Type}
	common, err := withKeys(r.Connection.Common)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		text []byte
		into **app.Code
	}{{"communication", r.Connection.Communication, &c.API}, {"common", common, &c.Common}, {"parameters", r.Connection.Parameters, &c.Parameters},
		{"scope", r.Connection.Scope, &c.Scope}, {"scopes", r.Connection.Scopes, &c.Scopes}} {
		if part.text == nil {
			continue
		}
		read, found := code(part.name, part.text)
		if err := found.Err(); err != nil {
			return err
		}
		*part.into = read
	}
	r.kind = connect.Kind(c.Kind())
	definition := &app.App{Name: "app", Connections: []*app.Connection{c}}
	if r.Base != nil {
		definition.Base, _ = code("base", r.Base)
	}
	r.app = cleat.NewApp(definition, nil)
	return nil
}

// withKeys puts the keys of oauth1.json where {"$key": id} stands.
func withKeys(text []byte) ([]byte, error) {
	if !strings.Contains(string(text), `"$key"`) {
		return text, nil
	}
	var file struct {
		Keys map[string]struct{ PEM string }
	}
	known, err := os.ReadFile("../../testdata/vectors/oauth1.json")
	if err == nil {
		err = json.Unmarshal(known, &file)
	}
	if err != nil {
		return nil, err
	}
	v, err := value.ParseJSON(text)
	if err != nil {
		return nil, err
	}
	common := v.Collection()
	for name, member := range common.Clone().All() {
		if id := member.Member("$key").Str(); id != "" {
			common.Set(name, value.Text(file.Keys[id].PEM))
		}
	}
	return v.AppendJSON(nil), nil
}

// begin opens the first node and stores the given connection.
func (r *connectionRun) begin() error {
	n, err := r.node(0)
	if err != nil || r.Given == nil {
		return err
	}
	record := &connect.Record{Name: "connection", App: r.app.Name, Type: "connection", Kind: r.kind, Scope: r.Given.Scope,
		UID: r.Given.UID.ToText(), Expires: r.Given.Expires, Data: value.NewCollection(4)}
	for name, v := range r.Given.Data.Collection().All() {
		if at, err := time.Parse(time.RFC3339, v.Str()); err == nil {
			v = value.Time(at) // JSON has no dates, stored data has
		}
		record.Data.Set(name, v)
	}
	return n.records.InsertConnection(context.Background(), record)
}

func (r *connectionRun) node(i int) (*node, error) {
	for len(r.nodes) <= i {
		records, err := store.Open(context.Background(), store.Options{Dir: r.dir})
		if err != nil {
			return nil, err
		}
		settings := r.settings
		settings.Connections = records
		r.nodes = append(r.nodes, &node{records, cleat.New(settings)})
	}
	return r.nodes[i], nil
}

func (r *connectionRun) close() {
	for _, n := range r.nodes {
		n.records.Close()
	}
}
