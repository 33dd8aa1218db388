package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/cassette"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// player answers the requests of a test.
type player interface {
	http.RoundTripper
	Unused() []string
}

// trial is where one test runs: nothing outside of it is read, written or called.
type trial struct {
	*capture
	app     *cleat.App
	runtime *cleat.Runtime
	records *scratch
	name    string // of the connection and of the trigger's state, in records
	tape    *cassette.Tape
}

// run runs the test and returns what is wrong, nil when all is as it has to be.
func (o *testOptions) run(ctx context.Context, a *cleat.App, records *scratch, c *capture, name string) error {
	s := &trial{capture: c, app: c.with(a), records: records, name: name}
	play, err := s.player()
	if err != nil {
		return err
	}
	f := *o.factory
	f.timezone = first(c.timezone, f.timezone)
	if err := checkTimezone(f.timezone); err != nil {
		return err
	}
	clock, err := c.clock()
	if err != nil {
		return err
	}
	s.runtime, err = f.runtime(records, "", nil, func(o *engine.Options) error {
		o.Transport, o.Now = play, clock
		o.Egress = engine.Egress{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}} // nothing is dialled
		return nil
	})
	if err != nil {
		return err
	}
	defer s.runtime.Close()
	got, err := s.result(ctx)
	if wrong := c.judge(got, err); wrong != nil {
		return wrong
	}
	for _, left := range play.Unused() {
		return fmt.Errorf("the request %s was not made", left)
	}
	return nil
}

// with is the app with the common data of the test.
func (c *capture) with(a *cleat.App) *cleat.App {
	if c.common == nil {
		return a
	}
	doc, _ := jsonc.Parse(source.NewFile("common of the test", value.FromCollection(c.common).AppendJSON(nil))) // what was just written can be read
	code := &app.Code{Name: "common", Kind: c.kind, Owner: c.id, File: doc.File, Doc: doc}
	own := *a.App
	if c.kind != app.ConnectionKind {
		own.Common = code
		return cleat.NewApp(&own, a.Findings)
	}
	own.Connections = nil
	for _, typ := range a.Connections {
		if typ.ID == c.id {
			changed := *typ
			changed.Common = code
			typ = &changed
		}
		own.Connections = append(own.Connections, typ)
	}
	return cleat.NewApp(&own, a.Findings)
}

// player is what answers in place of the network.
func (s *trial) player() (player, error) {
	if s.recording == "" {
		script := cassette.NewScript(s.steps)
		script.Read = func(req *http.Request, raw []byte) (value.Value, error) {
			parts, err := engine.ReadRequest(req, raw)
			return parts["body"], err
		}
		script.Mask = func(req *http.Request, text string) string { return engine.MaskFrom(req.Context()).Text(text) }
		return script, nil
	}
	tape, err := cassette.Load(s.recording)
	s.tape = tape
	return cassette.NewPlayer(tape, cassette.InOrder, secrets()), err
}

// clock stands still at fixedNow.
func (c *capture) clock() (func() time.Time, error) {
	fixed := c.options.Get("fixedNow")
	if fixed.IsNil() {
		return nil, nil
	}
	if fixed.Kind() == value.KindNumber {
		at := time.UnixMilli(int64(fixed.Float()))
		return func() time.Time { return at }, nil
	}
	at, err := time.Parse(time.RFC3339Nano, fixed.ToText())
	if err != nil {
		return nil, fmt.Errorf("options.fixedNow is no date such as 2026-01-31T12:00:00Z")
	}
	return func() time.Time { return at }, nil
}

// result runs the component and returns what comes out in the form that tests say.
func (s *trial) result(ctx context.Context) (value.Value, error) {
	if s.kind == app.ConnectionKind {
		return s.connection(ctx)
	}
	c, err := s.compile()
	if err != nil {
		return value.Undefined, err
	}
	in, err := s.input(ctx, c)
	if err != nil {
		return value.Undefined, err
	}
	m := s.app.App.Module(s.id)
	switch {
	case s.kind == app.WebhookKind:
		return s.received(ctx, c, in)
	case s.kind == app.ModuleKind && m.Type == app.Trigger:
		return s.polled(ctx, c, in)
	case s.kind == app.ModuleKind && m.Type == app.InstantTrigger:
		bundle, err := s.runtime.Reshape(ctx, c, in, s.options.Get("payload"))
		return list(bundle), err
	}
	run, err := s.runtime.Start(ctx, c, in)
	if err != nil {
		return value.Undefined, err
	}
	if s.kind == app.EndpointKind {
		return run.Value(ctx)
	}
	all := value.NewArray()
	for bundle, err := range run.Bundles(ctx) {
		if err != nil {
			return value.Undefined, err
		}
		all.Append(bundle)
	}
	return value.FromArray(all), nil
}

// list is an array of what is not undefined.
func list(v value.Value) value.Value {
	if v.IsUndefined() {
		return value.FromArray(value.NewArray())
	}
	return value.FromArray(value.NewArray(v))
}

