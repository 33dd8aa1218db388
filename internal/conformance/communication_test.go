package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

func isCommunication(file value.Value) bool {
	return has(file.Array().At(0), []string{"id"}, []string{"app"}, []string{"exchanges", "exchangesGenerated"})
}

// communicationCase is one vector. Code stays as it is written, because a spread key
// may be repeated.
type communicationCase struct {
	ID, Kind string
	App      struct {
		Base, Communication json.RawMessage
		Common              value.Value
		Endpoints           map[string]json.RawMessage
	}
	Input struct {
		Parameters, Connection, Data value.Value
		Environment                  struct{ Timezone string }
	}
	Now                string
	Exchanges          []exchange
	ExchangesGenerated *struct {
		Count             int
		Request, Response json.RawMessage
	}
	Expect struct {
		Output            *value.Value
		NoOutput          bool
		Error             *wantedError
		Temp              value.Value
		ConnectionData    value.Value
		SleepsMs          []int64
		LogMustContain    []string
		LogMustNotContain []string
		WarningContains   string
		RequestCount      *int
		OutputText        *string
		OutputLength      *int
	}
}

type wantedError struct {
	Type, Message, MessageContains string
	StatusCode                     int
	Data                           value.Value
}

func communicationCases(_ value.Value, text []byte) ([]vector, error) {
	var file []communicationCase
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	var cases []vector
	for _, c := range file {
		cases = append(cases, vector{c.ID, c.Kind, c.run})
	}
	return cases, nil
}

// code reads a piece of an app as its loader would.
func code(name string, text []byte) (*app.Code, source.Diagnostics) {
	file := source.NewFile(name, text)
	doc, found := jsonc.Parse(file)
	return &app.Code{Name: name, File: file, Doc: doc}, found
}

// outcome is what a run left.
type outcome struct {
	output value.Value
	err    *engine.Error
	state  engine.State
	script *script
	sleeps []int64
	log    strings.Builder
}

func (c communicationCase) run() error {
	exchanges, err := c.exchanges()
	if err != nil {
		return err
	}
	o := &outcome{script: &script{exchanges: exchanges}}
	if err := c.execute(o); err != nil {
		return err
	}
	faults := []error{o.script.err(), c.checkResult(o), c.checkTraces(o)}
	return errors.Join(faults...)
}

func (c communicationCase) exchanges() ([]exchange, error) {
	g := c.ExchangesGenerated
	if g == nil {
		return c.Exchanges, nil
	}
	var list []exchange
	for n := 1; n <= g.Count; n++ {
		var x exchange
		for _, part := range []struct {
			text json.RawMessage
			into any
		}{{g.Request, &x.Request}, {g.Response, &x.Response}} {
			if part.text == nil {
				continue
			}
			text := bytes.ReplaceAll(part.text, []byte("$n"), []byte(strconv.Itoa(n)))
			if err := json.Unmarshal(text, part.into); err != nil {
				return nil, err
			}
		}
		list = append(list, x)
	}
	return list, nil
}

func (c communicationCase) execute(o *outcome) error {
	api, found := code("communication", c.App.Communication)
	s := engine.Source{Name: c.ID, Kind: engine.Kind(c.Kind), Code: api}
	if c.App.Base != nil {
		base, more := code("base", c.App.Base)
		s.Base, found = base, append(found, more...)
	}
	s.Endpoint = c.endpoints(s.Base)
	if err := found.Err(); err != nil {
		return err
	}
	plan, found := engine.Compile(s)
	if errs := found.Errors(); len(errs) > 0 {
		// What the compiler refuses would be refused when it runs.
		o.err = &engine.Error{Type: engine.InvalidConfigurationError, Message: errs[0].Message}
		return nil
	}
	in, err := c.input()
	if err != nil {
		return err
	}
	now := time.Now
	if c.Now != "" {
		at, err := time.Parse(time.RFC3339Nano, c.Now)
		if err != nil {
			return err
		}
		now = func() time.Time { return at }
	}
	run := engine.New(engine.Options{
		Transport: o.script,
		Now:       now,
		Sleep: func(_ context.Context, d time.Duration) error {
			o.sleeps = append(o.sleeps, d.Milliseconds())
			return nil
		},
		Log: func(x engine.Exchange) {
			text, err := json.Marshal(x)
			if err != nil {
				text = []byte(err.Error())
			}
			o.log.Write(text)
		},
	}).Start(plan, in)
	o.output, err = run.Value(context.Background())
	o.state = run.State()
	if err != nil && !errors.As(err, &o.err) {
		return fmt.Errorf("the error is no *engine.Error: %w", err)
	}
	if o.err != nil {
		o.log.WriteString(o.err.Error())
	}
	o.log.WriteString(strings.Join(o.state.Warnings, "\n"))
	return nil
}

