package cleat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// FormOf compiles code sections into one form, such as the static and the mappable
// parameters of a module; those that are nil or empty add nothing. The form is never nil.
func FormOf(sections ...*app.Code) (*form.Form, source.Diagnostics) {
	var parts []form.Section
	for _, code := range sections {
		if code.Root() != nil {
			parts = append(parts, form.Section{Doc: code.Doc, Root: code.Root()})
		}
	}
	return form.Compile(parts...)
}

// Form is the form of the component's parameters.
func (c *Component) Form() *form.Form { return c.form }

// Interface is the form that describes the bundles of a module, or the output of an
// endpoint; it has no fields when the definition says nothing. RPCs that give fields of it
// get the parameters of the component ([form.Form.Resolve]).
func (c *Component) Interface() *form.Form {
	var described *app.Code
	if m := c.App.App.Module(c.ID); c.Kind == app.ModuleKind && m != nil {
		described = m.Interface
	} else if e := c.App.App.Endpoint(c.ID); c.Kind == app.EndpointKind && e != nil {
		described = e.OutputParameters
	}
	f, _ := FormOf(described)
	return f
}

// Sample returns the sample bundle of a module: what the definition holds, or what the RPC
// gives that it names, asked with the parameters of the module. It is undefined when there
// is none.
func (c *Component) Sample(ctx context.Context, parameters *value.Collection, rpc form.RPC) (value.Value, error) {
	m := c.App.App.Module(c.ID)
	if c.Kind != app.ModuleKind || m == nil || m.Samples.Root() == nil {
		return value.Undefined, nil
	}
	return form.Sample(ctx, form.Section{Doc: m.Samples.Doc, Root: m.Samples.Root()}, parameters, form.Options{RPC: rpc})
}

// parameters converts and checks what a module, a webhook or an endpoint runs with
// (components.md 12). RPCs get their parameters as they were entered (parameters.md 9).
// The warnings are RPCs that did not tell which fields there are.
func (rt *Runtime) parameters(ctx context.Context, c *Component, in Input) (made *value.Collection, warnings form.Problems, err error) {
	if c.Kind == app.RPCKind {
		return in.Parameters, nil, nil
	}
	var m *app.Module
	if c.Kind == app.ModuleKind {
		m = c.App.App.Module(c.ID)
	}
	options := rt.FormOptions(c.App, m)
	options.RPC, options.Base64 = in.RPC, in.Base64
	made, report := c.form.Convert(ctx, in.Parameters, options)
	return made, report.Warnings, unfit(report.Problems)
}

// unfit is the error of parameters that do not fit their form, nil when they do.
func unfit(problems form.Problems) error {
	if len(problems) == 0 {
		return nil
	}
	return &engine.Error{Type: engine.DataError, Message: problems.Error(), Hint: problems[0].Hint, Position: problems[0].Field, Cause: problems}
}

// endpointInput converts and checks what a module or an RPC gives a sibling endpoint, as
// if the endpoint ran alone (communication.md 14).
func (a *App) endpointInput(e *app.Endpoint) func(context.Context, value.Value, string) (value.Value, error) {
	f, _ := FormOf(e.InputParameters)
	return func(ctx context.Context, input value.Value, timezone string) (value.Value, error) {
		made, report := f.Convert(ctx, input.Collection(), form.Options{Platform: a.ManifestVersion, Timezone: timezone})
		return value.FromCollection(made), unfit(report.Problems)
	}
}

// FormOptions returns how the values of a form of the app are converted: of the module m,
// or of something else when m is nil.
func (rt *Runtime) FormOptions(a *App, m *app.Module) form.Options {
	return form.Options{Platform: a.ManifestVersion, Timezone: rt.connector.Timezone, Now: rt.connector.Now,
		Erase: m != nil && erases(m)}
}

// erases reports whether the fields of a module can be erased: one that updates, a
// universal one, and an action that says not what it does (components.md 1.2).
func erases(m *app.Module) bool {
	return m.Type == app.Universal || m.Type == app.Action && (m.Crud == "update" || m.Crud == "")
}

// rpcTime is how long an RPC of a form may take (components.md 9).
const rpcTime = 40 * time.Second

// RPC runs the RPCs of an app for its forms, with a connection or without one when record
// is nil. Those of an instant trigger are run by [Hook.RPC].
func (rt *Runtime) RPC(a *App, record *connect.Record) form.RPC {
	return rt.rpc(a, record, func(in engine.Input) engine.Input { return in })
}

// rpc runs RPCs with an input that see completes.
func (rt *Runtime) rpc(a *App, record *connect.Record, see func(engine.Input) engine.Input) form.RPC {
	return form.RPCFunc(func(ctx context.Context, call form.Call) (value.Value, error) {
		if !strings.HasPrefix(call.URL, "rpc://") || strings.Contains(call.Name(), "/") {
			return value.Undefined, fmt.Errorf("%s belongs to the platform and is not known here", call.URL)
		}
		c, err := a.RPC(call.Name())
		if err != nil {
			return value.Undefined, err
		}
		values, err := call.Parameters()
		if err != nil {
			return value.Undefined, err
		}
		ctx, cancel := context.WithTimeout(ctx, rpcTime)
		defer cancel()
		run, input, err := rt.prepare(ctx, c, Input{Connection: record, Parameters: values})
		if err != nil {
			return value.Undefined, err
		}
		run.Run = rt.engine.Start(c.plan, see(input))
		all := value.NewArray()
		for item, err := range run.Bundles(ctx) {
			if err != nil {
				return value.Undefined, err
			}
			all.Append(item)
		}
		return value.FromArray(all), nil
	})
}
