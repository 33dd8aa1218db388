package oauth1test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"sync"
	"time"
)

// maxRecorded bounds the list of Requests.
const maxRecorded = 1000

// Provider is an OAuth 1.0 provider; it is an http.Handler and safe for
// concurrent use.
type Provider struct {
	options   Options
	mux       *http.ServeMux
	endpoints []endpoint

	mu        sync.Mutex
	temporary map[string]*temporaryCredentials
	tokens    map[string]*accessToken
	nonces    map[[4]string]bool
	signed    []Signature
}

// temporaryCredentials are those of RFC 5849 2.1, on their way through 2.2.
type temporaryCredentials struct {
	token, secret string
	consumer      string
	callback      string // "oob", or a URL, or "" from clients of OAuth 1.0
	formKey       string // ties the authorize page to its form
	user          string // who allowed it
	verifier      string
	refused       bool
}

// accessToken is RFC 5849's token credentials.
type accessToken struct {
	token, secret string
	consumer      string
	user          string
	session       string
	expires       time.Time // zero = never
}

// New returns a provider with its endpoints mounted at the Path constants.
func New(o Options) *Provider {
	p := &Provider{
		options: o.withDefaults(), mux: http.NewServeMux(),
		temporary: map[string]*temporaryCredentials{}, tokens: map[string]*accessToken{}, nonces: map[[4]string]bool{},
	}
	p.mux.HandleFunc(RequestTokenPath, p.leg(p.requestToken))
	p.mux.HandleFunc(AccessTokenPath, p.leg(p.accessToken))
	p.endpoints = endpointsOf(p)
	p.mux.HandleFunc("GET "+AuthorizePath, p.authorizePage)
	p.mux.HandleFunc("POST "+AuthorizePath, p.decide)
	p.mux.Handle(WhoAmIPath, p.Protect(http.HandlerFunc(whoAmI)))
	return p
}

// ServeHTTP answers requests to the endpoints and to what was mounted by
// Handle.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Date", p.now().UTC().Format(http.TimeFormat))
	for _, e := range p.endpoints {
		if e.is(r) {
			e.serve(w, r)
			return
		}
	}
	p.mux.ServeHTTP(w, r)
}

// Handle mounts h, with a pattern of http.ServeMux. Call it before the first
// request.
func (p *Provider) Handle(pattern string, h http.Handler) { p.mux.Handle(pattern, h) }

// now is the time as the provider, perhaps wrongly, sees it.
func (p *Provider) now() time.Time { return p.options.Now().Add(p.options.Quirks.ClockOffset) }

func (p *Provider) consumer(key string) *Consumer {
	i := slices.IndexFunc(p.options.Consumers, func(c Consumer) bool { return c.Key == key })
	if i < 0 {
		return nil
	}
	return &p.options.Consumers[i]
}

// Identity is who signed a request to a protected resource.
type Identity struct {
	ConsumerKey string `json:"consumer_key"`
	Token       string `json:"token,omitempty"`
	User        string `json:"user,omitempty"` // empty in the two-legged case
}

type identityKey struct{}

// IdentityFrom returns who signed, inside a handler behind [Provider.Protect].
func IdentityFrom(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}

// Protect lets only requests through that are signed with an access token, or
// without one by a two-legged client. Others get a problem report.
func (p *Provider) Protect(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, err := p.authenticate(r)
		if err != nil {
			p.writeProblem(w, err)
			return
		}
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), identityKey{}, id)))
	})
}

func (p *Provider) authenticate(r *http.Request) (Identity, error) {
	var access *accessToken
	s, err := p.verify(r, func(consumer *Consumer, token string) (secret string, err error) {
		if token == "" && consumer.TwoLegged {
			return "", nil
		}
		if access, err = p.lookupToken(consumer.Key, token); err != nil {
			return "", err
		}
		return access.secret, nil
	})
	if err != nil {
		return Identity{}, err
	}
	id := Identity{ConsumerKey: s.ConsumerKey, Token: s.Token}
	if access != nil {
		id.User = access.user
	}
	return id, nil
}

func (p *Provider) lookupToken(consumer, token string) (*accessToken, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	access := p.tokens[token]
	switch {
	case access == nil || access.consumer != consumer:
		return nil, refuse(http.StatusUnauthorized, "token_rejected", "this token is not known")
	case !access.expires.IsZero() && p.now().After(access.expires):
		return nil, refuse(http.StatusUnauthorized, "token_expired", "renew it by its session handle")
	}
	return access, nil
}

// verify checks signature, time and nonce, and records what was right.
func (p *Provider) verify(r *http.Request, tokenSecret func(*Consumer, string) (string, error)) (*Signature, error) {
	s, err := Verify(r, p.options.PublicURL, p.options.Quirks.Rules, func(key, token string) (Keys, error) {
		consumer := p.consumer(key)
		if consumer == nil {
			return Keys{}, refuse(http.StatusUnauthorized, "consumer_key_unknown", "register the client first")
		}
		secret, err := tokenSecret(consumer, token)
		return Keys{consumer.Secret, secret, consumer.PublicKey}, err
	})
	if err != nil {
		return nil, err
	}
	if realm := p.options.Quirks.SignatureRealm; realm != "" && s.Realm != realm {
		return nil, refuse(http.StatusUnauthorized, "parameter_rejected", "the realm must be "+realm)
	}
	return s, p.checkFresh(s)
}

// checkFresh is RFC 5849 3.3.
func (p *Provider) checkFresh(s *Signature) error {
	if acceptable, ok := checkTime(s, p.now(), p.options.Window); !ok {
		if p.options.Quirks.NoAcceptableTimestamps {
			return refuse(http.StatusUnauthorized, "timestamp_refused", "")
		}
		return refuse(http.StatusUnauthorized, "timestamp_refused", "", "oauth_acceptable_timestamps", acceptable)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := [4]string{s.ConsumerKey, s.Token, s.Timestamp, s.Nonce}
	if s.Nonce != "" && p.nonces[key] {
		return refuse(http.StatusUnauthorized, "nonce_used", "")
	}
	p.nonces[key] = true
	if p.signed = append(p.signed, *s); len(p.signed) > maxRecorded {
		p.signed = p.signed[1:]
	}
	return nil
}

// Signatures returns the last signatures that were accepted, oldest first.
func (p *Provider) Signatures() []Signature {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.signed)
}

// Issue hands out an access token of the first user without any flow.
func (p *Provider) Issue(consumerKey string) (token, secret string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	access := p.issue(consumerKey, p.options.Users[0].Name)
	return access.token, access.secret
}

// Revoke makes an access token worthless.
func (p *Provider) Revoke(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.tokens, token)
}

// issue makes an access token; p.mu is held.
func (p *Provider) issue(consumer, user string) *accessToken {
	access := &accessToken{token: "at-" + rand.Text(), secret: rand.Text(), consumer: consumer, user: user}
	if p.options.TokenLifetime > 0 {
		access.session, access.expires = "sh-"+rand.Text(), p.now().Add(p.options.TokenLifetime)
	}
	p.tokens[access.token] = access
	return access
}

func whoAmI(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(IdentityFrom(r.Context()))
}
