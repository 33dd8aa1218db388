package js

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"modernc.org/quickjs/intl"
)

// This file holds what the JavaScript of the host environment leaves to Go. Bytes travel
// as a text with one character for each.

// bytesOf returns the bytes of a text in an encoding of Node's Buffer behind "=", or "!"
// and what is wrong.
func bytesOf(text, encoding string) string {
	switch encoding {
	case "utf8", "utf-8":
		return "=" + latin([]byte(text))
	case "hex":
		return "=" + latin(hexPrefix(text))
	case "base64", "base64url":
		return "=" + latin(base64Prefix(text))
	case "latin1", "binary", "ascii":
		return "=" + latin(lowBytes(text))
	case "utf16le", "utf-16le", "ucs2", "ucs-2":
		var b []byte
		for _, unit := range utf16.Encode([]rune(text)) {
			b = append(b, byte(unit), byte(unit>>8))
		}
		return "=" + latin(b)
	}
	return "!Unknown encoding: " + encoding
}

// textOf is the way back.
func textOf(bytes, encoding string) string {
	b := lowBytes(bytes)
	switch encoding {
	case "utf8", "utf-8":
		return "=" + validUTF8(b)
	case "hex":
		return "=" + hex.EncodeToString(b)
	case "base64":
		return "=" + base64.StdEncoding.EncodeToString(b)
	case "base64url":
		return "=" + base64.RawURLEncoding.EncodeToString(b)
	case "latin1", "binary":
		return "=" + bytes
	case "ascii":
		for i := range b {
			b[i] &= 0x7f
		}
		return "=" + string(b)
	case "utf16le", "utf-16le", "ucs2", "ucs-2":
		units := make([]uint16, len(b)/2)
		for i := range units {
			units[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
		}
		return "=" + string(utf16.Decode(units))
	}
	return "!Unknown encoding: " + encoding
}

func latin(b []byte) string {
	var out strings.Builder
	out.Grow(len(b))
	for _, c := range b {
		out.WriteRune(rune(c))
	}
	return out.String()
}

// lowBytes returns the low byte of each UTF-16 unit.
func lowBytes(text string) []byte {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xffff {
			high, low := utf16.EncodeRune(r)
			b = append(b, byte(high))
			r = low
		}
		b = append(b, byte(r))
	}
	return b
}

// validUTF8 replaces each maximal part of an invalid sequence, as the Encoding Standard
// does (4.1).
func validUTF8(b []byte) string {
	var out strings.Builder
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			size = brokenPrefix(b)
		}
		out.WriteRune(r)
		b = b[size:]
	}
	return out.String()
}

// brokenPrefix returns the length of the longest start of b that begins some character.
func brokenPrefix(b []byte) int {
	for n := min(3, len(b)); n > 1; n-- {
		if !utf8.FullRune(b[:n]) {
			return n
		}
	}
	return 1
}

// hexPrefix decodes up to what is no pair of digits, as Node does.
func hexPrefix(text string) []byte {
	b := make([]byte, len(text)/2)
	n, _ := hex.Decode(b, []byte(text[:len(text)&^1])) // what comes before the fault counts
	return b[:n]
}

// base64Prefix decodes both alphabets and passes over anything else, up to the padding.
func base64Prefix(text string) []byte {
	text, _, _ = strings.Cut(text, "=")
	digits := strings.Map(func(r rune) rune {
		switch {
		case r == '-':
			return '+'
		case r == '_':
			return '/'
		case r == '+', r == '/', r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			return r
		}
		return -1
	}, text)
	if len(digits)%4 == 1 {
		digits = digits[:len(digits)-1]
	}
	b, _ := base64.RawStdEncoding.DecodeString(digits) // nothing else is left
	return b
}

// defaultPorts are those of the special schemes (URL Standard 4.2).
var defaultPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

// urlParts takes an address apart as JSON, "" when it is none.
func urlParts(address, base string) string {
	u, err := url.Parse(strings.TrimFunc(address, func(r rune) bool { return r <= ' ' }))
	if err != nil {
		return ""
	}
	if base != "" {
		b, err := url.Parse(base)
		if err != nil || b.Scheme == "" {
			return ""
		}
		u = b.ResolveReference(u)
	}
	if u.Scheme == "" {
		return ""
	}
	port, special := defaultPorts[u.Scheme]
	if special && u.Host == "" {
		return ""
	}
	u = u.ResolveReference(&url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery, Fragment: u.Fragment, RawFragment: u.RawFragment})
	parts := map[string]any{"protocol": u.Scheme + ":", "slashes": u.Host != "" || u.Scheme == "file", "username": "", "password": "",
		"hostname": strings.ToLower(bracketed(u)), "port": u.Port(), "pathname": u.EscapedPath() + u.Opaque,
		"search": prefixed("?", queryEscapes.Replace(u.RawQuery)), "hash": prefixed("#", u.EscapedFragment())}
	if u.Port() == port {
		parts["port"] = ""
	}
	if special && parts["pathname"] == "" {
		parts["pathname"] = "/"
	}
	if u.User != nil {
		name, secret, _ := strings.Cut(u.User.String(), ":")
		parts["username"], parts["password"] = name, secret
	}
	text, _ := json.Marshal(parts) // texts always have a form in JSON
	return string(text)
}

// queryEscapes is the query percent-encode set of ASCII (URL Standard 1.3).
var queryEscapes = strings.NewReplacer(" ", "%20", `"`, "%22", "<", "%3C", ">", "%3E", "'", "%27")

func bracketed(u *url.URL) string {
	if name := u.Hostname(); strings.Contains(name, ":") {
		return "[" + name + "]"
	}
	return u.Hostname()
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// compareTexts orders decomposed texts as localeCompare does for Latin letters: by letters
// first, then by accents, then small before capital.
func compareTexts(a, b string) int {
	if n := strings.Compare(letters(a), letters(b)); n != 0 {
		return n
	}
	if n := strings.Compare(strings.ToLower(a), strings.ToLower(b)); n != 0 {
		return n
	}
	return strings.Compare(b, a)
}

// letters returns a decomposed text in small letters without accents.
func letters(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, text)
}

// loadIntl puts Intl and the methods that are defined by it in place.
func (m *machine) loadIntl() error {
	if m.intl {
		return nil
	}
	m.intl = true
	return intl.Register(m.vm, intl.TimeZone("UTC"))
}
