package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/mail"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
)

const (
	sessionAge    = 30 * 24 * time.Hour
	purposeFirst  = "first"  // make the first owner
	purposeInvite = "invite" // join a team, or choose a new password
	firstAge      = time.Hour
	inviteAge     = 7 * 24 * time.Hour
)

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
	register(s, route{id: "useLink", method: http.MethodPost, path: "/v1/links/{link}", tag: tag, open: true, summary: "Accept an invitation, or make the first owner", text: "Signs in."}, s.useLink)
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
	hash := nobody
	if err == nil && user.Password != "" {
		hash = user.Password
	}
	if !s.hashing.verify(hash, in.Body.Password) || err != nil || user.Disabled {
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
		Old string `json:"old" maxLength:"4000"`
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
	if !s.hashing.verify(user.Password, in.Body.Old) {
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

// invitation is what a link of a person holds.
type invitation struct {
	Email string      `json:"email"`
	Role  record.Role `json:"role"`
}

// FirstLink returns the address under which the first owner is made, once, or "" when
// there are users already. It works for an hour.
func (s *Server) FirstLink(ctx context.Context) (string, error) {
	n, err := s.records.CountUsers(ctx)
	if err != nil || n > 0 {
		return "", err
	}
	return s.personLink(ctx, purposeFirst, 1, "", invitation{Role: record.Owner}, firstAge)
}

func (s *Server) personLink(ctx context.Context, purpose string, team int64, user string, what invitation, age time.Duration) (string, error) {
	details, err := json.Marshal(what)
	if err != nil {
		return "", err
	}
	secret := connect.NewSecret()
	err = s.records.InsertLink(ctx, &record.Link{Hash: connect.Hash(secret), Purpose: purpose, Team: team, User: user, Details: details, Created: s.Now(), Expires: s.Now().Add(age)})
	return s.PublicURL.JoinPath("sign-in", secret).String(), err
}

// LinkPath is the part of a path that holds the secret of a link.
type LinkPath struct {
	Link string `path:"link"`
}

type linkView struct {
	Purpose string `json:"purpose" enum:"first,invite"`
	Email   string `json:"email,omitempty"`
	Team    string `json:"team"`
}

func (s *Server) getLink(ctx context.Context, _ *Actor, in *LinkPath) (*body[linkView], error) {
	link, what, err := s.lookAtLink(ctx, in.Link)
	if err != nil {
		return nil, err
	}
	t, err := s.records.Team(ctx, link.Team)
	if err != nil {
		return nil, err
	}
	return &body[linkView]{linkView{link.Purpose, what.Email, t.Name}}, nil
}

func (s *Server) lookAtLink(ctx context.Context, secret string) (*record.Link, *invitation, error) {
	link, err := s.records.Link(ctx, connect.Hash(secret))
	if err == nil && link.Purpose != purposeFirst && link.Purpose != purposeInvite {
		err = record.ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	what := &invitation{}
	return link, what, json.Unmarshal(link.Details, what)
}

type useLink struct {
	LinkPath
	Body struct {
		Email    string `json:"email,omitempty" maxLength:"320" doc:"Of the first owner"`
		Name     string `json:"name,omitempty" maxLength:"200"`
		Password string `json:"password" maxLength:"4000"`
	}
	Agent string `header:"User-Agent"`
}

func (s *Server) useLink(ctx context.Context, _ *Actor, in *useLink) (*signedIn, error) {
	user, err := s.join(ctx, in.Link, in.Body.Email, in.Body.Name, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, user, 0, in.Agent)
}

// join makes the user that a link is for, or gives it a new password. The link is taken
// last, so that a weak password does not use it up; of two who come at once one is in.
func (s *Server) join(ctx context.Context, secret, email, name, password string) (*record.User, error) {
	if err := checkPassword(password); err != nil {
		return nil, err
	}
	link, what, err := s.lookAtLink(ctx, secret)
	if err != nil {
		return nil, err
	}
	if link.Purpose == purposeInvite {
		email = what.Email
	}
	email = normalEmail(email)
	if !readableEmail(email) {
		return nil, problem(http.StatusUnprocessableEntity, "invalid_email", "the email address cannot be read")
	}
	if n, err := s.records.CountUsers(ctx); err != nil {
		return nil, err
	} else if link.Purpose == purposeFirst && n > 0 {
		return nil, record.ErrUsed
	}
	hash := s.hashing.hash(password)
	if _, err := s.records.UseLink(ctx, connect.Hash(secret)); err != nil {
		return nil, err
	}
	if link.User != "" { // a new password
		user, err := s.records.User(ctx, link.User)
		if err != nil {
			return nil, err
		}
		user.Password = hash
		if err := s.records.UpdateUser(ctx, user); err != nil {
			return nil, err
		}
		return user, s.records.EndSessions(ctx, user.ID, "")
	}
	user := &record.User{ID: record.NewID("usr", s.Now()), Email: email, Name: name, Password: hash, Created: s.Now()}
	err = s.records.InsertUser(ctx, user, record.Member{Team: link.Team, Role: what.Role})
	return user, err
}

// attempts delays those who try passwords: after the fifth failure of an account or an
// address each further one doubles the wait, up to 15 minutes. It counts on this node.
type attempts struct {
	mu  sync.Mutex
	log map[string]*failures
}

type failures struct {
	n    int
	last time.Time
}

const (
	freeFailures   = 5
	maxAttemptWait = 15 * time.Minute
	maxAttempts    = 100_000
)

func (f *failures) wait() time.Duration {
	if f.n < freeFailures {
		return 0
	}
	return min(time.Second<<min(f.n-freeFailures, 20), maxAttemptWait)
}

// begin counts an attempt as a failure until it has succeeded: of many at once no more get
// through than one after the other.
func (t *attempts) begin(now time.Time, keys ...string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		if f := t.log[key]; f != nil {
			if left := f.last.Add(f.wait()).Sub(now); left > 0 {
				return busy(http.StatusTooManyRequests, "too_many_attempts", left, "too many attempts")
			}
		}
	}
	t.count(now, keys)
	return nil
}

func (t *attempts) count(now time.Time, keys []string) {
	if t.log == nil {
		t.log = map[string]*failures{}
	}
	if len(t.log) >= maxAttempts {
		for key, f := range t.log {
			if now.Sub(f.last) > maxAttemptWait {
				delete(t.log, key)
			}
		}
	}
	for _, key := range keys {
		f := t.log[key]
		if f == nil || now.Sub(f.last) > 2*maxAttemptWait {
			f = &failures{}
			t.log[key] = f
		}
		f.n, f.last = f.n+1, now
	}
}

// succeeded forgets the failures of an account. Of an address, where others may try, it
// takes back the one that this attempt was counted as.
func (t *attempts) succeeded(account string, addresses ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.log, account)
	for _, key := range addresses {
		if f := t.log[key]; f != nil {
			f.n--
		}
	}
}

// network is what of an address belongs to one customer of a provider: of IPv6 a /64.
func network(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() {
		return address
	}
	prefix, _ := ip.WithZone("").Prefix(64) // cannot fail for IPv6
	return prefix.String()
}
