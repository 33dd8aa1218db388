package engine

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// signature is what an OAuth 1.0 request is signed with, evaluated for one attempt.
type signature struct {
	config oauth1.Config
	token  oauth1.Token

	secret, privateKey, passphrase string // of the consumer, until one of them is chosen
}

// signature evaluates the oauth directive over that of the connection. A request is
// signed when it, the base or the leg has an oauth object, and the component uses an
// OAuth 1.0 connection or there is a consumer key (connections.md O1-33, O1-34).
func (r *Run) signature(req *request) (*signature, error) {
	if req.oauth == nil || req.oauthOff {
		return nil, nil
	}
	own, err := r.evaluate(req, req.oauth)
	if err != nil || own.IsNil() {
		return nil, err
	}
	if own.Collection() == nil {
		return nil, r.misconfigured(req, "oauth", fmt.Errorf("oauth must be an object, but is %s", own.Kind()))
	}
	merged := r.overConnection(own)
	if !r.in.OAuth1 && merged.Get("consumer_key").IsEmpty() {
		return nil, nil
	}
	s, err := r.signer(merged)
	if err != nil {
		return nil, r.misconfigured(req, "oauth", err)
	}
	if merged.Get("callback").IsUndefined() {
		s.config.Callback = r.in.Callback // O1-41; withdrawn in apply if the app wrote it itself
	}
	return s, nil
}

// overConnection returns the oauth object of a request over that of the connection.
// Undefined members count as absent.
func (r *Run) overConnection(own value.Value) *value.Collection {
	if r.in.ConnectionOAuth.Collection().Len() == 0 {
		return own.Collection()
	}
	merged := value.NewCollection(8)
	for _, layer := range []value.Value{r.in.ConnectionOAuth, own} {
		for name, v := range layer.Collection().All() {
			if !v.IsUndefined() {
				merged.Set(name, v)
			}
		}
	}
	return merged
}

func (r *Run) signer(oauth *value.Collection) (*signature, error) {
	s := &signature{config: oauth1.Config{Now: r.engine.now, NewNonce: r.engine.options.NewNonce, Clock: &r.engine.clock}}
	return s, s.read(oauth)
}

// oauthKeys maps the keys of the oauth directive that are a text of the signer
// (connections.md 2.2).
var oauthKeys = map[string]func(s *signature) *string{
	"consumer_key":           func(s *signature) *string { return &s.config.ConsumerKey },
	"consumer_secret":        func(s *signature) *string { return &s.secret },
	"private_key":            func(s *signature) *string { return &s.privateKey },
	"private_key_passphrase": func(s *signature) *string { return &s.passphrase },
	"token_secret":           func(s *signature) *string { return &s.token.Secret },
	"verifier":               func(s *signature) *string { return &s.config.Verifier },
	"signature_method":       func(s *signature) *string { return &s.config.SignatureMethod },
	"transport_method":       func(s *signature) *string { return &s.config.TransportMethod },
	"realm":                  func(s *signature) *string { return &s.config.Realm },
	"callback":               func(s *signature) *string { return &s.config.Callback },
	"session_handle":         func(s *signature) *string { return &s.config.SessionHandle },
	"version":                func(s *signature) *string { return &s.config.Version },
	"nonce":                  func(s *signature) *string { return &s.config.Nonce },
	"timestamp":              func(s *signature) *string { return &s.config.Timestamp },
	"profile":                func(s *signature) *string { return &s.config.Profile },
	"sign_multipart":         func(s *signature) *string { return &s.config.SignMultipart },
}

