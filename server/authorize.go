package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/value"
)

// wish is a connection that somebody wants and that a person has yet to authorize. It is
// kept in a link, encrypted, and begun in the browser that opens it, so that the cookie
// which protects the callback is that browser's (connections.md 5.4).
type wish struct {
	App           string   `json:"app"`
	Type          string   `json:"type"`
	Name          string   `json:"name"`
	Parameters    Object   `json:"parameters"`
	Scope         []string `json:"scope,omitempty"`
	Connection    int64    `json:"connection,omitempty"` // to be authorized again
	AccountChange bool     `json:"account_change,omitempty"`
	EndUser       string   `json:"end_user,omitempty"`
	ReturnURL     string   `json:"return_url,omitempty"`
	Session       string   `json:"session,omitempty"` // hash of the connect session that it is for
	By            string   `json:"by"`
}

const (
	purposeAuthorize = "authorize" // begin a flow in this browser
	purposeFlow      = "flow"      // a flow under way: which wish it is for
	flowTime         = 10 * time.Minute

	flowCookie      = "__Host-cleat-flow"
	plainFlowCookie = "cleat-flow"
	postCookie      = "__Host-cleat-post"
	plainPostCookie = "cleat-post"
)

// authorizeLater answers with the address that begins the flow.
func (s *Server) authorizeLater(ctx context.Context, a *Actor, w *wish) (*body[made], error) {
	if err := s.allowedReturn(ctx, a.Team, w.ReturnURL); err != nil {
		return nil, err
	}
	address, expires, err := s.authorizeLink(ctx, a.Team, w)
	if err != nil {
		return nil, err
	}
	return &body[made]{made{AuthorizeURL: address, Expires: &expires}}, nil
}

func (s *Server) authorizeLink(ctx context.Context, team int64, w *wish) (string, time.Time, error) {
	details, err := json.Marshal(w)
	if err != nil {
		return "", time.Time{}, err
	}
	secret := connect.NewSecret()
	expires := s.Now().Add(flowTime)
	err = s.records.InsertLink(ctx, &record.Link{Hash: connect.Hash(secret), Purpose: purposeAuthorize, Team: team, Details: details, Created: s.Now(), Expires: expires})
	return s.PublicURL.JoinPath("authorize", secret).String(), expires, err
}

// allowedReturn refuses to send a browser anywhere but to the server itself and to origins
// that the team's branding names: an open redirect would lend its good name to others.
func (s *Server) allowedReturn(ctx context.Context, team int64, address string) error {
	if address == "" {
		return nil
	}
	refused := problem(http.StatusUnprocessableEntity, "return_url_refused", "return_url is of no allowed origin")
	refused.Hint = "add the origin to the branding of the team"
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil {
		return refused
	}
	origin := u.Scheme + "://" + u.Host
	if origin == s.PublicURL.Scheme+"://"+s.PublicURL.Host {
		return nil
	}
	t, err := s.records.Team(ctx, team)
	if err != nil {
		return err
	}
	if !slices.Contains(t.Branding.Origins, origin) {
		return refused
	}
	return nil
}

func (s *Server) callbackRoutes() {
	s.mux.HandleFunc("GET /authorize/{link}", s.opened(s.beginFlow))
	s.mux.HandleFunc("GET /oauth/cb/{name}", s.opened(s.callback))
	s.mux.HandleFunc("POST /oauth/cb/{name}", s.callback)
	s.mux.HandleFunc("POST /authorize/pin", s.pin)
}

