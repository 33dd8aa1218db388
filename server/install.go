package server

import (
	"context"
	"net/http"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/work"
)

type installView struct {
	Connection string      `json:"connection,omitempty" doc:"Id of the connection type; absent for the app itself"`
	Installed  bool        `json:"installed"`
	Fields     []fieldView `json:"fields" doc:"The form, with the answers that are no secrets"`
	Common     []string    `json:"common,omitempty" doc:"Names of the common data that came of the answers"`
	Lacking    []string    `json:"lacking,omitempty" doc:"Common data that nothing but an installation defines"`
	Updated    *time.Time  `json:"updated,omitempty"`
}

func (s *Server) installRoutes() {
	const tag = "Apps"
	register(s, route{id: "getInstallation", method: http.MethodGet, path: "/v1/apps/{app}/install", tag: tag, scope: record.AppsRead, summary: "What an app was installed with",
		text: "One item for the app itself and for each connection type with an install spec or install directives."}, s.getInstallation)
	register(s, route{id: "installApp", method: http.MethodPut, path: "/v1/apps/{app}/install", tag: tag, scope: record.AppsWrite, summary: "Install an app, or one of its connection types",
		text: "An empty secret means unchanged."}, s.installApp)
	register(s, route{id: "uninstallApp", method: http.MethodDelete, path: "/v1/apps/{app}/install", tag: tag, scope: record.AppsWrite, status: http.StatusNoContent,
		summary: "Forget what an app was installed with"}, s.uninstallApp)
}

func (s *Server) getInstallation(ctx context.Context, a *Actor, in *AppPath) (*body[list[installView]], error) {
	opened, err := s.openApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	scopes, err := opened.Installables()
	if err != nil {
		return nil, err
	}
	stored, err := s.team(a).Installations(ctx, opened.Name)
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, scopes, func(scope *connect.Installable) installView {
		return s.viewInstallation(ctx, a, opened, scope, installationOf(stored, scope))
	}, nil), nil
}

// installationOf is what was stored for a scope, and a new installation when there is none.
func installationOf(stored []*connect.Installation, scope *connect.Installable) *connect.Installation {
	for _, i := range stored {
		if i.Connection == scope.Connection {
			return i
		}
	}
	return &connect.Installation{App: scope.App, Connection: scope.Connection}
}

func (s *Server) viewInstallation(ctx context.Context, a *Actor, opened *work.App, scope *connect.Installable, i *connect.Installation) installView {
	fields, _ := cleat.FormOf(scope.Spec)
	answers := i.Parameters
	if answers == nil {
		answers = value.NewCollection(0)
	}
	shown, _ := fields.Resolve(ctx, answers, s.Node.Teams.Of(a.Team).FormOptions(opened.App, nil))
	return installView{Connection: scope.Connection, Installed: i.Version > 0, Fields: viewFields(shown), Common: i.Common.Names(), Lacking: scope.Lacking, Updated: optional(i.Updated)}
}

type installApp struct {
	AppPath
	Body struct {
		Connection string `json:"connection,omitempty" doc:"Id of the connection type; the app itself when left out"`
		Parameters Object `json:"parameters"`
	}
}

func (s *Server) installApp(ctx context.Context, a *Actor, in *installApp) (*body[installView], error) {
	opened, err := s.openApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	scope, err := installable(opened, in.Body.Connection)
	if err != nil {
		return nil, err
	}
	stored, err := s.team(a).Installations(ctx, opened.Name)
	if err != nil {
		return nil, err
	}
	i := installationOf(stored, scope)
	fields, _ := cleat.FormOf(scope.Spec)
	answers := keptAnswers(fields, i.Parameters, in.Body.Parameters.given())
	values, report := fields.Convert(ctx, answers, form.Options{Platform: opened.ManifestVersion})
	if len(report.Problems) > 0 {
		p := problem(http.StatusUnprocessableEntity, "invalid_parameters", "%s", report.Problems.Error())
		p.Errors = details(report.Problems)
		return nil, p
	}
	i.Parameters = values
	if err := s.Node.Teams.Of(a.Team).Connector().Install(ctx, scope, s.team(a), i); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "app.install", opened.ID, opened.Name+" "+scope.Connection)
	return &body[installView]{s.viewInstallation(ctx, a, opened, scope, i)}, nil
}

func installable(opened *work.App, connection string) (*connect.Installable, error) {
	scopes, err := opened.Installables()
	if err != nil {
		return nil, err
	}
	for _, scope := range scopes {
		if scope.Connection == connection {
			return scope, nil
		}
	}
	return nil, problem(http.StatusNotFound, "not_found", "there is nothing to install: it has neither an install spec nor install directives")
}

// keptAnswers are those that are given over those of before. An empty secret means
// unchanged.
func keptAnswers(fields *form.Form, before, given *value.Collection) *value.Collection {
	answers := value.NewCollection(4)
	for name, v := range before.All() {
		answers.Set(name, v)
	}
	for name, v := range given.All() {
		if f := fields.Field(name); f != nil && f.Secret() && v.IsEmpty() {
			continue
		}
		answers.Set(name, v)
	}
	return answers
}

type uninstallApp struct {
	AppPath
	Connection string `query:"connection"`
}

func (s *Server) uninstallApp(ctx context.Context, a *Actor, in *uninstallApp) (*none, error) {
	found, err := s.findApp(ctx, a, in.App)
	if err != nil {
		return nil, err
	}
	if err := s.team(a).DeleteInstallation(ctx, found.Name, in.Connection); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "app.uninstall", found.ID, found.Name+" "+in.Connection)
	return nil, nil
}
