package lint

import (
	"regexp"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
)

// maxOptions is the most items that an RPC may fetch (components.md 9).
const maxOptions = 500

// rpc checks an RPC.
func (p *pass) rpc(r *app.RPC) {
	p.itself(r)
	p.flags(r)
	p.directives(r.API, 'Q', "an RPC")
	if len(p.fed[r.ID]) == 0 {
		p.meta("RPC002", r.Meta, "label", "no form uses the RPC "+quote(r.ID), "")
	}
	for _, request := range requestsOf(r.API.Root()) {
		response := request.Get("response")
		p.exposed(r.API, request, false)
		p.optionsOf(r, response.Get("output"))
		p.calls(r.API, request)
		if m := pageLimit.FindStringSubmatch(request.Get("pagination").Get("condition").Value().ToText()); m != nil && m[1] > "3" || m != nil && len(m[1]) > 1 {
			p.report("RPC005", r.API, request.Get("pagination").Get("condition"), "the RPC follows more than three pages", "a form waits for it: let people search instead")
		}
		if !response.Has("iterate") {
			continue
		}
		switch limit := response.Get("limit"); {
		case limit == nil && request.Has("pagination"):
			p.report("RPC004", r.API, request, "the RPC turns pages without a limit", `write "limit": 500 or less`)
		case limit.Is(jsonc.Number) && limit.Value().Float() > maxOptions:
			p.report("RPC004", r.API, limit, "the limit is above 500", "a form shows no more")
		}
	}
}

// endpoint checks an endpoint (components.md 12).
func (p *pass) endpoint(e *app.Endpoint) {
	p.directives(e.API, 'E', "an endpoint")
	root := e.API.Root()
	if root.Is(jsonc.Array) || root.Has("endpoint") {
		p.report("END001", e.API, root, "an endpoint is one request of its own", "")
	}
	p.endpointForms(e)
	if output := root.Get("response").Get("output"); output.Is(jsonc.Object) {
		p.report("END004", e.API, output, "the output of an endpoint is reshaped", "give the answer as it is: outputParameters describe it")
	}
	for _, name := range []string{"pagination", "repeat"} {
		if several := root.Member(name); several != nil {
			p.report("END004", e.API, several.Key, "the endpoint makes more than one call: "+name, "let those who call it ask again")
		}
	}
	if e.Context != nil && strings.TrimSpace(e.Context.Text()) != "" && !strings.HasPrefix(e.Context.Text(), "---") {
		p.script("END005", e.Context, 0, 1, "the context has no front matter", "begin it with --- and the lines name and description")
	}
	if _, told := e.Annotations["arbitraryCallHint"]; !told && len(e.Annotations) > 0 && arbitrary(root) {
		p.meta("END003", e.Meta, "annotations", "the endpoint "+quote(e.ID)+" makes any call, and its annotations do not say so", `write "arbitraryCallHint": true`)
	}
	if len(e.Annotations) == 0 {
		p.meta("END003", e.Meta, "label", "the endpoint "+quote(e.ID)+" has no annotations", `say what it does to data: {"readOnlyHint": true}`)
	}
	if e.Description == "" {
		p.meta("END003", e.Meta, "label", "the endpoint "+quote(e.ID)+" has no description", "those who call it know nothing else")
	}
}

var anyPath = regexp.MustCompile(`^/?\{\{\s*parameters\.\w+\s*\}\}`)

// arbitrary reports whether the caller says which method is used at which address.
func arbitrary(request *jsonc.Node) bool {
	return anyPath.MatchString(request.Get("url").Value().ToText()) && len(reading(request.Get("method"), anyParameter)) > 0
}

var anyParameter = regexp.MustCompile(`\bparameters\.\w`)

var pageLimit = regexp.MustCompile(`pagination\.page\s*<=?\s*(\d+)`)

// optionsOf: what a select shows needs a label and a value.
func (p *pass) optionsOf(r *app.RPC, output *jsonc.Node) {
	if !output.Is(jsonc.Object) || output.Has("{{...}}") || output.Has("options") {
		return
	}
	if p.fileChoices[r.ID] && !output.Has("file") {
		p.report("PAR026", r.API, output, "the choices of a file have no flag file: all of them are folders", `write "file": true where it is one`)
	}
	if !p.choices[r.ID] {
		return
	}
	for _, key := range []string{"label", "value"} {
		if !output.Has(key) {
			p.report("RPC003", r.API, output, "options without "+key, `write {"label": …, "value": …}`)
		}
	}
}

// itself: an RPC that its own options ask never ends.
func (p *pass) itself(r *app.RPC) {
	for _, code := range []*app.Code{r.API, r.Parameters} {
		texts(code.Root(), func(s *jsonc.Node) {
			if name, ok := rpcName(s.Text); ok && name == r.ID {
				p.report("RPC007", code, s, "the RPC "+quote(r.ID)+" asks itself", "let another one give what is below")
			}
		})
	}
}

var flagCompared = regexp.MustCompile(`parameters\.(\w+)\s*[!=]+\s*(?:true|false)\b`)

// flags: what stands in the address of an RPC is a text, and never true.
func (p *pass) flags(r *app.RPC) {
	given := p.flagsOf(r)
	for _, t := range p.within(r.API, r.API.Root()) {
		for _, m := range flagCompared.FindAllStringSubmatch(expressions(t.node.Text), -1) {
			if given[m[1]] {
				p.report("RPC008", r.API, t.node, m[1]+" comes from the address and is a text", "compare it with 'true'")
			}
		}
	}
}

// flagsOf are the names in the queries of the addresses of an RPC.
func (p *pass) flagsOf(r *app.RPC) map[string]bool {
	names := map[string]bool{}
	for _, address := range p.fed[r.ID] {
		_, query, _ := strings.Cut(address, "?")
		for pair := range strings.SplitSeq(query, "&") {
			if name, _, set := strings.Cut(pair, "="); set {
				names[name] = true
			}
		}
	}
	return names
}

// endpointForms: those who call an endpoint know its fields by their help alone.
func (p *pass) endpointForms(e *app.Endpoint) {
	for _, code := range []*app.Code{e.InputParameters, e.OutputParameters} {
		level(code, code.Root(), func(siblings []field) {
			for _, f := range siblings {
				switch {
				case f.kind == "banner":
					p.report("END002", code, f.node, "a banner in the form of an endpoint", "nobody sees it")
				case f.help == "":
					p.report("END002", code, f.node, "a field of an endpoint without help", "say what it is, in a sentence")
				}
			}
		})
	}
}
