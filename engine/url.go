package engine

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// wireURL is an address as it will be sent: every part is written exactly so.
type wireURL struct {
	scheme, host, path, query string
}

func (u wireURL) String() string {
	s := u.scheme + "://" + u.host + u.path
	if u.query != "" {
		s += "?" + u.query
	}
	return s
}

// http returns the URL in a form that net/http sends as it is: the path alone, or to a
// proxy the whole address (RFC 9112 3.2.2). Behind a proxy TLS is a tunnel, in which the
// path stands alone again.
func (u wireURL) http(proxy bool) *url.URL {
	path := u.path
	if path == "" {
		path = "/"
	}
	if proxy && u.scheme == "http" {
		path = "//" + u.host + path
	}
	return &url.URL{Scheme: u.scheme, Host: u.host, Opaque: path, RawQuery: u.query}
}

// joinURL puts a relative url under baseUrl (communication.md 5.1).
func joinURL(base, text string) (string, error) {
	if isAbsolute(text) {
		return text, nil
	}
	if scheme, _, ok := strings.Cut(text, "://"); ok && !strings.ContainsAny(scheme, "/?#") {
		return "", fmt.Errorf("the scheme of '%s' is neither http nor https", text)
	}
	if base == "" {
		return "", fmt.Errorf("the url '%s' is relative and there is no baseUrl", text)
	}
	if !isAbsolute(base) {
		return "", fmt.Errorf("the baseUrl '%s' must begin with http:// or https://", base)
	}
	if text == "" {
		return base, nil
	}
	return base + "/" + text, nil
}

func isAbsolute(s string) bool {
	lower := strings.ToLower(s[:min(len(s), 8)])
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

// normalizeURL prepares an absolute address (communication.md 5.2): no fragment, no
// default port, ASCII host, single slashes in the path; with encode everything before
// the query goes through encodeURI, a percent sign included.
func normalizeURL(text string, mode urlMode) (wireURL, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	host, path, slash := strings.Cut(rest, "/")
	u := wireURL{scheme: strings.ToLower(scheme)}
	if slash {
		u.path = collapseSlashes("/" + path)
	}
	if mode.encode {
		u.path = encodeURI(u.path)
	}
	u.path = escapeUnsafe(u.path)
	if u.path == "/" {
		u.path = ""
	}
	u.query = mode.query(query)
	var err error
	u.host, err = normalizeHost(u.scheme, host, mode.keepPort)
	return u, err
}

// urlMode is how an address is escaped: encodeUrl, and encodeUrlMode uniform, which also
// keeps the port.
type urlMode struct{ encode, uniform, keepPort bool }

// verbatim leaves an address as it is, as far as it can be sent.
var verbatim = urlMode{uniform: true}

// query prepares the query of an address. The legacy mode turns a second question mark
// into a separator, and without encodeUrl decodes all but what separates; the uniform
// mode encodes by encodeUrl (communication.md 5.2).
func (m urlMode) query(text string) string {
	switch {
	case m.uniform && m.encode:
		return encodeURI(text)
	case m.uniform:
		return escapeUnsafe(text)
	}
	text = strings.ReplaceAll(text, "?", "&")
	if !m.encode {
		text = decodeQuery(text)
	}
	return escapeUnsafe(text)
}

// decodeQuery undoes percent escapes, but for the space and # & ? : (communication.md
// 5.2), for the percent sign, and for bytes that are no text.
func decodeQuery(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil && c > ' ' && c < 0x7F && !strings.ContainsRune("#&?:%", rune(c)) {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func collapseSlashes(path string) string {
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

// unescaped are the characters besides letters and digits that encodeURI leaves alone.
const unescaped = ";,/?:@&=+$-_.!~*'()#"

func encodeURI(s string) string {
	return escapeBytes(s, func(c byte) bool { return !isAlphanumeric(c) && strings.IndexByte(unescaped, c) < 0 })
}

// escapeUnsafe escapes only what cannot stand in a request line.
func escapeUnsafe(s string) string {
	return escapeBytes(s, func(c byte) bool { return c <= ' ' || c >= 0x7F || c == '"' || c == '<' || c == '>' })
}

func escapeBytes(s string, must func(byte) bool) string {
	first := 0
	for first < len(s) && !must(s[first]) {
		first++
	}
	if first == len(s) {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:first])
	for i := first; i < len(s); i++ {
		if c := s[i]; must(c) {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
