package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/lint"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// step does what a step says, and compares exchanges and outcome.
func (r *connectionRun) step(s connectionStep) error {
	for _, x := range s.Exchanges {
		r.script.exchanges = append(r.script.exchanges, x.exchange())
	}
	ctx := context.Background()
	do := map[string]func(context.Context, connectionStep) error{"create": r.create, "callback": r.callback, "use": r.use,
		"edit": r.edit, "extend": r.extend, "check_scope": r.checkScope, "validate": r.validate}[s.Do]
	if do == nil {
		return errors.New("there is no runner for this step")
	}
	err := do(ctx, s)
	if s.Expect.Error != nil {
		err = s.Expect.Error.check(err)
	}
	return errors.Join(err, r.script.err(), r.checkStore(ctx, s))
}

func (r *connectionRun) connectionType() (*connect.Type, error) {
	return r.app.ConnectionType("connection")
}

func (r *connectionRun) create(ctx context.Context, s connectionStep) error {
	return r.request(ctx, s, connect.Request{Name: "connection", Parameters: r.User.Collection()})
}

// extend asks for the scope of the component as well.
func (r *connectionRun) extend(ctx context.Context, s connectionStep) error {
	record, err := r.nodes[0].records.ConnectionNamed(ctx, "connection")
	if err != nil {
		return err
	}
	return r.request(ctx, s, connect.Request{Name: record.Name, ConnID: record.ID, Scope: record.Scope})
}

func (r *connectionRun) request(ctx context.Context, s connectionStep, q connect.Request) error {
	t, err := r.connectionType()
	if err != nil {
		return err
	}
	q.Session, q.Scope = r.session, append(q.Scope, r.ComponentScope...)
	started, err := r.nodes[0].runtime.Connector().Create(ctx, t, q)
	if err != nil {
		return err
	}
	return checkRedirect(started.Redirect, s)
}

func checkRedirect(got string, s connectionStep) error {
	want := s.Expect.Redirect
	u, err := url.Parse(got)
	if err != nil {
		return err
	}
	for name, text := range s.Expect.RedirectQuery {
		if u.Query().Get(name) != text {
			return fmt.Errorf("redirect to %s, want %s=%s", got, name, text)
		}
	}
	if s.Expect.RedirectQuery != nil || got == want {
		return nil
	}
	wanted, err := url.Parse(want)
	if err != nil || s.Expect.RedirectCompare != "parsed" || u.Query().Encode() != wanted.Query().Encode() ||
		u.Scheme+u.Host+u.EscapedPath() != wanted.Scheme+wanted.Host+wanted.EscapedPath() {
		return fmt.Errorf("redirect\n got %s\nwant %s", got, want)
	}
	return nil
}

func (r *connectionRun) callback(ctx context.Context, s connectionStep) error {
	t, err := r.connectionType()
	if err != nil {
		return err
	}
	cb := connect.Callback{Query: s.Query, Body: s.Body, Session: r.session}
	if s.Cookie != nil && !*s.Cookie {
		cb.Session = ""
	}
	connector := r.nodes[0].runtime.Connector()
	flow, err := connector.Flow(ctx, cb)
	if err != nil {
		return err
	}
	_, err = connector.Finish(ctx, t, flow, cb)
	return err
}

func (r *connectionRun) edit(ctx context.Context, s connectionStep) error {
	t, err := r.connectionType()
	if err != nil {
		return err
	}
	record, err := r.nodes[0].records.ConnectionNamed(ctx, "connection")
	if err != nil {
		return err
	}
	_, err = r.nodes[0].runtime.Connector().Edit(ctx, t, record, s.Parameters.Collection())
	return err
}

// use runs a component with the connection, several at once when the step says so.
func (r *connectionRun) use(ctx context.Context, s connectionStep) error {
	api, found := code("use", s.Request)
	if err := found.Err(); err != nil {
		return err
	}
	definition := *r.app.App
	definition.RPCs = []*app.RPC{{ID: "use", Connection: "connection", API: api}}
	component, err := cleat.NewApp(&definition, nil).RPC("use")
	if err != nil {
		return err
	}
	var wait sync.WaitGroup
	failures := make([]error, max(1, s.Parallel))
	for i := range failures {
		n, err := r.node(i % max(1, s.Nodes))
		if err != nil {
			return err
		}
		record, err := n.records.ConnectionNamed(ctx, "connection")
		if err != nil {
			return err
		}
		wait.Go(func() { failures[i] = n.use(ctx, component, cleat.Input{Connection: record, Retries: s.Retries}) })
	}
	wait.Wait()
	return errors.Join(failures...)
}