// beginFlow opens a link in a browser: the flow begins, bound to it by a cookie.
func (s *Server) beginFlow(w http.ResponseWriter, r *http.Request) {
	popup(w)
	link, wished, err := s.takeWish(r.Context(), r.PathValue("link"), purposeAuthorize)
	if err != nil {
		s.outcome(w, r, outcome{Err: err})
		return
	}
	// The cookie names the team, so that the callback finds the flow without looking across
	// teams; whoever changes it finds nothing.
	session := strconv.FormatInt(link.Team, 10) + "." + connect.NewSecret()
	started, err := s.startFlow(r.Context(), link.Team, wished, session)
	if err != nil {
		s.outcome(w, r, outcome{Team: link.Team, Wish: wished, Err: err})
		return
	}
	s.setCookie(w, flowCookie, plainFlowCookie, session, flowTime)
	if comesBackByPost(started.Redirect) {
		s.setPostCookie(w, session, flowTime)
	}
	switch {
	case started.Record != nil:
		s.finished(w, r, link.Team, wished, started)
	case started.PIN:
		s.outcome(w, r, outcome{Team: link.Team, Wish: wished, PIN: started.Redirect})
	default:
		http.Redirect(w, r, started.Redirect, http.StatusSeeOther)
	}
}

// opened refuses what is no person: something that looks whether a page is there, or a
// browser that fetches what might be opened next. It would use up what works once.
func (s *Server) opened(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead || strings.HasPrefix(r.Header.Get("Sec-Purpose"), "prefetch") {
			s.outcome(w, r, outcome{Err: problem(http.StatusForbidden, "not_opened", "this page works once: open it in a window")})
			return
		}
		next(w, r)
	}
}

func (s *Server) takeWish(ctx context.Context, secret, purpose string) (*record.Link, *wish, error) {
	// A link of another kind that is opened here by mistake is not used up.
	link, err := s.records.Link(ctx, connect.Hash(secret))
	if err == nil && link.Purpose != purpose {
		err = record.ErrNotFound
	}
	if err == nil {
		link, err = s.records.UseLink(ctx, connect.Hash(secret))
	}
	if err != nil {
		return nil, nil, err
	}
	w := &wish{}
	return link, w, json.Unmarshal(link.Details, w)
}

func (s *Server) startFlow(ctx context.Context, team int64, w *wish, session string) (*connect.Started, error) {
	opened, err := s.Node.Catalog.App(ctx, team, w.App)
	if err != nil {
		return nil, err
	}
	t, err := s.Node.Catalog.ConnectionType(ctx, team, opened, w.Type)
	if err != nil {
		return nil, err
	}
	started, err := s.Node.Teams.Of(team).Connector().Create(ctx, t, connect.Request{Name: w.Name, Parameters: w.Parameters.given(), Scope: w.Scope, Session: session,
		ConnID: w.Connection, AllowAccountChange: w.AccountChange, EndUser: w.EndUser})
	if err != nil || started.Record != nil {
		return started, err
	}
	w.Parameters = Object{} // the flow has them
	details, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	return started, s.records.InsertLink(ctx, &record.Link{Hash: connect.Hash("flow " + session), Purpose: purposeFlow, Team: team, Details: details,
		Created: s.Now(), Expires: s.Now().Add(flowTime)})
}

// comesBackByPost reports whether a provider is asked to have the browser post its answer
// (OAuth 2.0 Form Post Response Mode).
func comesBackByPost(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Query().Get("response_mode") == "form_post"
}

// setPostCookie binds a flow whose answer is posted by a page of the provider: browsers leave
// a cookie that is SameSite=Lax out of that. This one comes along from everywhere, so it is set
// for such a flow only, is read by the callback only, and says nothing without the state. It
// has to be Secure; over plain HTTP browsers take it from this machine alone.
func (s *Server) setPostCookie(w http.ResponseWriter, session string, age time.Duration) {
	c := s.newCookie(postCookie, plainPostCookie, session, age)
	c.SameSite, c.Secure = http.SameSiteNoneMode, true
	http.SetCookie(w, &c)
}

// sessionOfFlow is what binds a callback to the browser in which its flow began.
func (s *Server) sessionOfFlow(r *http.Request) string {
	session := s.cookie(r, flowCookie, plainFlowCookie)
	if session == "" && r.Method == http.MethodPost {
		session = s.cookie(r, postCookie, plainPostCookie)
	}
	return session
}

