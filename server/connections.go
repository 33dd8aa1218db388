package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/work"
)

type connectionView struct {
	ID      string     `json:"id" example:"con_7"`
	Name    string     `json:"name"`
	App     string     `json:"app"`
	Type    string     `json:"type" doc:"Id of the connection type in the app"`
	Kind    string     `json:"kind" enum:"basic,oauth1,oauth2"`
	Account string     `json:"account,omitempty" doc:"What the app shows of the account, such as an email address"`
	UID     string     `json:"uid,omitempty" doc:"Id of the account at the service"`
	Scope   []string   `json:"scope" doc:"What was granted"`
	State   string     `json:"state" enum:"ok,needs_user,expired"`
	Reason  string     `json:"reason,omitempty" doc:"Why the user is needed"`
	Expires *time.Time `json:"expires,omitempty" doc:"When the user has to authorize again"`
	EndUser string     `json:"end_user,omitempty" doc:"Id of the person in the product that embeds cleat"`
	Created time.Time  `json:"created"`
	Updated time.Time  `json:"updated"`
	UsedBy  *uses      `json:"used_by,omitempty"`
}

type uses struct {
	Hooks    []string `json:"hooks"`
	Triggers []string `json:"triggers"`
}

func (s *Server) viewConnection(r *connect.Record) connectionView {
	v := connectionView{ID: connectionID(r.ID), Name: r.Name, App: r.App, Type: r.Type, Kind: string(r.Kind), Account: r.Metadata.Value, UID: r.UID,
		Scope: append([]string{}, r.Scope...), State: "ok", Reason: r.Broken, EndUser: r.EndUser, Created: r.Created, Updated: r.Updated, Expires: optional(r.Expires)}
	switch {
	case r.Broken != "":
		v.State = "needs_user"
	case !r.Expires.IsZero() && s.Now().After(r.Expires):
		v.State = "expired"
	}
	return v
}

func connectionID(id int64) string {
	if id == 0 {
		return ""
	}
	return fmt.Sprintf("con_%d", id)
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *Server) connectionRoutes() {
	const tag = "Connections"
	register(s, route{id: "listConnections", method: http.MethodGet, path: "/v1/connections", tag: tag, scope: record.ConnectionsRead, summary: "List connections"}, s.listConnections)
	register(s, route{id: "createConnection", method: http.MethodPost, path: "/v1/connections", tag: tag, scope: record.ConnectionsWrite, status: http.StatusCreated, acts: true,
		summary: "Make a connection", text: "One that needs no person at the provider is made at once. Otherwise the answer holds `authorize_url`: " +
			"open it in the browser of the person within 10 minutes; the connection is there when the person comes back."}, s.createConnection)
	register(s, route{id: "getConnection", method: http.MethodGet, path: "/v1/connections/{connection}", tag: tag, scope: record.ConnectionsRead, summary: "Get a connection"}, s.getConnection)
	register(s, route{id: "editConnection", method: http.MethodPatch, path: "/v1/connections/{connection}", tag: tag, scope: record.ConnectionsWrite, summary: "Change a connection",
		text: "Only editable parameters can change. The check of the connection has to pass with the new ones; nothing is stored otherwise."}, s.editConnection)
	register(s, route{id: "testConnection", method: http.MethodPost, path: "/v1/connections/{connection}/test", tag: tag, scope: record.ConnectionsWrite, summary: "Test a connection"}, s.testConnection)
	register(s, route{id: "reauthorizeConnection", method: http.MethodPost, path: "/v1/connections/{connection}/reauthorize", tag: tag, scope: record.ConnectionsWrite,
		summary: "Authorize a connection again", text: "With `scope` the connection is granted more."}, s.reauthorizeConnection)
	register(s, route{id: "deleteConnection", method: http.MethodDelete, path: "/v1/connections/{connection}", tag: tag, scope: record.ConnectionsWrite,
		summary: "Delete a connection", text: "Refused while hooks or triggers use it. The provider is asked to forget it where the app says how; what it says to that is in `warnings`."}, s.deleteConnection)
}

// ConnectionPath is the part of a path that names a connection.
type ConnectionPath struct {
	Connection string `path:"connection" doc:"Id of the connection" example:"con_7"`
}

func (s *Server) findConnection(ctx context.Context, a *Actor, id string) (*connect.Record, error) {
	number, err := work.ConnectionID(id)
	if err != nil {
		return nil, err
	}
	return s.team(a).Connection(ctx, number)
}

// connectionOf is findConnection for an id that may be left out.
func (s *Server) connectionOf(ctx context.Context, a *Actor, id string) (*connect.Record, error) {
	if id == "" {
		return nil, nil
	}
	r, err := s.findConnection(ctx, a, id)
	if errors.Is(err, connect.ErrNotFound) || errors.Is(err, record.ErrNotFound) {
		return nil, problem(http.StatusNotFound, "not_found", "there is no connection %q", id)
	}
	return r, err
}

// typeOf compiles the type of a connection that exists.
func (s *Server) typeOf(ctx context.Context, a *Actor, r *connect.Record) (*connect.Type, error) {
	opened, err := s.Node.Catalog.App(ctx, a.Team, r.App)
	if err != nil {
		return nil, err
	}
	return s.Node.Catalog.ConnectionType(ctx, a.Team, opened, r.Type)
}

