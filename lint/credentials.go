package lint

import (
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// connection checks what [Connection] does not: that the credentials stay secret, and that
// people can tell connections and failures apart.
func (p *pass) connection(c *app.Connection) {
	if c.AliasTo != "" {
		return // its own files are not used
	}
	code, root := c.API, c.API.Root()
	if filled(code) == nil {
		return
	}
	check := root
	if c.Kind() != app.Basic {
		check = root.Get("info")
	}
	if check != nil && !anyHas(root, "metadata") {
		p.report("CON004", code, check, "the connection has no response.metadata", "tell which account it is: {\"metadata\": {\"type\": \"email\", \"value\": …}}")
	}
	if !anyHas(root, "error") {
		p.report("CON002", code, root, "the connection has no error handling", "the base does not apply here: write response.error")
	}
	p.legs(c)
	if c.Kind() == app.OAuth1 {
		p.steps(code, root)
	}
	p.scheme(c)
}

// told are the directives that tell one OAuth from the other.
var told = []string{"oauth", "requestToken", "accessToken", "token", "refresh", "invalidate", "preauthorize"}

// scheme checks that the kind of OAuth can be told, and that its callback is not a fixed one.
func (p *pass) scheme(c *app.Connection) {
	root := c.API.Root()
	if c.Type == "oauth" && !slices.ContainsFunc(told, root.Has) {
		p.report("CON023", c.API, root, "nothing tells OAuth 1.0 from OAuth 2.0", "an OAuth 2.0 connection has token, an OAuth 1.0 connection accessToken")
	}
	for _, m := range root.Members {
		for _, part := range []string{"qs", "body"} {
			for _, key := range []string{"redirect_uri", "oauth_callback"} {
				if n := m.Value.Get(part).Get(key); strings.HasPrefix(literal(n), "http") {
					p.report("CON013", c.API, n, "a fixed address to come back to", "write {{oauth.localRedirectUri}}")
				}
			}
		}
	}
}

// anyHas reports whether a response below the root has the directive.
func anyHas(n *jsonc.Node, directive string) bool {
	if n.Get("response").Has(directive) {
		return true
	}
	for _, m := range n.Members {
		if m.Value.Is(jsonc.Object) && m.Value.Get("response").Has(directive) {
			return true
		}
	}
	return false
}

// legs checks every request of the connection.
func (p *pass) legs(c *app.Connection) {
	root := c.API.Root()
	requests := []*jsonc.Node{root}
	if c.Kind() != app.Basic {
		requests = nil
		for _, m := range root.Members {
			if m.Name() != "oauth" {
				requests = append(requests, requestsOf(m.Value)...)
			}
		}
	}
	for _, request := range requests {
		if c.Kind() != app.OAuth2 { // those have O2-W6
			p.sanitized(c.API, request, "CON003")
		}
		if address, ok := request.Get("url").Str(); ok && strings.HasPrefix(address, "/") {
			p.report("CON006", c.API, request.Get("url"), "the address is relative, and the base does not apply to connections", "write the whole address")
		}
	}
}

// steps checks the steps of an OAuth 1.0 connection.
func (p *pass) steps(code *app.Code, root *jsonc.Node) {
	if root.Has("authorize") && !root.Has("requestToken") {
		p.report("CON016", code, root.Get("authorize"), "authorize without requestToken", "the person is sent to the provider without a token")
	}
	if step := root.Get("accessToken"); step.Is(jsonc.Object) {
		stored := step.Get("response").Get("data")
		if s := string(stored.Value().AppendJSON(nil)); stored == nil || !strings.Contains(strings.ToLower(s), "token") {
			p.report("CON017", code, step, "accessToken stores no token", `write "response": {"data": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}"}}`)
		}
	}
}
