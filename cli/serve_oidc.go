package cli

import (
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/server"
	"github.com/spf13/pflag"
)

// signInSettings say how people sign in besides with a password.
type signInSettings struct {
	issuer, client, secretFile, name string
	signup                           bool
	domains                          []string
	role                             string
}

func (s *signInSettings) add(f *pflag.FlagSet) {
	f.StringVar(&s.issuer, "oidc.issuer", "", "`URL` of a provider of OpenID Connect with which people sign in")
	f.StringVar(&s.client, "oidc.client-id", "", "`id` under which it knows the server")
	f.StringVar(&s.secretFile, "oidc.client-secret-file", "", "`file` with the secret of that client; also CLEAT_OIDC_CLIENT_SECRET")
	f.StringVar(&s.name, "oidc.name", "", "what the provider is called on pages (default its host)")
	f.BoolVar(&s.signup, "signup", false, "let in people of signup-domains who were not invited, with OpenID Connect")
	f.StringSliceVar(&s.domains, "signup-domains", nil, "`domains` of their email addresses")
	f.StringVar(&s.role, "signup-role", string(record.Viewer), "what they become: viewer, operator or developer")
}

// secretVariable is the one secret of the settings. It is no flag: everybody on a machine
// sees the command lines of all.
const secretVariable = "CLEAT_OIDC_CLIENT_SECRET"

const maxSecretFile = 64 << 10

func (o *serveOptions) oidc() (server.OIDC, error) {
	s := &o.set.signIn
	c := server.OIDC{Issuer: s.issuer, ClientID: s.client, Name: s.name, Signup: s.signup, Domains: s.domains, Role: record.Role(s.role)}
	switch {
	case s.signup && s.issuer == "":
		return c, usagef("name the provider with oidc.issuer", "signup: it is possible with OpenID Connect only")
	case s.issuer == "":
		return c, nil
	case !safeIssuer(s.issuer):
		return c, usagef("it is like https://accounts.example.com", "oidc.issuer: %q is no https address of a provider", masked(s.issuer))
	case s.client == "":
		return c, usagef("the provider gives one when the server is registered there", "oidc.client-id: it is missing")
	case s.signup && len(s.domains) == 0:
		return c, usagef("list the domains of your people, such as example.com", "signup-domains: it is missing")
	case s.role != string(record.Viewer) && s.role != string(record.Operator) && s.role != string(record.Developer):
		return c, usagef("roles are viewer, operator and developer; owners are made by owners", "signup-role: %q is not possible", s.role)
	}
	for _, domain := range s.domains {
		if strings.ContainsAny(domain, "@*/ ") || !strings.Contains(domain, ".") {
			return c, usagef("domains are like example.com", "signup-domains: %q is no domain", domain)
		}
	}
	var err error
	c.ClientSecret, err = o.clientSecret()
	return c, err
}

// safeIssuer lets plain http through on this machine only (OpenID Connect Discovery 3: an
// issuer has the scheme https).
func safeIssuer(issuer string) bool {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return false
	}
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && err == nil && addr.IsLoopback()
}

func (o *serveOptions) clientSecret() (string, error) {
	path := o.set.signIn.secretFile
	if path == "" {
		if secret := o.env(secretVariable); secret != "" {
			return secret, nil
		}
		return "", usagef("name a file with oidc.client-secret-file, or set "+secretVariable, "oidc.client-secret-file: it is missing")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("oidc.client-secret-file: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err != nil {
		return "", fmt.Errorf("oidc.client-secret-file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}
