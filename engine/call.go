package engine

import (
	"context"
	"net/http"

	"github.com/cleat-run/cleat/value"
)

// callEndpoint runs a sibling endpoint in place of a request (communication.md 14). Its
// result is the body of an answer with status 200, over which the caller's response
// directives then run.
func (r *Run) callEndpoint(ctx context.Context, p *page) (*answer, error) {
	call := p.req.endpoint
	if p.next && p.req.pagination.endpoint != nil {
		call = p.req.pagination.endpoint
	}
	input, err := r.layered(p, p.req.input, func(g *pagination) *directive { return g.input })
	if err != nil {
		return nil, err
	}
	if call.plan.convert != nil {
		if input, err = call.plan.convert(ctx, input, r.in.Timezone); err != nil {
			return nil, err
		}
	}
	in := r.in
	in.Parameters, in.Temp, in.Limit = input, value.Undefined, 0
	if connection, err := r.evaluate(p.req, p.req.endpoint.connection); err != nil {
		return nil, err
	} else if connection.Collection() != nil {
		in.Connection = connection
	}
	if err := r.budget.call(); err != nil {
		return nil, err
	}
	child := r.engine.Start(call.plan, in)
	child.mask, child.budget = r.mask, r.budget
	body, err := child.Value(ctx)
	r.state.Warnings = append(r.state.Warnings, child.state.Warnings...)
	if err != nil {
		return nil, err
	}
	a := &answer{status: http.StatusOK, header: http.Header{}, body: body}
	return a, r.readValue(p.req, a)
}

// unwrapped is the result of an endpoint: a list of one is that one, an empty one an
// empty object, unless response.unwrap is false or there is an iterate.
func (p *Plan) unwrapped(list *value.Array) value.Value {
	last := p.requests[len(p.requests)-1]
	switch {
	case !last.response.unwrap || last.response.iterate != nil || list.Len() > 1:
		return value.FromArray(list)
	case list.Len() == 0:
		return value.Object()
	}
	return list.At(0)
}
