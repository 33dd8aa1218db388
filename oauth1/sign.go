package oauth1

import (
	"slices"
	"strings"
)

// Signed is a request with its signature, ready to send.
type Signed struct {
	// AuthorizationHeader is the Authorization header with header transport,
	// else empty: then an Authorization header of the request stays as it is.
	AuthorizationHeader string `json:"authorization,omitempty"`

	// URL is what must be requested: the URL of the [Request], raw spaces and
	// non-ASCII escaped, with the protocol parameters at the end of the query
	// when they travel there.
	URL string `json:"url"`

	// Body is the body of the Request; with body transport the protocol
	// parameters are appended, in a new slice.
	Body        []byte `json:"body,omitempty"`
	ContentType string `json:"contentType,omitempty"`

	BaseString string  `json:"baseString"` // RFC 5849 3.4.1
	Signature  string  `json:"signature"`  // not yet percent-encoded
	Params     []Param `json:"params"`     // protocol parameters as signed, sorted, without realm and oauth_signature

	// Warnings tell what will work but should not be, in plain words.
	Warnings []string `json:"warnings,omitempty"`
}

// Sign signs r for the owner of t and tells what to send (RFC 5849 3). It
// changes nothing it is given.
//
// Errors are [*Error] values; see the codes.
func (c *Config) Sign(r Request, t Token) (*Signed, error) {
	w, err := wireOf(r)
	if err != nil {
		return nil, err
	}
	s, err := c.signShowingBase(w, t)
	if err != nil {
		return nil, err
	}
	signed := s.placed(s.transport)
	signed.Warnings = s.warnings()
	return &signed, nil
}

// Signature signs a finished base string, without any request. RSA ignores the
// token secret, PLAINTEXT the base string.
func (c *Config) Signature(baseString, tokenSecret string) (string, error) {
	m, err := c.method()
	if err != nil {
		return "", err
	}
	return m.sign([]byte(baseString), c.secrets(tokenSecret))
}

func (c *Config) method() (Method, error) {
	if c.Methods != nil {
		return lookupMethod(c.Methods, c.SignatureMethod)
	}
	return lookupMethod(Methods, c.SignatureMethod)
}

func (c *Config) secrets(tokenSecret string) secrets {
	return secrets{consumer: c.ConsumerSecret, token: tokenSecret, key: c.Key}
}

// wire is a request as it will be sent, taken apart once.
type wire struct {
	method      string // upper case
	url         wireURL
	contentType string
	body        []byte // empty when nobody needs it
	// hash computes the body hash of a body that is not held in body.
	hash func(Method) (string, error)
}

func wireOf(r Request) (wire, error) {
	u, err := splitURL(r.URL)
	if err != nil {
		return wire{}, err
	}
	if r.Host != "" {
		if u.host, err = hostOf(r.Host); err != nil {
			return wire{}, urlError(r.URL, err.Error())
		}
	}
	return wire{method: verb(r.Method), url: u, contentType: r.ContentType, body: r.Body}, nil
}

// verb is the request method in the base string: upper case, GET by default.
func verb(method string) string {
	if method == "" {
		return "GET"
	}
	return strings.ToUpper(method)
}

// signing is one signature in the making; every way to sign goes through it,
// and its fields are filled in the order in which they stand here.
type signing struct {
	config *Config
	wire   wire
	token  Token

	method    Method
	transport string
	profile   profile

	protocol  []Param     // as sent, sorted, without realm and oauth_signature
	params    []parameter // all that is signed, sorted
	base      []byte
	signature string
}

// sign is the line that every signature follows.
func (c *Config) sign(w wire, t Token) (*signing, error) {
	s := &signing{config: c, wire: w, token: t}
	if err := s.choose(); err != nil {
		return nil, err
	}
	if err := s.fillProtocol(); err != nil {
		return nil, err
	}
	// PLAINTEXT does not look at the request (RFC 5849 3.4.4).
	if s.method.Kind != KindPlaintext || c.Strict {
		if err := s.fillBase(); err != nil {
			return nil, err
		}
	}
	var err error
	s.signature, err = s.method.sign(s.base, c.secrets(t.Secret))
	return s, err
}

// signShowingBase is sign for readers who want to see the base string of
// PLAINTEXT too.
func (c *Config) signShowingBase(w wire, t Token) (*signing, error) {
	s, err := c.sign(w, t)
	if err == nil && s.base == nil {
		err = s.fillBase()
	}
	return s, err
}

// choose turns the texts of the configuration into method, transport and
// profile.
func (s *signing) choose() (err error) {
	if s.method, err = s.config.method(); err != nil {
		return err
	}
	if s.profile, err = lookupProfile(s.config.Profile); err != nil {
		return err
	}
	s.transport, err = chooseTransport(s.config.TransportMethod)
	if err == nil && s.transport == TransportBody {
		err = checkBodyTransport(s.wire.method, s.wire.contentType)
	}
	return err
}

