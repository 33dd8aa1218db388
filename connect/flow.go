package connect

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/cleat-run/cleat/engine"
)

// begin takes a connection up to the provider's page, or to its end when there is none to
// visit: a basic one, two-legged OAuth 1.0, xAuth, client credentials, passwords.
func (s *steps) begin(ctx context.Context, session string) (*Started, error) {
	if s.t.plans[authorize] != nil && s.t.Kind == OAuth2 {
		s.state = s.c.newState()
	}
	if s.t.Kind == OAuth1 && s.c.StateInCallback {
		s.bound = NewSecret()
	}
	s.session = session
	if err := s.legs(ctx, s.course().before); err != nil {
		return nil, err
	}
	if err := s.confirmed(ctx); err != nil {
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
	if err := s.carriesToken(address); err != nil {
		return nil, err
	}
	now := s.c.now()
	flow := &Flow{ID: NewSecret(), App: s.t.App, Type: s.t.ID, Name: s.name, ConnID: s.connID, AnyAccount: s.anyAccount, SessionHash: Hash(session),
		TokenHash: Hash(queryOf(address, "oauth_token")), RedirectURI: s.redirectURI, Scope: s.scope, EndUser: s.endUser,
		Temp: s.temp.Collection(), Data: s.data, Created: now, Expires: now.Add(flowLifetime)}
	switch {
	case s.t.Kind == OAuth2:
		flow.StateHash = Hash(queryOf(address, "state"))
	case s.bound != "" && queryOf(sentCallback, "state") == s.bound: // the app may write another callback
		flow.StateHash = Hash(s.bound)
	}
	if err := s.c.Store.InsertFlow(ctx, flow); err != nil {
		return nil, err
	}
	return &Started{Redirect: address, PIN: sentCallback == "oob", Warnings: s.warnings}, nil
}

// confirmed checks oauth_callback_confirmed (connections.md O1-42).
func (s *steps) confirmed(ctx context.Context) error {
	plan := s.t.plans[requestToken]
	if plan == nil || s.last.Callback == "" {
		return nil
	}
	confirmed := s.last.Body.Member("oauth_callback_confirmed")
	if strings.EqualFold(confirmed.ToText(), "true") {
		return nil
	}
	refuse := func(how string) error {
		return &Error{Reason: Provider, Message: "the provider did not confirm the callback address (" + how + ")",
			Hint: "register " + s.redirectURI + " at the provider", StatusCode: s.last.Status}
	}
	if !confirmed.IsNil() {
		return refuse("oauth_callback_confirmed=" + confirmed.ToText())
	}
	oauth, err := s.c.Engine.Start(plan, s.input()).OAuth(ctx)
	if strict := oauth.Member("strict_1_0a"); err != nil || strict.Truthy() && strict.Str() != "false" {
		return cmp.Or(failure(err), refuse("oauth_callback_confirmed is missing"))
	}
	s.warnings = append(s.warnings, "OAuth 1.0 without 1.0a callback confirmation: open to session fixation")
	return nil
}

// carriesToken refuses to send a person away with nothing of what requestToken gave: its
// answer was a page for people, or empty.
func (s *steps) carriesToken(address string) error {
	if s.t.plans[requestToken] == nil || queryOf(address, "oauth_token") != "" {
		return nil
	}
	for _, text := range engine.Leaves(s.temp) {
		if text != "" && (strings.Contains(address, text) || strings.Contains(address, url.QueryEscape(text))) {
			return nil
		}
	}
	return s.holdsNothing(requestToken)
}

// holdsNothing is the error for an answer of status 200 without what the app looks for.
// The answer itself may be secret.
func (s *steps) holdsNothing(section string) error {
	kind := s.last.Headers.Member("content-type").ToText()
	if kind == "" {
		kind = "of no type"
	}
	return &Error{Reason: Provider, StatusCode: s.last.Status, Hint: "compare the provider's answer with response.temp and response.data of " + section,
		Message: fmt.Sprintf("the provider's answer to %s (%d, %s) holds no token", section, s.last.Status, kind)}
}

// address is the page of the provider that the person has to visit, "" for none. The
// state of OAuth 2.0 is added unless the app writes one (connections.md 3.4).
func (s *steps) address(ctx context.Context) (string, error) {
	plan := s.t.plans[authorize]
	if plan == nil {
		return "", nil
	}
	run := s.c.Engine.Start(plan, s.input())
	address, err := run.Address(ctx)
	if err != nil || address == "" {
		return "", failure(err)
	}
	s.temp = run.State().Temp
	if s.state != "" && queryOf(address, "state") == "" {
		separator := "?"
		if strings.Contains(address, "?") {
			separator = "&"
		}
		address += separator + "state=" + url.QueryEscape(s.state)
	}
	return address, nil
}

// queryOf is a parameter that the person takes along to the provider: the temporary
// credentials' identifier, or the state.
func queryOf(address, name string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Query().Get(name)
}

// resume goes on behind the callback.
func (s *steps) resume(ctx context.Context) (*Started, error) {
	if err := s.fromIssuer(ctx); err != nil {
		return nil, err
	}
	if plan := s.t.plans[authorize]; plan != nil {
		run := s.c.Engine.Start(plan, s.input())
		if err := run.Receive(ctx, s.callback.problem()); err != nil {
			return nil, failure(err)
		}
		s.take(run.State())
	}
	return s.conclude(ctx)
}

// conclude exchanges the token, asks who it is, and stores.
func (s *steps) conclude(ctx context.Context) (*Started, error) {
	if s.t.Kind == Basic && s.t.plans[""] == nil {
		s.warnings = append(s.warnings, "the app has no request to check this connection with; it is stored unchecked")
	}
	if err := s.legs(ctx, s.course().after); err != nil {
		return nil, err
	}
	return s.store(ctx)
}

// legs runs several steps, and looks whether those that have to give a token do.
func (s *steps) legs(ctx context.Context, sections []string) error {
	for _, section := range sections {
		if err := s.leg(ctx, section); err != nil {
			return err
		}
		if section == token {
			s.grant()
		}
		if (section == token || section == accessToken) && s.storesNothing() {
			return s.holdsNothing(section)
		}
	}
	return nil
}

// storesNothing reports whether the last step looked for data in the answer and found none.
func (s *steps) storesNothing() bool {
	for _, v := range s.last.Data.Collection().All() {
		if !v.IsEmpty() {
			return false
		}
	}
	return s.last.Data.Collection() != nil
}
