package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
)

// TokenView is a token as the interface shows it.
type TokenView struct {
	ID      string         `json:"id" example:"tok_01jd…"`
	Name    string         `json:"name"`
	Hint    string         `json:"hint" doc:"The last characters of the token"`
	Scopes  []record.Scope `json:"scopes"`
	By      string         `json:"by"`
	Created time.Time      `json:"created"`
	Expires *time.Time     `json:"expires,omitempty"`
	Used    *time.Time     `json:"used,omitempty" doc:"Last use, to the minute"`
	Revoked *time.Time     `json:"revoked,omitempty"`
}

func viewToken(t *record.Token) TokenView {
	return TokenView{ID: t.ID, Name: t.Name, Hint: t.Hint, Scopes: t.Scopes, By: t.By, Created: t.Created, Expires: optional(t.Expires), Used: optional(t.Used), Revoked: optional(t.Revoked)}
}

func (s *Server) tokenRoutes() {
	const tag = "Tokens"
	register(s, route{id: "listTokens", method: http.MethodGet, path: "/v1/tokens", tag: tag, scope: record.Admin, summary: "List tokens"}, s.listTokens)
	register(s, route{id: "createToken", method: http.MethodPost, path: "/v1/tokens", tag: tag, scope: record.Admin, status: http.StatusCreated, summary: "Make a token",
		text: "The answer shows it once."}, s.createToken)
	register(s, route{id: "revokeToken", method: http.MethodDelete, path: "/v1/tokens/{token}", tag: tag, scope: record.Admin, status: http.StatusNoContent, summary: "Revoke a token"}, s.revokeToken)
}

func (s *Server) listTokens(ctx context.Context, a *Actor, _ *struct{}) (*body[list[TokenView]], error) {
	all, err := s.team(a).Tokens(ctx)
	if err != nil {
		return nil, err
	}
	return pageOf(record.Page{}, all, viewToken, nil), nil
}

type createToken struct {
	Body struct {
		Name    string         `json:"name" minLength:"1" maxLength:"200"`
		Scopes  []record.Scope `json:"scopes" minItems:"1" enum:"apps:read,apps:write,connections:read,connections:write,run,hooks,admin"`
		Expires time.Time      `json:"expires,omitzero" doc:"In 90 days when left out, or with the token that makes it"`
		Forever bool           `json:"forever,omitempty" doc:"The token does not expire"`
	}
}

type newToken struct {
	TokenView
	Token string `json:"token" doc:"Send it as Authorization: Bearer …; it is not shown again"`
}

const tokenAge = 90 * 24 * time.Hour

// createToken gives no more rights than its maker has, and for no longer: a token that is
// made by another ends with it at the latest.
func (s *Server) createToken(ctx context.Context, a *Actor, in *createToken) (*body[newToken], error) {
	for _, scope := range in.Body.Scopes {
		if !a.May(scope) {
			return nil, problem(http.StatusForbidden, "forbidden", "you do not have the scope %s yourself", scope)
		}
	}
	secret := tokenPrefix + connect.NewSecret()
	t := &record.Token{ID: record.NewID("tok", s.Now()), Name: in.Body.Name, Hash: connect.Hash(secret), Hint: secret[len(secret)-4:],
		Scopes: slices.Compact(slices.Sorted(slices.Values(in.Body.Scopes))), By: a.ID, Created: s.Now(), Expires: in.Body.Expires}
	switch {
	case in.Body.Forever:
		t.Expires = time.Time{}
	case t.Expires.IsZero():
		t.Expires = s.Now().Add(tokenAge)
		if !a.expires.IsZero() && a.expires.Before(t.Expires) {
			t.Expires = a.expires
		}
	case !t.Expires.After(s.Now()):
		return nil, problem(http.StatusUnprocessableEntity, "invalid_request", "expires is in the past")
	}
	if !a.expires.IsZero() && (t.Expires.IsZero() || t.Expires.After(a.expires)) {
		p := problem(http.StatusForbidden, "forbidden", "a token cannot outlive the one that makes it")
		p.Hint = "let it expire by " + a.expires.UTC().Format(time.RFC3339) + ", or let a person make it"
		return nil, p
	}
	if err := s.team(a).InsertToken(ctx, t); err != nil {
		return nil, err
	}
	s.audit(ctx, a, "token.create", t.ID, t.Name)
	return &body[newToken]{newToken{viewToken(t), secret}}, nil
}

type tokenPath struct {
	Token string `path:"token"`
}

func (s *Server) revokeToken(ctx context.Context, a *Actor, in *tokenPath) (*none, error) {
	if err := s.team(a).RevokeToken(ctx, in.Token); err != nil {
		return nil, err
	}
	s.used.clear()
	s.audit(ctx, a, "token.revoke", in.Token, "")
	return nil, nil
}
