package oauth1

import (
	"fmt"
	"strings"
)

// wireURL is a URL taken apart without decoding anything. Its text is what is
// sent: characters that cannot be sent raw are escaped already.
type wireURL struct {
	prefix   string // scheme, authority and path as they stand in the URL
	scheme   string // lower case
	host     string // host and port, lower case, as the Host header has it
	server   string // host and port that are dialled
	path     string // may be empty
	query    string
	hasQuery bool   // a ? was there, perhaps with nothing behind it
	fragment string // with its #
}

// splitURL takes an absolute URL apart. It is no url.Parse on purpose: that
// decodes the path, refuses bad escapes and re-encodes when printed.
func splitURL(raw string) (wireURL, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !isScheme(scheme) {
		return wireURL{}, urlError(raw, "not an absolute URL")
	}
	rest, fragment, hasFragment := strings.Cut(rest, "#")
	if hasFragment {
		fragment = "#" + fragment
	}
	rest, query, hasQuery := strings.Cut(rest, "?")
	authority, path := rest, ""
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		authority, path = rest[:i], rest[i:]
	}
	host, err := hostOf(authority)
	if err != nil {
		return wireURL{}, urlError(raw, err.Error())
	}
	u := wireURL{
		scheme: strings.ToLower(scheme), host: host, server: host, path: escapePath(path),
		query: escapeQuery(query), hasQuery: hasQuery, fragment: fragment,
	}
	u.prefix = raw[:len(scheme)+len("://")+len(authority)] + u.path
	return u, nil
}

func urlError(raw, why string) error {
	shown, _, _ := strings.Cut(raw, "?")
	return &Error{Code: CodeURLInvalid, Message: fmt.Sprintf("oauth: invalid URL %q", shown), Detail: why}
}

func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if !('a' <= c && c <= 'z') && (i == 0 || !strings.ContainsRune("0123456789+-.", rune(s[i]))) {
			return false
		}
	}
	return s != ""
}

// hostOf returns host and port of an authority in lower case, without user
// information, IPv6 zone (RFC 6874: it has no meaning to the server) and
// empty port.
func hostOf(authority string) (string, error) {
	host := authority[strings.LastIndexByte(authority, '@')+1:]
	for i := range len(host) {
		switch c := host[i]; {
		case c >= 0x80:
			return "", fmt.Errorf("host %q must be in its ASCII form (punycode)", host)
		case c <= ' ' || c == 0x7f || c == '\\':
			return "", fmt.Errorf("host %q has a character that no host can have", host)
		}
	}
	if zone := strings.IndexByte(host, '%'); zone >= 0 && strings.HasPrefix(host, "[") {
		if end := strings.IndexByte(host, ']'); end > zone {
			host = host[:zone] + host[end:]
		}
	}
	host = strings.TrimSuffix(host, ":")
	if host == "" || host[0] == ':' {
		return "", fmt.Errorf("no host")
	}
	return strings.ToLower(host), nil
}

// base returns the base string URI.
func (u wireURL) base(keepPort bool) string {
	host, path := u.host, u.path
	if !keepPort {
		host = withoutDefaultPort(u.scheme, host)
	}
	if path == "" {
		path = "/"
	}
	return u.scheme + "://" + host + path
}

// withoutDefaultPort drops the port only if it is the scheme's own default:
// http://host:443 keeps its port (RFC 5849 3.4.1.2).
func withoutDefaultPort(scheme, host string) string {
	switch scheme {
	case "http":
		return strings.TrimSuffix(host, ":80")
	case "https":
		return strings.TrimSuffix(host, ":443")
	}
	return host
}

// String returns the URL as it is sent.
func (u wireURL) String() string {
	if !u.hasQuery {
		return u.prefix + u.fragment
	}
	return u.prefix + "?" + u.query + u.fragment
}

// withQuery returns the URL with more appended to the query; the bytes that
// are there stay untouched.
func (u wireURL) withQuery(more string) wireURL {
	if u.query != "" && !strings.HasSuffix(u.query, "&") {
		u.query += "&"
	}
	u.query, u.hasQuery = u.query+more, true
	return u
}

// escapePath escapes what RFC 3986 forbids in a path, as every HTTP client
// does before it sends. Existing escapes stay as they are, bad ones too.
func escapePath(s string) string { return escape(s, &pathForbidden) }

// escapeQuery escapes only what cannot be in a request line. The decoded value
// is the same either way.
func escapeQuery(s string) string { return escape(s, &queryForbidden) }

var (
	queryForbidden = forbiddenSet("")
	pathForbidden  = forbiddenSet("\"<>\\^`{|}")
)

// forbiddenSet holds controls, space, non-ASCII and the characters given.
func forbiddenSet(more string) (set [256]bool) {
	for c := range set {
		set[c] = c <= ' ' || c >= 0x7f || strings.IndexByte(more, byte(c)) >= 0
	}
	return set
}

func escape(s string, forbidden *[256]bool) string {
	count := 0
	for i := range len(s) {
		if forbidden[s[i]] {
			count++
		}
	}
	if count == 0 {
		return s
	}
	b := make([]byte, 0, len(s)+2*count)
	for i := range len(s) {
		if c := s[i]; forbidden[c] {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}
