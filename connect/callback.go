package connect

import (
	"context"
	"errors"

	"github.com/cleat-run/cleat/value"
)

// Callback is what the provider sent the person back with.
type Callback struct {
	Query   value.Value // collection
	Body    value.Value // form of a POST, or undefined
	Headers value.Value
	Session string // "" when the browser sent no cookie
}

func (cb Callback) param(name string) string {
	if v := cb.Query.Member(name); !v.IsNil() {
		return v.ToText()
	}
	return cb.Body.Member(name).ToText()
}

// problem is what the provider reports instead of a success, "" for nothing
// (RFC 6749 4.1.2.1; Problem Reporting of OAuth 1.0).
func (cb Callback) problem() string {
	for _, names := range [][2]string{{"error", "error_description"}, {"oauth_problem", "oauth_problem_advice"}} {
		problem, explained := cb.param(names[0]), cb.param(names[1])
		switch {
		case problem != "" && explained != "":
			return problem + ": " + explained
		case problem != "":
			return problem
		}
	}
	return ""
}

// refused reports whether the person said no (connections.md O1-45; RFC 6749 4.1.2.1).
func (cb Callback) refused(kind Kind) bool {
	switch cb.param("oauth_problem") {
	case "user_refused", "permission_denied":
		return true
	}
	if cb.param("denied") != "" || cb.param("error") == "access_denied" {
		return true
	}
	return kind == OAuth1 && cb.problem() == "" && cb.param("oauth_token") == "" && cb.param("oauth_verifier") == ""
}

// Flow returns the open flow that a callback belongs to. It changes nothing.
func (c *Connector) Flow(ctx context.Context, cb Callback) (*Flow, error) {
	f, err := c.flow(ctx, cb)
	if errors.Is(err, ErrNotFound) {
		return nil, &Error{Reason: UnknownFlow, Message: "this answer belongs to no open authorization", Hint: "start again", Cause: err}
	}
	if err != nil {
		return nil, err
	}
	switch {
	case f.SessionHash != Hash(cb.Session):
		return nil, &Error{Reason: OtherBrowser, Message: "this authorization was begun in another browser", Hint: "finish in the browser where you began"}
	case f.Used:
		return nil, &Error{Reason: Used, Message: "this authorization was already used", Hint: "start again", Cause: ErrFlowUsed}
	case c.now().After(f.Expires):
		return nil, &Error{Reason: Expired, Message: "this authorization has expired", Hint: "start again"}
	}
	return f, nil
}

// flow finds a flow by the token of OAuth 1.0, by the state of OAuth 2.0, or by the
// session alone, which is enough for old providers of OAuth 1.0 only (O1-46, O2-3).
func (c *Connector) flow(ctx context.Context, cb Callback) (*Flow, error) {
	token := cb.param("oauth_token")
	if token == "" {
		token = cb.param("denied") // X names the token so when the person refuses
	}
	if token != "" {
		f, err := c.Store.FlowBy(ctx, Hash(token), "")
		if state := cb.param("state"); err == nil && state != "" && f.StateHash != "" && f.StateHash != Hash(state) {
			return nil, ErrNotFound
		}
		return f, err
	}
	if state := cb.param("state"); state != "" {
		f, err := c.Store.FlowByState(ctx, Hash(state))
		if !errors.Is(err, ErrNotFound) {
			return f, err
		}
	}
	f, err := c.Store.FlowBy(ctx, "", Hash(cb.Session))
	if err == nil && f.StateHash != "" {
		return nil, ErrNotFound // without its state this may be anybody's answer (RFC 6749 10.12)
	}
	return f, err
}

// Finish takes a flow from the callback to the stored connection. A flow can be finished
// once, whatever comes of it.
func (c *Connector) Finish(ctx context.Context, t *Type, f *Flow, cb Callback) (*Started, error) {
	err := c.Store.ClaimFlow(ctx, f.ID)
	if errors.Is(err, ErrFlowUsed) {
		return nil, &Error{Reason: Used, Message: "this authorization was already used", Hint: "start again", Cause: err}
	}
	if err != nil {
		return nil, err
	}
	if cb.refused(t.Kind) {
		return nil, &Error{Reason: Declined, Message: "declined by the user"}
	}
	s := &steps{c: c, t: t, name: f.Name, connID: f.ConnID, anyAccount: f.AnyAccount, endUser: f.EndUser, scope: f.Scope, data: f.Data, temp: value.FromCollection(f.Temp),
		redirectURI: f.RedirectURI, state: cb.param("state"), session: cb.Session, callback: &cb}
	return s.resume(ctx)
}

// Abandon ends the open flows of a session: nobody can finish them any more, and their
// secrets are erased.
func (c *Connector) Abandon(ctx context.Context, session string) error {
	f, err := c.Store.FlowBy(ctx, "", Hash(session))
	if err == nil && !f.Used {
		err = c.Store.ClaimFlow(ctx, f.ID)
	}
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrFlowUsed) {
		return nil
	}
	return err
}
