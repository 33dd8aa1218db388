package server

import (
	"context"
	"errors"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
)

const sessionAge = 30 * 24 * time.Hour

func (s *Server) signInRoutes() {
	const tag = "Sign-in"
	register(s, route{id: "signIn", method: http.MethodPost, path: "/v1/sign-in", tag: tag, open: true, summary: "Sign in with a password", text: "Sets a cookie."}, s.signIn)
	register(s, route{id: "getSignIn", method: http.MethodGet, path: "/v1/sign-in", tag: tag, open: true, summary: "The ways to sign in"}, s.waysIn)
	register(s, route{id: "signOut", method: http.MethodPost, path: "/v1/sign-out", tag: tag, status: http.StatusNoContent, summary: "Sign out"}, s.signOut)
	register(s, route{id: "getMe", method: http.MethodGet, path: "/v1/me", tag: tag, summary: "Who is asking"}, s.me)
	register(s, route{id: "changePassword", method: http.MethodPost, path: "/v1/me/password", tag: tag, summary: "Change the password", text: "Ends all other sessions."}, s.changePassword)
	register(s, route{id: "switchTeam", method: http.MethodPost, path: "/v1/me/team", tag: tag, summary: "Work in another team"}, s.switchTeam)
	register(s, route{id: "listSessions", method: http.MethodGet, path: "/v1/me/sessions", tag: tag, summary: "Where one is signed in"}, s.listSessions)
	register(s, route{id: "endSessions", method: http.MethodDelete, path: "/v1/me/sessions", tag: tag, status: http.StatusNoContent, summary: "Sign out everywhere else"}, s.endSessions)
	register(s, route{id: "getLink", method: http.MethodGet, path: "/v1/links/{link}", tag: tag, open: true, summary: "What a link is for"}, s.getLink)
	register(s, route{id: "useLink", method: http.MethodPost, path: "/v1/links/{link}", tag: tag, open: true, summary: "Accept an invitation, choose a new password, or make the first owner",
		text: "Signs in. Whoever has an account gives its password to accept an invitation, or is signed in already."}, s.useLink)
}

type signIn struct {
	Body struct {
		Email    string `json:"email" maxLength:"320"`
		Password string `json:"password" maxLength:"4000"`
	}
	Agent string `header:"User-Agent"`
}

type signInWays struct {
	OIDC *oidcWay `json:"oidc,omitempty" doc:"OpenID Connect, beside the password"`
}

type oidcWay struct {
	Name string `json:"name" doc:"What the provider is called"`
	URL  string `json:"url" doc:"Where the browser goes"`
}

func (s *Server) waysIn(context.Context, *Actor, *struct{}) (*body[signInWays], error) {
	out := &body[signInWays]{}
	if s.OIDC.Issuer != "" {
		out.Body.OIDC = &oidcWay{s.OIDC.Label(), s.PublicURL.JoinPath("sign-in", "oidc").String()}
	}
	return out, nil
}

// signedIn is the answer of everything that signs in. Its cookie is set by hand, for its
// name depends on the public address.
type signedIn struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   meView
}

var errSignIn = problem(http.StatusUnauthorized, "wrong_password", "the email address or the password is wrong")

// signIn takes as long for people who do not exist as for those who do, and answers the
// same (server.md 5: no user enumeration).
func (s *Server) signIn(ctx context.Context, _ *Actor, in *signIn) (*signedIn, error) {
	email := normalEmail(in.Body.Email)
	account, address := "account "+email, "address "+network(addressFrom(ctx))
	if err := s.attempts.begin(s.Now(), account, address); err != nil {
		return nil, err
	}
	user, err := s.records.UserWithEmail(ctx, email)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return nil, err
	}
	if !s.hashing.known(user, in.Body.Password) {
		s.background.Go(func() { s.failedSignIn(context.WithoutCancel(ctx), user) }) // behind: only people who exist have a log
		return nil, errSignIn
	}
	s.attempts.succeeded(account, address)
	return s.begin(ctx, user, 0, in.Agent)
}

func (s *Server) failedSignIn(ctx context.Context, user *record.User) {
	if user == nil {
		return
	}
	members, err := s.records.Memberships(ctx, user.ID)
	if err == nil && len(members) > 0 {
		s.audit(ctx, &Actor{ID: user.ID, Team: members[0].Team, Address: addressFrom(ctx)}, "sign-in.failed", user.ID, "")
	}
}

func normalEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// readableEmail reports whether an address is one, without a name beside it.
func readableEmail(email string) bool {
	_, err := mail.ParseAddress(email)
	return err == nil && strings.Contains(email, "@") && !strings.ContainsAny(email, " <>\r\n")
}

