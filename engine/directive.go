package engine

import (
	"time"

	"github.com/cleat-run/cleat/jsonc"
)

// directives is every directive of a request by its path, with what the compiler makes of
// it (communication.md 2). A name that does not stand here is ignored, as at run time of
// the platform; telling the author is the linter's work. Of two spellings the later wins.
var directives = []struct {
	path    string
	compile func(c *compiler, r *request, d *definition, path string)
}{
	// The request.
	{"temp", expression(func(r *request) **directive { return &r.temp })},
	{"condition", (*compiler).condition},
	{"url", expression(func(r *request) **directive { return &r.url })},
	{"baseUrl", expression(func(r *request) **directive { return &r.baseURL })},
	{"endpoint", (*compiler).endpoint},
	{"input", expression(func(r *request) **directive { return &r.input })},
	{"encodeUrl", switched(func(r *request) *bool { return &r.encodeURL })},
	{"encodeUrlMode", (*compiler).encodeURLMode},
	{"method", expression(func(r *request) **directive { return &r.method })},
	{"headers", expression(func(r *request) **directive { return &r.headers })},
	{"qs", expression(func(r *request) **directive { return &r.qs })},
	{"useQuerystring", switched(func(r *request) *bool { return &r.repeatKeys })},
	{"body", expression(func(r *request) **directive { return &r.body })},
	{"type", expression(func(r *request) **directive { return &r.bodyType })},
	{"ca", expression(func(r *request) **directive { return &r.ca })},
	{"rejectUnauthorized", switched(func(r *request) *bool { return &r.verifyTLS })},
	{"shareCookies", switched(func(r *request) *bool { return &r.shareCookies })},
	{"timeout", expression(func(r *request) **directive { return &r.timeout })},
	{"gzip", switched(func(r *request) *bool { return &r.gzip })},
	{"aws", expression(func(r *request) **directive { return &r.aws })},
	{"auth", expression(func(r *request) **directive { return &r.auth })}, // an extension of cleat
	{"oauth", (*compiler).oauth},
	{"common", expression(func(r *request) **directive { return &r.common })}, // of install directives
	{"followRedirect", switched(func(r *request) *bool { return &r.follow })},
	{"followRedirects", switched(func(r *request) *bool { return &r.follow })},
	{"followAllRedirect", switched(func(r *request) *bool { return &r.followAll })},
	{"followAllRedirects", switched(func(r *request) *bool { return &r.followAll })},
	{"log.sanitize", (*compiler).sanitize},
	{"while", (*compiler).repeat},
	{"repeat", (*compiler).repeat},
	{"agency", (*compiler).internal},
	{"isc", (*compiler).internal},

	// Paging. The object alone already turns it on.
	{"pagination", func(_ *compiler, r *request, d *definition, _ string) {
		if d.is(jsonc.Object) {
			r.pagination = &pagination{mergeWithParent: true, stopOnEmpty: true}
		}
	}},
	{"pagination.mergeWithParent", switched(func(r *request) *bool { return &r.pagination.mergeWithParent })},
	{"pagination.condition", expression(func(r *request) **directive { return &r.pagination.condition })},
	{"pagination.url", expression(func(r *request) **directive { return &r.pagination.url })},
	{"pagination.method", expression(func(r *request) **directive { return &r.pagination.method })},
	{"pagination.headers", expression(func(r *request) **directive { return &r.pagination.headers })},
	{"pagination.qs", expression(func(r *request) **directive { return &r.pagination.qs })},
	{"pagination.body", expression(func(r *request) **directive { return &r.pagination.body })},
	{"pagination.endpoint", (*compiler).endpoint},
	{"pagination.input", expression(func(r *request) **directive { return &r.pagination.input })},
	{"pagination.stopOnEmptyBundles", switched(func(r *request) *bool { return &r.pagination.stopOnEmpty })},
	{"pagination.stopOnEmptyResponse", switched(func(r *request) *bool { return &r.pagination.stopOnEmpty })},
	{"pagination.delay", func(c *compiler, r *request, d *definition, path string) {
		r.pagination.delay = time.Duration(c.number(d, path, 0)) * time.Millisecond
	}},
	{"pagination.agency", (*compiler).internal},

	// The response.
	{"response.type", (*compiler).types},
	{"response.temp", expression(func(r *request) **directive { return &r.response.temp })},
	{"response.valid", (*compiler).valid},
	{"error", (*compiler).failures}, // a fallback location of the runtime
	{"response.error", (*compiler).failures},
	{"response.limit", expression(func(r *request) **directive { return &r.response.limit })},
	{"response.iterate", (*compiler).iterate},
	{"response.output", expression(func(r *request) **directive { return &r.response.output })},
	{"response.wrapper", expression(func(r *request) **directive { return &r.response.wrapper })},
	{"response.unwrap", switched(func(r *request) *bool { return &r.response.unwrap })},
	{"response.trigger.type", expression(func(r *request) **directive { return &r.response.trigger.kind })},
	{"response.trigger.order", expression(func(r *request) **directive { return &r.response.trigger.order })},
	{"response.trigger.id", expression(func(r *request) **directive { return &r.response.trigger.id })},
	{"response.trigger.date", expression(func(r *request) **directive { return &r.response.trigger.date })},
	{"response.data", expression(func(r *request) **directive { return &r.response.data })},
	{"response.metadata", expression(func(r *request) **directive { return &r.response.metadata })},
	{"response.uid", expression(func(r *request) **directive { return &r.response.uid })},
	{"response.expires", expression(func(r *request) **directive { return &r.response.expires })},
	{"response.oauth", expression(func(r *request) **directive { return &r.response.oauth })},
	{"response.scope", expression(func(r *request) **directive { return &r.response.scope })},

	// What comes in is answered: a responder with its response, a webhook with respond.
	{"response.status", expression(func(r *request) **directive { return &r.reply.status })},
	{"response.headers", expression(func(r *request) **directive { return &r.reply.headers })},
	{"response.body", expression(func(r *request) **directive { return &r.reply.body })},
	{"respond", func(c *compiler, r *request, d *definition, path string) { r.reply = c.reply(d, path) }},
	{"verification", func(c *compiler, r *request, d *definition, path string) {
		r.verification = &verification{c.directive(d, path+".condition"), c.reply(d.get("respond"), path+".respond")}
	}},
	{"uid", (*compiler).delivered},
	{"iterate", (*compiler).delivered},
	{"output", (*compiler).delivered},
}

