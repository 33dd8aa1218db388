package lint

import (
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// base checks what every module and RPC inherits.
func (p *pass) base() {
	code := p.app.Base
	root := code.Root()
	if root == nil || len(root.Members)+len(root.Elements) == 0 {
		return
	}
	p.directives(code, 'B', "the base")
	for _, request := range requestsOf(root) {
		p.baseURL(code, request)
		p.baseErrors(code, request)
		p.sanitized(code, request, "BAS005")
		p.needless(code, request)
		p.exposed(code, request, true)
		if timeout := request.Get("timeout"); timeout.Is(jsonc.Number) {
			if ms := timeout.Value().Float(); ms < 1 || ms > 300000 {
				p.report("BAS009", code, timeout, "timeout is "+timeout.Text+" milliseconds", "write a number from 1 to 300000")
			}
		}
	}
}

// development are the parts of host names that point at machines of developers.
var development = []string{"localhost", "127.0.0.1", "staging", "sandbox", ".local", "ngrok", "herokuapp", "vercel.app", "netlify.app", "onrender.com", "railway.app", "azurewebsites", "replit", "webhook.site"}

func (p *pass) baseURL(code *app.Code, request *jsonc.Node) {
	node := request.Get("baseUrl")
	address, ok := node.Str()
	if !ok {
		p.report("BAS001", code, request, "the base has no baseUrl", "put the part there that all addresses share, and write the rest as /path")
		return
	}
	if strings.HasPrefix(address, "http://") {
		p.report("BAS002", code, node, "baseUrl is not https", "credentials travel in the clear over http")
	}
	for _, part := range development {
		if strings.Contains(strings.ToLower(address), part) {
			p.report("BAS007", code, node, "baseUrl looks like an address for development ("+part+")", "use the address of the service itself")
			return
		}
	}
}

func (p *pass) baseErrors(code *app.Code, request *jsonc.Node) {
	node := request.Get("response").Get("error")
	if node == nil {
		p.report("BAS003", code, request, "the base has no response.error", `write "error": {"message": "[{{statusCode}}] {{body.message}}"}`)
		return
	}
	message := node
	if node.Is(jsonc.Object) {
		message = node.Get("message")
		if limit := node.Get("429"); limit == nil || limit.Get("type").Value().ToText() != "RateLimitError" {
			p.report("BAS008", code, node, "429 is no RateLimitError", `write "429": {"type": "RateLimitError", "message": …}, so that the run is repeated later`)
		}
	}
	if message != nil && !p.reads(code, message, "statusCode") {
		p.report("BAS004", code, message, "the error message does not show statusCode", "begin it with [{{statusCode}}]")
	}
}

// sensitive are the names of headers, query parameters and fields that carry credentials.
var sensitive = []string{"authorization", "api-key", "apikey", "api_key", "x-api-key", "x-auth-token", "token", "access_token", "client_secret", "password", "refresh_token", "secret"}

func isSensitive(name string) bool {
	name = strings.ToLower(name)
	for _, s := range sensitive {
		if name == s || strings.HasSuffix(name, "-"+s) || strings.HasSuffix(name, "_"+s) {
			return true
		}
	}
	return false
}

// plainPath writes a path without the marks around its steps.
var plainPath = strings.NewReplacer("`", "", "['", ".", "']", "")

// sanitized reports credentials in headers, query and body that log.sanitize does not
// name (communication.md 12).
func (p *pass) sanitized(code *app.Code, request *jsonc.Node, id string) {
	paths := map[string]bool{}
	for _, element := range elements(request.Get("log").Get("sanitize")) {
		paths[strings.ToLower(plainPath.Replace(element.Value().ToText()))] = true
	}
	for _, part := range []string{"headers", "qs", "body"} {
		object := request.Get(part)
		if !object.Is(jsonc.Object) {
			continue
		}
		for _, m := range object.Members {
			s, _ := m.Value.Str()
			name := strings.ToLower(m.Name())
			if isSensitive(name) && strings.Contains(s, "{{") && !covered("request."+part+"."+name, paths) {
				path := "request." + part + "." + ticked(name)
				p.report(id, code, m.Value, path+" is not in log.sanitize", `write it into "log": {"sanitize": [`+quote(path)+`]}`)
			}
		}
	}
}

// needless reports what log.sanitize of the base names and no request sends.
func (p *pass) needless(code *app.Code, base *jsonc.Node) {
	sent := p.sentWith(base)
	for _, element := range elements(base.Get("log").Get("sanitize")) {
		text := plainPath.Replace(element.Value().ToText())
		parts := strings.SplitN(text, ".", 4)
		if len(parts) != 3 || parts[0] != "request" || slices.Contains([]string{"oauth", "url"}, parts[1]) {
			continue
		}
		part, name := parts[1], strings.ToLower(parts[2])
		if !sent[part] && !sent[part+"."+name] && !(name == "authorization" && sent[signing]) {
			p.report("BAS006", code, element, "nothing sends "+text, "name what is sent, such as request.headers.authorization")
		}
	}
}

// signing stands for what signs a request, and thereby sends authorization.
const signing = "a signature"

// sentWith are the parts of requests with the names of their members in lower case, such
// as headers.accept; a part by itself may send anything, as an expression gives it.
func (p *pass) sentWith(base *jsonc.Node) map[string]bool {
	sent := map[string]bool{}
	note := func(r *jsonc.Node) {
		sent[signing] = sent[signing] || r.Has("oauth") || r.Has("aws") || r.Has("auth")
		for _, part := range membersOf(r) {
			if !part.Value.Is(jsonc.Object) {
				sent[part.Name()] = true
			}
			for _, m := range part.Value.Members {
				sent[part.Name()+"."+strings.ToLower(m.Name())] = true
				sent[part.Name()] = sent[part.Name()] || strings.Contains(m.Name(), "{{")
			}
		}
	}
	note(base)
	for _, other := range p.app.Codes() {
		if other.Name == "api" {
			for _, r := range requestsOf(other.Root()) {
				note(r)
			}
		}
	}
	return sent
}

// ticked puts a name that is no identifier into back ticks.
func ticked(name string) string {
	if strings.ContainsAny(name, "-. ") {
		return "`" + name + "`"
	}
	return name
}

// covered reports whether a path or something above it is among paths.
func covered(path string, paths map[string]bool) bool {
	for !paths[path] {
		last := strings.LastIndexByte(path, '.')
		if last < 0 {
			return false
		}
		path = path[:last]
	}
	return true
}

func membersOf(n *jsonc.Node) []jsonc.Member {
	if n == nil {
		return nil
	}
	return n.Members
}

func elements(n *jsonc.Node) []*jsonc.Node {
	if n == nil {
		return nil
	}
	return n.Elements
}
