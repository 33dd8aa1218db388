package server

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/record"
)

// OIDC is a provider of OpenID Connect with which people sign in. Without an Issuer there
// is none.
type OIDC struct {
	Issuer, ClientID, ClientSecret string
	Name                           string // on the button; the host of the issuer when empty
	// Signup lets in people who are not users yet, if their address is of one of Domains.
	// They become members of the first team, with Role.
	Signup  bool
	Domains []string
	Role    record.Role
	Network http.RoundTripper // on which the issuer is asked
}

// Label is what the way to sign in is called.
func (o OIDC) Label() string {
	if u, err := url.Parse(o.Issuer); err == nil {
		return cmp.Or(o.Name, u.Host)
	}
	return o.Name
}

const (
	oidcCookie      = "__Host-cleat-oidc"
	plainOIDCCookie = "cleat-oidc"
	oidcTime        = 10 * time.Minute // that a person has at the provider
	oidcWait        = 10 * time.Second // for one answer of the provider
	maxOIDCAnswer   = 1 << 20
)

// issuer is a provider whose metadata have been read.
type issuer struct {
	provider *oidc.Provider
	config   oauth2.Config
}

// oidcSignIn signs people in. Metadata are read when the first person comes: a provider
// that does not answer keeps nobody from starting the server.
type oidcSignIn struct {
	*Server
	OIDC
	client *http.Client
	known  atomic.Pointer[issuer]
}

func (s *Server) oidcRoutes() {
	if s.OIDC.Issuer == "" {
		return
	}
	// No endpoint that is asked has a reason to redirect, and a redirect would take the
	// secret of the client along.
	client := &http.Client{Transport: bounded{s.OIDC.Network}, Timeout: oidcWait,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	o := &oidcSignIn{Server: s, OIDC: s.OIDC, client: client}
	s.mux.HandleFunc("GET /sign-in/oidc", o.start)
	s.mux.HandleFunc("GET /sign-in/oidc/callback", o.callback)
}

// bounded ends answers that are longer than any of a provider has to be.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxOIDCAnswer), answer.Body}
	}
	return answer, err
}

func (o *oidcSignIn) discovered(ctx context.Context) (*issuer, error) {
	if known := o.known.Load(); known != nil {
		return known, nil
	}
	provider, err := oidc.NewProvider(ctx, o.Issuer)
	if err != nil {
		return nil, o.unreachable(err)
	}
	found := &issuer{provider, oauth2.Config{ClientID: o.ClientID, ClientSecret: o.ClientSecret, Endpoint: provider.Endpoint(),
		RedirectURL: o.PublicURL.JoinPath("sign-in", "oidc", "callback").String(), Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}}
	o.known.Store(found)
	return found, nil
}

func (o *oidcSignIn) unreachable(err error) *Problem {
	p := problem(http.StatusBadGateway, "oidc_unavailable", "%s cannot be asked now; try again later", o.Label())
	p.cause = err
	return p
}

// start sends a browser to the provider. State, nonce and the verifier of RFC 7636 stay in
// a cookie that only this browser has and only this host can have set (OpenID Connect Core
// 3.1.2.1).
func (o *oidcSignIn) start(w http.ResponseWriter, r *http.Request) {
	found, err := o.discovered(o.network(r))
	if err != nil {
		o.refuse(w, r, err)
		return
	}
	state, nonce, verifier := connect.NewSecret(), connect.NewSecret(), oauth2.GenerateVerifier()
	o.setCookie(w, oidcCookie, plainOIDCCookie, strings.Join([]string{state, nonce, verifier}, "."), oidcTime)
	http.Redirect(w, r, found.config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)), http.StatusSeeOther)
}

func (o *oidcSignIn) network(r *http.Request) context.Context {
	return oidc.ClientContext(r.Context(), o.client)
}

