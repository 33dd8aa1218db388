package engine

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// normalizeHost writes a host as it is sent: in ASCII, an address in the usual form, without
// a trailing dot, and without the default port unless keepPort is set.
func normalizeHost(scheme, host string, keepPort bool) (string, error) {
	if strings.Contains(host, "@") {
		return "", errors.New("the url holds a user name or password; use the Authorization header")
	}
	name, port := host, ""
	if h, p, err := net.SplitHostPort(host); err == nil {
		name, port = h, p
	}
	name, err := normalizeName(strings.TrimSuffix(strings.Trim(name, "[]"), "."))
	if err != nil {
		return "", err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil && port != "" {
		return "", fmt.Errorf("'%s' is no port", port)
	}
	isDefault := port == "80" && scheme == "http" || port == "443" && scheme == "https" || port == "21"
	if port == "" || isDefault && !keepPort {
		return name, nil
	}
	return name + ":" + port, nil
}

// normalizeName writes a name or an address, that of IPv6 in brackets.
func normalizeName(name string) (string, error) {
	switch {
	case name == "":
		return "", errors.New("the url has no host")
	case strings.Contains(name, ":"):
		addr, err := netip.ParseAddr(name)
		if err != nil || addr.Zone() != "" {
			return "", fmt.Errorf("'%s' is no host name and no address", name)
		}
		return "[" + addr.String() + "]", nil
	}
	ascii := strings.ToLower(name) // also of what is no name by the rules, which have no underscore, but one that is in use
	if strings.ContainsFunc(ascii, func(c rune) bool { return c >= 0x80 }) || strings.Contains(ascii, "xn--") {
		if mapped, err := idna.Lookup.ToASCII(name); err == nil {
			ascii = mapped
		}
	}
	if strings.ContainsFunc(ascii, func(c rune) bool { return c >= 0x80 || !isAlphanumeric(byte(c)) && !strings.ContainsRune("-._", c) }) {
		return "", fmt.Errorf("'%s' is no host name", name)
	}
	return numericHost(ascii)
}

// numericHost writes an IPv4 address in the usual form: a host whose last part is a number
// is one, with one to four parts in decimal, octal or hexadecimal (WHATWG URL 3.5). The
// guard and whatever resolves the name then see the same address.
func numericHost(name string) (string, error) {
	parts := strings.Split(name, ".")
	end := parts[len(parts)-1]
	if _, ok := ipv4Part(end); !ok && strings.Trim(end, "0123456789") != "" {
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
