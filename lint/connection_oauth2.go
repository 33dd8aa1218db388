package lint

import (
	"fmt"
	"slices"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// oauth2Sections are the directives of an OAuth 2.0 connection (connections.md O2-9).
var oauth2Sections = []string{"preauthorize", "authorize", "token", "info", "refresh", "invalidate"}

// OAuth2Connection checks the code and the scopes of an OAuth 2.0 connection.
func OAuth2Connection(c *app.Connection) source.Diagnostics {
	found := scopeShapes(c)
	code := c.API
	root := code.Root()
	if root == nil {
		return found
	}
	for _, m := range root.Members {
		if !slices.Contains(oauth2Sections, m.Name()) {
			found.Add(code.Doc.Diagnose(m.Value, source.Diagnostic{Code: "O2-E1", Message: fmt.Sprintf("%q is no directive of an OAuth 2.0 connection", m.Name()),
				Hint: "use preauthorize, authorize, token, info, refresh or invalidate"}))
		}
	}
	rules := forbidden("O2-E2", "O2-E2", "O2-E2", "O2-E2", "O2-E2")
	for _, section := range oauth2Sections {
		for _, request := range requestsOf(root.Get(section)) {
			found.Add(notAvailable(code, request, rules, fmt.Sprintf("an OAuth 2.0 connection (%s)", section))...)
		}
	}
	return found
}

// scopeShapes: the default scope is a list, the scope list an object (connections.md
// O1-56, O1-57). Swapping the two is a common mistake.
func scopeShapes(c *app.Connection) source.Diagnostics {
	var found source.Diagnostics
	for _, rule := range []struct {
		code *app.Code
		kind jsonc.Kind
		want string
	}{{c.Scope, jsonc.Array, "scope, the default scope, must be an array of texts"}, {c.Scopes, jsonc.Object, "scopes, the scope list, must be an object of scope to description"}} {
		if root := rule.code.Root(); root != nil && !root.Is(rule.kind) {
			found.Add(rule.code.Doc.Diagnose(root, source.Diagnostic{Code: "O2-E3", Message: rule.want, Hint: "the default scope and the scope list may have been swapped"}))
		}
	}
	return found
}
