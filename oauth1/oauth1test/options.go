package oauth1test

import (
	"crypto/rsa"
	"time"
)

// The credentials of the client that a provider knows when Options name none.
const (
	DefaultConsumerKey    = "consumer"
	DefaultConsumerSecret = "consumer-secret"
)

// Paths of the endpoints.
const (
	RequestTokenPath = "/oauth/request_token"
	AuthorizePath    = "/oauth/authorize"
	AccessTokenPath  = "/oauth/access_token"
	WhoAmIPath       = "/api/whoami" // a protected resource that tells who signed, as JSON
)

// Options of a provider. The zero value knows one client, [DefaultConsumerKey],
// and the user "alice" with the password "wonderland".
type Options struct {
	Consumers []Consumer
	Users     []User // who can sign in by xAuth; the first one authorizes in the browser

	Realm string

	// RequestToken, Authorize and AccessToken are the targets of the endpoints
	// where they are not at the Path constants: a path, or path?query for
	// endpoints that share a path. When RequestToken and AccessToken are the
	// same, a token tells which is meant.
	RequestToken, Authorize, AccessToken string

	// PublicURL is how clients reach the provider when that differs from the
	// Host header, for example "https://api.example.com"; "" = scheme by TLS,
	// host by header.
	PublicURL string

	// Now is the clock, nil = time.Now. Window is the tolerance for
	// timestamps, 0 = five minutes.
	Now    func() time.Time
	Window time.Duration

	// TokenLifetime makes access tokens expire, and hands out session handles
	// to renew them; 0 = they live for ever.
	TokenLifetime time.Duration

	Quirks Quirks
}

// Consumer is a registered client.
type Consumer struct {
	Key    string
	Secret string
	Name   string // shown on the authorize page, "" = Key

	// PublicKey checks the RSA methods.
	PublicKey *rsa.PublicKey

	// TwoLegged lets it use protected resources without a token.
	TwoLegged bool

	// Callbacks are the prefixes that oauth_callback may have, nil = any http
	// or https URL. "oob" is always allowed.
	Callbacks []string
}

// User is a resource owner.
type User struct{ Name, Password string }

// Quirks are what providers in the wild do.
type Quirks struct {
	NoCallbackConfirmed    bool // an answer of OAuth 1.0 before revision A
	CallbackConfirmedFalse bool // oauth_callback_confirmed=false

	// ContentType labels the answers of the flow, "" =
	// application/x-www-form-urlencoded; many say text/html.
	ContentType string
	JSON        bool // answers {"key": …, "secret": …} as MediaWiki does

	// FlowStatus answers every request of the flow with this status, for
	// example 500.
	FlowStatus int

	// ClockOffset is how far the clock of the provider is off.
	ClockOffset time.Duration

	NoProblems             bool // a bare 401 with a short text
	NoAcceptableTimestamps bool // timestamp_refused, and only the Date header to go by
	ProblemInHeaderOnly    bool // no problem report in the body
	DeniedParameter        bool // a refusal comes back as ?denied=token

	// SignatureRealm is the realm that every signature must name, "" = any.
	SignatureRealm string

	// Activated authorizes temporary credentials from the start, for those who
	// know this verifier, as an integration of Magento has it. They need no
	// callback.
	Activated string

	// CallbackLater takes the callback from the query of the authorize page, as
	// Garmin does; temporary credentials need none.
	CallbackLater bool

	// Extra are further fields of the answer with an access token.
	Extra [][2]string

	Rules
}

func (o Options) withDefaults() Options {
	if o.Consumers == nil {
		o.Consumers = []Consumer{{Key: DefaultConsumerKey, Secret: DefaultConsumerSecret, Name: "Test client"}}
	}
	if o.Users == nil {
		o.Users = []User{{"alice", "wonderland"}}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Window == 0 {
		o.Window = 5 * time.Minute
	}
	if o.Realm == "" {
		o.Realm = "oauth1test"
	}
	return o
}