type connectionsQuery struct {
	App     string `query:"app" doc:"Only those of this app"`
	EndUser string `query:"end_user" doc:"Only those of this person of the embedding product"`
	State   string `query:"state" enum:"ok,needs_user,expired"`
}

func (s *Server) listConnections(ctx context.Context, a *Actor, in *connectionsQuery) (*body[list[connectionView]], error) {
	all, err := s.team(a).Connections(ctx)
	if err != nil {
		return nil, err
	}
	out := &body[list[connectionView]]{list[connectionView]{Items: []connectionView{}}}
	for _, r := range all {
		v := s.viewConnection(r)
		if (in.App == "" || in.App == v.App) && (in.EndUser == "" || in.EndUser == v.EndUser) && (in.State == "" || in.State == v.State) {
			out.Body.Items = append(out.Body.Items, v)
		}
	}
	return out, nil
}

func (s *Server) getConnection(ctx context.Context, a *Actor, in *ConnectionPath) (*body[connectionView], error) {
	r, err := s.findConnection(ctx, a, in.Connection)
	if err != nil {
		return nil, err
	}
	v := s.viewConnection(r)
	hooks, triggers, err := s.team(a).ConnectionUses(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	v.UsedBy = &uses{append([]string{}, hooks...), append([]string{}, triggers...)}
	return &body[connectionView]{v}, nil
}

type createConnection struct {
	Body struct {
		App        string   `json:"app"`
		Type       string   `json:"type,omitempty" doc:"Id of the connection type; may be left out when the app has one only"`
		Name       string   `json:"name" minLength:"1" maxLength:"200"`
		Parameters Object   `json:"parameters,omitempty"`
		Scope      []string `json:"scope,omitempty" doc:"Beside the default of the app"`
		EndUser    string   `json:"end_user,omitempty" maxLength:"200"`
		ReturnURL  string   `json:"return_url,omitempty" doc:"Where the browser goes afterwards; of the origin of the server or one that branding allows"`
	}
}

// made is what comes of making a connection.
type made struct {
	Connection   *connectionView `json:"connection,omitempty"`
	AuthorizeURL string          `json:"authorize_url,omitempty" doc:"Open it in the person's browser"`
	Expires      *time.Time      `json:"expires,omitempty" doc:"Until when that works"`
	Warnings     []string        `json:"warnings,omitempty"`
}

func (s *Server) createConnection(ctx context.Context, a *Actor, in *createConnection) (*body[made], error) {
	opened, err := s.openApp(ctx, a, in.Body.App)
	if err != nil {
		return nil, err
	}
	t, err := s.connectionType(ctx, a, opened, in.Body.Type)
	if err != nil {
		return nil, err
	}
	parameters, err := s.typed(ctx, opened, t, in.Body.Parameters.given())
	if err != nil {
		return nil, err
	}
	wish := &wish{App: opened.Name, Type: t.ID, Name: in.Body.Name, Parameters: Object{parameters}, Scope: in.Body.Scope, EndUser: in.Body.EndUser,
		ReturnURL: in.Body.ReturnURL, By: a.ID}
	if t.Kind != connect.Basic {
		return s.authorizeLater(ctx, a, wish)
	}
	started, err := s.Node.Teams.Of(a.Team).Connector().Create(ctx, t, connect.Request{Name: wish.Name, Parameters: parameters, Scope: wish.Scope, EndUser: wish.EndUser})
	if err != nil {
		return nil, err
	}
	s.connected(ctx, a, started.Record, wish)
	v := s.viewConnection(started.Record)
	return &body[made]{made{Connection: &v, Warnings: started.Warnings}}, nil
}

// connectionType finds a type of an app, the only one when none is named.
func (s *Server) connectionType(ctx context.Context, a *Actor, opened *work.App, id string) (*connect.Type, error) {
	if id == "" {
		if len(opened.Connections) != 1 {
			return nil, problem(http.StatusUnprocessableEntity, "invalid_request", "the app has %d connection types: name one in type", len(opened.Connections))
		}
		id = opened.Connections[0].ID
	}
	return s.Node.Catalog.ConnectionType(ctx, a.Team, opened, id)
}

// typed converts and checks what was typed into the form of a connection.
func (s *Server) typed(ctx context.Context, opened *work.App, t *connect.Type, given *value.Collection) (*value.Collection, error) {
	fields, _ := cleat.FormOf(opened.Connection(t.ID).Parameters)
	values, report := fields.Convert(ctx, given, form.Options{Platform: opened.ManifestVersion})
	if len(report.Problems) > 0 {
		p := problem(http.StatusUnprocessableEntity, "invalid_parameters", "%s", report.Problems.Error())
		for _, wrong := range report.Problems {
			p.Errors = append(p.Errors, Detail{Code: wrong.Code, Message: wrong.Message, Field: "parameters." + wrong.Path.String(), Hint: wrong.Hint})
		}
		return nil, p
	}
	return values, nil
}

// connected notes a connection that was made, or authorized again.
func (s *Server) connected(ctx context.Context, a *Actor, r *connect.Record, w *wish) {
	action := "connection.create"
	if w.Connection != 0 {
		action = "connection.reauthorize"
	}
	s.audit(ctx, a, action, connectionID(r.ID), r.App+", "+r.Name)
}

type editConnection struct {
	ConnectionPath
	Body struct {
		Name       string `json:"name,omitempty" maxLength:"200"`
		Parameters Object `json:"parameters,omitempty" doc:"An empty password means unchanged"`
	}
}

func (s *Server) editConnection(ctx context.Context, a *Actor, in *editConnection) (*body[connectionView], error) {
	r, err := s.findConnection(ctx, a, in.Connection)
	if err != nil {
		return nil, err
	}
	if in.Body.Parameters.Collection != nil {
		t, err := s.typeOf(ctx, a, r)
		if err != nil {
			return nil, err
		}
		if r, err = s.Node.Teams.Of(a.Team).Connector().Edit(ctx, t, r, in.Body.Parameters.Collection); err != nil {
			return nil, err
		}
	}
	if in.Body.Name != "" && in.Body.Name != r.Name {
		r.Name = in.Body.Name
		if err := s.team(a).UpdateConnection(ctx, r); err != nil {
			return nil, err
		}
	}
	s.audit(ctx, a, "connection.edit", connectionID(r.ID), r.Name)
	return &body[connectionView]{s.viewConnection(r)}, nil
}

func (s *Server) testConnection(ctx context.Context, a *Actor, in *ConnectionPath) (*body[connectionView], error) {
	r, err := s.findConnection(ctx, a, in.Connection)
	if err != nil {
		return nil, err
	}
	t, err := s.typeOf(ctx, a, r)
	if err != nil {
		return nil, err
	}
	if err := s.Node.Teams.Of(a.Team).Connector().Test(ctx, t, r); err != nil {
		return nil, err
	}
	return &body[connectionView]{s.viewConnection(r)}, nil
}

type reauthorizeConnection struct {
	ConnectionPath
	Body struct {
		Scope              []string `json:"scope,omitempty" doc:"What is wanted beside what was granted"`
		AllowAccountChange bool     `json:"allow_account_change,omitempty" doc:"The person may choose another account"`
		Parameters         Object   `json:"parameters,omitempty"`
		ReturnURL          string   `json:"return_url,omitempty"`
	}
}

func (s *Server) reauthorizeConnection(ctx context.Context, a *Actor, in *reauthorizeConnection) (*body[made], error) {
	r, err := s.findConnection(ctx, a, in.Connection)
	if err != nil {
		return nil, err
	}
	t, err := s.typeOf(ctx, a, r)
	if err != nil {
		return nil, err
	}
	if t.Kind == connect.Basic {
		return nil, problem(http.StatusUnprocessableEntity, "no_authorization", "a connection of this type is not authorized by a person: edit it")
	}
	parameters := parametersOf(t, r, in.Body.Parameters.Collection)
	return s.authorizeLater(ctx, a, &wish{App: r.App, Type: r.Type, Name: r.Name, Parameters: Object{parameters}, Scope: append(append([]string{}, r.Scope...), in.Body.Scope...),
		Connection: r.ID, AccountChange: in.Body.AllowAccountChange, EndUser: r.EndUser, ReturnURL: in.Body.ReturnURL, By: a.ID})
}

// parametersOf are what was once typed for a connection, and over it what is typed now.
func parametersOf(t *connect.Type, r *connect.Record, given *value.Collection) *value.Collection {
	all := value.NewCollection(len(t.Fields))
	for _, f := range t.Fields {
		if v := r.Data.Get(f.Name); !v.IsUndefined() {
			all.Set(f.Name, v)
		}
		if v := given.Get(f.Name); !v.IsEmpty() {
			all.Set(f.Name, v)
		}
	}
	return all
}

type deleted struct {
	Warnings []string `json:"warnings,omitempty"`
}

func (s *Server) deleteConnection(ctx context.Context, a *Actor, in *ConnectionPath) (*body[deleted], error) {
	r, err := s.findConnection(ctx, a, in.Connection)
	if err != nil {
		return nil, err
	}
	hooks, triggers, err := s.team(a).ConnectionUses(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	if len(hooks)+len(triggers) > 0 {
		p := problem(http.StatusConflict, "in_use", "the connection is used by %d hooks and %d triggers", len(hooks), len(triggers))
		for _, name := range append(hooks, triggers...) {
			p.Errors = append(p.Errors, Detail{Message: name})
		}
		return nil, p
	}
	t, err := s.typeOf(ctx, a, r)
	if err != nil {
		t = nil // the app is gone, or broken: nobody can be asked
	}
	refused, err := s.Node.Teams.Of(a.Team).Connector().Delete(ctx, t, r)
	if err != nil {
		return nil, err
	}
	out := &body[deleted]{}
	if refused != nil {
		out.Body.Warnings = []string{"the provider was not told: " + problemOf(refused).Detail}
	}
	s.audit(ctx, a, "connection.delete", connectionID(r.ID), r.Name)
	return out, nil
}
