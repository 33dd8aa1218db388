package server

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
	"github.com/cleat-run/cleat/work"
)

// connectSession lets one end user make or repair one connection on a hosted page. It is
// kept in a link, encrypted.
type connectSession struct {
	App        string   `json:"app"`
	Type       string   `json:"type"`
	Connection int64    `json:"connection,omitempty"` // to be repaired; 0: a new one
	Name       string   `json:"name"`
	Scope      []string `json:"scope,omitempty"`
	EndUser    string   `json:"end_user,omitempty"`
	ReturnURL  string   `json:"return_url,omitempty"`
	By         string   `json:"by"`
}

const (
	purposeConnect = "connect"
	connectAge     = 30 * time.Minute
)

func (s *Server) connectSessionRoutes() {
	register(s, route{id: "createConnectSession", method: http.MethodPost, path: "/v1/connect-sessions", tag: "Connections", scope: record.ConnectionsWrite,
		status: http.StatusCreated, acts: true, summary: "Let an end user connect an account",
		text: "Open `url` in the end user's browser, best with connect.js, which does so in a popup and reports the result. It works for 30 minutes, until the account is connected."}, s.createConnectSession)
	s.mux.HandleFunc("GET /connect/{session}", s.connectPage)
	s.mux.HandleFunc("POST /connect/{session}", s.connectForm)
}

type createConnectSession struct {
	Body struct {
		App        string   `json:"app"`
		Type       string   `json:"type,omitempty" doc:"Id of the connection type; may be left out when the app has one only"`
		Connection string   `json:"connection,omitempty" doc:"Repair this connection instead of making one"`
		Name       string   `json:"name,omitempty" maxLength:"200" doc:"Of the new connection; made of app and end user when left out"`
		Scope      []string `json:"scope,omitempty"`
		EndUser    string   `json:"end_user,omitempty" maxLength:"200" doc:"Id of the person in your product"`
		ReturnURL  string   `json:"return_url,omitempty" doc:"Where the browser goes afterwards, and the origin that hears the result; one that branding allows"`
	}
}

type connectSessionView struct {
	URL     string    `json:"url"`
	Expires time.Time `json:"expires"`
}

func (s *Server) createConnectSession(ctx context.Context, a *Actor, in *createConnectSession) (*body[connectSessionView], error) {
	opened, err := s.openApp(ctx, a, in.Body.App)
	if err != nil {
		return nil, err
	}
	session := &connectSession{App: opened.Name, Name: in.Body.Name, Scope: in.Body.Scope, EndUser: in.Body.EndUser, ReturnURL: in.Body.ReturnURL, By: a.ID}
	if in.Body.Connection != "" {
		r, err := s.connectionOf(ctx, a, in.Body.Connection)
		if err != nil {
			return nil, err
		}
		if r.App != opened.Name || in.Body.EndUser != "" && r.EndUser != in.Body.EndUser {
			return nil, problem(http.StatusNotFound, "not_found", "there is no such connection of this app and this end user")
		}
		session.Connection, session.Type, session.Name, session.EndUser = r.ID, r.Type, r.Name, r.EndUser
	} else {
		t, err := s.connectionType(ctx, a, opened, in.Body.Type)
		if err != nil {
			return nil, err
		}
		session.Type = t.ID
		if session.Name == "" {
			session.Name = strings.Trim(opened.Name+" "+in.Body.EndUser, " ") + " " + record.NewID("con", s.Now())[4:14]
		}
	}
	if err := s.allowedReturn(ctx, a.Team, session.ReturnURL); err != nil {
		return nil, err
	}
	details, err := json.Marshal(session)
	if err != nil {
		return nil, err
	}
	secret, expires := connect.NewSecret(), s.Now().Add(connectAge)
	err = s.records.InsertLink(ctx, &record.Link{Hash: connect.Hash(secret), Purpose: purposeConnect, Team: a.Team, Details: details, Created: s.Now(), Expires: expires})
	if err != nil {
		return nil, err
	}
	s.audit(ctx, a, "connect-session.create", session.App, session.EndUser)
	return &body[connectSessionView]{connectSessionView{s.PublicURL.JoinPath("connect", secret).String(), expires}}, nil
}