func (n *node) use(ctx context.Context, c *cleat.Component, in cleat.Input) error {
	run, err := n.runtime.Start(ctx, c, in)
	if err != nil {
		return err
	}
	for _, err := range run.Bundles(ctx) {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *connectionRun) checkScope(ctx context.Context, s connectionStep) error {
	record, err := r.nodes[0].records.ConnectionNamed(ctx, "connection")
	if err != nil {
		return err
	}
	if got := record.Missing(r.ComponentScope); !slices.Equal(got, s.Expect.Missing) {
		return fmt.Errorf("missing %q, want %q", got, s.Expect.Missing)
	}
	return nil
}

// validate looks for each wanted finding; its path is the file, the JSON pointer in it
// and the name that the message quotes.
func (r *connectionRun) validate(_ context.Context, s connectionStep) error {
	found := lint.Connection(r.app.App, r.app.Connections[0])
	for _, want := range s.Expect.Errors {
		if !slices.ContainsFunc(found.Errors(), func(d source.Diagnostic) bool {
			return d.Code == want.Code && strings.Contains(d.File+" "+d.Pointer+" "+d.Message, want.PathContains)
		}) {
			return fmt.Errorf("no error %s at %q among %v", want.Code, want.PathContains, found)
		}
	}
	return nil
}

func (w *wantedFailure) check(got error) error {
	var flow *connect.Error
	var run *engine.Error
	ofFlow, ofRun := errors.As(got, &flow), errors.As(got, &run)
	switch {
	case got == nil:
		return fmt.Errorf("no failure, want %+v", *w)
	case w.Kind != "" && (!ofFlow || string(flow.Reason) != w.Kind), w.Type != "" && (!ofRun || run.Type != w.Type),
		w.Status != 0 && (!ofFlow || flow.StatusCode != w.Status) && (!ofRun || run.StatusCode != w.Status):
		return fmt.Errorf("the failure is %#v, want %+v", got, *w)
	}
	for _, text := range w.MessageContains {
		if !strings.Contains(got.Error(), text) {
			return fmt.Errorf("the failure is %q, want %q in it", got, text)
		}
	}
	return nil
}

// checkStore compares what is stored after a step.
func (r *connectionRun) checkStore(ctx context.Context, s connectionStep) error {
	all, err := r.nodes[0].records.Connections(ctx)
	if err != nil {
		return err
	}
	saved := string(s.Expect.Saved)
	switch {
	case saved == "null" && len(all) > 0:
		return fmt.Errorf("%d connections are stored, want none", len(all))
	case saved == "null", saved == "" && s.Expect.Data.IsUndefined() && s.Expect.NeedsReauthorization == nil:
		return nil
	case len(all) != 1:
		return fmt.Errorf("%d connections are stored, want one", len(all))
	}
	if want := s.Expect.NeedsReauthorization; want != nil && (all[0].Broken != "") != *want {
		return fmt.Errorf("needs reauthorization: %q, want %v", all[0].Broken, *want)
	}
	want := value.Object()
	if saved != "" {
		if want, err = value.ParseJSON(s.Expect.Saved); err != nil {
			return err
		}
	}
	if !s.Expect.Data.IsUndefined() {
		want.Collection().Set("data", s.Expect.Data)
	}
	got, err := value.ParseJSON(recordValue(all[0]).AppendJSON(nil)) // dates as texts, as the vectors have them
	if err != nil {
		return err
	}
	return subset(got, want)
}

// recordValue is a record in the form of the member saved.
func recordValue(r *connect.Record) value.Value {
	scope := value.NewArray()
	for _, name := range r.Scope {
		scope.Append(value.Text(name))
	}
	v := value.Object("data", value.FromCollection(r.Data), "uid", value.Text(r.UID), "scope", value.FromArray(scope),
		"metadata", value.Object("type", value.Text(r.Metadata.Type), "value", value.Text(r.Metadata.Value)))
	if !r.Expires.IsZero() {
		v.Collection().Set("expires", value.Time(r.Expires))
	}
	return v
}