// begin makes a session in place of the one that the browser has. Its secret is new with
// every sign-in, so nobody can have set it beforehand.
func (s *Server) begin(ctx context.Context, user *record.User, team int64, agent string) (*signedIn, error) {
	members, err := s.records.Memberships(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	if len(members) == 0 {
		return nil, problem(http.StatusForbidden, "no_team", "you are in no team any more")
	}
	member := members[0]
	for _, m := range members {
		if m.Team == team {
			member = m
		}
	}
	secret := connect.NewSecret()
	session := &record.Session{Hash: connect.Hash(secret), User: user.ID, Team: member.Team, Address: addressFrom(ctx), Agent: cut(agent, 200),
		Created: s.Now(), Expires: s.Now().Add(sessionAge)}
	if err := s.records.InsertSession(ctx, session); err != nil {
		return nil, err
	}
	if before := actorFrom(ctx); before != nil && before.Person {
		if err := s.records.EndSession(ctx, before.Session); err != nil && !errors.Is(err, record.ErrNotFound) {
			return nil, err
		}
	}
	a := &Actor{ID: user.ID, Team: member.Team, Scopes: member.Role.Scopes(), Person: true, Session: session.Hash, Address: session.Address}
	s.audit(ctx, a, "sign-in", user.ID, "")
	me, err := s.whoIs(ctx, a)
	if err != nil {
		return nil, err
	}
	return &signedIn{Cookie: s.sessionCookie(secret, sessionAge), Body: *me}, nil
}

func cut(text string, n int) string {
	if len(text) > n {
		text = strings.ToValidUTF8(text[:n], "")
	}
	return text
}

func (s *Server) sessionCookie(secret string, age time.Duration) http.Cookie {
	return s.newCookie(sessionCookie, plainCookie, secret, age)
}

type signedOut struct {
	Cookie http.Cookie `header:"Set-Cookie"`
}

func (s *Server) signOut(ctx context.Context, a *Actor, _ *struct{}) (*signedOut, error) {
	if a.Person {
		if err := s.records.EndSession(ctx, a.Session); err != nil && !errors.Is(err, record.ErrNotFound) {
			return nil, err
		}
		s.audit(ctx, a, "sign-out", a.ID, "")
	}
	return &signedOut{s.sessionCookie("", 0)}, nil
}

type meView struct {
	ID     string         `json:"id"`
	Email  string         `json:"email,omitempty"`
	Name   string         `json:"name,omitempty"`
	Team   int64          `json:"team"`
	Role   record.Role    `json:"role,omitempty"`
	Scopes []record.Scope `json:"scopes"`
	Teams  []teamRole     `json:"teams,omitempty"`
}

type teamRole struct {
	ID   int64       `json:"id"`
	Name string      `json:"name"`
	Role record.Role `json:"role"`
}

func (s *Server) whoIs(ctx context.Context, a *Actor) (*meView, error) {
	me := &meView{ID: a.ID, Team: a.Team, Scopes: a.Scopes}
	if !a.Person {
		return me, nil
	}
	user, err := s.records.User(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	members, err := s.records.Memberships(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	me.Email, me.Name = user.Email, user.Name
	for _, m := range members {
		t, err := s.records.Team(ctx, m.Team)
		if err != nil {
			return nil, err
		}
		me.Teams = append(me.Teams, teamRole{t.ID, t.Name, m.Role})
		if m.Team == a.Team {
			me.Role = m.Role
		}
	}
	return me, nil
}

func (s *Server) me(ctx context.Context, a *Actor, _ *struct{}) (*body[meView], error) {
	me, err := s.whoIs(ctx, a)
	if err != nil {
		return nil, err
	}
	return &body[meView]{*me}, nil
}

var errPerson = problem(http.StatusForbidden, "person_only", "only a person who signed in can do this")

type changePassword struct {
	Body struct {
		Old string `json:"old,omitempty" maxLength:"4000" doc:"Empty when there is none yet"`
		New string `json:"new" maxLength:"4000"`
	}
}

func (s *Server) changePassword(ctx context.Context, a *Actor, in *changePassword) (*none, error) {
	if !a.Person {
		return nil, errPerson
	}
	if err := checkPassword(in.Body.New); err != nil {
		return nil, err
	}
	if err := s.attempts.begin(s.Now(), "account "+a.ID); err != nil {
		return nil, err
	}
	user, err := s.records.User(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	// Whoever came with OpenID Connect alone may have none yet.
	if user.Password != "" && !s.hashing.verify(user.Password, in.Body.Old) {
		return nil, problem(http.StatusForbidden, "wrong_password", "the old password is wrong")
	}
	s.attempts.succeeded("account " + a.ID)
	user.Password = s.hashing.hash(in.Body.New)
	if err := s.records.UpdateUser(ctx, user); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "user.password", a.ID, "")
	return nil, s.records.EndSessions(ctx, a.ID, a.Session)
}

type switchTeam struct {
	Body struct {
		Team int64 `json:"team"`
	}
	Agent string `header:"User-Agent"`
}

func (s *Server) switchTeam(ctx context.Context, a *Actor, in *switchTeam) (*signedIn, error) {
	if !a.Person {
		return nil, errPerson
	}
	members, err := s.records.Memberships(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m.Team != in.Body.Team {
			continue
		}
		user, err := s.records.User(ctx, a.ID)
		if err != nil {
			return nil, err
		}
		return s.begin(ctx, user, m.Team, in.Agent)
	}
	return nil, record.ErrNotFound
}

type sessionView struct {
	Address string    `json:"address"`
	Agent   string    `json:"agent,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	This    bool      `json:"this,omitempty"`
}

func (s *Server) listSessions(ctx context.Context, a *Actor, _ *struct{}) (*body[list[sessionView]], error) {
	if !a.Person {
		return nil, errPerson
	}
	all, err := s.records.Sessions(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, all, func(o *record.Session) sessionView {
		return sessionView{o.Address, o.Agent, o.Created, o.Expires, o.Hash == a.Session}
	}, nil), nil
}

func (s *Server) endSessions(ctx context.Context, a *Actor, _ *struct{}) (*none, error) {
	if !a.Person {
		return nil, errPerson
	}
	s.audit(ctx, a, "sessions.end", a.ID, "")
	return nil, s.records.EndSessions(ctx, a.ID, a.Session)
}
