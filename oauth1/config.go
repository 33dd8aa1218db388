package oauth1

import (
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"time"
)

// Values of [Config.TransportMethod]: where the protocol parameters travel.
const (
	TransportHeader = "header" // RFC 5849 3.5.1, the default
	TransportBody   = "body"   // RFC 5849 3.5.2
	TransportQuery  = "query"  // RFC 5849 3.5.3
)

// BodyHashComputed as [Config.BodyHash] asks for oauth_body_hash over the bytes
// that are sent.
const BodyHashComputed = "true"

// SignMultipartText as [Config.SignMultipart] puts the text fields of a
// multipart body under the signature, as Flickr wants it.
const SignMultipartText = "text"

// Config is what a client signs with. The zero value signs with HMAC-SHA1, no
// consumer key and empty secrets, and sends the Authorization header.
//
// A Config is plain data: copy it to change one request, do not write to one
// that is in use. It is safe for concurrent use.
type Config struct {
	// ConsumerKey identifies the client (RFC 5849 calls it the client
	// credentials identifier). It is left out when empty.
	ConsumerKey string

	// ConsumerSecret is the shared secret of the client, never sent but with
	// PLAINTEXT.
	ConsumerSecret string

	// Key signs with the RSA methods. See [ParsePrivateKey] and [ChooseKey].
	Key crypto.Signer

	// SignatureMethod is a name of Methods in any letter case, "" = HMAC-SHA1.
	SignatureMethod string

	// Methods are the signature methods known; nil = [Methods].
	Methods []Method

	// TransportMethod is header (also ""), query or body, in any letter case.
	TransportMethod string

	// Realm stands first in the Authorization header and is never signed
	// (RFC 5849 3.4.1.3.1).
	Realm string

	// Callback, Verifier and SessionHandle are sent as oauth_callback,
	// oauth_verifier and oauth_session_handle when not empty.
	Callback      string
	Verifier      string
	SessionHandle string

	// Version is the value of oauth_version, "" = 1.0; OmitVersion leaves the
	// parameter out, which RFC 5849 3.1 allows.
	Version     string
	OmitVersion bool

	// Timestamp and Nonce replace the generated values, for one request only.
	Timestamp string
	Nonce     string

	// OmitTimestamp and OmitNonce leave the parameters out, which RFC 5849 3.1
	// allows with PLAINTEXT only; other methods get a warning.
	OmitTimestamp bool
	OmitNonce     bool

	// BodyHash asks for oauth_body_hash: "" or "false" none,
	// [BodyHashComputed] computed, anything else sent as it is.
	BodyHash string

	// Profile names a deviation from RFC 5849: "" or [ProfileRFC5849],
	// [ProfileMastercard], [ProfileRequest].
	Profile string

	// SignMultipart is "" or [SignMultipartText].
	SignMultipart string

	// Extra are further protocol parameters, all signed. The prefix oauth_ is
	// added to names that lack it. Naming a parameter twice is an error.
	Extra []Param

	// Strict makes it an error, not a warning, when a protocol parameter also
	// stands in the query or form body (RFC 5849 3.5).
	Strict bool

	// Now gives the time, nil = time.Now. Clock corrects it by host, nil = no
	// correction.
	Now   func() time.Time
	Clock *Clock

	// NewNonce gives a fresh nonce, nil = 32 hexadecimal digits of crypto/rand:
	// only letters and digits, because some servers refuse anything else.
	NewNonce func() string
}

// Token is a pair of temporary or token credentials. The zero value stands for
// no resource owner: the two-legged case.
type Token struct {
	// Token is sent as oauth_token when not empty.
	Token string `json:"token"`

	// Secret is the shared secret of the token, never sent but with PLAINTEXT.
	Secret string `json:"secret"`

	// SendEmpty sends oauth_token="" when Token is empty; some servers want
	// that in the two-legged case.
	SendEmpty bool `json:"sendEmpty,omitempty"`
}

// Request is exactly what will be on the wire, before OAuth parameters.
type Request struct {
	Method string // any letter case, "" = GET
	URL    string // absolute; never re-encoded, see [Signed.URL]
	Host   string // the Host header if it differs from the URL

	// ContentType is the Content-Type header; it decides whether Body is a form.
	ContentType string
	Body        []byte
}

// timestamp returns oauth_timestamp for a request to host.
func (c *Config) timestamp(host string) string {
	if c.Timestamp != "" {
		return c.Timestamp
	}
	return strconv.FormatInt(c.now().Add(c.Clock.Offset(host)).Unix(), 10)
}

func (c *Config) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

// nonce returns oauth_nonce.
func (c *Config) nonce() string {
	switch {
	case c.Nonce != "":
		return c.Nonce
	case c.NewNonce != nil:
		return c.NewNonce()
	}
	return randomNonce()
}

func randomNonce() string {
	var random [16]byte
	var text [32]byte
	rand.Read(random[:]) // never fails, see crypto/rand
	hex.Encode(text[:], random[:])
	return string(text[:])
}
