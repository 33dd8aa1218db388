package engine

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/jsonc"
	"github.com/cleat-run/cleat/source"
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
	// Functions reports the app's own functions by name; nil means none.
	Functions func(name string) bool
}

// Compile merges the base under a communication and compiles every expression of it. It
// reports all mistakes at once; the plan is usable when none of them is an error.
// Compile evaluates nothing and touches no network.
func Compile(s Source) (*Plan, source.Diagnostics) {
	c := &compiler{functions: s.Functions}
	plan := &Plan{Name: s.Name, Kind: s.Kind}
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
		plan.requests = append(plan.requests, c.request(step, inherit(base, own)))
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
	functions func(name string) bool
	found     source.Diagnostics
	at        places
}

func (c *compiler) report(d *definition, code, message, hint string) {
	c.found.Add(d.code.Doc.Diagnose(d.node, source.Diagnostic{Code: code, Message: message, Hint: hint}))
}

// request compiles one request object. Unknown directives are ignored, as at run time
// of the platform; telling the author is the linter's work.
func (c *compiler) request(step string, d *definition) *request {
	c.at = places{}
	r := &request{step: step, at: c.at, encodeURL: true, follow: true, followAll: true}
	if d == nil {
		d = &definition{node: &jsonc.Node{Kind: jsonc.Object}}
	}
	r.condition, r.otherwise = c.condition(d.get("condition"))
	r.temp = c.directive(d, "temp")
	r.url, r.baseURL = c.directive(d, "url"), c.directive(d, "baseUrl")
	r.method, r.headers, r.qs = c.directive(d, "method"), c.directive(d, "headers"), c.directive(d, "qs")
	r.body, r.bodyType = c.directive(d, "body"), c.directive(d, "type")
	r.timeout = c.directive(d, "timeout")
	if oauth := d.get("oauth"); oauth.is(jsonc.Null) {
		r.oauthOff = true
	} else {
		r.oauth = c.directive(d, "oauth")
	}
	c.static(d, &r.encodeURL, "encodeUrl")
	c.static(d, &r.follow, "followRedirects", "followRedirect")
	c.static(d, &r.followAll, "followAllRedirects", "followAllRedirect")
	c.static(d, &r.gzip, "gzip")
	r.repeat = c.repeat(d)
	if p := d.get("pagination"); p.is(jsonc.Object) {
		r.pagination = c.pagination(p)
	}
	c.response(&r.response, d)
	for _, path := range items(d.path("log", "sanitize")) {
		if text, ok := path.node.Str(); ok {
			r.sanitize = append(r.sanitize, text)
		}
	}
	return r
}

func items(d *definition) []*definition {
	if d == nil {
		return nil
	}
	return d.items
}

// static reads a directive that takes no expression.
func (c *compiler) static(d *definition, into *bool, names ...string) {
	for _, name := range names {
		v := d.get(name)
		if v == nil {
			continue
		}
		if b, ok := v.node.Bool(); ok {
			*into = b
		} else {
			c.report(v, "FMT004", name+" must be true or false", "expressions are not evaluated here")
		}
	}
}

// directive compiles the member of d whose path is the last part of name; name is the
// full path for messages.
func (c *compiler) directive(d *definition, name string) *directive {
	return c.named(d.get(name[strings.LastIndexByte(name, '.')+1:]), name)
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
	program, found := iml.Compile(node.Text, iml.Options{Custom: c.functions, Origin: code.Doc.Origin(node)})
	c.found.Add(found...)
	return program
}

// condition accepts a plain condition and {condition, default}.
func (c *compiler) condition(d *definition) (condition, otherwise *directive) {
	if d.is(jsonc.Object) {
		return c.named(d.get("condition"), "condition"), c.named(d.get("default"), "condition.default")
	}
	return c.named(d, "condition"), nil
}

// maxRepeats is the platform's cap (communication.md 9).
const maxRepeats = 1000

func (c *compiler) repeat(d *definition) *repeat {
	r := d.get("repeat")
	if r == nil {
		r = d.get("while") // an alias in the runtime
	}
	if !r.is(jsonc.Object) {
		return nil
	}
	return &repeat{
		condition: c.directive(r, "repeat.condition"),
		delay:     c.number(r, "delay", 0),
		limit:     min(c.number(r, "limit", maxRepeats), maxRepeats),
	}
}

