package oauth1

import (
	"cmp"
	"slices"
	"strings"
)

// Param is one name and value, decoded. Lists of Param keep their order and
// their duplicates.
type Param struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// origin says where a signed parameter came from (RFC 5849 3.4.1.3.1).
type origin uint8

const (
	originURL origin = iota
	originBody
	originProtocol
)

// parameter is a Param on its way into the base string, in its encoded form.
type parameter struct {
	name, value string
	origin      origin
}

func encodedParameter(p Param, from origin) parameter {
	return parameter{PercentEncode(p.Name), PercentEncode(p.Value), from}
}

// ParseForm splits a query or form body into pairs: at & only, empty pieces
// skipped, the first = separates, no = means an empty value, + is a space and
// %XX one byte (RFC 5849 3.4.1.3.1). Nothing is an error: bad escapes are taken
// literally.
func ParseForm(s string) []Param {
	params := make([]Param, 0, strings.Count(s, "&")+1)
	for piece := range strings.SplitSeq(s, "&") {
		if piece == "" {
			continue
		}
		name, value, _ := strings.Cut(piece, "=")
		params = append(params, Param{formDecode(name), formDecode(value)})
	}
	return params
}

// EncodeForm joins params to a query or form body, percent-encoded by RFC 5849
// 3.6: the form in which no reader can misunderstand a plus sign.
func EncodeForm(params []Param) string {
	return string(appendForm(nil, params))
}

func appendForm(dst []byte, params []Param) []byte {
	for i, p := range params {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = appendEncoded(dst, p.Name)
		dst = append(dst, '=')
		dst = appendEncoded(dst, p.Value)
	}
	return dst
}

// NormalizedParameters returns the parameter string of RFC 5849 3.4.1.3.2:
// every name and value encoded, sorted by encoded name, then encoded value,
// byte by byte, duplicates kept. It takes all params as they are; leaving out
// realm and oauth_signature is up to the caller.
func NormalizedParameters(params []Param) string {
	return string(appendNormalized(nil, sortedParameters(params)))
}

// sortedParameters encodes and sorts without telling origins apart.
func sortedParameters(params []Param) []parameter {
	encoded := make([]parameter, len(params))
	for i, p := range params {
		encoded[i] = encodedParameter(p, originURL)
	}
	sortParameters(encoded)
	return encoded
}

// sortParameters sorts by the encoded form: %C3%9F stands before bar.
func sortParameters(params []parameter) {
	slices.SortStableFunc(params, func(a, b parameter) int {
		if a.name != b.name {
			return cmp.Compare(a.name, b.name)
		}
		return cmp.Compare(a.value, b.value)
	})
}

func appendNormalized(dst []byte, params []parameter) []byte {
	for i, p := range params {
		if i > 0 {
			dst = append(dst, '&')
		}
		dst = append(dst, p.name...)
		dst = append(dst, '=')
		dst = append(dst, p.value...)
	}
	return dst
}