// callback ends a sign-in. The cookie serves once.
func (o *oidcSignIn) callback(w http.ResponseWriter, r *http.Request) {
	kept := strings.Split(o.cookie(r, oidcCookie, plainOIDCCookie), ".")
	o.setCookie(w, oidcCookie, plainOIDCCookie, "", 0)
	in, err := o.finish(r, kept)
	if err != nil {
		o.refuse(w, r, err)
		return
	}
	http.SetCookie(w, &in.Cookie)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (o *oidcSignIn) refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	logFailure(r.Context(), o.Log, p)
	page := outcomePage{look: o.look(r, 0), Text: sentence(p.Detail), Hint: sentence(p.Hint), Return: "/sign-in/oidc"}
	page.Heading = "Not signed in"
	o.render(w, r, p.Status, "outcome.html", page)
}

func (o *oidcSignIn) finish(r *http.Request, kept []string) (*signedIn, error) {
	asked := r.URL.Query()
	if len(kept) != 3 || subtle.ConstantTimeCompare([]byte(asked.Get("state")), []byte(kept[0])) != 1 {
		return nil, problem(http.StatusBadRequest, "invalid_state", "this sign-in was not begun in this browser, or it took more than ten minutes")
	}
	// RFC 9207: an answer of another provider than the one that was asked.
	if iss := asked.Get("iss"); iss != "" && iss != o.Issuer {
		return nil, problem(http.StatusBadRequest, "invalid_issuer", "another provider answered")
	}
	if code := asked.Get("error"); code != "" {
		p := problem(http.StatusForbidden, "declined", "%s did not sign you in", o.Label())
		p.cause = fmt.Errorf("the provider answers %q", cut(code, 100))
		return nil, p
	}
	address := "address " + addressFrom(r.Context())
	if err := o.attempts.begin(o.Now(), address); err != nil {
		return nil, err
	}
	who, err := o.person(o.network(r), asked.Get("code"), kept[1], kept[2])
	if err != nil {
		return nil, err
	}
	o.attempts.succeeded("", address)
	user, err := o.user(r.Context(), who)
	if err != nil {
		return nil, err
	}
	return o.begin(r.Context(), user, 0, r.UserAgent())
}

// claims are what a provider says of a person.
type claims struct {
	Subject  string   `json:"-"`
	Email    string   `json:"email"`
	Verified verified `json:"email_verified"`
	Name     string   `json:"name"`
	Party    string   `json:"azp"`
}

// verified is a boolean that some providers write as a text.
type verified bool

func (v *verified) UnmarshalJSON(text []byte) error {
	*v = string(text) == "true" || string(text) == `"true"`
	return nil
}

