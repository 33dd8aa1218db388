package app

import "github.com/cleat-run/cleat/jsonc"

// Connection is a type of connection that the app offers.
type Connection struct {
	ID      string
	Label   string
	Type    string // as written: basic, oauth, or in exports also apikey, oauth-1, …
	AliasTo string // another app's connection, whose files are used instead
	Meta    Meta

	API, Parameters, Common *Code
	Scope, Scopes           *Code // default scope and scope list
	InstallSpec, Install    *Code
}

// Scheme is the way in which a connection authenticates.
type Scheme string

// The schemes.
const (
	Basic  Scheme = "basic" // one request with what the user typed: API keys, JWT, anything
	OAuth1 Scheme = "oauth1"
	OAuth2 Scheme = "oauth2"
)

// schemes are the types that tell the scheme by themselves. For the type oauth, and
// where none is given, the code decides.
var schemes = map[string]Scheme{
	"basic": Basic, "apikey": Basic, "other": Basic,
	"oauth-1": OAuth1, "oauth1": OAuth1,
	"oauth-refresh": OAuth2, "oauth-resowncre": OAuth2, "oauth-clicre": OAuth2, "oauth2": OAuth2,
}

// Kind returns the scheme of the connection. The manifest's type oauth covers OAuth 1.0
// and OAuth 2.0, so the code tells which: requestToken, accessToken or a root oauth
// object mean 1.0, everything else 2.0. Without a type, token, refresh, invalidate and
// preauthorize mean 2.0, and code without any of these keys is basic.
func (c *Connection) Kind() Scheme {
	if scheme, ok := schemes[c.Type]; ok {
		return scheme
	}
	root := c.API.Root()
	switch {
	case hasAny(root, "requestToken", "accessToken", "oauth"):
		return OAuth1
	case c.Type == "oauth", hasAny(root, "token", "refresh", "invalidate", "preauthorize"):
		return OAuth2
	}
	return Basic
}

func hasAny(n *jsonc.Node, names ...string) bool {
	for _, name := range names {
		if n.Has(name) {
			return true
		}
	}
	return false
}

func (c *Connection) id() string { return c.ID }

func (c *Connection) section(name string) **Code {
	switch name {
	case "api":
		return &c.API
	case "parameters":
		return &c.Parameters
	case "common":
		return &c.Common
	case "scope":
		return &c.Scope
	case "scopes":
		return &c.Scopes
	case "installSpec":
		return &c.InstallSpec
	case "install":
		return &c.Install
	}
	return nil
}
