package lint

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// oauth1Rules are those of OAuth 1.0 beyond the keys that are forbidden.
func oauth1Rules() []Rule {
	return []Rule{
		{"O1-E7", source.Error, "is no key of the oauth object", "see the keys of OAuth 1.0 connections", unknownKeys},
		{"O1-E7", source.Warning, "is not in Make's schema of the oauth object", "the app then runs here only", extensionKeys},
		{"O1-E8", source.Error, "is not known", "signature_method is HMAC-SHA1, RSA-SHA1 or PLAINTEXT, also with SHA256 and SHA512; transport_method is header, query or body", unknownMethods},
		{"O1-E9", source.Error, "a method with RSA needs private_key", "give the PEM text in private_key", rsaWithoutKey},
		{"O1-E10", source.Error, "the transport body needs a POST with a form", `set "method": "POST" and "type": "urlencoded"`, bodyWithoutForm},
		{"O1-E11", source.Error, "PLAINTEXT has no body hash", "take body_hash out", hashOfPlaintext},
		{"O1-W1", source.Warning, "nothing proves that the tokens are right", "add the directive info", withoutInfo},
		{"O1-W2", source.Warning, "a secret stands in the code", "keep it in the common data", secretInCode},
		{"O1-W3", source.Warning, "accessToken is signed without the secret of requestToken", `add "token_secret": "{{temp.token_secret}}" to its oauth object`, accessWithoutSecret},
		{"O1-W4", source.Warning, "of authorize only oauth.token is used", "nothing is signed here; take it out", keysOfAuthorize},
		{"O1-W5", source.Warning, "a form has no body hash", "the form is signed itself; take body_hash out", hashOfForm},
		{"O1-W6", source.Warning, "realm is sent in the header only", "take realm out, or use the transport header", realmElsewhere},
		{"O1-W7", source.Warning, "oauth.redirectUri is the legacy address", "use oauth.localRedirectUri", legacyRedirect},
		{"O1-W8", source.Error, "PLAINTEXT sends the secrets in clear over http", "use https", plaintextOverHTTP},
		{"O1-W9", source.Warning, "body.oauth_token is read although the answer is not declared as a form", `set "response": {"type": "urlencoded"}`, undeclaredForm},
	}
}

var (
	oauthKeys  = []string{"consumer_key", "consumer_secret", "private_key", "token", "token_secret", "verifier", "signature_method", "transport_method", "body_hash"}
	extensions = []string{"callback", "session_handle", "version", "nonce", "timestamp", "realm", "private_key_passphrase", "include_version", "profile", "sign_multipart", "extra", "strict_1_0a"}
	methods    = []string{"HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "RSA-SHA1", "RSA-SHA256", "RSA-SHA512", "PLAINTEXT"}
	transports = []string{"header", "query", "body"}
)

// keys are the members of every oauth object for which broken holds: the root's and those
// of the directives (connections.md 2.2, O1-19).
func (c *connection) keys(broken func(name string) bool) (found []place) {
	objects := []*jsonc.Node{c.API.Root().Get("oauth")}
	for _, r := range c.requests {
		objects = append(objects, r.Get("oauth"))
	}
	for _, object := range objects {
		if object == nil {
			continue
		}
		for _, m := range object.Members {
			if broken(m.Name()) {
				found = append(found, place{c.API, m.Value, m.Name()})
			}
		}
	}
	return found
}

func unknownKeys(c *connection) []place {
	return c.keys(func(name string) bool { return !slices.Contains(oauthKeys, name) && !slices.Contains(extensions, name) })
}

func extensionKeys(c *connection) []place {
	return c.keys(func(name string) bool { return slices.Contains(extensions, name) })
}

func foldIn(list []string, name string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, name) })
}

func unknownMethods(c *connection) (found []place) {
	for _, rule := range []struct {
		key   string
		known []string
	}{{"signature_method", methods}, {"transport_method", transports}} {
		for _, at := range c.keys(func(name string) bool { return name == rule.key }) {
			if text := literal(at.node); text != "" && !foldIn(rule.known, text) {
				found = append(found, place{at.code, at.node, text})
			}
		}
	}
	return found
}

