package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// steps of a module that makes several requests.
func (p *pass) several(m *app.Module) {
	requests := requestsOf(m.API.Root())
	if len(requests) > 3 && !p.app.Base.Root().Get("response").Has("error") && !slices.ContainsFunc(requests, func(r *jsonc.Node) bool { return r.Get("response").Has("error") }) {
		p.report("MOD016", m.API, m.API.Root(), "more than three requests without error handling", "write response.error, so that people see which one failed")
	}
	for _, request := range requests[:max(len(requests)-1, 0)] {
		kind := literal(request.Get("response").Get("type"))
		if (kind == "text" || kind == "raw" || kind == "binary") && !request.Get("response").Has("output") {
			p.report("MOD017", m.API, request.Get("response"), "the answer of a step becomes the output", `write "output": "{{null}}" where a step is only on the way`)
		}
	}
	for _, request := range requests {
		p.temp(m.API, request.Get("temp"))
		p.temp(m.API, request.Get("response").Get("temp"))
	}
}

// temp: all expressions of a temp object are evaluated before any is stored
// (communication.md 9).
func (p *pass) temp(code *app.Code, object *jsonc.Node) {
	if !object.Is(jsonc.Object) {
		return
	}
	before := map[string]bool{}
	for _, m := range object.Members {
		for _, t := range p.within(code, m.Value) {
			for _, r := range t.reads {
				if r.Root == "temp" && len(r.Path) > 0 && before[r.Path[0]] {
					p.place("VAR004", t, r, "temp."+r.Path[0]+" has its former value here", "all of a temp object is evaluated before any of it is stored: use another step")
				}
			}
		}
		before[m.Name()] = true
	}
}

// deep is how long a path is that is worth a name, and oftenDeep how often it has to stand.
const (
	deep      = 4
	oftenDeep = 3
)

// deepPaths reports long paths that stand in a code three times.
func (p *pass) deepPaths(code *app.Code) {
	seen := map[string]int{}
	for _, t := range p.textsOf[code] {
		for _, r := range t.reads {
			if len(r.Path) < deep || r.Root == "temp" {
				continue
			}
			path := r.Root + "." + strings.Join(r.Path, ".")
			if seen[path]++; seen[path] == oftenDeep {
				p.place("VAR005", t, r, path+" stands here for the third time", "keep it in temp")
			}
		}
	}
}

// httpDirectives have no place beside the directive endpoint (components.md 12).
var httpDirectives = strings.Fields("url method headers qs body encodeUrl ca type gzip aws followRedirects followAllRedirects oauth")

// calls checks a request that calls an endpoint of the app.
func (p *pass) calls(code *app.Code, request *jsonc.Node) {
	node := request.Get("endpoint")
	if node == nil {
		return
	}
	name := first(node.Get("name"), node)
	text, _ := name.Str()
	switch {
	case strings.Contains(text, "{{"):
		p.report("MOD018", code, name, "the name of an endpoint is a text without expressions", "")
	case text != "" && p.app.Endpoint(text) == nil:
		p.report("MOD018", code, name, "the app has no endpoint "+quote(text), "")
	}
	for _, m := range request.Members {
		if slices.Contains(httpDirectives, m.Name()) {
			p.report("MOD018", code, m.Key, quote(m.Name())+" beside endpoint", "the endpoint makes the request: give it input")
		}
	}
}

var (
	bodyMethod   = regexp.MustCompile(`(?i)^(?:POST|PUT|PATCH)$`)
	tokenAddress = regexp.MustCompile(`(?i)/(?:oauth2?/)?(?:token|access_token|login|authenticate)s?$`)
)

// request checks a request of a module by itself.
func (p *pass) requestShape(m *app.Module, request *jsonc.Node) {
	response := request.Get("response")
	if bodyMethod.MatchString(literal(request.Get("method"))) && !request.Has("body") && p.strict {
		p.report("MOD014", m.API, request, "a "+strings.ToUpper(literal(request.Get("method")))+" without a body is not portable to Make's editor", `write "body": "{{null}}"`)
	}
	if isWholeBody(response.Get("output")) && tokenAddress.MatchString(literal(request.Get("url"))) {
		p.report("MOD019", m.API, response.Get("output"), "the answer of an address for tokens comes out as a whole", "name what may be seen")
	}
	pagination := request.Get("pagination")
	if query := pagination.Get("qs"); query.Is(jsonc.Object) && !isFalse(pagination.Get("mergeWithParent")) {
		own := map[string]*jsonc.Node{}
		for _, member := range membersOf(request.Get("qs")) {
			own[member.Name()] = member.Value
		}
		for _, member := range query.Members {
			if same, ok := own[member.Name()].Str(); ok && same == member.Value.Text && member.Value.Is(jsonc.String) {
				p.report("MOD009", m.API, member.Key, quote(member.Name())+" is in the request already", "pagination is put over the request: take it out here")
			}
		}
	}
}
