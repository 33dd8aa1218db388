package lint

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// Connection checks a connection type of an app: its code, parameters, scopes and common
// data. a is the app that it belongs to; rules over addresses look at its base too.
func Connection(a *app.App, c *app.Connection) source.Diagnostics {
	if c.AliasTo != "" {
		return aliased(c)
	}
	all := connectionOf(a, c)
	found := run(ConnectionRules(c.Kind()), all)
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

// aliased tells of files of an alias, which have no effect (connections.md CN-8).
func aliased(c *app.Connection) source.Diagnostics {
	var found source.Diagnostics
	for _, code := range []*app.Code{c.API, c.Parameters, c.Common, c.Scope, c.Scopes, c.InstallSpec, c.Install} {
		if root := filled(code); root != nil {
			found.Add(code.Doc.Diagnose(root, source.Diagnostic{Severity: source.Warning, Code: "CN-W5",
				Message: fmt.Sprintf("this has no effect: the connection is an alias of %q", c.AliasTo), Hint: "empty the file, or take aliasTo out"}))
		}
	}
	return found
}

// ConnectionRules returns the rules for connections of a scheme, in the order of their
// codes, what is forbidden in their code excepted (connections.md 5.7). The table may be
// changed.
func ConnectionRules(scheme app.Scheme) []Rule {
	rules := []Rule{
		{"CN-E1", source.Error, "this parameter name is reserved", "choose another name", reservedNames},
		{"CN-W1", source.Info, "the parameter cannot be changed later", `add "editable": true`, notEditable},
		{"CN-W2", source.Warning, "the parameter decides where the secrets go and is editable", "take editable out: another service is another connection", editableAddress},
		{"CN-W3", source.Warning, "the parameter seems to be secret and is shown while it is typed", "make its type password", shownSecrets},
		{"CN-W4", source.Warning, "the common data of the connection does not have this", "define it in common or in the install directives; the app's own common data cannot be read here", undefinedCommon},
	}
	switch scheme {
	case app.OAuth1:
		return append(rules, oauth1Rules()...)
	case app.OAuth2:
		return append(rules, oauth2Rules()...)
	}
	return append(rules, Rule{"CON001", source.Warning, "nothing proves that the credentials are right", "add a url that only the account's owner can read", unchecked})
}

// fields calls do for each parameter.
func (c *connection) fields(do func(field *jsonc.Node, name string)) {
	if root := c.Parameters.Root(); root != nil {
		for _, field := range root.Elements {
			if name, ok := field.Get("name").Str(); ok {
				do(field, name)
			}
		}
	}
}

// matching are the parameters for which broken holds.
func (c *connection) matching(broken func(field *jsonc.Node, name string) bool) (found []place) {
	c.fields(func(field *jsonc.Node, name string) {
		if broken(field, name) {
			found = append(found, place{c.Parameters, field.Get("name"), name})
		}
	})
	return found
}

// reserved are parameter names that the platform uses itself (connections.md CN-7).
var reserved = []string{"accountName", "teamID"}

func reservedNames(c *connection) []place {
	return c.matching(func(_ *jsonc.Node, name string) bool { return slices.Contains(reserved, name) })
}

func notEditable(c *connection) []place {
	return c.matching(func(field *jsonc.Node, name string) bool { return !field.Has("editable") && !c.addresses(name) })
}

// editableAddress is CN-20: with an edited address the old secret would go to a new host.
func editableAddress(c *connection) []place {
	return c.matching(func(field *jsonc.Node, name string) bool {
		editable, _ := field.Get("editable").Bool()
		return editable && c.addresses(name)
	})
}

// addresses reports whether a parameter occurs in an address of the connection or the base.
func (c *connection) addresses(name string) bool {
	reads := regexp.MustCompile(`\b(parameters|connection|data)\.` + regexp.QuoteMeta(name) + `\b`)
	used := func(n *jsonc.Node) bool {
		return len(reading(n.Get("url"), reads))+len(reading(n.Get("baseUrl"), reads)) > 0
	}
	return used(c.app.Base.Root()) || slices.ContainsFunc(c.requests, func(r request) bool { return used(r.Node) })
}

var secretName = regexp.MustCompile(`(?i)secret|password|passphrase|token|api_?key|private_?key`)

func shownSecrets(c *connection) []place {
	return c.matching(func(field *jsonc.Node, name string) bool {
		kind := literal(field.Get("type"))
		return secretName.MatchString(name) && !strings.HasSuffix(name, "Id") && (kind == "text" || kind == "")
	})
}

var commonPath = regexp.MustCompile(`\bcommon\.([A-Za-z_$][\w$]*)`)

// undefinedCommon looks for common.x that neither the connection's common data nor its
// install directives define (connections.md 1.1, components.md 4.4).
func undefinedCommon(c *connection) (found []place) {
	known := merged(c.Common.Root(), path(c.Install.Root(), "common"))
	for _, n := range reading(c.API.Root(), commonPath) {
		for _, m := range commonPath.FindAllStringSubmatch(expressions(n.Text), -1) {
			if known[m[1]] == nil {
				found = append(found, place{c.API, n, "common." + m[1]})
			}
		}
	}
	return found
}

// unchecked is CN-10 for a basic connection.
func unchecked(c *connection) []place {
	if root := c.API.Root(); root.Is(jsonc.Object) && !root.Has("url") {
		return []place{{c.API, root, ""}}
	}
	return nil
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

// unavailable is a directive that a kind of connection does not have.
type unavailable struct {
	code string
	path []string
}

// forbidden are the directives that no connection has (connections.md CN-5), with the code
// of each finding.
func forbidden(aws, pagination, limit, iterate, output string) []unavailable {
	return []unavailable{
		{aws, []string{"aws"}},
		{pagination, []string{"pagination"}},
		{limit, []string{"response", "limit"}},
		{iterate, []string{"response", "iterate"}},
		{output, []string{"response", "output"}},
	}
}

func notAvailable(code *app.Code, request *jsonc.Node, rules []unavailable, where string) source.Diagnostics {
	var found source.Diagnostics
	for _, rule := range rules {
		if node := path(request, rule.path...); node != nil {
			found.Add(code.Doc.Diagnose(node, source.Diagnostic{Code: rule.code,
				Message: fmt.Sprintf("%q is not available in %s", strings.Join(rule.path, "."), where), Hint: "take it out"}))
		}
	}
	return found
}
