package lint

import (
	"regexp"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
)

// Rule is a rule over connections: what it reports and what the author can do. Rules are
// values of a table; see [ConnectionRules].
type Rule struct {
	Code     string
	Severity source.Severity
	Summary  string
	Hint     string
	find     func(c *connection) []place
}

// place is where a rule is broken. Detail, if any, is put before the summary.
type place struct {
	code   *app.Code
	node   *jsonc.Node
	detail string
}

// run applies rules to a connection.
func run(rules []Rule, c *connection) source.Diagnostics {
	var found source.Diagnostics
	for _, r := range rules {
		for _, at := range r.find(c) {
			message := r.Summary
			if at.detail != "" {
				message = at.detail + ": " + message
			}
			found.Add(at.code.Doc.Diagnose(at.node, source.Diagnostic{Severity: r.Severity, Code: r.Code, Message: message, Hint: r.Hint}))
		}
	}
	return found
}

// connection is a connection type as rules look at it.
type connection struct {
	app *app.App
	*app.Connection
	requests []request
}

// request is one request of a directive, or that of a basic connection. Its oauth object
// has the members of the root's under its own (connections.md O1-30).
type request struct {
	section string
	*jsonc.Node
	oauth map[string]*jsonc.Node
}

// connectionOf takes the code of a connection apart.
func connectionOf(a *app.App, c *app.Connection) *connection {
	all := &connection{app: a, Connection: c}
	root := c.API.Root()
	switch c.Kind() {
	case app.OAuth1:
		all.add(root, oauth1Sections)
	case app.OAuth2:
		all.add(root, oauth2Sections)
	default:
		all.requests = append(all.requests, request{"", root, nil})
	}
	return all
}

func (c *connection) add(root *jsonc.Node, sections []string) {
	for _, section := range sections {
		for _, n := range requestsOf(root.Get(section)) {
			if n.Is(jsonc.Object) {
				c.requests = append(c.requests, request{section, n, merged(root.Get("oauth"), n.Get("oauth"))})
			}
		}
	}
}

// requestsOf are the requests of a directive: itself, or the elements of an array.
func requestsOf(node *jsonc.Node) []*jsonc.Node {
	if node.Is(jsonc.Array) {
		return node.Elements
	}
	return []*jsonc.Node{node}
}

// merged puts objects over each other; null takes a member away (O1-31).
func merged(objects ...*jsonc.Node) map[string]*jsonc.Node {
	all := map[string]*jsonc.Node{}
	for _, object := range objects {
		if object == nil {
			continue
		}
		for _, m := range object.Members {
			if all[m.Name()] = m.Value; m.Value.IsNull() {
				delete(all, m.Name())
			}
		}
	}
	return all
}

// has reports whether the connection has a directive.
func (c *connection) has(section string) bool {
	return slices.ContainsFunc(c.requests, func(r request) bool { return r.section == section })
}

// path returns the node below n, or nil.
func path(n *jsonc.Node, names ...string) *jsonc.Node {
	for _, name := range names {
		n = n.Get(name)
	}
	return n
}

// literal is a text without expressions, "" for anything else.
func literal(n *jsonc.Node) string {
	if text, ok := n.Str(); ok && !strings.Contains(text, "{{") {
		return text
	}
	return ""
}

// texts calls do for every string in n, keys excepted.
func texts(n *jsonc.Node, do func(*jsonc.Node)) {
	if n == nil {
		return
	}
	if n.Is(jsonc.String) {
		do(n)
	}
	for _, m := range n.Members {
		texts(m.Value, do)
	}
	for _, element := range n.Elements {
		texts(element, do)
	}
}

// expression is what stands between braces.
var expression = regexp.MustCompile(`\{\{[^}]*\}\}`)

// expressions are those of a text, without what stands around them.
func expressions(text string) string { return strings.Join(expression.FindAllString(text, -1), " ") }

// reading are the strings in n that read what pattern matches inside an expression.
func reading(n *jsonc.Node, pattern *regexp.Regexp) (found []*jsonc.Node) {
	texts(n, func(s *jsonc.Node) {
		if pattern.MatchString(expressions(s.Text)) {
			found = append(found, s)
		}
	})
	return found
}
