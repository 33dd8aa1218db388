package lint

import (
	"fmt"
	"slices"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// oauth1Sections are the directives of an OAuth 1.0 connection that make requests or
// receive one; oauth1Roots are all keys that its code may have (connections.md O1-8).
var (
	oauth1Sections = []string{"requestToken", "authorize", "accessToken", "info", "refresh", "invalidate"}
	oauth1Roots    = append([]string{"oauth"}, oauth1Sections...)
)

// unavailable are the directives that an OAuth 1.0 connection does not have
// (connections.md O1-1 to O1-6).
var unavailable = []struct {
	code string
	path []string
}{
	{"O1-E1", []string{"aws"}},
	{"O1-E2", []string{"pagination"}},
	{"O1-E3", []string{"response", "limit"}},
	{"O1-E4", []string{"response", "iterate"}},
	{"O1-E5", []string{"response", "output"}},
}

// OAuth1Connection checks the code of an OAuth 1.0 connection.
func OAuth1Connection(code *app.Code) source.Diagnostics {
	var found source.Diagnostics
	root := code.Root()
	if root == nil {
		return nil
	}
	for _, m := range root.Members {
		switch {
		case !slices.Contains(oauth1Roots, m.Name()):
			found.Add(code.Doc.Diagnose(m.Value, source.Diagnostic{Code: "O1-E6", Message: fmt.Sprintf("%q is no directive of an OAuth 1.0 connection", m.Name()),
				Hint: "use oauth, requestToken, authorize, accessToken or info"}))
		case m.Name() == "refresh" || m.Name() == "invalidate":
			found.Add(code.Doc.Diagnose(m.Value, source.Diagnostic{Severity: source.Warning, Code: "O1-E6", Message: fmt.Sprintf("%q is not portable to Make", m.Name())}))
		}
	}
	for _, section := range oauth1Sections {
		node := root.Get(section)
		requests := []*jsonc.Node{node}
		if node.Is(jsonc.Array) {
			requests = node.Elements
		}
		for _, request := range requests {
			found.Add(notAvailable(code, section, request)...)
		}
	}
	found.Sort()
	return found
}

func notAvailable(code *app.Code, section string, request *jsonc.Node) source.Diagnostics {
	var found source.Diagnostics
	for _, rule := range unavailable {
		node, name := request, ""
		for _, step := range rule.path {
			node, name = node.Get(step), name+"."+step
		}
		if node != nil {
			found.Add(code.Doc.Diagnose(node, source.Diagnostic{Code: rule.code,
				Message: fmt.Sprintf("%q is not available in an OAuth 1.0 connection (%s)", name[1:], section), Hint: "take it out"}))
		}
	}
	return found
}
