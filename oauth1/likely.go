package oauth1

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Cause is a possible reason of a refusal.
type Cause struct {
	Weight int    `json:"weight"` // of 100: how likely it is against the others
	Text   string `json:"text"`
}

// Likely lists why a server may have refused r, signed with c for the owner of t, the
// most likely cause first: from what the server says and from what is unusual about
// request and credentials. p is its problem report; where it named none, one with Status
// and Date alone, or nil. Set Timestamp of the Config to what was sent. Nothing is sent,
// and no text holds a secret.
func (c *Config) Likely(r Request, t Token, p *ProblemError) []Cause {
	if p == nil {
		p = &ProblemError{}
	}
	s := suspicion{config: c, request: r, token: t, problem: p}
	s.named()
	s.clock()
	if p.Problem == "" || p.Problem == ProblemSignatureInvalid {
		s.credentials()
		s.shape()
		s.provider()
	}
	slices.SortStableFunc(s.causes, func(a, b Cause) int { return b.Weight - a.Weight })
	return s.causes
}

// suspicion gathers causes.
type suspicion struct {
	config  *Config
	request Request
	token   Token
	problem *ProblemError
	causes  []Cause
}

func (s *suspicion) add(weight int, format string, args ...any) {
	s.causes = append(s.causes, Cause{weight, fmt.Sprintf(format, args...)})
}

// problemCauses says what the words of the problem reporting extension mean for who
// signs. The second name is one that servers use beside it.
var problemCauses = map[string]string{
	ProblemNonceUsed:               "the same nonce was sent twice: a retry must be signed anew, and no two processes may share a nonce",
	ProblemConsumerKeyUnknown:      "the server does not know the consumer key: it is mistyped, or belongs to another environment of the service",
	"consumer_key_rejected":        "the server no longer accepts the consumer key: the app was disabled or its key replaced",
	"consumer_key_refused":         "the server does not let this consumer key in for now",
	ProblemTokenRejected:           "the server does not know the token: it was revoked, or belongs to another consumer key; authorize again",
	ProblemTokenExpired:            "the token expired: authorize again",
	"token_revoked":                "the token was revoked: authorize again",
	"token_used":                   "the request token was used before: start the authorization again",
	ProblemVerifierInvalid:         "the verifier is missing or belongs to another request token",
	ProblemVersionRejected:         "the server does not want this oauth_version: leave it out, or send 1.0",
	ProblemSignatureMethodRejected: "the server wants another signature method: try HMAC-SHA256, or the one in its documents",
	ProblemPermissionDenied:        "the account has no permission for this request",
	ProblemUserRefused:             "the person refused",
}

func (s *suspicion) named() {
	p := s.problem
	if text := problemCauses[p.Problem]; text != "" {
		s.add(100, "%s", text)
	}
	if len(p.Absent) > 0 {
		s.add(100, "the server misses %s", printable(strings.Join(p.Absent, ", ")))
	}
	if len(p.Rejected) > 0 {
		s.add(100, "the server rejects %s", printable(strings.Join(p.Rejected, ", ")))
	}
}

// tolerated is a difference of clocks that no server minds.
const tolerated = time.Minute

// clock compares the timestamp that was sent with the time of the server.
func (s *suspicion) clock() {
	sent := s.config.now()
	if u, err := splitURL(s.request.URL); err == nil {
		sent = sent.Add(s.config.Clock.Offset(u.host))
	}
	if n := unixSeconds(s.config.Timestamp); n > 0 {
		sent = time.Unix(n, 0)
	}
	offset, known := s.problem.skew(sent, 0)
	if !known && !s.problem.Date.IsZero() {
		offset, known = s.problem.Date.Sub(sent).Round(time.Second), true
	}
	refused := s.problem.Problem == ProblemTimestampRefused
	switch {
	case known && offset.Abs() > tolerated && offset > 0:
		s.add(95, "the timestamp is %s behind the server's clock", offset)
	case known && offset.Abs() > tolerated:
		s.add(95, "the timestamp is %s ahead of the server's clock", -offset)
	case refused:
		s.add(100, "the server refuses the timestamp: the clocks differ, or it wants timestamps that never go back")
	}
}

func unixSeconds(text string) (n int64) {
	if _, err := fmt.Sscan(text, &n); err != nil {
		return 0
	}
	return n
}

