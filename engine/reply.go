package engine

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// Reply is the answer to a request that came in.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// Value is the reply as a bundle: status, headers and body, for a person who runs a
// responder alone. That of no reply is undefined.
func (p *Reply) Value() value.Value {
	if p == nil {
		return value.Undefined
	}
	headers := value.NewCollection(len(p.Header))
	for _, name := range slices.Sorted(maps.Keys(p.Header)) {
		headers.Set(strings.ToLower(name), value.Text(strings.Join(p.Header[name], ", ")))
	}
	return value.Object("status", value.Int(p.Status), "headers", value.FromCollection(headers), "body", value.Text(string(p.Body)))
}

// Reply evaluates the answer of a plan's only request to what came in, which the roots of
// the input describe: respond of a webhook, or response.status, headers and body of a
// responder. It is nil when nothing is said; the default is the caller's.
func (r *Run) Reply(ctx context.Context) (*Reply, error) {
	if len(r.plan.requests) == 0 {
		return nil, nil
	}
	return r.replied(ctx, r.plan.requests[0].reply)
}

// Answers reports whether the code of a webhook says how a request is answered: by
// verification or respond.
func (p *Plan) Answers() bool {
	return len(p.requests) > 0 && (p.requests[0].verification != nil || p.requests[0].reply != (reply{}))
}

// Verification evaluates verification of a webhook. A reply means that the delivery only
// asked whether somebody is there, and is not to be processed. A verification without a
// condition takes every delivery for that (components.md 7.2).
func (r *Run) Verification(ctx context.Context) (*Reply, error) {
	if len(r.plan.requests) == 0 {
		return nil, nil
	}
	req := r.plan.requests[0]
	if req.verification == nil {
		return nil, nil
	}
	if asked, err := r.isTrue(req, req.verification.condition); err != nil {
		return nil, r.failed(ctx, err)
	} else if !asked {
		return nil, nil
	}
	reply, err := r.replied(ctx, req.verification.reply)
	if reply == nil && err == nil {
		reply = &Reply{Status: http.StatusOK, Header: http.Header{}}
	}
	return reply, err
}

func (r *Run) replied(ctx context.Context, d reply) (*Reply, error) {
	if d == (reply{}) {
		return nil, nil
	}
	answer, err := r.reply(r.plan.requests[0], d)
	if err != nil {
		return nil, r.failed(ctx, err)
	}
	return answer, nil
}

func (r *Run) reply(req *request, d reply) (*Reply, error) {
	status, err := r.evaluate(req, d.status)
	if err != nil {
		return nil, err
	}
	answer := &Reply{Status: http.StatusOK, Header: http.Header{}}
	if !status.IsEmpty() {
		n := status.ToNumber()
		if answer.Status = int(n); !(n >= 200 && n <= 999) {
			return nil, r.misconfigured(req, d.status.name, fmt.Errorf("the status must be from 200 to 999, not '%s'", status.ToText()))
		}
	}
	headers, err := r.evaluate(req, d.headers)
	if err != nil {
		return nil, err
	}
	if err := setHeaders(answer.Header, headers); err != nil {
		return nil, r.misconfigured(req, d.headers.name, err)
	}
	kind, err := r.evaluate(req, d.kind)
	if err != nil {
		return nil, err
	}
	body, err := r.evaluate(req, d.body)
	if err != nil {
		return nil, err
	}
	content, contentType, err := encodeBody(strings.ToLower(kind.ToText()), iml.Clean(body))
	if err != nil {
		return nil, r.misconfigured(req, d.body.name, err)
	}
	answer.Body = content
	if answer.Header.Get("Content-Type") == "" && contentType != "" {
		answer.Header.Set("Content-Type", contentType)
	}
	return answer, nil
}