// fillProtocol lists the protocol parameters (RFC 5849 3.1), sorted as sent.
func (s *signing) fillProtocol() error {
	c := s.config
	hash, err := s.bodyHash()
	if err != nil {
		return err
	}
	list := make([]Param, 0, 10+len(c.Extra))
	add := func(name, value string, send bool) {
		if send {
			list = append(list, Param{name, value})
		}
	}
	add("oauth_body_hash", hash, hash != "")
	add("oauth_callback", c.Callback, c.Callback != "")
	add("oauth_consumer_key", c.ConsumerKey, c.ConsumerKey != "")
	if !c.OmitNonce {
		add("oauth_nonce", c.nonce(), true)
	}
	add("oauth_session_handle", c.SessionHandle, c.SessionHandle != "")
	add("oauth_signature_method", s.method.Name, true)
	if !c.OmitTimestamp {
		add("oauth_timestamp", c.timestamp(s.wire.url.host), true)
	}
	add("oauth_token", s.token.Token, s.token.Token != "" || s.token.SendEmpty)
	add("oauth_verifier", c.Verifier, c.Verifier != "")
	add("oauth_version", c.version(), !c.OmitVersion)
	s.protocol, err = withExtra(list, c.Extra)
	return err
}

func (c *Config) version() string {
	if c.Version != "" {
		return c.Version
	}
	return "1.0"
}

// withExtra merges further parameters in, sorted; no name may come twice
// (RFC 5849 3.2).
func withExtra(list, extra []Param) ([]Param, error) {
	if len(extra) == 0 {
		return list, nil
	}
	for _, p := range extra {
		if !strings.HasPrefix(p.Name, "oauth_") {
			p.Name = "oauth_" + p.Name
		}
		if p.Name == "oauth_signature" || slices.ContainsFunc(list, func(q Param) bool { return p.Name == q.Name }) {
			return nil, errDuplicate(p.Name, "it comes from another field of Config already")
		}
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Param) int { return strings.Compare(PercentEncode(a.Name), PercentEncode(b.Name)) })
	return list, nil
}

func errDuplicate(name, detail string) error {
	return &Error{
		Code:      CodeDuplicate,
		Message:   "oauth: protocol parameter " + name + " must be sent once, in one place",
		Detail:    detail,
		Parameter: name,
	}
}

// bodyHash returns oauth_body_hash, "" for none. A form never gets a computed
// one: the draft forbids it, its parameters are signed anyway.
func (s *signing) bodyHash() (string, error) {
	computed, given := s.config.wantsBodyHash(s.profile)
	if (computed || given != "") && s.method.Kind == KindPlaintext {
		return "", errBodyHashPlaintext()
	}
	if !computed || isForm(s.wire.contentType) && !s.profile.alwaysHash {
		return given, nil
	}
	m := s.method
	if s.profile.hashSHA1 {
		m = Methods[0]
	}
	if s.wire.hash != nil {
		return s.wire.hash(m)
	}
	return m.bodyHash(s.wire.body)
}

// fillBase collects what is signed and writes the base string.
func (s *signing) fillBase() error {
	if err := s.collect(); err != nil {
		return err
	}
	s.base = s.baseString()
	return nil
}

// collect gathers and sorts all that is signed (RFC 5849 3.4.1.3).
func (s *signing) collect() error {
	s.params = make([]parameter, 0, len(s.protocol)+strings.Count(s.wire.url.query, "&")+1)
	for _, p := range s.protocol {
		s.params = append(s.params, s.profile.protocolParameter(p))
	}
	s.params = s.profile.appendCollected(s.params, s.wire.url.query, s.form())
	if name := s.repeated(); name != "" && s.config.Strict {
		return errDuplicate(name, "it is in the URL or form body too")
	}
	if s.config.signsMultipart(s.wire.contentType) {
		fields, err := multipartText(s.wire.contentType, s.wire.body)
		if err != nil {
			return err
		}
		for _, p := range fields {
			s.params = append(s.params, encodedParameter(p, originBody))
		}
	}
	sortParameters(s.params)
	return nil
}

// form is the body if it is one whose parameters are signed.
func (s *signing) form() string {
	if !isForm(s.wire.contentType) {
		return ""
	}
	return string(s.wire.body)
}

func (c *Config) signsMultipart(contentType string) bool {
	return strings.EqualFold(c.SignMultipart, SignMultipartText) && hasMediaType(contentType, "multipart/form-data")
}

// repeated names a protocol parameter that also stands in URL or body.
func (s *signing) repeated() string {
	for _, p := range s.params {
		if p.origin != originProtocol && strings.HasPrefix(p.name, "oauth_") &&
			slices.ContainsFunc(s.protocol, func(q Param) bool { return q.Name == p.name }) {
			return p.name
		}
	}
	return ""
}

func (s *signing) baseString() []byte {
	uri := s.wire.url.base(s.profile.keepPort)
	size := len(s.wire.method) + len(uri) + 32
	for _, p := range s.params {
		size += len(p.name) + len(p.value) + 16
	}
	return appendBaseString(make([]byte, 0, size), s.wire.method, uri, s.params)
}