// person redeems a code and checks what comes of it (OpenID Connect Core 3.1.3.7).
func (o *oidcSignIn) person(ctx context.Context, code, nonce, verifier string) (*claims, error) {
	found, err := o.discovered(ctx)
	if err != nil {
		return nil, err
	}
	token, err := found.config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, o.invalid(exchangeFailure(err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.provider.Verifier(&oidc.Config{ClientID: o.ClientID, Now: o.Now}).Verify(ctx, raw)
	if err != nil {
		return nil, o.invalid(err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return nil, o.invalid(errors.New("the nonce of the ID token is another one"))
	}
	who := &claims{}
	if err := id.Claims(who); err != nil {
		return nil, o.invalid(err)
	}
	if who.Party != "" && who.Party != o.ClientID {
		return nil, o.invalid(errors.New("the ID token is for another party"))
	}
	if who.Email == "" && found.provider.UserInfoEndpoint() != "" {
		if err := o.more(ctx, found, token, id.Subject, who); err != nil {
			return nil, err
		}
	}
	who.Subject = o.Issuer + " " + id.Subject
	return who, nil
}

// more asks for claims that are not in the ID token. They count for the same person only
// (OpenID Connect Core 5.3.2).
func (o *oidcSignIn) more(ctx context.Context, found *issuer, token *oauth2.Token, subject string, who *claims) error {
	info, err := found.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return o.unreachable(errors.New("the provider does not answer for the person")) // the error quotes the answer
	}
	if info.Subject != subject {
		return o.invalid(errors.New("the provider tells of another person"))
	}
	return info.Claims(who)
}

// exchangeFailure leaves out what the provider wrote, but for the code of RFC 6749 5.2.
func exchangeFailure(err error) error {
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		return fmt.Errorf("the code is refused: %d %q", refused.Response.StatusCode, cut(refused.ErrorCode, 100))
	}
	return err
}

func (o *oidcSignIn) invalid(err error) *Problem {
	p := problem(http.StatusForbidden, "oidc_refused", "the answer of %s cannot be trusted", o.Label())
	p.cause = err
	return p
}

// user finds the user that a person is. The first time that is by the address, which the
// provider must have verified; from then on by the subject, for addresses change owners.
func (o *oidcSignIn) user(ctx context.Context, who *claims) (*record.User, error) {
	user, err := o.records.UserWithSubject(ctx, who.Subject)
	if errors.Is(err, record.ErrNotFound) {
		user, err = o.newcomer(ctx, who)
	}
	if err != nil {
		return nil, err
	}
	if user.Disabled {
		return nil, errStranger
	}
	return user, nil
}

var errStranger = problem(http.StatusForbidden, "unknown_person", "you may not sign in here; ask an owner of the team to invite you")

func (o *oidcSignIn) newcomer(ctx context.Context, who *claims) (*record.User, error) {
	email := normalEmail(who.Email)
	if !bool(who.Verified) || !readableEmail(email) {
		return nil, problem(http.StatusForbidden, "unverified_email", "%s has not verified your email address", o.Label())
	}
	user, err := o.records.UserWithEmail(ctx, email)
	switch {
	case errors.Is(err, record.ErrNotFound):
		return o.signUp(ctx, email, who)
	case err != nil:
		return nil, err
	case user.Disabled:
		return nil, errStranger
	case user.Subject != "":
		return nil, problem(http.StatusForbidden, "other_person", "this email address belongs to somebody else who signed in before")
	}
	// Now the address is proven, and was not before: whoever opened the invitation may have
	// been somebody else, who knows the password.
	user.Subject, user.Password = who.Subject, ""
	if err := o.records.UpdateUser(ctx, user); err != nil {
		return nil, err
	}
	if err := o.records.EndSessions(ctx, user.ID, ""); err != nil {
		return nil, err
	}
	if members, err := o.records.Memberships(ctx, user.ID); err == nil && len(members) > 0 {
		o.audit(ctx, &Actor{ID: user.ID, Team: members[0].Team, Address: addressFrom(ctx)}, "user.oidc", user.ID, o.Issuer)
	}
	return user, nil
}

// signUp makes a user of somebody whom nobody has invited. The first user is made with the
// link of the start, so that there is an owner.
func (o *oidcSignIn) signUp(ctx context.Context, email string, who *claims) (*record.User, error) {
	_, domain, _ := strings.Cut(email, "@")
	if !o.Signup || !slices.ContainsFunc(o.Domains, func(d string) bool { return strings.EqualFold(d, domain) }) {
		return nil, errStranger
	}
	if n, err := o.records.CountUsers(ctx); err != nil {
		return nil, err
	} else if n == 0 {
		return nil, problem(http.StatusForbidden, "no_owner", "the server has no owner yet; use the link that it printed when it started")
	}
	user := &record.User{ID: record.NewID("usr", o.Now()), Email: email, Name: cut(who.Name, 200), Subject: who.Subject, Created: o.Now()}
	member := record.Member{Team: 1, Role: o.Role}
	if err := o.records.InsertUser(ctx, user, member); err != nil {
		return nil, err
	}
	o.audit(ctx, &Actor{ID: user.ID, Team: member.Team, Address: addressFrom(ctx)}, "user.sign-up", user.ID, string(o.Role))
	return user, nil
}