// opening is a connect session in the browser of the end user.
type opening struct {
	team    int64
	session *connectSession
	app     *work.App
	kind    *connect.Type
	form    *form.Form
}

func (s *Server) open(ctx context.Context, secret string) (*opening, error) {
	link, err := s.records.Link(ctx, connect.Hash(secret))
	if err == nil && link.Purpose != purposeConnect {
		err = record.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	o := &opening{team: link.Team, session: &connectSession{}}
	if err := json.Unmarshal(link.Details, o.session); err != nil {
		return nil, err
	}
	if o.app, err = s.Node.Catalog.App(ctx, link.Team, o.session.App); err != nil {
		return nil, err
	}
	if o.kind, err = s.Node.Catalog.ConnectionType(ctx, link.Team, o.app, o.session.Type); err != nil {
		return nil, err
	}
	o.form, _ = cleat.FormOf(o.app.Connection(o.kind.ID).Parameters)
	return o, nil
}

type connectPageData struct {
	look
	Scopes      []string
	Fields      []pageField
	Error, Hint string
}

// pageField is a field as a plain form has it.
type pageField struct {
	Name, Label, Help, Type, Value, Error string
	Required                              bool
	Options                               []pageOption
}

type pageOption struct {
	Value, Label string
	Selected     bool
}

func (s *Server) connectPage(w http.ResponseWriter, r *http.Request) {
	o, err := s.open(r.Context(), r.PathValue("session"))
	if err != nil {
		s.outcome(w, r, outcome{Err: sessionGone(err)})
		return
	}
	s.showForm(w, r, o, http.StatusOK, value.NewCollection(0), nil)
}

func sessionGone(err error) error {
	if errors.Is(err, record.ErrNotFound) || errors.Is(err, record.ErrUsed) {
		p := problem(http.StatusGone, "session_gone", "this page was used already, or it has expired")
		p.Hint = "go back to where you came from and begin again"
		return p
	}
	return err
}

// showForm shows what will be accessed and asks for what the app needs.
func (s *Server) showForm(w http.ResponseWriter, r *http.Request, o *opening, status int, values *value.Collection, failure error) {
	data := connectPageData{look: s.look(r, o.team)}
	data.Heading = "Connect " + cmp.Or(o.app.Label, o.app.Name)
	if o.session.Connection != 0 {
		data.Heading += " again"
	}
	for _, scope := range o.kind.RequestedScope(o.session.Scope...) {
		if text := o.kind.ScopeList[scope]; text != "" {
			scope = text
		}
		data.Scopes = append(data.Scopes, scope)
	}
	wrong := map[string]string{}
	if failure != nil {
		p := problemOf(failure)
		logFailure(r.Context(), s.Log, p)
		status, data.Error, data.Hint = p.Status, sentence(p.Detail), sentence(p.Hint)
		for _, d := range p.Errors {
			wrong[strings.TrimPrefix(d.Field, "parameters.")] = sentence(d.Message)
		}
	}
	options := s.Node.Teams.Of(o.team).FormOptions(o.app.App, nil)
	shown, _ := o.form.Resolve(r.Context(), values, options)
	for _, f := range shown {
		if f.Type.Display {
			continue
		}
		data.Fields = append(data.Fields, fieldOf(f, wrong[f.Name]))
	}
	popup(w)
	s.allowFrames(w, r, o.team)
	s.render(w, r, status, "connect.html", data)
}

func fieldOf(f *form.Shown, wrong string) pageField {
	p := pageField{Name: f.Name, Label: f.Label, Help: f.Help, Type: "text", Required: f.Required, Error: wrong}
	if p.Label == "" {
		p.Label = f.Name
	}
	v := f.Value
	if !f.Given {
		v = f.Standard()
	}
	switch {
	case f.Secret():
		p.Type = "password"
		v = value.Undefined
	case len(f.Options) > 0:
		p.Type = "select"
		for _, option := range f.Options {
			p.Options = append(p.Options, pageOption{option.Value.ToText(), option.Label, option.Value.ToText() == v.ToText()})
		}
	case f.Type.Stored == "boolean":
		p.Type = "checkbox"
	}
	if !v.IsNil() {
		p.Value = v.ToText()
	}
	return p
}

// allowFrames lets the origins that branding names show the page in a frame.
func (s *Server) allowFrames(w http.ResponseWriter, r *http.Request, team int64) {
	t, err := s.records.Team(r.Context(), team)
	if err != nil || len(t.Branding.Origins) == 0 {
		return
	}
	w.Header().Set("Content-Security-Policy", strings.Replace(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'", "frame-ancestors "+strings.Join(t.Branding.Origins, " "), 1))
	w.Header().Del("X-Frame-Options")
}

func (s *Server) connectForm(w http.ResponseWriter, r *http.Request) {
	popup(w)
	r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
	o, err := s.open(r.Context(), r.PathValue("session"))
	if err != nil {
		s.outcome(w, r, outcome{Err: sessionGone(err)})
		return
	}
	if err := r.ParseForm(); err != nil {
		s.outcome(w, r, outcome{Team: o.team, Err: problem(http.StatusBadRequest, "invalid_request", "the form cannot be read")})
		return
	}
	given := o.read(r.PostForm)
	if err := s.submit(w, r, o, given); err != nil {
		s.showForm(w, r, o, http.StatusOK, given, err)
	}
}

// read makes values of a plain form.
func (o *opening) read(sent url.Values) *value.Collection {
	given := value.NewCollection(len(sent))
	for _, f := range o.form.Fields() {
		text := sent.Get(f.Name)
		switch {
		case f.Type.Stored == "boolean":
			given.Set(f.Name, value.Bool(text != ""))
		case text != "":
			given.Set(f.Name, value.Text(text))
		}
	}
	return given
}

// submit makes the connection, or sends the person to the provider.
func (s *Server) submit(w http.ResponseWriter, r *http.Request, o *opening, given *value.Collection) error {
	ctx := r.Context()
	parameters, err := s.typed(ctx, o.app, o.kind, given)
	if err != nil {
		return err
	}
	wished := &wish{App: o.session.App, Type: o.session.Type, Name: o.session.Name, Parameters: Object{parameters}, Scope: o.session.Scope, Connection: o.session.Connection,
		EndUser: o.session.EndUser, ReturnURL: o.session.ReturnURL, Session: connect.Hash(r.PathValue("session")), By: o.session.By}
	if o.kind.Kind != connect.Basic {
		address, _, err := s.authorizeLink(ctx, o.team, wished)
		if err != nil {
			return err
		}
		http.Redirect(w, r, address, http.StatusSeeOther)
		return nil
	}
	made, err := s.makeBasic(ctx, o, wished, parameters)
	if err != nil {
		return err
	}
	s.finished(w, r, o.team, wished, &connect.Started{Record: made})
	return nil
}

// makeBasic makes a connection that no provider has to be asked for, or gives one that
// exists new secrets.
func (s *Server) makeBasic(ctx context.Context, o *opening, wished *wish, parameters *value.Collection) (*connect.Record, error) {
	connector := s.Node.Teams.Of(o.team).Connector()
	started, err := connector.Create(ctx, o.kind, connect.Request{Name: wished.Name, Parameters: parameters, Scope: wished.Scope, ConnID: wished.Connection, EndUser: wished.EndUser})
	if err != nil {
		return nil, err
	}
	return started.Record, nil
}

// originOf is the origin of an address, "" for none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// returnTo adds the result to the address that the person goes back to.
func returnTo(address string, result resultMessage) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	q := u.Query()
	q.Set("status", result.Status)
	for name, text := range map[string]string{"connection": result.Connection, "reason": result.Reason} {
		if text != "" {
			q.Set(name, text)
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
