package lint

import (
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// slot is what a code makes requests for, one letter each: a action, s search,
// u universal, t polling trigger, i instant trigger, r responder, Q RPC, E endpoint,
// B base, A attach, detach and update, W code of a webhook, X epoch.
type slot byte

// requests are the places that send requests.
const requests = "asutiQEBAX"

// directives says where each directive may stand (communication.md 2.1 and 2.2). Those of
// connections have rules of their own.
var directives = map[string]string{
	"url": requests, "method": requests, "headers": requests, "qs": requests, "useQuerystring": requests, "body": requests, "type": requests,
	"encodeUrl": requests, "encodeUrlMode": "asutiQE", "ca": requests, "rejectUnauthorized": requests, "shareCookies": requests, "timeout": requests,
	"temp": requests + "r", "condition": requests + "Wr", "oauth": requests, "aws": requests, "auth": requests, "log": requests, "response": requests + "r",
	"followRedirect": requests, "followRedirects": requests, "followAllRedirect": requests, "followAllRedirects": requests,
	"baseUrl": "B", "gzip": "asutiQEAX", "repeat": "asutiQEAX", "while": "asutiQEAX", "pagination": "asutQBEX", "error": requests,
	"endpoint": "asutQ", "input": "asutQ", "agency": requests, "isc": requests,
	"respond": "W", "verification": "W", "iterate": "W", "output": "W", "uid": "W",

	"response.type": requests, "response.temp": requests, "response.valid": requests, "response.error": requests, "response.output": requests,
	"response.limit": "stuQBEX", "response.iterate": "astuQBEX", "response.wrapper": "astuQBE", "response.trigger": "t",
	"response.data": "astuiQBA", "response.metadata": "B", "response.uid": "B", "response.oauth": requests, "response.unwrap": "E",
	"response.status": "r", "response.headers": "r", "response.body": "r",

	"pagination.mergeWithParent": requests, "pagination.url": requests, "pagination.method": requests, "pagination.headers": requests, "pagination.qs": requests,
	"pagination.body": requests, "pagination.condition": requests, "pagination.endpoint": requests, "pagination.input": requests,
	"pagination.stopOnEmptyResponse": requests, "pagination.stopOnEmptyBundles": requests, "pagination.delay": requests, "pagination.agency": requests,
}

// ownDirectives work here and not at Make (connections.md 4, communication.md 2.3).
var ownDirectives = []string{"auth", "pagination.delay"}

// platformOnly works inside the platform alone (communication.md 2.1).
var platformOnly = []string{"agency", "isc"}

// directives reports unknown directives, and those that have no business where they stand.
func (p *pass) directives(code *app.Code, at slot, where string) {
	for _, request := range requestsOf(code.Root()) {
		p.members(code, request, "", at, where)
		for _, group := range []string{"response", "pagination"} {
			p.members(code, request.Get(group), group+".", at, where)
		}
	}
}

func (p *pass) members(code *app.Code, object *jsonc.Node, prefix string, at slot, where string) {
	if !object.Is(jsonc.Object) {
		return
	}
	for _, m := range object.Members {
		name := prefix + m.Name()
		allowed, known := directives[name]
		switch {
		case strings.HasPrefix(m.Name(), "//"), strings.Contains(m.Name(), "{{"):
		case !known:
			p.report("FMT006", code, m.Key, "unknown directive "+quote(name), p.didYouMean(name, directivesIn(prefix)))
		case strings.IndexByte(allowed, byte(at)) < 0:
			p.report("FMT007", code, m.Key, quote(name)+" is not available in "+where, "take it out")
		}
		switch {
		case slices.Contains(platformOnly, name):
			p.report("SEC005", code, m.Key, quote(name)+" works inside Make alone", "reach the service by its url")
		case slices.Contains(ownDirectives, name):
			p.report("EXT001", code, m.Key, quote(name)+" is not portable to Make", "it works with cleat alone")
		}
	}
}

// directivesIn are the directives of a group.
func directivesIn(prefix string) []string {
	var names []string
	for name := range directives {
		if rest, ok := strings.CutPrefix(name, prefix); ok && !strings.Contains(rest, ".") {
			names = append(names, name)
		}
	}
	return names
}
