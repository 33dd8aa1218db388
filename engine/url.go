package engine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
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
func normalizeURL(text string, encode bool) (wireURL, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	rest, _, _ = strings.Cut(rest, "#")
	rest, query, _ := strings.Cut(rest, "?")
	host, path, slash := strings.Cut(rest, "/")
	u := wireURL{scheme: strings.ToLower(scheme)}
	if slash {
		u.path = collapseSlashes("/" + path)
	}
	if encode {
		u.path = encodeURI(u.path)
	}
	u.path = escapeUnsafe(u.path)
	if u.path == "/" {
		u.path = ""
	}
	u.query = escapeUnsafe(strings.ReplaceAll(query, "?", "&"))
	var err error
	u.host, err = normalizeHost(u.scheme, host)
	return u, err
}

func normalizeHost(scheme, host string) (string, error) {
	if strings.Contains(host, "@") {
		return "", fmt.Errorf("the url holds a user name or password; use the Authorization header")
	}
	name, port := host, ""
	if h, p, err := net.SplitHostPort(host); err == nil {
		name, port = h, p
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	if !strings.Contains(name, ":") {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			if ascii = strings.ToLower(name); strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 || r <= ' ' }) >= 0 {
				return "", fmt.Errorf("'%s' is no host name", name)
			}
		}
		name = ascii
	}
	if name == "" {
		return "", fmt.Errorf("the url has no host")
	}
	if strings.ContainsAny(name, "\\ \t\r\n\x00\"<>^`{|}%") {
		return "", fmt.Errorf("'%s' is no host name", name)
	}
	name, err := numericHost(name)
	if err != nil {
		return "", err
	}
	if port == "80" && scheme == "http" || port == "443" && scheme == "https" || port == "21" {
		port = ""
	}
	if strings.Contains(name, ":") {
		addr, err := netip.ParseAddr(name)
		if err != nil {
			return "", fmt.Errorf("'%s' is no host name and no address", name)
		}
		name = "[" + addr.String() + "]"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil && port != "" {
		return "", fmt.Errorf("'%s' is no port", port)
	}
	if port != "" {
		name += ":" + port
	}
	return name, nil
}

// numericHost writes an IPv4 address in the usual form: a host whose last part is a number
// is one, with one to four parts in decimal, octal or hexadecimal (WHATWG URL 3.5). The
// guard and whatever resolves the name then see the same address.
func numericHost(name string) (string, error) {
	parts := strings.Split(name, ".")
	end := parts[len(parts)-1]
	if _, ok := ipv4Part(end); strings.Contains(name, ":") || !ok && strings.Trim(end, "0123456789") != "" {
		return name, nil
	}
	var addr uint64
	for i, part := range parts {
		n, ok := ipv4Part(part)
		last := i == len(parts)-1
		if !ok || len(parts) > 4 || !last && n > 255 || last && n >= 1<<(8*(5-len(parts))) {
			return "", fmt.Errorf("'%s' is no host name and no address", name)
		}
		if last {
			addr |= n
		} else {
			addr |= n << (8 * (3 - i))
		}
	}
	return netip.AddrFrom4([4]byte{byte(addr >> 24), byte(addr >> 16), byte(addr >> 8), byte(addr)}).String(), nil
}

func ipv4Part(s string) (uint64, bool) {
	base := 10
	switch {
	case len(s) > 1 && (s[:2] == "0x" || s[:2] == "0X"):
		base, s = 16, s[2:]
		if s == "" {
			return 0, true
		}
	case len(s) > 1 && s[0] == '0':
		base = 8
	}
	n, err := strconv.ParseUint(s, base, 33)
	if err != nil {
		return n, errors.Is(err, strconv.ErrRange) // a number, but one that no address has
	}
	return n, true
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
	var b strings.Builder
	for i := range len(s) {
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

// mergeQuery puts qs over the query of the address (communication.md 5.3): qs wins per
// key and takes the place of an address key; without qs the query stays as written.
func mergeQuery(query string, qs value.Value) (string, error) {
	own, err := queryPairs(qs)
	if err != nil || len(own) == 0 {
		return query, err
	}
	var merged []oauth1.Param
	placed := map[string]bool{}
	for _, p := range oauth1.ParseForm(query) {
		if !overridden(own, p.Name) {
			merged = append(merged, p)
		} else if !placed[p.Name] {
			placed[p.Name] = true
			merged = append(merged, only(own, p.Name)...)
		}
	}
	for _, p := range own {
		if !placed[p.Name] {
			merged = append(merged, p)
		}
	}
	return oauth1.EncodeForm(merged), nil
}

func overridden(pairs []oauth1.Param, name string) bool { return len(only(pairs, name)) > 0 }

func only(pairs []oauth1.Param, name string) (found []oauth1.Param) {
	for _, p := range pairs {
		if p.Name == name {
			found = append(found, p)
		}
	}
	return found
}

// queryPairs flattens qs (communication.md 5.4): arrays repeat the key, undefined and
// null vanish, an object is written as JSON.
func queryPairs(qs value.Value) ([]oauth1.Param, error) {
	if qs.IsNil() {
		return nil, nil
	}
	if qs.Collection() == nil {
		return nil, fmt.Errorf("qs must be an object, but is %s", qs.Kind())
	}
	var pairs []oauth1.Param
	for name, v := range qs.Collection().All() {
		items := []value.Value{v}
		if list := v.Array(); list != nil {
			items = list.Items()
		}
		for _, item := range items {
			switch {
			case item.IsNil():
			case item.Kind() == value.KindBuffer:
				return nil, fmt.Errorf("qs.%s is a buffer", name)
			case item.Collection() != nil || item.Array() != nil:
				pairs = append(pairs, oauth1.Param{Name: name, Value: string(item.AppendJSON(nil))})
			default:
				pairs = append(pairs, oauth1.Param{Name: name, Value: item.ToText()})
			}
		}
	}
	return pairs, nil
}
