package engine

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Source says what [Compile] compiles.
type Source struct {
	Name string // for messages, such as module "getPost"
	Kind Kind
	Code *app.Code // the communication
	// Section is the directive of an OAuth connection, such as requestToken; the
	// root's oauth object is then merged under it (connections.md O1-30).
	Section string
	Base    *app.Code // merged under each request of the kinds that inherit; may be nil
	Epoch   *app.Code // of a polling trigger: merged over the last request; may be nil
	// Functions reports the app's own functions by name; nil means none.
	Functions func(name string) bool
	// Endpoint returns the plan of a sibling endpoint; nil means that there are none.
	Endpoint func(name string) *Plan
	// Convert makes of the input that a caller inside the app gives an endpoint what the
	// endpoint runs with; nil takes it as it is.
	Convert func(ctx context.Context, input value.Value, timezone string) (value.Value, error)
}

// Compile merges the base under a communication and compiles every expression of it. It
// reports all mistakes at once; the plan is usable when none of them is an error.
// Compile evaluates nothing and touches no network.
func Compile(s Source) (*Plan, source.Diagnostics) {
	c := &compiler{source: s}
	plan := &Plan{Name: s.Name, Kind: s.Kind, convert: s.Convert}
	root := define(s.Code, s.Code.Root())
	base := inheritedFrom(s, root)
	if s.Section != "" {
		root = root.get(s.Section)
	}
	requests := []*definition{root}
	if root.is(jsonc.Array) {
		requests = root.items
	}
	for i, own := range requests {
		if own != nil && !own.is(jsonc.Object) {
			c.report(own, "FMT004", "a request must be an object", "")
			continue
		}
		step := "request " + strconv.Itoa(i+1)
		if s.Section != "" {
			step = s.Section
		}
		merged := c.overlay(s, inherit(base, own), i == len(requests)-1)
		plan.requests = append(plan.requests, c.request(step, merged))
	}
	return plan, c.found
}

func inheritedFrom(s Source, root *definition) *definition {
	switch {
	case s.Section != "" && root.get("oauth") != nil:
		return &definition{code: s.Code, node: root.node, members: []member{{name: "oauth", value: root.get("oauth")}}}
	case rules[s.Kind].inherits && s.Base.Root().Is(jsonc.Object):
		return define(s.Base, s.Base.Root())
	}
	return nil
}

type compiler struct {
	source Source
	found  source.Diagnostics
	at     places
}

func (c *compiler) report(d *definition, code, message, hint string) {
	c.found.Add(d.code.Doc.Diagnose(d.node, source.Diagnostic{Code: code, Message: message, Hint: hint}))
}

// request compiles one request object.
func (c *compiler) request(step string, d *definition) *request {
	c.at = places{}
	r := &request{step: step, at: c.at, encodeURL: true, repeatKeys: true, verifyTLS: true, follow: true, followAll: true}
	r.response.unwrap = true
	if d == nil {
		return r
	}
	for _, known := range directives {
		if c.source.Kind == Hook && strings.HasPrefix(known.path, "response.") {
			continue // what stands there means nothing in the code of a webhook
		}
		if own := d.path(strings.Split(known.path, ".")...); own != nil && (r.pagination != nil || !strings.HasPrefix(known.path, "pagination.")) {
			known.compile(c, r, own, known.path)
		}
	}
	c.exclusive(r, d)
	return r
}

// besideEndpoint are the directives that a call of an endpoint forbids (communication.md
// 14): the endpoint has its own.
var besideEndpoint = []string{"url", "method", "headers", "qs", "body", "encodeUrl", "ca", "type", "gzip", "aws",
	"followRedirects", "followAllRedirects", "oauth"}

func (c *compiler) exclusive(r *request, d *definition) {
	if r.endpoint == nil {
		return
	}
	for _, name := range besideEndpoint {
		if own := d.get(name); own != nil && own.code == d.code {
			c.report(own, "RUN001", name+" is not allowed beside endpoint", "the endpoint has its own")
		}
	}
}

