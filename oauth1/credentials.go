package oauth1

import (
	"strconv"
	"strings"
	"time"
)

// Credentials is what a provider answers in the flow: temporary credentials or
// token credentials.
type Credentials struct {
	Token Token

	// CallbackConfirmed is oauth_callback_confirmed=true (RFC 5849 2.1).
	CallbackConfirmed bool

	// SessionHandle renews the token, see [Flow.Refresh]. ExpiresIn and
	// AuthorizationExpiresIn are how long token and session handle live; 0 =
	// the provider did not say.
	SessionHandle          string
	ExpiresIn              time.Duration
	AuthorizationExpiresIn time.Duration

	// Params is the whole answer, the secret included: providers add
	// identifiers of the account to it.
	Params []Param

	Warnings []string
}

// Get returns the first value of a name in Params, "" if there is none.
func (c *Credentials) Get(name string) string {
	value, _ := lookup(c.Params, name)
	return value
}

func lookup(params []Param, name string) (value string, ok bool) {
	for _, p := range params {
		if p.Name == name {
			return p.Value, true
		}
	}
	return "", false
}

// ParseCredentials reads an answer with credentials: form-encoded, whatever its
// label says, or a flat JSON object, where key and secret also count (as
// MediaWiki writes them). The error is an [*Error] with [CodeAnswerInvalid] and
// holds nothing of the answer.
func ParseCredentials(body []byte) (*Credentials, error) {
	c := &Credentials{Params: answerParams(body)}
	var hasToken, hasSecret bool
	c.Token.Token, hasToken = lookupEither(c.Params, "oauth_token", "key")
	c.Token.Secret, hasSecret = lookupEither(c.Params, "oauth_token_secret", "secret")
	if !hasToken || !hasSecret || c.Token.Token == "" {
		missing := "oauth_token"
		if hasToken && c.Token.Token != "" {
			missing = "oauth_token_secret"
		}
		return nil, &Error{Code: CodeAnswerInvalid, Message: "oauth: the answer of the provider has no " + missing, Parameter: missing}
	}
	c.SessionHandle = c.Get("oauth_session_handle")
	c.CallbackConfirmed = isTrue(c.Get("oauth_callback_confirmed"))
	c.ExpiresIn = seconds(c.Get("oauth_expires_in"))
	c.AuthorizationExpiresIn = seconds(c.Get("oauth_authorization_expires_in"))
	return c, nil
}

func lookupEither(params []Param, name, other string) (string, bool) {
	if value, ok := lookup(params, name); ok {
		return value, true
	}
	return lookup(params, other)
}

func isTrue(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "true") || s == "1" }

// seconds reads a lifetime; providers that mean "for ever" send 0 or nothing.
func seconds(s string) time.Duration {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 || n > int64(1<<63-1)/int64(time.Second) {
		return 0
	}
	return time.Duration(n) * time.Second
}

// checkConfirmed judges oauth_callback_confirmed: RFC 5849 2.1 makes it
// mandatory, providers from before revision A do not know it.
func (c *Credentials) checkConfirmed(required bool) error {
	sent, ok := lookup(c.Params, "oauth_callback_confirmed")
	switch {
	case c.CallbackConfirmed:
		return nil
	case ok:
		return &Error{Code: CodeNotConfirmed, Message: "oauth: the provider did not confirm the callback", Detail: "oauth_callback_confirmed=" + printable(sent)}
	case required:
		return &Error{Code: CodeNotConfirmed, Message: "oauth: the provider did not confirm the callback", Detail: "no oauth_callback_confirmed in its answer"}
	}
	c.Warnings = append(c.Warnings, "OAuth 1.0 without 1.0a callback confirmation: open to session fixation")
	return nil
}

// Callback is what the resource owner brings back (RFC 5849 2.2).
type Callback struct {
	Token    string
	Verifier string
}

// ParseCallback reads the query (or form body) with which the resource owner
// comes back. A refusal, in any of the ways providers say it (oauth_problem,
// denied, error, or neither token nor verifier), is a [*ProblemError] for which
// Denied holds or which names the problem.
//
// The caller must check that Token is the one it sent away in this browser.
func ParseCallback(query string) (Callback, error) {
	params := ParseForm(query)
	back := Callback{}
	back.Token, _ = lookup(params, "oauth_token")
	back.Verifier, _ = lookup(params, "oauth_verifier")
	if problem := problemFrom(params); problem != nil {
		return back, problem
	}
	if denied, ok := lookup(params, "denied"); ok { // X, Twitter
		back.Token = denied
		return back, &ProblemError{Problem: ProblemUserRefused}
	}
	if reason, ok := lookup(params, "error"); ok {
		return back, callbackError(reason)
	}
	if back.Token == "" && back.Verifier == "" {
		return back, &ProblemError{Problem: ProblemUserRefused, Advice: "neither oauth_token nor oauth_verifier came back"}
	}
	return back, nil
}

func callbackError(reason string) error {
	if reason == "access_denied" {
		return &ProblemError{Problem: ProblemUserRefused}
	}
	return &ProblemError{Problem: reason}
}
