package oauth1

import (
	"fmt"
	"strings"
)

// Explanation is a signature with every piece that went into it, for the person
// who wants to know why a server refuses. Secrets are masked; so with PLAINTEXT
// is the signature, which is the secrets. It prints itself and has JSON tags.
type Explanation struct {
	Method          string `json:"method"`
	URL             string `json:"url"` // as sent without OAuth parameters
	SignatureMethod string `json:"signature_method"`
	TransportMethod string `json:"transport_method"`
	Profile         string `json:"profile"`

	Parameters      []ExplainedParam `json:"parameters"` // in the order of the base string
	BaseURI         string           `json:"base_uri"`
	ParameterString string           `json:"parameter_string"`
	BaseString      string           `json:"base_string"`

	KeyMasked string `json:"key_masked"`
	Signature string `json:"signature"`

	// The request as each transport would send it; BodyForm is empty where
	// body transport is impossible.
	Authorization string `json:"authorization"`
	QueryURL      string `json:"query_url"`
	BodyForm      string `json:"body_form,omitempty"`

	Warnings []string `json:"warnings,omitempty"`
}

// ExplainedParam is one parameter of the base string.
type ExplainedParam struct {
	Order        int    `json:"order"`  // from 1
	Origin       string `json:"origin"` // url, body or protocol
	Name         string `json:"name"`
	Value        string `json:"value"`
	EncodedName  string `json:"encoded_name"`
	EncodedValue string `json:"encoded_value"`
}

// Explain signs r exactly as [Config.Sign] does and shows the work. Give
// Timestamp and Nonce in the Config to explain a request that was sent already.
// The errors are those of Sign.
func (c *Config) Explain(r Request, t Token) (*Explanation, error) {
	w, err := wireOf(r)
	if err != nil {
		return nil, err
	}
	s, err := c.signShowingBase(w, t)
	if err != nil {
		return nil, err
	}
	e := &Explanation{
		Method: w.method, URL: w.url.String(),
		SignatureMethod: s.method.Name, TransportMethod: s.transport, Profile: s.profile.name,
		Parameters: s.explained(), BaseURI: w.url.base(s.profile.keepPort),
		ParameterString: string(appendNormalized(nil, s.params)), BaseString: string(s.base),
		KeyMasked: s.maskedKey(), Warnings: append(s.warnings(), secretWarnings(c, t)...),
	}
	if s.method.Kind == KindPlaintext {
		s.signature = e.KeyMasked
	}
	e.Signature = s.signature
	e.Authorization = s.authorization()
	e.QueryURL = s.placed(TransportQuery).URL
	if checkBodyTransport(w.method, w.contentType) == nil {
		e.BodyForm = string(s.bodyWithParams())
	}
	return e, nil
}

var originNames = [...]string{originURL: "url", originBody: "body", originProtocol: "protocol"}

func (s *signing) explained() []ExplainedParam {
	list := make([]ExplainedParam, len(s.params))
	for i, p := range s.params {
		list[i] = ExplainedParam{
			Order: i + 1, Origin: originNames[p.origin],
			Name: PercentDecode(p.name), Value: PercentDecode(p.value), EncodedName: p.name, EncodedValue: p.value,
		}
		if p.origin == originProtocol && s.profile.rawProtocol {
			list[i].Name, list[i].Value = p.name, p.value // not encoded at all
		}
	}
	return list
}

// maskedKey shows the shape of the key: whether there is a secret, and how long
// it is, which is what goes wrong.
func (s *signing) maskedKey() string {
	if s.method.Kind != KindRSA {
		return mask(s.config.ConsumerSecret) + "&" + mask(s.token.Secret)
	}
	bits := 0
	if key, err := rsaPublic(s.config.Key.Public()); err == nil {
		bits = key.N.BitLen()
	}
	return fmt.Sprintf("RSA private key, %d bits", bits)
}

func mask(secret string) string {
	if secret == "" {
		return "(empty)"
	}
	return fmt.Sprintf("(%d characters)", len([]rune(secret)))
}

// secretWarnings finds what copying and pasting does to secrets.
func secretWarnings(c *Config, t Token) (list []string) {
	for _, s := range []struct{ name, value string }{
		{"consumer key", c.ConsumerKey}, {"consumer secret", c.ConsumerSecret},
		{"token", t.Token}, {"token secret", t.Secret},
	} {
		if strings.TrimSpace(s.value) != s.value {
			list = append(list, "the "+s.name+" begins or ends with white space")
		}
	}
	if t.Token != "" && t.Secret == "" {
		list = append(list, "there is a token but no token secret")
	}
	return list
}

// String prints the explanation as text for a terminal.
func (e *Explanation) String() string {
	var b strings.Builder
	line := func(name, value string) { fmt.Fprintf(&b, "%-17s %s\n", name, value) }
	line("request", e.Method+" "+e.URL)
	line("signature method", e.SignatureMethod)
	line("transport method", e.TransportMethod)
	if e.Profile != ProfileRFC5849 {
		line("profile", e.Profile)
	}
	b.WriteString("\nparameters, in the order of the base string\n")
	for _, p := range e.Parameters {
		fmt.Fprintf(&b, "%4d  %-8s  %s=%s\n", p.Order, p.Origin, p.EncodedName, p.EncodedValue)
	}
	b.WriteByte('\n')
	line("parameter string", e.ParameterString)
	line("base string URI", e.BaseURI)
	line("base string", e.BaseString)
	line("key", e.KeyMasked)
	line("signature", e.Signature)
	b.WriteByte('\n')
	line("header", "Authorization: "+e.Authorization)
	line("query", e.QueryURL)
	if e.BodyForm != "" {
		line("body", e.BodyForm)
	}
	for _, w := range e.Warnings {
		line("warning", w)
	}
	return b.String()
}