func lastStep(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// directive compiles the member of d whose path is the last part of name; name is the
// full path for messages.
func (c *compiler) directive(d *definition, name string) *directive {
	return c.named(d.get(lastStep(name)), name)
}

func (c *compiler) named(d *definition, name string) *directive {
	if d == nil {
		return nil
	}
	if d.code != nil {
		c.at[name] = d.code.Doc.Position(d.node)
	}
	return &directive{c.program(d), name}
}

func (c *compiler) program(d *definition) *iml.Program {
	switch {
	case d.is(jsonc.String):
		return c.template(d.code, d.node)
	case d.is(jsonc.Array):
		programs := make([]*iml.Program, len(d.items))
		for i, item := range d.items {
			programs[i] = c.program(item)
		}
		return iml.ListOf(programs)
	case d.is(jsonc.Object):
		members := make([]iml.Member, len(d.members))
		for i, m := range d.members {
			members[i] = iml.Member{Value: c.program(m.value)}
			if m.name == spreadKey {
				members[i].Spread = true
			} else {
				members[i].Name = c.template(m.code, m.key)
			}
		}
		return iml.CollectionOf(members)
	}
	return iml.Constant(d.node.Value())
}

func (c *compiler) template(code *app.Code, node *jsonc.Node) *iml.Program {
	program, found := iml.Compile(node.Text, iml.Options{Custom: c.source.Functions, Origin: code.Doc.Origin(node)})
	c.found.Add(found...)
	return program
}

// maxRepeats is the platform's cap (communication.md 9).
const maxRepeats = 1000

func (c *compiler) repeat(r *request, d *definition, path string) {
	if !d.is(jsonc.Object) {
		return
	}
	r.repeat = &repeat{
		condition: c.directive(d, path+".condition"),
		delay:     c.number(d.get("delay"), path+".delay", 0),
		limit:     min(c.number(d.get("limit"), path+".limit", maxRepeats), maxRepeats),
	}
}

func (c *compiler) number(d *definition, name string, otherwise int) int {
	switch {
	case d == nil:
		return otherwise
	case !d.is(jsonc.Number):
		c.report(d, "FMT004", lastStep(name)+" must be a number", "expressions are not evaluated here")
		return otherwise
	}
	return int(min(max(d.node.Value().Float(), 0), 1<<31))
}

func (c *compiler) valid(r *request, d *definition, path string) {
	if !d.is(jsonc.Object) {
		r.response.valid = c.named(d, path)
		return
	}
	r.response.valid = c.directive(d, path+".condition")
	r.response.validText = c.directive(d, path+".message")
	r.response.validType = c.directive(d, path+".type")
}

func (c *compiler) iterate(r *request, d *definition, path string) {
	if !d.is(jsonc.Object) {
		r.response.iterate = c.container(d, path)
		return
	}
	r.response.iterate = c.container(d.get("container"), path)
	r.response.keep = c.directive(d, path+".condition")
}

func (c *compiler) reply(d *definition, path string) reply {
	return reply{kind: c.directive(d, path+".type"), status: c.directive(d, path+".status"),
		headers: c.directive(d, path+".headers"), body: c.directive(d, path+".body")}
}

// container compiles response.iterate. Here alone a variable path without braces is
// evaluated, as the documentation prints it (communication.md 10.5).
func (c *compiler) container(d *definition, path string) *directive {
	text, ok := "", false
	if d != nil {
		text, ok = d.node.Str()
	}
	if !ok || strings.Contains(text, "{{") || text == "" {
		return c.named(d, path)
	}
	program, found := iml.Compile("{{"+text+"}}", iml.Options{Custom: c.source.Functions})
	if found.Err() != nil {
		return c.named(d, path)
	}
	c.at[path] = d.code.Doc.Position(d.node)
	return &directive{program, path}
}

// types reads response.type: one type, or an object keyed by *, a status or a range.
func (c *compiler) types(r *request, d *definition, path string) {
	if !d.is(jsonc.Object) {
		r.response.types = []statusType{{1, 999, c.named(d, path)}}
		return
	}
	for _, m := range d.members {
		from, to, ok := statusRange(m.name)
		if !ok {
			c.report(m.value, "FMT006", fmt.Sprintf("%q is no status", m.name), `write "*", "404" or "400-499"`)
			continue
		}
		r.response.types = append(r.response.types, statusType{from, to, c.named(m.value, path+"."+m.name)})
	}
}

func statusRange(name string) (from, to int, ok bool) {
	if name == "*" {
		return 1, 999, true
	}
	low, high, ranged := strings.Cut(name, "-")
	if !ranged {
		high = low
	}
	from, err1 := strconv.Atoi(strings.TrimSpace(low))
	to, err2 := strconv.Atoi(strings.TrimSpace(high))
	return from, to, err1 == nil && err2 == nil && from <= to
}

// failures reads response.error: a message, or an object with general and per-status
// messages and types. Ranges of statuses are taken as in response.type
// (communication.md 10.4).
func (c *compiler) failures(r *request, d *definition, path string) {
	r.response.failures = nil
	if !d.is(jsonc.Object) {
		r.response.fail = failure{message: c.named(d, path)}
		return
	}
	r.response.fail = c.failure(d, path)
	c.at[path] = d.code.Doc.Position(d.node)
	for _, m := range d.members {
		from, to, ok := statusRange(m.name)
		if !ok {
			continue
		}
		f := failure{message: c.named(m.value, path+"."+m.name)}
		if m.value.is(jsonc.Object) {
			f = c.failure(m.value, path+"."+m.name)
		}
		r.response.failures = append(r.response.failures, statusFailure{from, to, f})
	}
}

func (c *compiler) failure(d *definition, name string) failure {
	return failure{c.directive(d, name+".message"), c.directive(d, name+".type")}
}
