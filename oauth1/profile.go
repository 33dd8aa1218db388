package oauth1

import "strings"

// Values of [Config.Profile].
const (
	// ProfileRFC5849 is the standard, and the default.
	ProfileRFC5849 = "rfc5849"

	// ProfileMastercard follows Mastercard's published signer libraries: oauth_*
	// values enter parameter string and header unencoded (so the base string
	// has them encoded once), the query is taken as written unless it holds an
	// escape, form bodies are not collected, and oauth_body_hash is always sent.
	ProfileMastercard = "mastercard"

	// ProfileRequest follows the npm package request (2.88.2) bug for bug, for
	// comparing with what it sent: explicit default ports are kept, bracketed
	// names are signed as that package parsed them, bodies are hashed with
	// SHA-1, and realm also travels in query and body.
	ProfileRequest = "request"
)

// profile is a deviation from RFC 5849 as data; its zero value is the RFC.
type profile struct {
	name            string
	rawProtocol     bool // oauth_* values are not encoded
	queryAsWritten  bool // a query without escapes is not encoded
	ignoreForm      bool // form bodies are no source of parameters
	alwaysHash      bool // oauth_body_hash on every request, forms included
	hashSHA1        bool // the body hash is SHA-1 whatever the method
	keepPort        bool // the base string URI keeps an explicit port
	qsNames         bool // names pass through npm qs, see qsParams
	realmEverywhere bool // realm is sent with query and body transport too
}

var profiles = []profile{
	{name: ProfileRFC5849},
	{name: ProfileMastercard, rawProtocol: true, queryAsWritten: true, ignoreForm: true, alwaysHash: true},
	{name: ProfileRequest, hashSHA1: true, keepPort: true, qsNames: true, realmEverywhere: true},
}

func lookupProfile(name string) (profile, error) {
	if name == "" {
		return profiles[0], nil
	}
	for _, p := range profiles {
		if strings.EqualFold(p.name, name) {
			return p, nil
		}
	}
	return profile{}, &Error{Code: CodeProfileUnknown, Message: "oauth: profile not supported: " + name}
}

// ProfileForHost suggests the profile for a host (with or without port):
// [ProfileMastercard] for api.mastercard.com and the hosts below it,
// [ProfileRFC5849] for all others. Nothing applies it by itself.
func ProfileForHost(host string) string {
	host, _, _ = strings.Cut(strings.ToLower(host), ":")
	if host == "api.mastercard.com" || strings.HasSuffix(host, ".api.mastercard.com") {
		return ProfileMastercard
	}
	return ProfileRFC5849
}

// appendCollected appends the parameters of URL and form body to params
// (RFC 5849 3.4.1.3.1, first and third source). The protocol parameters are the
// second.
func (p profile) appendCollected(params []parameter, query, form string) []parameter {
	switch {
	case p.qsNames:
		return append(params, qsParams(query, form)...)
	case p.queryAsWritten && PercentDecode(query) == query:
		params = appendRaw(params, query)
	default:
		params = appendPairs(params, query, originURL)
	}
	if p.ignoreForm {
		return params
	}
	return appendPairs(params, form, originBody)
}

// appendPairs splits s (see [ParseForm]) and appends its parameters but
// oauth_signature, which is never signed (RFC 5849 3.4.1.3.1).
func appendPairs(params []parameter, s string, from origin) []parameter {
	for s != "" {
		var piece string
		piece, s, _ = strings.Cut(s, "&")
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		p := encodedParameter(Param{formDecode(name), formDecode(value)}, from)
		if p.name != "oauth_signature" {
			params = append(params, p)
		}
	}
	return params
}

// appendRaw takes the query as written, a space as +.
func appendRaw(params []parameter, query string) []parameter {
	for _, p := range ParseForm(query) {
		if p.Name != "oauth_signature" {
			params = append(params, parameter{
				strings.ReplaceAll(p.Name, " ", "+"), strings.ReplaceAll(p.Value, " ", "+"), originURL,
			})
		}
	}
	return params
}

// protocolParameter encodes a protocol parameter for the base string.
func (p profile) protocolParameter(param Param) parameter {
	if p.rawProtocol {
		return parameter{param.Name, param.Value, originProtocol}
	}
	return encodedParameter(param, originProtocol)
}
