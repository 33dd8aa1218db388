package cli

import (
	"crypto/rand"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/spf13/cobra"
)

// signingFlags are the flags that sign and explain share.
type signingFlags struct {
	requestFlags
	credentialFlags

	signatureMethod string
	transport       string
	realm           string
	callback        string
	verifier        string
	sessionHandle   string
	omitVersion     bool
	bodyHash        string
	timestamp       string
	nonce           string
	profile         string
}

func (s *signingFlags) add(cmd *cobra.Command) {
	s.requestFlags.add(cmd)
	s.credentialFlags.add(cmd)
	flags := cmd.Flags()
	flags.StringVar(&s.signatureMethod, "signature-method", "HMAC-SHA1", "`name` of the signature method")
	flags.StringVar(&s.transport, "transport", oauth1.TransportHeader, "`place` of the protocol parameters: header, query or body")
	flags.StringVar(&s.realm, "realm", "", "`realm` of the Authorization header, never signed")
	flags.StringVar(&s.callback, "callback", "", "`address` sent as oauth_callback, or oob")
	flags.StringVar(&s.verifier, "verifier", "", "`code` sent as oauth_verifier")
	flags.StringVar(&s.sessionHandle, "session-handle", "", "`handle` sent as oauth_session_handle")
	flags.BoolVar(&s.omitVersion, "omit-version", false, "leave oauth_version out")
	flags.StringVar(&s.bodyHash, "body-hash", "", "send oauth_body_hash: computed, or the `hash` given with =")
	flags.Lookup("body-hash").NoOptDefVal = oauth1.BodyHashComputed
	flags.StringVar(&s.timestamp, "timestamp", "", "`seconds` since 1970 (default now)")
	flags.StringVar(&s.nonce, "nonce", "", "`text` that is used once (default random)")
	flags.StringVar(&s.profile, "profile", oauth1.ProfileRFC5849, "`name` of a known deviation: rfc5849, mastercard or request")
	complete(cmd, "signature-method", methodNames()...)
	complete(cmd, "transport", oauth1.TransportHeader, oauth1.TransportQuery, oauth1.TransportBody)
	complete(cmd, "profile", oauth1.ProfileRFC5849, oauth1.ProfileMastercard, oauth1.ProfileRequest)
}

func methodNames() []string {
	list := make([]string, len(oauth1.Methods))
	for i, m := range oauth1.Methods {
		list[i] = m.Name
	}
	return list
}

// signing is a request with all that signs it.
type signing struct {
	config   *oauth1.Config
	token    oauth1.Token
	request  oauth1.Request
	warnings []string
}

// signing returns what the flags ask for. Timestamp and nonce are fixed, so that signing
// and explaining give the same.
func (s *signingFlags) signing(f *factory) (*signing, error) {
	request, authorization, err := s.request(f)
	if err != nil {
		return nil, err
	}
	if err := s.resolve(f); err != nil {
		return nil, err
	}
	c := &oauth1.Config{
		ConsumerKey: s.consumerKey, SignatureMethod: s.signatureMethod, TransportMethod: s.transport, Realm: s.realm,
		Callback: s.callback, Verifier: s.verifier, SessionHandle: s.sessionHandle, OmitVersion: s.omitVersion,
		BodyHash: s.bodyHash, Timestamp: s.timestamp, Nonce: s.nonce, Profile: s.profile,
	}
	g := &signing{config: c, token: oauth1.Token{Token: s.token, Secret: s.tokenSecret}, request: request}
	var weak string
	// connections.md O1-12: which secret a method signs with.
	c.ConsumerSecret, c.Key, weak, err = oauth1.ChooseKey(s.signatureMethod, s.consumerSecret, s.privateKey, s.passphrase)
	if err != nil {
		return nil, ofFlags(err)
	}
	if weak != "" {
		g.warnings = append(g.warnings, weak)
	}
	if len(authorization) > 0 {
		g.warnings = append(g.warnings, "the Authorization header that was given is not used") // connections.md O1-39
	}
	if c.Timestamp == "" {
		c.Timestamp = strconv.FormatInt(time.Now().Unix(), 10)
	}
	if c.Nonce == "" {
		c.Nonce = newNonce()
	}
	return g, nil
}

// newNonce returns 128 random bits in hexadecimal digits: some servers refuse anything
// but letters and digits (connections.md O1-22).
func newNonce() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