// expression compiles a directive that may be an expression into its field.
func expression(field func(*request) **directive) func(*compiler, *request, *definition, string) {
	return func(c *compiler, r *request, d *definition, path string) { *field(r) = c.named(d, path) }
}

// switched reads a directive that takes true or false and no expression.
func switched(field func(*request) *bool) func(*compiler, *request, *definition, string) {
	return func(c *compiler, r *request, d *definition, path string) {
		if b, ok := d.node.Bool(); ok {
			*field(r) = b
		} else {
			c.report(d, "FMT004", lastStep(path)+" must be true or false", "expressions are not evaluated here")
		}
	}
}

// condition accepts a plain condition and {condition, default}.
func (c *compiler) condition(r *request, d *definition, path string) {
	if !d.is(jsonc.Object) {
		r.condition = c.named(d, path)
		return
	}
	r.condition, r.otherwise = c.named(d.get("condition"), path), c.named(d.get("default"), "condition.default")
}

func (c *compiler) oauth(r *request, d *definition, path string) {
	if r.oauthOff = d.is(jsonc.Null); !r.oauthOff {
		r.oauth = c.named(d, path)
	}
}

func (c *compiler) encodeURLMode(r *request, d *definition, _ string) {
	mode, _ := d.node.Str()
	if r.uniformURL = mode == "uniform"; !r.uniformURL && mode != "legacy" {
		c.report(d, "FMT004", `encodeUrlMode must be "legacy" or "uniform"`, "expressions are not evaluated here")
	}
}

func (c *compiler) sanitize(r *request, d *definition, _ string) {
	for _, path := range d.items {
		if text, ok := path.node.Str(); ok {
			r.sanitize = append(r.sanitize, text)
		}
	}
}

// internal refuses a directive that works only inside the platform (communication.md 2.1).
func (c *compiler) internal(_ *request, d *definition, path string) {
	c.report(d, "RUN001", "the directive "+path+" is internal to the platform", "reach the service by its url")
}

// endpoint reads the name of a sibling endpoint, which is static, and with the first page
// the connection to use instead of the caller's (communication.md 14).
func (c *compiler) endpoint(r *request, d *definition, path string) {
	name := d
	if d.is(jsonc.Object) {
		name = d.get("name")
	}
	text := ""
	if name != nil {
		text, _ = name.node.Str()
	}
	call := &endpointCall{name: text, connection: c.named(d.get("connection"), path+".connection")}
	c.at[path] = d.code.Doc.Position(d.node)
	if c.source.Endpoint != nil {
		call.plan = c.source.Endpoint(text)
	}
	switch {
	case !rules[c.source.Kind].calls:
		c.report(d, "RUN001", "a communication of this kind calls no endpoint", "write the request itself")
	case call.plan == nil:
		c.report(d, "RUN001", "Endpoint '"+text+"' not found.", "the name is not evaluated; it must be that of an endpoint of the app")
	}
	if path == "endpoint" {
		r.endpoint = call
	} else {
		r.pagination.endpoint = call
	}
}

// delivered reads iterate, output and uid of the code of a webhook, which stand at its
// root.
func (c *compiler) delivered(r *request, d *definition, path string) {
	switch {
	case c.source.Kind != Hook:
	case path == "iterate":
		c.iterate(r, d, path)
	case path == "uid":
		r.response.uid = c.named(d, path)
	default:
		r.response.output = c.named(d, path)
	}
}

// Directives returns the path of every directive that is compiled, such as
// response.iterate.
func Directives() []string {
	paths := make([]string, len(directives))
	for i, d := range directives {
		paths[i] = d.path
	}
	return paths
}
