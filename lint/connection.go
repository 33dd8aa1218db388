package lint

import (
	"fmt"
	"slices"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// Connection checks a connection type of an app: its code, parameters and scopes.
func Connection(a *app.App, c *app.Connection) source.Diagnostics {
	found := reservedNames(c.Parameters)
	switch c.Kind() {
	case app.OAuth1:
		found.Add(OAuth1Connection(c.API)...)
	case app.OAuth2:
		found.Add(OAuth2Connection(c)...)
	default:
		found.Add(BasicConnection(c.API)...)
	}
	found.Sort()
	return found
}

// reserved are parameter names that the platform uses itself (connections.md CN-7).
var reserved = []string{"accountName", "teamID"}

func reservedNames(parameters *app.Code) source.Diagnostics {
	var found source.Diagnostics
	if parameters.Root() == nil {
		return nil
	}
	for _, field := range parameters.Root().Elements {
		if name := field.Get("name"); slices.Contains(reserved, name.Value().ToText()) {
			found.Add(parameters.Doc.Diagnose(name, source.Diagnostic{Code: "CN-E1", Message: fmt.Sprintf("the parameter name %q is reserved", name.Value().ToText()), Hint: "choose another name"}))
		}
	}
	return found
}

// BasicConnection checks the code of a basic connection: one request, without what
// belongs to modules (connections.md CN-5).
func BasicConnection(code *app.Code) source.Diagnostics {
	root := code.Root()
	if root.Is(jsonc.Array) {
		return source.Diagnostics{code.Doc.Diagnose(root, source.Diagnostic{Code: "CN-E2", Message: "a basic connection has one request, not an array", Hint: "keep the request that checks the credentials"})}
	}
	return notAvailable(code, root, forbidden("CN-E2", "CN-E2", "CN-E2", "CN-E2", "CN-E2"), "a basic connection")
}
