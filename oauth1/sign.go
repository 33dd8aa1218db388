package oauth1

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
