package engine

import "github.com/cleat-run/cleat/value"

// read turns an answer into response variables (communication.md 3, steps 5 to 7): the
// body is parsed, a status of 400 or more is an error, response.temp is merged and valid
// is asked.
func (r *Run) read(req *request, a *answer) error {
	if r.in.FollowClock {
		r.state.Skew = skew(a.header, r.engine.now())
	}
	a.headers = headerValue(a.header)
	r.scope.Set("headers", a.headers)
	r.scope.Set("statusCode", value.Int(a.status))
	body, err := r.decode(req, a)
	if err != nil {
		return err
	}
	a.body = body
	return r.readValue(req, a)
}

// readValue goes on with a body that is parsed.
func (r *Run) readValue(req *request, a *answer) error {
	if a.headers.IsUndefined() {
		a.headers = headerValue(a.header)
	}
	r.sees(a)
	r.state.Headers, r.state.Body, r.state.Status = a.headers, a.body, a.status
	if a.status >= 400 || a.status < 200 {
		return r.refusal(req, a)
	}
	if err := r.mergeTemp(req, req.response.temp); err != nil {
		return err
	}
	valid, err := r.isTrue(req, req.response.valid)
	if err != nil {
		return err
	}
	if !valid {
		return r.invalid(req, a)
	}
	return nil
}