// read maps the keys of the oauth directive to the signer.
func (s *signature) read(oauth *value.Collection) error {
	c := &s.config
	for name, v := range oauth.All() {
		if v.IsNil() {
			continue
		}
		if text := oauthKeys[name]; text != nil {
			*text(s) = v.ToText()
			continue
		}
		switch name {
		case "token":
			s.token.Token, s.token.SendEmpty = v.ToText(), true // O1-13: an empty token is sent
		case "body_hash":
			if c.BodyHash = v.ToText(); c.BodyHash == "false" {
				c.BodyHash = ""
			}
		case "include_version":
			c.OmitVersion = !v.Truthy() || v.Str() == "false"
		case "strict_1_0a": // of the flow alone (O1-42)
		case "extra":
			for key, extra := range v.Collection().All() {
				c.Extra = append(c.Extra, oauth1.Param{Name: "oauth_" + strings.TrimPrefix(key, "oauth_"), Value: extra.ToText()})
			}
		default:
			c.Extra = append(c.Extra, oauth1.Param{Name: "oauth_" + name, Value: v.ToText()}) // O1-19
		}
	}
	var err error
	c.ConsumerSecret, c.Key, _, err = oauth1.ChooseKey(c.SignatureMethod, s.secret, s.privateKey, s.passphrase)
	return err
}

// onto signs w. Behind a redirect there may be no form left to carry the parameters.
func (s *signature) onto(w *wire) (warnings []string, err error) {
	if w.method == http.MethodGet && strings.EqualFold(s.config.TransportMethod, "body") {
		header := *s
		header.config.TransportMethod = "header"
		return header.apply(w)
	}
	return s.apply(w)
}

// apply signs w: the last step before it is sent, over exactly the bytes that are sent
// (O1-37). It changes the header, the query or the body by the transport.
func (s *signature) apply(w *wire) (warnings []string, err error) {
	config := s.config
	if config.Callback != "" && writesCallback(w) {
		config.Callback = ""
	}
	contentType := w.header.Get("Content-Type")
	if strings.EqualFold(config.TransportMethod, "body") && contentType == "" && w.method != http.MethodGet {
		contentType = typeForm
	}
	signed, err := config.Sign(oauth1.Request{Method: w.method, URL: w.url.String(), Host: w.header.Get("Host"),
		ContentType: contentType, Body: w.body}, s.token)
	if err != nil {
		return nil, err
	}
	if signed.AuthorizationHeader != "" {
		w.header.Set("Authorization", signed.AuthorizationHeader)
	}
	if _, query, ok := strings.Cut(signed.URL, "?"); ok {
		w.url.query = query
	}
	if strings.EqualFold(config.TransportMethod, "body") {
		w.body, w.hasBody = signed.Body, true
		w.header.Set("Content-Type", contentType)
	}
	return signed.Warnings, nil
}

// likelyCauses is how many causes a hint names.
const likelyCauses = 3

// likely names what a refused signature may be due to, for a hint.
func (s *signature) likely(w *wire, a *answer) string {
	p := oauth1.ParseProblem(a.status, a.header, a.raw)
	if p == nil {
		p = &oauth1.ProblemError{Status: a.status}
		p.Date, _ = http.ParseTime(a.header.Get("Date"))
	}
	r := oauth1.Request{Method: w.method, URL: w.url.String(), ContentType: w.header.Get("Content-Type"), Body: w.body}
	var texts []string
	for _, cause := range s.config.Likely(r, s.token, p) {
		if len(texts) < likelyCauses {
			texts = append(texts, cause.Text)
		}
	}
	return strings.Join(texts, "; or ")
}

// writesCallback reports whether the app wrote oauth_callback into the query or a form.
func writesCallback(w *wire) bool {
	pairs := oauth1.ParseForm(w.url.query)
	if strings.HasPrefix(strings.ToLower(w.header.Get("Content-Type")), typeForm) {
		pairs = append(pairs, oauth1.ParseForm(string(w.body))...)
	}
	return overridden(pairs, "oauth_callback")
}

// withoutOAuth takes the protocol parameters out of a query, for a redirect to another
// host (O1-38).
func withoutOAuth(query string) string {
	var kept []string
	for _, piece := range strings.Split(query, "&") {
		if !strings.HasPrefix(piece, "oauth_") {
			kept = append(kept, piece)
		}
	}
	return strings.Join(kept, "&")
}
