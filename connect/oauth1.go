package connect

import (
	"context"
	"net/url"
	"strings"
)

// begin takes an OAuth 1.0 connection up to the browser, or to its end when there is
// nothing to authorize (two-legged, xAuth).
func (s *steps) begin(ctx context.Context, session string) (*Started, error) {
	if err := s.leg(ctx, requestToken); err != nil {
		return nil, err
	}
	if err := s.confirmed(); err != nil {
		return nil, err
	}
	sentCallback := s.last.Callback
	address, err := s.address(ctx)
	if err != nil {
		return nil, err
	}
	if address == "" {
		return s.conclude(ctx)
	}
	now := s.c.now()
	flow := &Flow{ID: NewSecret(), App: s.t.App, Type: s.t.ID, Name: s.name, ConnID: s.connID, SessionHash: Hash(session), TokenHash: Hash(tokenIn(address)),
		RedirectURI: s.c.RedirectURI, Scope: s.scope, Temp: s.temp.Collection(), Data: s.data, Created: now, Expires: now.Add(flowLifetime)}
	if err := s.c.Store.InsertFlow(ctx, flow); err != nil {
		return nil, err
	}
	return &Started{Redirect: address, PIN: sentCallback == "oob", Warnings: s.warnings}, nil
}

// confirmed checks oauth_callback_confirmed (connections.md O1-42).
func (s *steps) confirmed() error {
	if s.t.plans[requestToken] == nil || s.last.Callback == "" {
		return nil
	}
	switch v := s.last.Body.Member("oauth_callback_confirmed"); {
	case v.IsNil():
		s.warnings = append(s.warnings, "OAuth 1.0 without 1.0a callback confirmation: open to session fixation")
	case !strings.EqualFold(v.ToText(), "true"):
		return &Error{Reason: Provider, Message: "the provider did not confirm the callback address (oauth_callback_confirmed=" + v.ToText() + ")",
			Hint: "register " + s.c.RedirectURI + " at the provider", StatusCode: s.last.Status}
	}
	return nil
}

// address is the page of the provider that the person has to visit, "" for none.
func (s *steps) address(ctx context.Context) (string, error) {
	plan := s.t.plans[authorize]
	if plan == nil {
		return "", nil
	}
	run := s.c.Engine.Start(plan, s.input())
	address, err := run.Address(ctx)
	if err != nil {
		return "", failure(err)
	}
	s.temp = run.State().Temp
	return address, nil
}

// tokenIn is the temporary credentials' identifier that the person takes along.
func tokenIn(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get("oauth_token")
}

// resume goes on behind the callback.
func (s *steps) resume(ctx context.Context) (*Started, error) {
	if plan := s.t.plans[authorize]; plan != nil {
		run := s.c.Engine.Start(plan, s.input())
		if err := run.Receive(ctx); err != nil {
			return nil, failure(err)
		}
		s.take(run.State())
	}
	return s.conclude(ctx)
}

// conclude exchanges the token, asks who it is, and stores.
func (s *steps) conclude(ctx context.Context) (*Started, error) {
	for _, section := range []string{accessToken, info} {
		if err := s.leg(ctx, section); err != nil {
			return nil, err
		}
	}
	return s.store(ctx)
}
