package lint

import (
	"regexp"
	"slices"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// oauth2Rules are those of OAuth 2.0 beyond the keys that are forbidden.
func oauth2Rules() []Rule {
	return []Rule{
		{"CON001", source.Warning, "nothing proves that the tokens are right", "add the directive info", withoutInfo},
		{"O2-W1", source.Warning, "refresh does not say when it is wanted", `add "condition": "{{data.expires < addMinutes(now, 1)}}"`, unconditionalRefresh},
		{"O2-W2", source.Warning, "redirect_uri differs from that of authorize", "providers refuse the code then; write the same expression", differentRedirect},
		{"O2-W3", source.Warning, "a refresh has no redirect_uri", "take it out", redirectOfRefresh},
		{"O2-W4", source.Warning, "this is the end of the connection, but the same expression as the end of the access token in data.expires", "use the life of the refresh token, or take it out: the person would have to authorize again each time", sameEnd},
		{"O2-W5", source.Warning, "the scope of a refresh is ignored", "take it out; response.scope belongs to token", scopeOfRefresh},
		{"O2-W6", source.Warning, "secrets are sent that log.sanitize does not name", `add "log": {"sanitize": ["request.body", "response.body"]}`, unsanitized},
		{"O2-W7", source.Warning, "token runs without a person, but does not say when", "add a condition; without it the token is never renewed", unconditionalToken},
	}
}

// of are the requests of a directive for which at gives a node.
func (c *connection) of(section string, at func(r request) *jsonc.Node) (found []place) {
	for _, r := range c.requests {
		if r.section != section {
			continue
		}
		if node := at(r); node != nil {
			found = append(found, place{c.API, node, ""})
		}
	}
	return found
}

func unconditional(r request) *jsonc.Node {
	if r.Has("condition") {
		return nil
	}
	return r.Node
}

func unconditionalRefresh(c *connection) []place { return c.of("refresh", unconditional) }

// unconditionalToken is O2-4, O2-6.
func unconditionalToken(c *connection) []place {
	if c.has("authorize") {
		return nil
	}
	return c.of("token", unconditional)
}

func differentRedirect(c *connection) []place {
	first := ""
	for _, r := range c.requests {
		if uri, ok := path(r.Node, "qs", "redirect_uri").Str(); ok && r.section == "authorize" {
			first = uri
		}
	}
	return c.of("token", func(r request) *jsonc.Node {
		uri := path(r.Node, "body", "redirect_uri")
		if text, ok := uri.Str(); ok && first != "" && text != first {
			return uri
		}
		return nil
	})
}

func redirectOfRefresh(c *connection) []place {
	return c.of("refresh", func(r request) *jsonc.Node { return path(r.Node, "body", "redirect_uri") })
}

// sameEnd is the documented mix-up of response.expires with data.expires (O2-21, O2-22).
func sameEnd(c *connection) (found []place) {
	for _, section := range []string{"token", "refresh"} {
		found = append(found, c.of(section, func(r request) *jsonc.Node {
			whole := path(r.Node, "response", "expires")
			a, ok := whole.Str()
			if b, _ := path(r.Node, "response", "data", "expires").Str(); ok && a == b {
				return whole
			}
			return nil
		})...)
	}
	return found
}

func scopeOfRefresh(c *connection) []place {
	return c.of("refresh", func(r request) *jsonc.Node { return path(r.Node, "response", "scope") })
}

var secretMember = regexp.MustCompile(`^(client_secret|refresh_token|password|assertion|code)$`)

// unsanitized looks for requests with secrets in the body and no log.sanitize at all. Our
// own logs mask secrets whatever the app says; Make's do not.
func unsanitized(c *connection) (found []place) {
	for _, section := range []string{"token", "refresh"} {
		found = append(found, c.of(section, func(r request) *jsonc.Node {
			body := r.Get("body")
			if body == nil || path(r.Node, "log", "sanitize") != nil ||
				!slices.ContainsFunc(body.Members, func(m jsonc.Member) bool { return secretMember.MatchString(m.Name()) }) {
				return nil
			}
			return body
		})...)
	}
	return found
}
