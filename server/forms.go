package server

import (
	"context"
	"net/http"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/poll"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/work"
)

func (s *Server) formRoutes() {
	const tag = "Forms"
	register(s, route{id: "getForm", method: http.MethodGet, path: "/v1/apps/{app}/form/{component}", tag: tag, scope: record.AppsRead,
		summary: "The form of a module, a connection type, an RPC or a webhook", text: "As it is without values: nothing is asked of RPCs. See also resolveForm."}, s.getForm)
	register(s, route{id: "resolveForm", method: http.MethodPost, path: "/v1/forms", tag: tag, scope: record.RunModules, summary: "The form with values",
		text: "Nested fields that the values show, fields and options that RPCs give with the connection, what is wrong with the values, and the form as JSON Schema 2020-12 with `schema`."}, s.resolveForm)
	register(s, route{id: "getSample", method: http.MethodPost, path: "/v1/samples", tag: tag, scope: record.RunModules, summary: "The sample of a module's output"}, s.getSample)
	register(s, route{id: "listStartChoices", method: http.MethodPost, path: "/v1/start-choices", tag: tag, scope: record.RunModules,
		summary: "Items with which a polling trigger may begin", text: "The epoch of the trigger, the newest last."}, s.listStartChoices)
}

type formAnswer struct {
	App      string      `json:"app"`
	Kind     string      `json:"kind"`
	ID       string      `json:"id"`
	Fields   []fieldView `json:"fields"`
	Problems []Detail    `json:"problems,omitempty" doc:"What is wrong with the values"`
	Warnings []Detail    `json:"warnings,omitempty" doc:"RPCs that did not answer"`
	Schema   *JSON       `json:"schema,omitempty" doc:"JSON Schema 2020-12 of the values"`
}

// fieldView is a field as a person meets it.
type fieldView struct {
	Name     string       `json:"name,omitempty"`
	Type     string       `json:"type"`
	Label    string       `json:"label,omitempty"`
	Help     string       `json:"help,omitempty"`
	Required bool         `json:"required,omitempty"`
	Advanced bool         `json:"advanced,omitempty"`
	Multiple bool         `json:"multiple,omitempty"`
	Depth    int          `json:"depth,omitempty" doc:"Number of fields that show this one"`
	Default  *JSON        `json:"default,omitempty"`
	Value    *JSON        `json:"value,omitempty" doc:"As it was given; never of a secret"`
	Options  []optionView `json:"options,omitempty"`
	Fields   []fieldView  `json:"fields,omitempty"`
}

type optionView struct {
	Value JSON   `json:"value"`
	Label string `json:"label"`
	Group string `json:"group,omitempty"`
}

func viewFields(shown []*form.Shown) []fieldView {
	all := make([]fieldView, len(shown))
	for i, f := range shown {
		v := fieldView{Name: f.Name, Type: f.Type.Name, Label: f.Label, Help: f.Help, Required: f.Required, Advanced: f.Advanced, Multiple: f.Multiple,
			Depth: f.Depth, Fields: viewFields(f.Fields)}
		if standard := f.Standard(); !standard.IsUndefined() && !f.Secret() {
			v.Default = &JSON{standard}
		}
		if f.Given && !f.Secret() && !f.Value.IsUndefined() {
			v.Value = &JSON{f.Value}
		}
		for _, o := range f.Options {
			v.Options = append(v.Options, optionView{JSON{o.Value}, o.Label, o.Group})
		}
		all[i] = v
	}
	return all
}

// target is a component with a form.
type target struct {
	kind   app.Kind
	id     string
	module *app.Module // nil for others
	form   *form.Form
}

func formTarget(a *work.App, id string) (*target, error) {
	t := &target{kind: app.ModuleKind, id: id, module: a.App.App.Module(id)}
	var codes []*app.Code
	switch {
	case t.module != nil:
		codes = []*app.Code{t.module.Parameters, t.module.Expect}
	case a.Connection(id) != nil:
		t.kind, codes = app.ConnectionKind, []*app.Code{a.Connection(id).Parameters}
	case a.App.App.RPC(id) != nil:
		t.kind, codes = app.RPCKind, []*app.Code{a.App.App.RPC(id).Parameters}
	case a.App.App.Webhook(id) != nil:
		t.kind, codes = app.WebhookKind, []*app.Code{a.App.App.Webhook(id).Parameters}
	default:
		return nil, &cleat.UnknownError{Kind: app.ModuleKind, ID: id, Near: a.Suggest(app.ModuleKind, id), All: a.IDs(app.ModuleKind)}
	}
	t.form, _ = cleat.FormOf(codes...)
	return t, nil
}

type formPath struct {
	AppPath
	Component string `path:"component"`
}

