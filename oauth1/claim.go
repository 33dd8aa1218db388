package oauth1

import (
	"crypto/subtle"
	"slices"
	"strings"
	"time"
)

// claim is what a request says about itself, before anything is believed.
type claim struct {
	transport string
	params    []Param // protocol parameters without realm and oauth_signature
	signature string
	method    Method
	timestamp time.Time
}

// protocolNames are the parameters that no request carries by accident; other
// oauth_* names in a query may belong to the resource.
var protocolNames = []string{
	"oauth_consumer_key", "oauth_token", "oauth_signature_method", "oauth_signature",
	"oauth_timestamp", "oauth_nonce", "oauth_version", "oauth_body_hash",
}

// markNames show by which transport a request is signed.
var markNames = []string{"oauth_signature", "oauth_signature_method", "oauth_consumer_key"}

// source is one of the three places for protocol parameters (RFC 5849 3.5).
type source struct {
	transport string
	params    []Param
}

// claimOf finds the protocol parameters in the one place where they must be.
func claimOf(w wire, authorization []string) (*claim, error) {
	sources, err := sourcesOf(w, authorization)
	if err != nil {
		return nil, err
	}
	var used []source
	for _, s := range sources {
		if slices.ContainsFunc(s.params, func(p Param) bool { return slices.Contains(markNames, p.Name) }) {
			used = append(used, s)
		}
	}
	switch len(used) {
	case 0:
		return nil, &Error{Code: CodeUnsigned, Message: "oauth: the request is not signed", Detail: "no OAuth parameters in header, query or form body"}
	case 1:
	default:
		return nil, &Error{Code: CodeSeveralTransports, Message: "oauth: protocol parameters must be sent in one place", Detail: "they are in " + used[0].transport + " and " + used[1].transport}
	}
	if err := checkRepeated(used[0], sources); err != nil {
		return nil, err
	}
	return used[0].claim(), nil
}

func sourcesOf(w wire, authorization []string) ([]source, error) {
	var header []Param
	headers := 0
	for _, text := range authorization {
		if isOAuthHeader(text) {
			headers++
			header = ParseAuthorization(text)
		}
	}
	if headers > 1 {
		return nil, &Error{Code: CodeSeveralTransports, Message: "oauth: protocol parameters must be sent in one place", Detail: "there are several Authorization headers"}
	}
	sources := []source{{TransportHeader, header}, {TransportQuery, ParseForm(w.url.query)}}
	if isForm(w.contentType) {
		sources = append(sources, source{TransportBody, ParseForm(string(w.body))})
	}
	return sources, nil
}

// checkRepeated refuses a parameter that is there twice (RFC 5849 3.2): any
// oauth_* of the source in use, and the protocol's own names anywhere else.
func checkRepeated(used source, all []source) error {
	seen := make(map[string]bool)
	for _, p := range used.params {
		if strings.HasPrefix(p.Name, "oauth_") && seen[p.Name] {
			return errDuplicate(p.Name, "it is given twice")
		}
		seen[p.Name] = true
	}
	for _, s := range all {
		if s.transport == used.transport {
			continue
		}
		for _, p := range s.params {
			if seen[p.Name] && slices.Contains(protocolNames, p.Name) {
				return errDuplicate(p.Name, "it is in "+used.transport+" and "+s.transport)
			}
		}
	}
	return nil
}

func (s source) claim() *claim {
	c := &claim{transport: s.transport}
	for _, p := range s.params {
		switch {
		case p.Name == "oauth_signature":
			c.signature = p.Value
		case s.transport == TransportHeader && strings.EqualFold(p.Name, "realm"):
		case s.transport == TransportHeader || strings.HasPrefix(p.Name, "oauth_"):
			c.params = append(c.params, p)
		}
	}
	return c
}

func (c *claim) get(name string) string {
	value, _ := lookup(c.params, name)
	return value
}

// checkRequired names the first parameter that must be there (RFC 5849 3.1);
// PLAINTEXT may do without nonce and timestamp.
func (c *claim) checkRequired() error {
	required := []string{"oauth_consumer_key", "oauth_signature_method"}
	if c.method.Kind != KindPlaintext {
		required = append(required, "oauth_timestamp", "oauth_nonce")
	}
	absent := func(name string) error {
		return &Error{Code: CodeParameterAbsent, Message: "oauth: " + name + " is missing", Parameter: name}
	}
	for _, name := range required {
		if c.get(name) == "" {
			return absent(name)
		}
	}
	if c.signature == "" {
		return absent("oauth_signature")
	}
	return nil
}

// checkBodyHash compares oauth_body_hash, if there is one, with the body.
func (c *claim) checkBodyHash(w wire) error {
	sent, ok := lookup(c.params, "oauth_body_hash")
	if !ok {
		return nil
	}
	hash := func(m Method) (string, error) { return m.bodyHash(w.body) }
	if w.hash != nil {
		hash = w.hash
	}
	ours, err := hash(c.method)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(ours), []byte(sent)) != 1 {
		return &Error{Code: CodeBodyHashInvalid, Message: "oauth: oauth_body_hash is not that of the body", Detail: "ours is " + ours, Parameter: "oauth_body_hash"}
	}
	return nil
}

func (c *claim) verified(base string) *Verified {
	_, hashed := lookup(c.params, "oauth_body_hash")
	return &Verified{
		ConsumerKey: c.get("oauth_consumer_key"), Token: c.get("oauth_token"),
		SignatureMethod: c.method.Name, TransportMethod: c.transport,
		Timestamp: c.timestamp, Nonce: c.get("oauth_nonce"),
		BodyHash: hashed, Params: c.params, BaseString: base,
	}
}