func (s *trial) compile() (*cleat.Component, error) {
	switch m := s.app.App.Module(s.id); {
	case s.kind == app.RPCKind:
		return s.app.RPC(s.id)
	case s.kind == app.EndpointKind:
		return s.app.Endpoint(s.id)
	case s.kind == app.WebhookKind:
		return s.app.Webhook(s.id)
	case m != nil && m.Type == app.Trigger:
		return s.app.Trigger(s.id)
	case m != nil && m.Type == app.InstantTrigger:
		return s.app.InstantTrigger(s.id)
	}
	return s.app.Module(s.id)
}

// connectionKey is the parameter that holds the data of the connection.
const connectionKey = "__IMTCONN__"

// input is what the component runs with. A connection that the test does not give has no
// data.
func (s *trial) input(ctx context.Context, c *cleat.Component) (cleat.Input, error) {
	given := s.parameters.Clone()
	data := given.Get(connectionKey).Collection()
	given.Delete(connectionKey)
	in := cleat.Input{Parameters: given}
	if s.kind == app.WebhookKind { // its parameters are the request
		in.Parameters = s.data
	}
	if len(c.Connections) == 0 {
		return in, nil
	}
	record := &connect.Record{Type: c.Connections[0], Data: data}
	if s.tape != nil && s.tape.Connection != nil && data == nil {
		record.Type, record.Scope, record.Data = s.tape.Connection.Type, s.tape.Connection.Scope, s.tape.Connection.Data.Collection()
	}
	var err error
	in.Connection, err = s.insert(ctx, record)
	return in, err
}

func (s *trial) insert(ctx context.Context, record *connect.Record) (*connect.Record, error) {
	typ, err := s.app.ConnectionType(record.Type)
	if err != nil {
		return nil, err
	}
	record.Name, record.App, record.Kind = s.name, s.app.Name, typ.Kind
	record.Data = record.Data.Clone()
	return record, s.records.InsertConnection(ctx, record)
}

// connection runs the check of a connection: true when it is accepted.
func (s *trial) connection(ctx context.Context) (value.Value, error) {
	typ, err := s.app.ConnectionType(s.id)
	if err != nil {
		return value.Undefined, err
	}
	record, err := s.insert(ctx, &connect.Record{Type: s.id, Data: s.parameters})
	if err != nil {
		return value.Undefined, err
	}
	return value.Bool(true), s.runtime.Connector().Test(ctx, typ, record)
}

// received are the bundles of a request that comes to a webhook.
func (s *trial) received(ctx context.Context, c *cleat.Component, in cleat.Input) (value.Value, error) {
	request := map[string]value.Value{"method": value.Text(http.MethodPost)}
	for name, v := range s.parameters.All() {
		request[name] = v
	}
	headers := value.NewHeaders(request["headers"].Collection().Len())
	for name, v := range request["headers"].Collection().All() {
		headers.Set(name, v)
	}
	request["headers"] = value.FromCollection(headers)
	got, err := s.runtime.Receive(ctx, c, in, request)
	if err != nil {
		return value.Undefined, err
	}
	all := value.NewArray()
	for _, item := range got.Items {
		all.Append(item.Bundle)
	}
	return value.FromArray(all), nil
}

// polled are the bundles of one poll that goes on where data says, or begins with all.
func (s *trial) polled(ctx context.Context, c *cleat.Component, in cleat.Input) (value.Value, error) {
	wish := cleat.Poll{Input: in, ID: s.name, From: poll.Start{Choice: poll.All}}
	if s.data.Len() > 0 {
		state := &poll.State{Start: poll.Start{Choice: poll.All}.String(), LastID: s.data.Get("lastID").ToText()}
		if state.LastID != "" {
			state.SameDateIDs = []string{state.LastID}
		}
		if text := s.data.Get("lastDate"); !text.IsEmpty() {
			at, err := time.Parse(time.RFC3339Nano, text.ToText())
			if err != nil {
				return value.Undefined, fmt.Errorf("data.lastDate is no date such as 2026-01-31T12:00:00Z")
			}
			state.LastDate = at
		}
		if err := s.records.PutTriggerState(ctx, s.name, state); err != nil {
			return value.Undefined, err
		}
	}
	all := value.NewArray()
	_, err := s.runtime.Poll(ctx, c, wish, func(bundle value.Value) error { all.Append(bundle); return nil })
	return value.FromArray(all), err
}

// judge compares what came out with what has to: bundles, or the message or the type of
// an error.
func (c *capture) judge(got value.Value, failure error) error {
	kind, message := "", ""
	if failure != nil {
		var e *engine.Error
		var changed *cassette.Changed
		if kind, message = "", failure.Error(); errors.As(failure, &e) {
			kind, message = e.Type, e.Message
		}
		if errors.As(failure, &changed) {
			return changed
		}
	}
	want := c.output.Collection()
	expected := c.output.IsText() || !want.Get("errorType").IsUndefined()
	switch {
	case failure != nil && !expected:
		return failure
	case failure == nil && expected:
		return fmt.Errorf("it has to end with the error %s, and gives %s", c.output.AppendJSON(nil), got.AppendJSON(nil))
	case failure == nil:
		return joined(cassette.Differences("output", c.output, got))
	case c.output.IsText():
		return joined(cassette.Differences("error", c.output, value.Text(message)))
	}
	is := value.Object("errorType", value.Text(kind), "message", value.Text(message))
	if want.Get("message").IsUndefined() {
		is.Collection().Delete("message")
	}
	return joined(cassette.Differences("error", c.output, is))
}
