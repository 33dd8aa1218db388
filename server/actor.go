package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
)

// Actor is who makes a request: a person who signed in, or a token.
type Actor struct {
	ID      string // of the user or the token
	Team    int64
	Scopes  []record.Scope
	Person  bool
	Session string // hash of the session, of a person
	Address string

	secret  string    // hash of the token
	expires time.Time // of the token; zero: never
}

// May reports whether the actor has a scope. The right to write is the right to read.
func (a *Actor) May(scope record.Scope) bool {
	switch scope {
	case "":
		return true
	case record.AppsRead:
		return slices.Contains(a.Scopes, scope) || slices.Contains(a.Scopes, record.AppsWrite)
	case record.ConnectionsRead:
		return slices.Contains(a.Scopes, scope) || slices.Contains(a.Scopes, record.ConnectionsWrite)
	}
	return slices.Contains(a.Scopes, scope)
}

// is reports whether the actor is a person who signed in as the given user; nobody is not.
func (a *Actor) is(user *record.User) bool { return a != nil && a.Person && a.ID == user.ID }

// gives refuses to give away a role with more rights than the actor has: a token that may
// administer, and nothing else, would make an owner and be one.
func (a *Actor) gives(role record.Role) error {
	for _, scope := range role.Scopes() {
		if !a.May(scope) {
			return problem(http.StatusForbidden, "forbidden", "you do not have the scope %s yourself", scope)
		}
	}
	return nil
}

type contextKey int

const (
	actorKey contextKey = iota
	requestKey
	addressKey
	visitKey
)

// actorFrom returns who made the request, nil when nobody is known.
func actorFrom(ctx context.Context) *Actor {
	a, _ := ctx.Value(actorKey).(*Actor)
	return a
}

const (
	tokenPrefix   = "cleat_"
	sessionCookie = "__Host-cleat"
	plainCookie   = "cleat" // over plain HTTP browsers refuse the prefix __Host-
)

// authenticate finds out who makes a request. Nobody is no failure: some addresses are
// for everybody.
func (s *Server) authenticate(r *http.Request) (*Actor, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, tokenPrefix) {
			return nil, problem(http.StatusUnauthorized, "unauthorized", "the Authorization header holds no token of this server")
		}
		return s.tokenActor(r.Context(), connect.Hash(strings.TrimSpace(token)))
	}
	if secret := s.cookie(r, sessionCookie, plainCookie); secret != "" {
		return s.sessionActor(r.Context(), connect.Hash(secret))
	}
	return nil, nil
}

// cookie returns a cookie by the name that it has over TLS, or over plain HTTP.
func (s *Server) cookie(r *http.Request, secure, plain string) string {
	name := secure
	if s.PublicURL.Scheme != "https" {
		name = plain
	}
	if c, err := r.Cookie(name); err == nil {
		return c.Value
	}
	return ""
}

// newCookie returns a cookie that no script reads and no other site sends along; an empty
// age takes it away.
func (s *Server) newCookie(secure, plain, secret string, age time.Duration) http.Cookie {
	c := http.Cookie{Name: secure, Value: secret, Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(age.Seconds())}
	if s.PublicURL.Scheme != "https" {
		c.Name, c.Secure = plain, false
	}
	if age <= 0 {
		c.MaxAge = -1
	}
	return c
}

func (s *Server) setCookie(w http.ResponseWriter, secure, plain, secret string, age time.Duration) {
	c := s.newCookie(secure, plain, secret, age)
	http.SetCookie(w, &c)
}

var errToken = problem(http.StatusUnauthorized, "unauthorized", "the token is unknown, expired or revoked")

func (s *Server) tokenActor(ctx context.Context, hash string) (*Actor, error) {
	t, err := s.used.token(ctx, s.records, hash, s.Now())
	switch {
	case errors.Is(err, record.ErrNotFound):
		return nil, errToken
	case err != nil:
		return nil, err
	case !t.Revoked.IsZero() || !t.Expires.IsZero() && !s.Now().Before(t.Expires):
		return nil, errToken
	}
	return &Actor{ID: t.ID, Team: t.Team, Scopes: t.Scopes, secret: hash, expires: t.Expires}, nil
}

// still reports whether whoever began a request may go on with it: the session has not ended,
// the person is in the team, the token is not revoked, and the scope is theirs. When the
// records do not answer nothing has changed.
func (s *Server) still(ctx context.Context, a *Actor, scope record.Scope) bool {
	find, hash := s.tokenActor, a.secret
	if a.Person {
		find, hash = s.sessionActor, a.Session
	}
	now, err := find(ctx, hash)
	if _, refused := errors.AsType[*Problem](err); err != nil {
		return !refused
	}
	return now != nil && now.Team == a.Team && now.May(scope)
}

func (s *Server) sessionActor(ctx context.Context, hash string) (*Actor, error) {
	session, err := s.records.Session(ctx, hash)
	if errors.Is(err, record.ErrNotFound) {
		return nil, nil // signed out
	}
	if err != nil {
		return nil, err
	}
	user, err := s.records.User(ctx, session.User)
	if err != nil || user.Disabled {
		return nil, err
	}
	members, err := s.records.Memberships(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if m.Team == session.Team {
			return &Actor{ID: user.ID, Team: m.Team, Scopes: m.Role.Scopes(), Person: true, Session: session.Hash}, nil
		}
	}
	return nil, nil
}

// tokenUses remembers tokens for a second, so that a program with many requests does not
// cost a look-up each, and notes about once a minute that they are used.
type tokenUses struct {
	mu    sync.Mutex
	known map[string]*knownToken
}

type knownToken struct {
	token  *record.Token
	looked time.Time
}

const (
	tokenTrust = time.Second
	tokenNote  = time.Minute
	maxKnown   = 10_000
)

func (u *tokenUses) token(ctx context.Context, records record.Directory, hash string, now time.Time) (*record.Token, error) {
	u.mu.Lock()
	k := u.known[hash]
	u.mu.Unlock()
	if k != nil && now.Sub(k.looked) < tokenTrust {
		return k.token, nil
	}
	t, err := records.TokenWithHash(ctx, hash)
	if err != nil {
		return nil, err
	}
	fresh := &knownToken{token: t, looked: now}
	if now.Sub(t.Used) >= tokenNote && t.Revoked.IsZero() {
		if err := records.TokenUsed(ctx, now, t.ID); err != nil {
			return nil, err
		}
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.known == nil || len(u.known) >= maxKnown {
		u.known = map[string]*knownToken{}
	}
	u.known[hash] = fresh
	return t, nil
}

// clear makes revoked tokens end at once on this node, on others within a second.
func (u *tokenUses) clear() {
	u.mu.Lock()
	defer u.mu.Unlock()
	clear(u.known)
}
