package engine

import (
	"context"
	"slices"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Plan is a compiled communication. It is immutable and safe for concurrent use.
type Plan struct {
	Name     string // for messages, such as module "getPost"
	Kind     Kind
	requests []*request
	convert  func(ctx context.Context, input value.Value, timezone string) (value.Value, error) // see Source
}

// request is one request object after inheritance. A nil directive is absent.
type request struct {
	step      string // for messages: request 2
	at        places
	condition *directive
	otherwise *directive // condition.default
	temp      *directive

	url, baseURL, method, headers, qs, body, bodyType *directive
	ca, timeout, aws, auth, oauth                     *directive
	common                                            *directive // of install directives
	oauthOff                                          bool       // "oauth": null
	encodeURL, uniformURL, repeatKeys                 bool
	follow, followAll, gzip, verifyTLS, shareCookies  bool

	endpoint *endpointCall // nil: HTTP, or nothing
	input    *directive

	repeat       *repeat
	pagination   *pagination
	response     response
	reply        reply         // to what came in
	verification *verification // nil: none
	sanitize     []string
}

// endpointCall is a sibling endpoint that runs instead of a request.
type endpointCall struct {
	name       string
	plan       *Plan
	connection *directive
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
	condition, url, method, headers, qs, body, input *directive
	endpoint                                         *endpointCall
	mergeWithParent, stopOnEmpty                     bool
	delay                                            time.Duration
}

type response struct {
	types     []statusType // by range of status
	temp      *directive
	valid     *directive
	validText *directive // valid.message
	validType *directive // valid.type
	fail      failure
	failures  []statusFailure // by range of status
	iterate   *directive
	keep      *directive // iterate.condition
	output    *directive
	wrapper   *directive
	limit     *directive
	unwrap    bool
	trigger   struct{ kind, order, id, date *directive }

	data, uid, metadata, expires, oauth, scope *directive
}

type statusType struct {
	from, to int
	kind     *directive
}

// failure is one entry of response.error.
type failure struct{ message, kind *directive }

type statusFailure struct {
	from, to int
	failure
}

// reply is the answer to a request that came in.
type reply struct{ kind, status, headers, body *directive }

type verification struct {
	condition *directive
	reply     reply
}

// narrowest returns the entry whose range of statuses holds status and is the smallest,
// or nil (communication.md 10.1).
func narrowest[T any](list []T, status int, bounds func(*T) (from, to int)) *T {
	var best *T
	width := 1 << 30
	for i := range list {
		if from, to := bounds(&list[i]); status >= from && status <= to && to-from < width {
			best, width = &list[i], to-from
		}
	}
	return best
}

func (r *response) kindFor(status int) *directive {
	if t := narrowest(r.types, status, func(t *statusType) (int, int) { return t.from, t.to }); t != nil {
		return t.kind
	}
	return nil
}

func (r *response) failureFor(status int) failure {
	if f := narrowest(r.failures, status, func(f *statusFailure) (int, int) { return f.from, f.to }); f != nil {
		return f.failure
	}
	return failure{}
}

// List reports whether the plan gives a list of bundles; otherwise it gives one value.
func (p *Plan) List() bool { return rules[p.Kind].list }

// Conditional reports whether the plan says itself when it is wanted: whether one of its
// requests has a condition.
func (p *Plan) Conditional() bool {
	return slices.ContainsFunc(p.requests, func(r *request) bool { return r.condition != nil })
}