func (c *compiler) number(d *definition, name string, otherwise int) int {
	v := d.get(name)
	if v == nil {
		return otherwise
	}
	if !v.is(jsonc.Number) {
		c.report(v, "FMT004", name+" must be a number", "expressions are not evaluated here")
		return otherwise
	}
	return int(v.node.Value().Float())
}

func (c *compiler) pagination(d *definition) *pagination {
	p := &pagination{mergeWithParent: true}
	p.condition = c.directive(d, "pagination.condition")
	p.url, p.method = c.directive(d, "pagination.url"), c.directive(d, "pagination.method")
	p.headers, p.qs = c.directive(d, "pagination.headers"), c.directive(d, "pagination.qs")
	p.body = c.directive(d, "pagination.body")
	c.static(d, &p.mergeWithParent, "mergeWithParent")
	stopOnEmpty := true
	c.static(d, &stopOnEmpty, "stopOnEmptyResponse", "stopOnEmptyBundles")
	p.pastEmpty = !stopOnEmpty
	return p
}

func (c *compiler) response(r *response, d *definition) {
	root := d
	d = d.get("response")
	if d == nil {
		d = &definition{node: &jsonc.Node{Kind: jsonc.Object}}
	}
	c.types(r, d.get("type"))
	r.temp = c.directive(d, "response.temp")
	if valid := d.get("valid"); valid.is(jsonc.Object) {
		r.valid = c.directive(valid, "response.valid.condition")
		r.validText = c.directive(valid, "response.valid.message")
		r.validType = c.directive(valid, "response.valid.type")
	} else {
		r.valid = c.named(valid, "response.valid")
	}
	failures := d.get("error")
	if failures == nil {
		failures = root.get("error") // a fallback location of the runtime
	}
	c.failures(r, failures)
	if iterate := d.get("iterate"); iterate.is(jsonc.Object) {
		r.iterate = c.container(iterate.get("container"))
		r.keep = c.directive(iterate, "response.iterate.condition")
	} else {
		r.iterate = c.container(iterate)
	}
	r.output, r.wrapper = c.directive(d, "response.output"), c.directive(d, "response.wrapper")
	r.limit = c.directive(d, "response.limit")
	r.data, r.uid = c.directive(d, "response.data"), c.directive(d, "response.uid")
	r.metadata, r.expires = c.directive(d, "response.metadata"), c.directive(d, "response.expires")
	r.scope = c.directive(d, "response.scope")
}

// container compiles response.iterate. Here alone a variable path without braces is
// evaluated, as the documentation prints it (communication.md 10.5).
func (c *compiler) container(d *definition) *directive {
	text, ok := "", false
	if d != nil {
		text, ok = d.node.Str()
	}
	if !ok || strings.Contains(text, "{{") || text == "" {
		return c.named(d, "response.iterate")
	}
	program, found := iml.Compile("{{"+text+"}}", iml.Options{Custom: c.functions})
	if found.Err() != nil {
		return c.named(d, "response.iterate")
	}
	c.at["response.iterate"] = d.code.Doc.Position(d.node)
	return &directive{program, "response.iterate"}
}

// types reads response.type: one type, or an object keyed by *, a status or a range.
func (c *compiler) types(r *response, d *definition) {
	if !d.is(jsonc.Object) {
		r.kind = c.named(d, "response.type")
		return
	}
	for _, m := range d.members {
		from, to, ok := statusRange(m.name)
		if !ok {
			c.report(m.value, "FMT006", fmt.Sprintf("%q is no status", m.name), `write "*", "404" or "400-499"`)
			continue
		}
		r.types = append(r.types, statusType{from, to, c.named(m.value, "response.type."+m.name)})
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
// messages and types.
func (c *compiler) failures(r *response, d *definition) {
	if !d.is(jsonc.Object) {
		r.fail.message = c.named(d, "response.error")
		return
	}
	r.fail = c.failure(d, "response.error")
	for _, m := range d.members {
		if status, err := strconv.Atoi(m.name); err == nil {
			if r.failures == nil {
				r.failures = map[int]failure{}
			}
			if m.value.is(jsonc.Object) {
				r.failures[status] = c.failure(m.value, "response.error."+m.name)
			} else {
				r.failures[status] = failure{message: c.named(m.value, "response.error."+m.name)}
			}
		}
	}
}

func (c *compiler) failure(d *definition, name string) failure {
	return failure{c.directive(d, name+".message"), c.directive(d, name+".type")}
}