// credentials looks for what copying and forgetting does to keys and secrets.
func (s *suspicion) credentials() {
	c, t := s.config, s.token
	rsa := c.Key != nil
	switch {
	case c.ConsumerKey == "":
		s.add(90, "there is no consumer key")
	case c.ConsumerSecret == "" && !rsa:
		s.add(88, "there is no consumer secret")
	}
	switch {
	case t.Token == "":
		s.add(45, "there is no token: this request may need one")
	case t.Secret == "" && !rsa:
		s.add(86, "there is a token but no token secret: both belong into the key")
	default:
		s.add(40, "the token was revoked or expired: authorize again")
	}
	for _, piece := range []struct{ name, text string }{{"consumer key", c.ConsumerKey}, {"consumer secret", c.ConsumerSecret}, {"token", t.Token}, {"token secret", t.Secret}} {
		switch {
		case strings.TrimSpace(piece.text) != piece.text:
			s.add(84, "the %s begins or ends with white space", piece.name)
		case strings.Contains(piece.text, "%") && PercentDecode(piece.text) != piece.text:
			s.add(60, "the %s looks percent-encoded: give it as the service shows it", piece.name)
		}
	}
	if c.ConsumerKey != "" && c.ConsumerKey == c.ConsumerSecret || t.Token != "" && t.Token == t.Secret {
		s.add(85, "key and secret are the same text")
	}
	s.add(50, "the consumer secret or the token secret is not the one that belongs to the key")
}

// shape looks for what servers and libraries sign differently.
func (s *suspicion) shape() {
	u, err := splitURL(s.request.URL)
	if err != nil {
		return
	}
	form := isForm(s.request.ContentType)
	switch {
	case form && len(s.request.Body) > 0 && strings.ContainsAny(string(s.request.Body[:1]), "{[<"):
		s.add(80, "the body is no form, but is sent and signed as one: correct Content-Type")
	case !form && len(s.request.Body) > 0 && s.request.ContentType == "":
		s.add(55, "the body has no Content-Type: a server that takes it for a form signs its fields")
	}
	if u.hasQuery && strings.ContainsAny(PercentDecode(u.query), "[]+ ") {
		s.add(42, "the query has brackets, plus signs or blanks: the server may encode them otherwise than RFC 5849 3.6 says")
	}
	if hostName(u.host) != u.host {
		s.add(36, "the address names a port: a server behind a proxy may sign another one")
	}
	if strings.Contains(u.path, "%") {
		s.add(35, "the path has escapes: the server may sign it decoded")
	}
	if u.scheme == "http" {
		s.add(30, "a proxy may hand http on as https: then the server signs https")
	}
	if s.config.Realm != "" && strings.EqualFold(s.config.TransportMethod, TransportHeader) {
		s.add(28, "the realm may have to be written otherwise: servers compare its letter case")
	}
}

// providerCauses are known demands of services (connections.md 2.10), by the end of
// their host names.
var providerCauses = []struct {
	host   string
	wrong  func(*Config) bool
	advice string
}{
	{"netsuite.com", func(c *Config) bool { return !strings.EqualFold(c.SignatureMethod, "HMAC-SHA256") }, "NetSuite accepts HMAC-SHA256 only"},
	{"netsuite.com", func(c *Config) bool {
		return c.Realm == "" || c.Realm != strings.ToUpper(c.Realm) || strings.Contains(c.Realm, "-")
	}, "NetSuite wants the account as realm, in upper case and with _ for -, such as 1234567_SB1"},
	{"mastercard.com", func(c *Config) bool { return c.Profile != ProfileMastercard }, "Mastercard signs by the profile mastercard"},
	{"mastercard.com", func(c *Config) bool { return c.Key == nil }, "Mastercard wants RSA-SHA256 with a private key"},
	{"schoology.com", func(c *Config) bool { return c.Realm == "" }, `Schoology wants the realm "Schoology API"`},
	{"openbankproject.com", func(c *Config) bool { return !strings.EqualFold(c.SignatureMethod, "HMAC-SHA256") }, "the Open Bank Project wants HMAC-SHA256"},
}

func (s *suspicion) provider() {
	u, err := url.Parse(s.request.URL)
	if err != nil {
		return
	}
	for _, known := range providerCauses {
		host := strings.ToLower(u.Hostname())
		if (host == known.host || strings.HasSuffix(host, "."+known.host)) && known.wrong(s.config) {
			s.add(92, "%s", known.advice)
		}
	}
}