func (s *Server) getForm(ctx context.Context, a *Actor, in *formPath) (*body[formAnswer], error) {
	opened, err := s.openApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	t, err := formTarget(opened, in.Component)
	if err != nil {
		return nil, err
	}
	options := s.Node.Teams.Of(a.Team).FormOptions(opened.App, t.module)
	shown, unknown := t.form.Resolve(ctx, value.NewCollection(0), options)
	return &body[formAnswer]{formAnswer{App: opened.Name, Kind: string(t.kind), ID: t.id, Fields: viewFields(shown), Warnings: details(unknown)}}, nil
}

type resolveInput struct {
	Body struct {
		App        string `json:"app"`
		Component  string `json:"component"`
		Connection string `json:"connection,omitempty" doc:"For RPCs"`
		Values     Object `json:"values,omitempty"`
		Check      bool   `json:"check,omitempty" doc:"Check the values as before a run"`
		Schema     bool   `json:"schema,omitempty"`
	}
}

func (s *Server) resolveForm(ctx context.Context, a *Actor, in *resolveInput) (*body[formAnswer], error) {
	opened, err := s.openApp(ctx, a, in.Body.App)
	if err != nil {
		return nil, err
	}
	t, err := formTarget(opened, in.Body.Component)
	if err != nil {
		return nil, err
	}
	account, err := s.connectionOf(ctx, a, in.Body.Connection)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.Limits.Run)
	defer cancel()
	values := in.Body.Values.given()
	options, rpc := s.formOptions(a, opened, t.module, account)
	shown, unknown := t.form.Resolve(ctx, values, options)
	out := &body[formAnswer]{formAnswer{App: opened.Name, Kind: string(t.kind), ID: t.id, Fields: viewFields(shown), Warnings: details(unknown)}}
	if in.Body.Check {
		_, report := t.form.Convert(ctx, values, options)
		out.Body.Problems = details(report.Problems)
	}
	if in.Body.Schema {
		schema, _ := t.form.Tool(ctx, form.ToolOptions{RPC: rpc, Values: values})
		out.Body.Schema = &JSON{schema}
	}
	return out, nil
}

func (s *Server) formOptions(a *Actor, opened *work.App, m *app.Module, account *connect.Record) (form.Options, form.RPC) {
	rt := s.Node.Teams.Of(a.Team)
	rpc := form.Cache(rt.RPC(opened.App, account))
	options := rt.FormOptions(opened.App, m)
	options.RPC = rpc
	return options, rpc
}

func details(problems form.Problems) []Detail {
	var all []Detail
	for _, p := range problems {
		all = append(all, Detail{Code: p.Code, Message: p.Message, Field: p.Path.String(), Position: positionText(p.Field), Hint: p.Hint})
	}
	return all
}

type moduleInput struct {
	Body struct {
		App        string `json:"app"`
		Module     string `json:"module"`
		Connection string `json:"connection,omitempty"`
		Parameters Object `json:"parameters,omitempty"`
	}
}

type sampleAnswer struct {
	Sample JSON `json:"sample"`
}

func (s *Server) getSample(ctx context.Context, a *Actor, in *moduleInput) (*body[sampleAnswer], error) {
	opened, err := s.openApp(ctx, a, in.Body.App)
	if err != nil {
		return nil, err
	}
	m := opened.App.App.Module(in.Body.Module)
	if m == nil {
		return nil, &cleat.UnknownError{Kind: app.ModuleKind, ID: in.Body.Module, Near: opened.Suggest(app.ModuleKind, in.Body.Module)}
	}
	account, err := s.connectionOf(ctx, a, in.Body.Connection)
	if err != nil {
		return nil, err
	}
	options, _ := s.formOptions(a, opened, m, account)
	var section form.Section
	if m.Samples.Root() != nil {
		section = form.Section{Doc: m.Samples.Doc, Root: m.Samples.Root()}
	}
	sample, err := form.Sample(ctx, section, in.Body.Parameters.given(), options)
	return &body[sampleAnswer]{sampleAnswer{JSON{sample}}}, err
}

type choiceView struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Date  JSON   `json:"date,omitempty"`
}

func (s *Server) listStartChoices(ctx context.Context, a *Actor, in *moduleInput) (*body[list[choiceView]], error) {
	opened, err := s.openApp(ctx, a, in.Body.App)
	if err != nil {
		return nil, err
	}
	c, err := opened.Trigger(in.Body.Module)
	if err != nil {
		return nil, err
	}
	account, err := s.connectionOf(ctx, a, in.Body.Connection)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.Limits.Run)
	defer cancel()
	all, err := s.Node.Teams.Of(a.Team).StartChoices(ctx, c, cleat.Input{Connection: account, Parameters: in.Body.Parameters.given()})
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, all, func(c poll.Candidate) choiceView { return choiceView{c.ID, c.Label, JSON{c.Date}} }, nil), nil
}
