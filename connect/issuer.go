package connect

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

// fromIssuer checks the issuer that an answer of OAuth 2.0 names (RFC 9207 2.4): another
// server than the one that was asked may want the code for itself. The issuer is what the
// app writes as authorize.issuer, to the letter; else a server that belongs together with
// the page that the person was sent to.
func (s *steps) fromIssuer(ctx context.Context) error {
	issuer := s.callback.param("iss")
	if issuer == "" || s.t.Kind != OAuth2 {
		return nil
	}
	expected := s.t.issuer
	if expected == "" {
		address, err := s.c.Engine.Start(s.t.plans[authorize], s.input()).Address(ctx)
		if err != nil {
			return failure(err)
		}
		if expected = hostOf(address); related(hostOf(issuer), expected) {
			return nil
		}
	}
	if issuer == expected {
		return nil
	}
	return &Error{Reason: Provider, Message: fmt.Sprintf("the answer was issued by %q, not by %q", issuer, expected),
		Hint: `if both are the same service, write its issuer into the app: "authorize": {"issuer": …}`}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// related reports whether two hosts are the same, one is below the other, or both are below
// the same domain of a service, such as www.example.com and login.example.com.
func related(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	_, above, _ := strings.Cut(a, ".")
	_, aboveB, _ := strings.Cut(b, ".")
	return a == b || strings.HasSuffix(a, "."+b) || strings.HasSuffix(b, "."+a) || above == aboveB && strings.Contains(above, ".") && !isAddress(a)
}

// isAddress reports whether a host is an address: its last part is a number.
func isAddress(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	return strings.Contains(host, ":") || last != "" && strings.Trim(last, "0123456789") == ""
}
