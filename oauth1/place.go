package oauth1

import (
	"bytes"
	"slices"
	"strings"
)

// chooseTransport reads [Config.TransportMethod].
func chooseTransport(name string) (string, error) {
	if name == "" {
		return TransportHeader, nil
	}
	for _, known := range []string{TransportHeader, TransportQuery, TransportBody} {
		if strings.EqualFold(name, known) {
			return known, nil
		}
	}
	return "", &Error{Code: CodeTransportUnknown, Message: "oauth: transport_method invalid", Detail: name}
}

// bodyTransportVerbs may carry parameters in the body. RFC 5849 3.5.2 names no
// verb; servers expect POST.
var bodyTransportVerbs = []string{"POST", "PUT", "PATCH"}

func checkBodyTransport(method, contentType string) error {
	if slices.Contains(bodyTransportVerbs, method) && isForm(contentType) {
		return nil
	}
	got := "no content-type"
	if contentType != "" {
		got = contentType
	}
	return &Error{
		Code:    CodeBodyTransport,
		Message: "oauth: transport_method of body requires POST and content-type application/x-www-form-urlencoded",
		Detail:  "body transport requires POST and application/x-www-form-urlencoded, this is " + method + " and " + got,
	}
}

// placed puts the protocol parameters where transport wants them (RFC 5849
// 3.5).
func (s *signing) placed(transport string) Signed {
	signed := Signed{
		URL: s.wire.url.String(), Body: s.wire.body, ContentType: s.wire.contentType,
		BaseString: string(s.base), Signature: s.signature, Params: s.protocol,
	}
	switch transport {
	case TransportHeader:
		signed.AuthorizationHeader = s.authorization()
	case TransportQuery:
		signed.URL = s.wire.url.withQuery(string(s.appendPairs(nil))).String()
	case TransportBody:
		signed.Body = s.bodyWithParams()
	}
	return signed
}

// authorization writes the header of RFC 5849 3.5.1: realm first, the
// parameters sorted, oauth_signature last, commas without a space.
func (s *signing) authorization() string {
	var buffer [512]byte // most headers fit: one allocation, for the result
	b := append(buffer[:0], "OAuth "...)
	if s.config.Realm != "" {
		b = appendQuoted(b, "realm", s.config.Realm)
		b = append(b, ',')
	}
	for _, p := range s.protocol {
		if s.profile.rawProtocol && fitsQuotes(p.Value) {
			b = append(append(append(append(b, p.Name...), `="`...), p.Value...), `",`...)
			continue
		}
		b = appendQuoted(b, p.Name, p.Value)
		b = append(b, ',')
	}
	return string(appendQuoted(b, "oauth_signature", s.signature))
}

func appendQuoted(b []byte, name, value string) []byte {
	b = appendEncoded(b, name)
	b = append(b, `="`...)
	b = appendEncoded(b, value)
	return append(b, '"')
}

// fitsQuotes reports whether a value can stand raw between quotes.
func fitsQuotes(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendPairs writes the parameters for query (RFC 5849 3.5.3) and body
// (3.5.2): sorted, oauth_signature last. The values are encoded as text, so
// that = and + of a signature survive.
func (s *signing) appendPairs(b []byte) []byte {
	if s.profile.realmEverywhere && s.config.Realm != "" {
		b = appendForm(b, []Param{{"realm", s.config.Realm}})
		b = append(b, '&')
	}
	if len(s.protocol) > 0 {
		b = append(appendForm(b, s.protocol), '&')
	}
	return appendForm(b, []Param{{"oauth_signature", s.signature}})
}

func (s *signing) bodyWithParams() []byte {
	body := slices.Clone(s.wire.body)
	if len(body) > 0 && !bytes.HasSuffix(body, []byte("&")) {
		body = append(body, '&')
	}
	return s.appendPairs(body)
}
