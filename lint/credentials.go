package lint

import (
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// connection checks what [Connection] does not: that the credentials are validated, kept
// secret and described.
func (p *pass) connection(c *app.Connection) {
	if c.AliasTo != "" {
		return // its own files are not used
	}
	code, root := c.API, c.API.Root()
	if root == nil || len(root.Members) == 0 {
		p.meta("CON001", c.Meta, "codeFiles", "nothing validates the connection "+quote(c.ID), "add a request that succeeds with right credentials only")
		return
	}
	check := root
	if c.Kind() != app.Basic {
		check = root.Get("info")
	}
	if check == nil || c.Kind() == app.Basic && !check.Has("url") {
		p.report("CON001", code, root, "nothing validates the connection", "add info: a request that succeeds with right credentials only")
	} else if !check.Get("response").Has("metadata") && !anyHas(root, "metadata") {
		p.report("CON004", code, check, "the connection has no response.metadata", "tell which account it is: {\"metadata\": {\"type\": \"email\", \"value\": …}}")
	}
	if !anyHas(root, "error") {
		p.report("CON002", code, root, "the connection has no error handling", "the base does not apply here: write response.error")
	}
	p.legs(c)
	p.fields(c)
	p.common(c)
	if c.Kind() == app.OAuth1 {
		p.oauth1(code, root)
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
		p.sanitized(c.API, request, "CON003")
		if address, ok := request.Get("url").Str(); ok && strings.HasPrefix(address, "/") {
			p.report("CON006", c.API, request.Get("url"), "the address is relative, and the base does not apply to connections", "write the whole address")
		}
	}
}

// fields checks the parameters of a connection.
func (p *pass) fields(c *app.Connection) {
	for _, field := range elements(c.Parameters.Root()) {
		name, ok := field.Get("name").Str()
		kind := field.Get("type").Value().ToText()
		switch {
		case !ok, kind == "banner", kind == "html", kind == "hidden":
			continue
		case soundsSecret(name) && kind == "text":
			p.report("CON007", c.Parameters, field.Get("type"), quote(name)+" sounds like a secret and is no password", `use "type": "password"`)
		}
		if !field.Get("editable").Value().Truthy() && soundsSecret(name) {
			p.report("CON010", c.Parameters, field, quote(name)+" cannot be changed later", `write "editable": true, so that it can be replaced`)
		}
	}
}

func soundsSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"secret", "token", "password", "apikey", "api_key", "privatekey"} {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// common reports constants that are read and defined nowhere. Where Make keeps the common
// data, and the folder has none, nothing can be said.
func (p *pass) common(c *app.Connection) {
	if c.Common == nil || c.Common.Root() == nil || c.Install.Root() != nil {
		return
	}
	for _, t := range p.within(c.API, c.API.Root()) {
		for _, r := range t.program.References() {
			if r.Root == "common" && len(r.Path) > 0 && !c.Common.Root().Has(r.Path[0]) {
				p.place("CON005", t, r, "common."+r.Path[0]+" is defined nowhere", "add it to the common data of the connection")
			}
		}
	}
}

// oauth1 checks the steps and the signing of an OAuth 1.0 connection.
func (p *pass) oauth1(code *app.Code, root *jsonc.Node) {
	if root.Has("authorize") && !root.Has("requestToken") {
		p.report("CON016", code, root.Get("authorize"), "authorize without requestToken", "the person is sent to the provider without a token")
	}
	if step := root.Get("accessToken"); step.Is(jsonc.Object) {
		stored := step.Get("response").Get("data")
		if s := string(stored.Value().AppendJSON(nil)); stored == nil || !strings.Contains(strings.ToLower(s), "token") {
			p.report("CON017", code, step, "accessToken stores no token", `write "response": {"data": {"token": "{{body.oauth_token}}", "token_secret": "{{body.oauth_token_secret}}"}}`)
		}
	}
	p.signing(code, root, root.Get("oauth"))
	for _, m := range root.Members {
		p.signing(code, root, m.Value.Get("oauth"))
	}
}

// methods are the signature methods and what each signs with (connections.md O1-16).
var methods = map[string]string{
	"HMAC-SHA1": "consumer_secret", "HMAC-SHA256": "consumer_secret", "HMAC-SHA512": "consumer_secret", "PLAINTEXT": "consumer_secret",
	"RSA-SHA1": "private_key", "RSA-SHA256": "private_key", "RSA-SHA512": "private_key",
}

func (p *pass) signing(code *app.Code, root, oauth *jsonc.Node) {
	if !oauth.Is(jsonc.Object) {
		return
	}
	all := root.Get("oauth")
	if name, ok := oauth.Get("signature_method").Str(); ok && !strings.Contains(name, "{{") {
		key, known := methods[strings.ToUpper(name)]
		switch {
		case !known:
			p.report("CON018", code, oauth.Get("signature_method"), "unknown signature method "+quote(name), "known are HMAC-SHA1, HMAC-SHA256, HMAC-SHA512, RSA-SHA1, RSA-SHA256, RSA-SHA512 and PLAINTEXT")
		case !oauth.Has(key) && !all.Has(key):
			p.report("CON019", code, oauth.Get("signature_method"), name+" needs "+key, "add it to the oauth object")
		case strings.EqualFold(name, "PLAINTEXT") && plainAddress(root):
			p.report("CON020", code, oauth.Get("signature_method"), "PLAINTEXT over http", "PLAINTEXT sends the secrets themselves: use https")
		}
	}
	if name, ok := oauth.Get("transport_method").Str(); ok && !strings.Contains(name, "{{") && name != "header" && name != "query" && name != "body" {
		p.report("CON018", code, oauth.Get("transport_method"), "unknown transport method "+quote(name), "known are header, query and body")
	}
	for _, key := range []string{"consumer_secret", "private_key", "token_secret"} {
		if s, ok := oauth.Get(key).Str(); ok && s != "" && !strings.Contains(s, "{{") {
			p.report("CON022", code, oauth.Get(key), key+" is written into the code", "keep it in common data, or let the user type it")
		}
	}
}

func plainAddress(root *jsonc.Node) bool {
	for _, m := range root.Members {
		if address, ok := m.Value.Get("url").Str(); ok && strings.HasPrefix(address, "http://") {
			return true
		}
	}
	return false
}
