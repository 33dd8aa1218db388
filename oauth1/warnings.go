package oauth1

import (
	"fmt"
	"net/netip"
	"strings"
)

// warnings tells what is signed but looks like a mistake.
func (s *signing) warnings() []string {
	var list []string
	warn := func(when bool, format string, args ...any) {
		if when {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	c, method := s.config, s.method
	warn(c.ConsumerKey == "", "no consumer key: the request is signed without oauth_consumer_key")
	warn(method.Kind == KindPlaintext && s.wire.url.scheme == "http" && !isLoopback(s.wire.url.host),
		"PLAINTEXT over http shows the secrets to everyone on the way; RFC 5849 3.4.4 wants TLS")
	warn(method.Kind != KindPlaintext && (c.OmitNonce || c.OmitTimestamp),
		"oauth_nonce and oauth_timestamp may be left out with PLAINTEXT only (RFC 5849 3.1)")
	warn(c.Realm != "" && s.transport != TransportHeader && !s.profile.realmEverywhere,
		"realm is sent in the Authorization header only, not with transport_method %s", s.transport)
	warn(s.transport == TransportBody && s.wire.method != "POST",
		"body transport on %s: many servers read protocol parameters from the body of a POST only", s.wire.method)
	if name := s.repeated(); name != "" {
		warn(true, "%s is in the URL or form body too: RFC 5849 3.5 wants each protocol parameter once, in one place", name)
	}
	if method.Kind == KindRSA {
		note, _ := checkPublicKey(c.Key.Public())
		warn(note != "", "%s", note)
	}
	return append(list, s.bodyHashWarnings()...)
}

func (s *signing) bodyHashWarnings() []string {
	computed, given := s.config.wantsBodyHash(s.profile)
	form := isForm(s.wire.contentType)
	switch {
	case computed && form && !s.profile.alwaysHash:
		return []string{"body_hash is left out: a form body is signed by its parameters and must not have a hash"}
	case given == "":
		return nil
	}
	m := s.method
	if s.profile.hashSHA1 {
		m = Methods[0]
	}
	if ours, err := m.bodyHash(s.wire.body); err == nil && ours != given {
		return []string{fmt.Sprintf("the given body_hash %s differs from the hash of the body, %s", given, ours)}
	}
	return nil
}

// isLoopback reports whether host (with or without port) never leaves the
// machine.
func isLoopback(host string) bool {
	if ap, err := netip.ParseAddrPort(host); err == nil {
		return ap.Addr().IsLoopback()
	}
	if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return a.IsLoopback()
	}
	name, _, _ := strings.Cut(host, ":")
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
