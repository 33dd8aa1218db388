package lint

import (
	"fmt"
	"slices"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/source"
)

// oauth1Sections are the directives of an OAuth 1.0 connection that make requests or
// receive one; oauth1Roots are all keys that its code may have (connections.md O1-8).
var (
	oauth1Sections = []string{"requestToken", "authorize", "accessToken", "info", "refresh", "invalidate"}
	oauth1Roots    = append([]string{"oauth"}, oauth1Sections...)
)

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
	rules := forbidden("O1-E1", "O1-E2", "O1-E3", "O1-E4", "O1-E5") // O1-1 to O1-6
	for _, section := range oauth1Sections {
		for _, request := range requestsOf(root.Get(section)) {
			found.Add(notAvailable(code, request, rules, fmt.Sprintf("an OAuth 1.0 connection (%s)", section))...)
		}
	}
	found.Sort()
	return found
}
