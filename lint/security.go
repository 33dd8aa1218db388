package lint

import (
	"regexp"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// exposed checks where a request sends the secrets, and what it shows of the answer.
func (p *pass) exposed(code *app.Code, request *jsonc.Node, universal bool) {
	node := request.Get("url")
	address, _ := node.Str()
	given := strings.HasPrefix(address, "{{parameters.") || strings.HasPrefix(address, "{{item.")
	switch {
	case !given || universal:
	case p.bare(request):
		p.add(code.Doc.Diagnose(node, p.warning("SEC001", "the address may be any: the request goes wherever people say, without the credentials of the base", "let people give what is behind the host, or compare the host before")))
	default:
		p.report("SEC001", code, node, "the address may be any, and the headers of the base go there", "let people give what is behind the host, or compare the host before")
	}
	if (given || strings.HasPrefix(address, "{{connection.")) && (request.Get("followAllRedirects").Value().Truthy() || request.Get("followRedirects").Value().Truthy()) {
		p.report("SEC004", code, node, "redirects of a host that people give are followed", `write "followRedirects": false`)
	}
	p.secretsInAddress(code, request)
	for _, message := range []*jsonc.Node{request.Get("response").Get("error"), request.Get("response").Get("error").Get("message")} {
		if text, ok := message.Str(); ok && wholeBody.MatchString(text) {
			p.report("SEC003", code, message, "the message of the error shows the whole answer", "show what explains it: {{body.message}}")
		}
	}
}

// bare reports whether a request takes the credentials of the base away: each header and
// each member of the query that carries some is empty.
func (p *pass) bare(request *jsonc.Node) bool {
	taken := false
	for _, part := range []string{"headers", "qs"} {
		for _, m := range membersOf(p.app.Base.Root().Get(part)) {
			if !isSensitive(m.Name()) {
				continue
			}
			own := request.Get(part)
			if own == nil {
				return false
			}
			value, ok := member(own, m.Name())
			if own.Is(jsonc.Object) && (!ok || !empty.MatchString(value.Value().ToText())) {
				return false // anything but an object replaces that of the base (communication.md 4)
			}
			taken = true
		}
	}
	return taken
}

// empty is a text that gives nothing.
var empty = regexp.MustCompile(`^(?:\{\{\s*(?:null|undefined|ignore|emptystring)?\s*\}\})?$`)

// member returns the member of an object, in whatever case it is written.
func member(n *jsonc.Node, name string) (*jsonc.Node, bool) {
	for _, m := range membersOf(n) {
		if strings.EqualFold(m.Name(), name) {
			return m.Value, true
		}
	}
	return nil, false
}

var (
	wholeBody  = regexp.MustCompile(`\{\{\s*(?:body|toString\(body\)|createJSON\(body\))\s*\}\}`)
	secretRead = regexp.MustCompile(`\b(?:connection|parameters|common)\.(?:\w*(?i:api_?key|token|secret|password))\b`)
)

// secretsInAddress: addresses are written into logs on their way (RFC 6750 5.3).
func (p *pass) secretsInAddress(code *app.Code, request *jsonc.Node) {
	if n := request.Get("url"); n != nil && len(reading(n, secretRead)) > 0 {
		p.report("SEC002", code, n, "a secret in the address", "send it in a header, if the service takes it there")
	}
	query := request.Get("qs")
	if !query.Is(jsonc.Object) {
		return
	}
	for _, m := range query.Members {
		if text, ok := m.Value.Str(); ok && secretRead.MatchString(expressions(text)) {
			p.report("SEC002", code, m.Value, "a secret in the query: "+m.Name(), "send it in a header, if the service takes it there")
		}
	}
}