// endpoints compiles an endpoint when it is called.
func (c communicationCase) endpoints(base *app.Code) func(string) *engine.Plan {
	return func(name string) *engine.Plan {
		text, ok := c.App.Endpoints[name]
		if !ok {
			return nil
		}
		api, found := code(name, text)
		plan, more := engine.Compile(engine.Source{Name: "endpoint " + name, Kind: engine.Endpoint, Code: api, Base: base})
		if append(found, more...).Err() != nil {
			return nil
		}
		return plan
	}
}

func (c communicationCase) input() (engine.Input, error) {
	in := engine.Input{Common: c.App.Common, Timezone: c.Input.Environment.Timezone, Debug: c.Expect.LogMustContain != nil}
	for _, part := range []struct {
		give value.Value
		into *value.Value
	}{{c.Input.Parameters, &in.Parameters}, {c.Input.Connection, &in.Connection}, {c.Input.Data, &in.Data}} {
		v, err := decode(part.give)
		if err != nil {
			return in, err
		}
		*part.into = v
	}
	in.Secrets = engine.Leaves(in.Connection)
	return in, nil
}

// checkResult compares what came out.
func (c communicationCase) checkResult(o *outcome) error {
	want := c.Expect
	if want.Error != nil {
		return want.Error.check(o)
	}
	if o.err != nil {
		return fmt.Errorf("failed: %w", o.err)
	}
	var faults []error
	switch {
	case want.NoOutput:
		if o.output.Truthy() && o.output.Array().Len() > 0 || o.output.Collection() != nil {
			faults = append(faults, fmt.Errorf("output %s, want none", o.output.AppendJSON(nil)))
		}
	case want.Output != nil:
		wanted, err := decode(*want.Output)
		if err != nil {
			return err
		}
		if err := differ(o.output, wanted); err != nil {
			faults = append(faults, fmt.Errorf("output: %w", err))
		}
	}
	if got := string(o.output.AppendJSON(nil)); want.OutputText != nil && got != *want.OutputText {
		faults = append(faults, fmt.Errorf("output %s, want %s", got, *want.OutputText))
	}
	if got := o.output.Array().Len(); want.OutputLength != nil && got != *want.OutputLength {
		faults = append(faults, fmt.Errorf("%d bundles, want %d", got, *want.OutputLength))
	}
	for _, part := range []struct {
		name      string
		got, want value.Value
	}{{"temp", o.state.Temp, want.Temp}, {"data", o.state.Data, want.ConnectionData}} {
		if part.want.IsUndefined() {
			continue
		}
		wanted, err := decode(part.want)
		if err == nil {
			err = subset(part.got, wanted)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", part.name, err))
		}
	}
	return errors.Join(faults...)
}

func (w *wantedError) check(o *outcome) error {
	if o.err == nil {
		return fmt.Errorf("output %s, want the error %s", o.output.AppendJSON(nil), w.Type)
	}
	got := o.err
	switch {
	case got.Type != w.Type, w.StatusCode != 0 && got.StatusCode != w.StatusCode,
		w.Message != "" && got.Message != w.Message, !strings.Contains(got.Message, w.MessageContains):
		return fmt.Errorf("the error is %s %d %q, want %+v", got.Type, got.StatusCode, got.Message, *w)
	case !w.Data.IsUndefined():
		return differ(got.Data, w.Data)
	}
	return nil
}

// subset returns an error unless every member of want is in got, at any depth; arrays
// are compared whole.
func subset(got, want value.Value) error {
	if want.Collection() == nil || got.Collection() == nil {
		return differ(got, want)
	}
	for name, member := range want.Collection().All() {
		if err := subset(got.Member(name), member); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// checkTraces compares what is seen from outside besides the result.
func (c communicationCase) checkTraces(o *outcome) error {
	var faults []error
	want := c.Expect
	if want.SleepsMs != nil && !slices.Equal(o.sleeps, want.SleepsMs) {
		faults = append(faults, fmt.Errorf("slept %v ms, want %v", o.sleeps, want.SleepsMs))
	}
	if want.RequestCount != nil && o.script.used != *want.RequestCount {
		faults = append(faults, fmt.Errorf("%d requests, want %d", o.script.used, *want.RequestCount))
	}
	for _, text := range want.LogMustContain {
		if !strings.Contains(o.log.String(), text) {
			faults = append(faults, fmt.Errorf("the log does not contain %q: %s", text, &o.log))
		}
	}
	for _, text := range want.LogMustNotContain {
		if strings.Contains(o.log.String(), text) {
			faults = append(faults, fmt.Errorf("the log contains %q: %s", text, &o.log))
		}
	}
	if all := strings.Join(o.state.Warnings, "\n"); !strings.Contains(all, want.WarningContains) {
		faults = append(faults, fmt.Errorf("the warnings are %q, want %q", all, want.WarningContains))
	}
	return errors.Join(faults...)
}