// callback is where a provider sends the person back to.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	session := s.sessionOfFlow(r)
	cb := connect.Callback{Query: formOf(r.URL.Query()), Body: value.Undefined, Headers: headersOf(r.Header), Session: session}
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			s.outcome(w, r, outcome{Err: problem(http.StatusBadRequest, "invalid_request", "the answer of the provider cannot be read")})
			return
		}
		cb.Body = formOf(r.PostForm)
	}
	s.finishFlow(w, r, session, cb)
}

// pin takes the code that a provider without a callback has shown.
func (s *Server) pin(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	session := s.cookie(r, flowCookie, plainFlowCookie)
	code := strings.TrimSpace(r.PostFormValue("pin"))
	s.finishFlow(w, r, session, connect.Callback{Query: value.Object("oauth_verifier", value.Text(code)), Body: value.Undefined, Headers: headersOf(r.Header), Session: session})
}

func (s *Server) finishFlow(w http.ResponseWriter, r *http.Request, session string, cb connect.Callback) {
	team, err := teamOfSession(session)
	var wished *wish
	var started *connect.Started
	if err == nil {
		wished, started, err = s.comeBack(r.Context(), team, session, cb)
	}
	if err != nil {
		s.outcome(w, r, outcome{Team: team, Wish: wished, Err: err})
		return
	}
	s.setCookie(w, flowCookie, plainFlowCookie, "", 0)
	if r.Method == http.MethodPost {
		s.setPostCookie(w, "", 0)
	}
	s.finished(w, r, team, wished, started)
}

func teamOfSession(session string) (int64, error) {
	number, _, found := strings.Cut(session, ".")
	team, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return 0, &connect.Error{Reason: connect.OtherBrowser, Message: "this browser has begun no authorization, or too long ago", Hint: "finish in the browser where you began, or start again"}
	}
	return team, nil
}

func (s *Server) comeBack(ctx context.Context, team int64, session string, cb connect.Callback) (*wish, *connect.Started, error) {
	connector := s.Node.Teams.Of(team).Connector()
	flow, err := connector.Flow(ctx, cb)
	if err != nil {
		return nil, nil, err
	}
	wished := &wish{App: flow.App, Type: flow.Type, Name: flow.Name, Connection: flow.ConnID}
	if link, err := s.records.UseLink(ctx, connect.Hash("flow "+session)); err == nil {
		if err := json.Unmarshal(link.Details, wished); err != nil {
			return nil, nil, err
		}
	} else if !errors.Is(err, record.ErrUsed) && !errors.Is(err, record.ErrNotFound) {
		return nil, nil, err
	}
	opened, err := s.Node.Catalog.App(ctx, team, flow.App)
	if err != nil {
		return wished, nil, err
	}
	t, err := s.Node.Catalog.ConnectionType(ctx, team, opened, flow.Type)
	if err != nil {
		return wished, nil, err
	}
	started, err := connector.Finish(ctx, t, flow, cb)
	return wished, started, err
}

// finished tells the person, and whoever waits for it, that the connection is there.
func (s *Server) finished(w http.ResponseWriter, r *http.Request, team int64, wished *wish, started *connect.Started) {
	a := &Actor{ID: wished.By, Team: team, Address: addressFrom(r.Context())}
	s.connected(r.Context(), a, started.Record, wished)
	if wished.Session != "" {
		// Two windows of one session make two connections; the session ends with the first.
		if _, err := s.records.UseLink(r.Context(), wished.Session); err != nil && !errors.Is(err, record.ErrUsed) && !errors.Is(err, record.ErrNotFound) {
			s.Log.ErrorContext(r.Context(), "a connect session is not ended", "error", err)
		}
	}
	s.outcome(w, r, outcome{Team: team, Wish: wished, Record: started.Record})
}

func formOf(values url.Values) value.Value {
	c := value.NewCollection(len(values))
	for name, lines := range values {
		if len(lines) > 0 {
			c.Set(name, value.Text(lines[0]))
		}
	}
	return value.FromCollection(c)
}

func headersOf(header http.Header) value.Value {
	c := value.NewCollection(len(header))
	for name, lines := range header {
		if name != "Cookie" {
			c.Set(strings.ToLower(name), value.Text(strings.Join(lines, ", ")))
		}
	}
	return value.FromCollection(c)
}
