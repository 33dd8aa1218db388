package oauth1

import "strings"

const upperHex = "0123456789ABCDEF"

// PercentEncode encodes the bytes of s by RFC 5849 3.6: letters, digits and
// "-._~" stay, all else becomes %XX with upper-case digits. It is neither
// url.QueryEscape (which writes + for a space) nor url.PathEscape.
func PercentEncode(s string) string {
	escapes := 0
	for i := range len(s) {
		if !unreserved(s[i]) {
			escapes++
		}
	}
	if escapes == 0 {
		return s
	}
	return string(appendEncoded(make([]byte, 0, len(s)+2*escapes), s))
}

// PercentDecode turns each %XX into its byte, once. A bad escape is taken
// literally, and + stays +.
func PercentDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	return decode(s, false)
}

// unreserved reports RFC 3986's unreserved characters.
func unreserved(c byte) bool {
	return unreservedSet[c]
}

var unreservedSet = func() (set [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		set[c] = true
	}
	return set
}()

// appendEncoded appends the percent-encoded s, copying runs of unreserved
// characters at once.
func appendEncoded(dst []byte, s string) []byte {
	start := 0
	for i := range len(s) {
		if c := s[i]; !unreserved(c) {
			dst = append(dst, s[start:i]...)
			dst = append(dst, '%', upperHex[c>>4], upperHex[c&15])
			start = i + 1
		}
	}
	return append(dst, s[start:]...)
}

// formDecode decodes a name or value of a query or form: + is a space, %XX a
// byte (never a Unicode replacement), a bad escape itself.
func formDecode(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	return decode(s, true)
}

func decode(s string, plusIsSpace bool) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '%' && escapeAt(s, i):
			b = append(b, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		case c == '+' && plusIsSpace:
			b = append(b, ' ')
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// escapeAt reports whether s has a complete %XX at i.
func escapeAt(s string, i int) bool {
	return i+2 < len(s) && s[i] == '%' && isHex(s[i+1]) && isHex(s[i+2])
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c >= 'a':
		return c - 'a' + 10
	}
	return c - 'A' + 10
}
