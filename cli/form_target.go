package cli

import (
	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/source"
)

// target is whose form is shown.
type target struct {
	app    *cleat.App
	kind   app.Kind
	module *app.Module // nil for others
	form   *form.Form
	wrong  form.Problems // mistakes of the definition: fields are left out for them, or taken plain
}

// target finds the component that the person names.
func (o *formOptions) target() (*target, error) {
	a, err := o.load(o.app)
	if err != nil {
		return nil, err
	}
	for _, kind := range withForms {
		if codes := formsOf(a, kind, o.id); codes != nil {
			if o.output || o.sample {
				codes = outputOf(a, kind, o.id)
			}
			t := &target{app: a, kind: kind, module: a.App.Module(o.id)}
			var found source.Diagnostics
			t.form, found = cleat.FormOf(codes...)
			for _, d := range found.Errors() {
				t.wrong = append(t.wrong, form.Problem{Code: d.Code, Message: d.Message, Hint: d.Hint, Field: source.Position{File: d.File, Line: d.Line, Column: d.Column}})
			}
			return t, nil
		}
	}
	return nil, unknownComponent(&cleat.UnknownError{Kind: app.ModuleKind, ID: o.id, Near: a.Suggest(app.ModuleKind, o.id), All: a.IDs(app.ModuleKind)})
}

// withForms are the kinds of components that have forms. Ids are looked up in this order.
var withForms = []app.Kind{app.ModuleKind, app.ConnectionKind, app.RPCKind, app.EndpointKind, app.WebhookKind}

// formsOf returns the parameters of a component, nil when there is no such component.
func formsOf(a *cleat.App, kind app.Kind, id string) []*app.Code {
	switch kind {
	case app.ModuleKind:
		if m := a.App.Module(id); m != nil {
			return []*app.Code{m.Parameters, m.Expect}
		}
	case app.ConnectionKind:
		if c := a.Connection(id); c != nil {
			return []*app.Code{c.Parameters}
		}
	case app.RPCKind:
		if r := a.App.RPC(id); r != nil {
			return []*app.Code{r.Parameters}
		}
	case app.EndpointKind:
		if e := a.App.Endpoint(id); e != nil {
			return []*app.Code{e.InputParameters}
		}
	case app.WebhookKind:
		if w := a.App.Webhook(id); w != nil {
			return []*app.Code{w.Parameters}
		}
	}
	return nil
}

// outputOf returns the interface of a component that has one.
func outputOf(a *cleat.App, kind app.Kind, id string) []*app.Code {
	switch kind {
	case app.ModuleKind:
		return []*app.Code{a.App.Module(id).Interface}
	case app.EndpointKind:
		return []*app.Code{a.App.Endpoint(id).OutputParameters}
	}
	return nil
}

// warn tells of mistakes of the definition.
func (t *target) warn(f *factory) {
	for _, p := range t.wrong {
		f.warn(p.Field.String() + ": " + p.Error())
	}
}
