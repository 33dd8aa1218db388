package oauth1test

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// leg wraps a request of the flow: what it returns is the answer.
func (p *Provider) leg(answer func(*http.Request) ([][2]string, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if status := p.options.Quirks.FlowStatus; status != 0 {
			http.Error(w, "the provider has a bad day", status)
			return
		}
		params, err := answer(r)
		if err != nil {
			p.writeProblem(w, err)
			return
		}
		if p.options.Quirks.JSON {
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(map[string]string{"key": params[0][1], "secret": params[1][1]})
			return
		}
		w.Header().Set("Content-Type", p.label())
		fmt.Fprint(w, form(params))
	}
}

// requestToken is RFC 5849 2.1.
func (p *Provider) requestToken(r *http.Request) ([][2]string, error) {
	s, err := p.verify(r, func(*Consumer, string) (string, error) { return "", nil })
	if err != nil {
		return nil, err
	}
	callback, sent := s.lookup("oauth_callback")
	if err := p.checkCallback(s.ConsumerKey, callback, sent); err != nil {
		return nil, err
	}
	t := &temporaryCredentials{
		token: "rt-" + rand.Text(), secret: rand.Text(), consumer: s.ConsumerKey,
		callback: callback, formKey: rand.Text(),
	}
	if q := p.options.Quirks; q.Activated != "" {
		t.user, t.verifier = p.options.Users[0].Name, q.Activated
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.temporary[t.token] = t
	answer := [][2]string{{"oauth_token", t.token}, {"oauth_token_secret", t.secret}}
	if !p.options.Quirks.NoCallbackConfirmed {
		confirmed := strconv.FormatBool(!p.options.Quirks.CallbackConfirmedFalse)
		answer = append(answer, [2]string{"oauth_callback_confirmed", confirmed})
	}
	return answer, nil
}

func (p *Provider) checkCallback(consumerKey, callback string, sent bool) error {
	q := p.options.Quirks
	if !sent && (q.NoCallbackConfirmed || q.CallbackLater || q.Activated != "") || callback == "oob" {
		return nil
	}
	if callback == "" {
		return refuse(http.StatusBadRequest, "parameter_absent", "oauth_callback is missing", "oauth_parameters_absent", "oauth_callback")
	}
	allowed := p.consumer(consumerKey).Callbacks
	registered := allowed == nil || slices.ContainsFunc(allowed, func(prefix string) bool { return strings.HasPrefix(callback, prefix) })
	u, err := url.Parse(callback)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || !registered {
		return refuse(http.StatusBadRequest, "parameter_rejected", "this callback is not registered", "oauth_parameters_rejected", "oauth_callback")
	}
	return nil
}

// accessToken is RFC 5849 2.3, the session extension and xAuth.
func (p *Provider) accessToken(r *http.Request) ([][2]string, error) {
	s, err := p.verify(r, p.secretForExchange)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case s.Get("oauth_session_handle") != "":
		return p.renew(s)
	case s.Token == "":
		return p.xAuth(r, s)
	}
	return p.exchange(s)
}

// secretForExchange finds the secret of temporary credentials, or of the token
// that is to be renewed, which may have expired.
func (p *Provider) secretForExchange(consumer *Consumer, token string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if token == "" {
		return "", nil
	}
	if t := p.temporary[token]; t != nil && t.consumer == consumer.Key {
		return t.secret, nil
	}
	if access := p.tokens[token]; access != nil && access.consumer == consumer.Key {
		return access.secret, nil
	}
	return "", refuse(http.StatusUnauthorized, "token_rejected", "this token is not known")
}

// exchange trades authorized temporary credentials, once; p.mu is held.
func (p *Provider) exchange(s *Signature) ([][2]string, error) {
	t := p.temporary[s.Token]
	switch {
	case t == nil:
		return nil, refuse(http.StatusUnauthorized, "token_used", "")
	case t.refused:
		delete(p.temporary, s.Token)
		return nil, refuse(http.StatusUnauthorized, "user_refused", "")
	case t.verifier == "":
		return nil, refuse(http.StatusUnauthorized, "permission_unknown", "nobody has authorized it yet")
	case !p.options.Quirks.NoCallbackConfirmed && subtle.ConstantTimeCompare([]byte(t.verifier), []byte(s.Get("oauth_verifier"))) != 1:
		return nil, refuse(http.StatusUnauthorized, "verifier_invalid", "")
	}
	delete(p.temporary, s.Token)
	return p.handOut(p.issue(t.consumer, t.user)), nil
}

// renew replaces an access token by its session handle; p.mu is held.
func (p *Provider) renew(s *Signature) ([][2]string, error) {
	access := p.tokens[s.Token]
	if access == nil || access.session == "" || access.session != s.Get("oauth_session_handle") {
		return nil, refuse(http.StatusUnauthorized, "token_rejected", "the session handle does not belong to this token")
	}
	delete(p.tokens, s.Token)
	fresh := p.issue(access.consumer, access.user)
	fresh.session = access.session
	return p.handOut(fresh), nil
}

// xAuth trades name and password; p.mu is held.
func (p *Provider) xAuth(r *http.Request, s *Signature) ([][2]string, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	fields := map[string]string{}
	for _, pair := range pairs(string(body)) {
		fields[pair[0]] = pair[1]
	}
	if fields["x_auth_mode"] != "client_auth" {
		return nil, refuse(http.StatusBadRequest, "parameter_absent", "neither a token nor xAuth", "oauth_parameters_absent", "oauth_token")
	}
	known := User{fields["x_auth_username"], fields["x_auth_password"]}
	if !slices.Contains(p.options.Users, known) {
		return nil, refuse(http.StatusUnauthorized, "permission_denied", "name or password is wrong")
	}
	return p.handOut(p.issue(s.ConsumerKey, known.Name)), nil
}

func (p *Provider) handOut(access *accessToken) [][2]string {
	answer := [][2]string{{"oauth_token", access.token}, {"oauth_token_secret", access.secret}, {"user", access.user}}
	answer = append(answer, p.options.Quirks.Extra...)
	if access.session != "" {
		answer = append(answer,
			[2]string{"oauth_session_handle", access.session},
			[2]string{"oauth_expires_in", strconv.Itoa(int(p.options.TokenLifetime.Seconds()))},
			[2]string{"oauth_authorization_expires_in", "31536000"})
	}
	return answer
}