// signed are the requests that are signed and for which broken holds, at the key of the
// oauth object that is to blame, or at the request. authorize signs nothing (O1-32).
func (c *connection) signed(key string, broken func(r request) bool) (found []place) {
	seen := map[*jsonc.Node]bool{}
	for _, r := range c.requests {
		if r.section == "authorize" || !broken(r) {
			continue
		}
		at := r.oauth[key]
		if at == nil {
			at = r.Node
		}
		if !seen[at] {
			seen[at] = true
			found = append(found, place{c.API, at, r.section})
		}
	}
	return found
}

func (r request) method() string { return strings.ToUpper(literal(r.oauth["signature_method"])) }

func rsaWithoutKey(c *connection) []place {
	return c.signed("signature_method", func(r request) bool { return strings.HasPrefix(r.method(), "RSA-") && r.oauth["private_key"] == nil })
}

// bodyWithoutForm is O1-82. What is computed is not judged.
func bodyWithoutForm(c *connection) []place {
	return c.signed("transport_method", func(r request) bool {
		verb, kind := strings.ToUpper(literal(r.Get("method"))), literal(r.Get("type"))
		return strings.EqualFold(literal(r.oauth["transport_method"]), "body") &&
			(!r.Has("method") || verb == "GET" || verb == "HEAD" || verb == "DELETE" || kind != "" && kind != "urlencoded")
	})
}

// hashed reports whether a body hash is asked for (O1-18).
func (r request) hashed() bool {
	hash := r.oauth["body_hash"]
	return hash != nil && hash.Text != "false" && hash.Text != ""
}

func hashOfPlaintext(c *connection) []place {
	return c.signed("body_hash", func(r request) bool { return r.hashed() && r.method() == "PLAINTEXT" })
}

func hashOfForm(c *connection) []place {
	return c.signed("body_hash", func(r request) bool { return r.hashed() && literal(r.Get("type")) == "urlencoded" })
}

func realmElsewhere(c *connection) []place {
	return c.signed("realm", func(r request) bool {
		transport := literal(r.oauth["transport_method"])
		return r.oauth["realm"] != nil && (strings.EqualFold(transport, "query") || strings.EqualFold(transport, "body"))
	})
}

func withoutInfo(c *connection) []place {
	if root := c.API.Root(); root.Is(jsonc.Object) && len(root.Members) > 0 && !c.has("info") {
		return []place{{c.API, root, ""}}
	}
	return nil
}

func secretInCode(c *connection) (found []place) {
	for _, at := range c.keys(func(name string) bool { return name == "consumer_secret" || name == "private_key" }) {
		if literal(at.node) != "" {
			found = append(found, at)
		}
	}
	return found
}

// accessWithoutSecret is O1-47: the secret of the temporary credentials signs the exchange.
func accessWithoutSecret(c *connection) []place {
	return c.signed("", func(r request) bool {
		return r.section == "accessToken" && c.has("requestToken") && r.oauth["token_secret"] == nil
	})
}

func keysOfAuthorize(c *connection) (found []place) {
	for _, r := range c.requests {
		own := r.Get("oauth")
		if r.section != "authorize" || own == nil {
			continue
		}
		for _, m := range own.Members {
			if m.Name() != "token" {
				found = append(found, place{c.API, m.Value, m.Name()})
			}
		}
	}
	return found
}

var legacyURI = regexp.MustCompile(`\boauth\.redirectUri\b`)

func legacyRedirect(c *connection) (found []place) {
	for _, n := range reading(c.API.Root(), legacyURI) {
		found = append(found, place{c.API, n, ""})
	}
	return found
}

func plaintextOverHTTP(c *connection) (found []place) {
	for _, r := range c.requests {
		text, _ := r.Get("url").Str()
		if r.section != "authorize" && r.method() == "PLAINTEXT" && strings.HasPrefix(strings.ToLower(text), "http://") && !isLoopback(text) {
			found = append(found, place{c.API, r.Get("url"), r.section})
		}
	}
	return found
}

func isLoopback(text string) bool {
	u, err := url.Parse(text)
	if err != nil {
		return false
	}
	address, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && address.IsLoopback()
}

var tokenOfBody = regexp.MustCompile(`\bbody\.oauth_token\b`)

func undeclaredForm(c *connection) (found []place) {
	for _, r := range c.requests {
		response := r.Get("response")
		if at := reading(response, tokenOfBody); len(at) > 0 && literal(response.Get("type")) != "urlencoded" && !response.Get("type").Is(jsonc.Object) {
			found = append(found, place{c.API, at[0], r.section})
		}
	}
	return found
}
