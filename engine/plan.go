package engine

import (
	"slices"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/source"
)

// Plan is a compiled communication. It is immutable and safe for concurrent use.
type Plan struct {
	Name     string // for messages, such as module "getPost"
	Kind     Kind
	requests []*request
}

// request is one request object after inheritance. A nil directive is absent.
type request struct {
	step      string // for messages: request 2
	at        places
	condition *directive
	otherwise *directive // condition.default
	temp      *directive

	url, baseURL, method, headers, qs, body, bodyType *directive
	oauth                                             *directive
	oauthOff                                          bool // "oauth": null
	encodeURL, follow, followAll, gzip                bool
	timeout                                           *directive

	repeat     *repeat
	pagination *pagination
	response   response
	sanitize   []string
}

// places maps the name of a directive, such as response.iterate, to where it stands.
type places map[string]source.Position

// directive is a compiled value with its name.
type directive struct {
	*iml.Program
	name string
}

type repeat struct {
	condition *directive
	delay     int // milliseconds
	limit     int
}

type pagination struct {
	condition, url, method, headers, qs, body *directive
	mergeWithParent                           bool
	pastEmpty                                 bool // stopOnEmptyResponse: false
}

type response struct {
	types     []statusType // by range of status
	kind      *directive   // one type for all statuses
	temp      *directive
	valid     *directive
	validText *directive // valid.message
	validType *directive // valid.type
	fail      failure
	failures  map[int]failure // by status
	iterate   *directive
	keep      *directive // iterate.condition
	output    *directive
	wrapper   *directive
	limit     *directive

	data, uid, metadata, expires, scope *directive
}

type statusType struct {
	from, to int
	kind     *directive
}

// failure is one entry of response.error.
type failure struct{ message, kind *directive }

// List reports whether the plan gives a list of bundles; otherwise it gives one value.
func (p *Plan) List() bool { return rules[p.Kind].list }

// Conditional reports whether the plan says itself when it is wanted: whether one of its
// requests has a condition.
func (p *Plan) Conditional() bool {
	return slices.ContainsFunc(p.requests, func(r *request) bool { return r.condition != nil })
}
