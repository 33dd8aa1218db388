package oauth1

import "strings"

// SignatureBaseString returns the text that is signed (RFC 5849 3.4.1.1): the
// method in upper case, the base string URI (see [BaseStringURI]) and the
// normalized parameters, each percent-encoded, joined by &.
func SignatureBaseString(method, baseURI string, params []Param) string {
	return string(appendBaseString(nil, strings.ToUpper(method), baseURI, sortedParameters(params)))
}

// appendBaseString writes the base string. Names and values of params are
// encoded already, so that encoding them again only touches percent signs.
func appendBaseString(dst []byte, method, baseURI string, params []parameter) []byte {
	dst = appendEncoded(dst, method)
	dst = append(dst, '&')
	dst = appendEncoded(dst, baseURI)
	dst = append(dst, '&')
	for i, p := range params {
		if i > 0 {
			dst = append(dst, "%26"...)
		}
		dst = appendEncoded(dst, p.name)
		dst = append(dst, "%3D"...)
		dst = appendEncoded(dst, p.value)
	}
	return dst
}

// BaseStringURI returns the base string URI of an absolute URL (RFC 5849
// 3.4.1.2): scheme and host in lower case, the port only when it is not the
// default of the scheme, the path byte for byte as written ("/" when empty),
// no user information, query or fragment. Raw spaces, non-ASCII and other
// characters that cannot stand in a URL are escaped first.
//
// The error is an [*Error] with [CodeURLInvalid].
func BaseStringURI(rawURL string) (string, error) {
	u, err := splitURL(rawURL)
	if err != nil {
		return "", err
	}
	return u.base(false), nil
}
