package engine

import (
	"context"
	"net/http"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/value"
)

// Address evaluates temp, condition, url and qs of a plan's only request and returns the
// address without sending anything: the authorize directive of an OAuth connection. It
// is "" when the condition is false or there is no url. Of an oauth object only token is
// used, as oauth_token in the query, which qs overrides (connections.md O1-32).
func (r *Run) Address(ctx context.Context) (string, error) {
	if len(r.plan.requests) == 0 {
		return "", nil
	}
	req := r.plan.requests[0]
	address, err := r.address(req)
	if err != nil {
		return "", r.failed(ctx, err)
	}
	return address, nil
}

func (r *Run) address(req *request) (string, error) {
	if err := r.mergeTemp(req, req.temp); err != nil {
		return "", err
	}
	if wanted, err := r.isTrue(req, req.condition); err != nil || !wanted || req.url == nil {
		return "", err
	}
	w := &wire{header: http.Header{}}
	if err := r.buildURL(r.firstPage(req), w); err != nil || w.url.host == "" {
		return "", err
	}
	oauth, err := r.evaluate(req, req.oauth)
	if err != nil {
		return "", err
	}
	token := oauth.Member("token")
	if !token.IsNil() && !overridden(oauth1.ParseForm(w.url.query), "oauth_token") {
		query := oauth1.EncodeForm([]oauth1.Param{{Name: "oauth_token", Value: token.ToText()}})
		w.url.query = strings.TrimPrefix(w.url.query+"&"+query, "&")
	}
	return w.url.String(), nil
}

// Receive runs the response directives of a plan's only request over a request that came
// in: the callback of an OAuth connection, whose query, body and headers are roots of
// the input. The state then holds temp and data. A problem that the provider reports in
// place of a success is an error; response.error may word it (connections.md O2-3).
func (r *Run) Receive(ctx context.Context, problem string) error {
	if len(r.plan.requests) == 0 {
		return nil
	}
	if err := r.receive(r.plan.requests[0], problem); err != nil {
		return r.failed(ctx, err)
	}
	return nil
}

func (r *Run) receive(req *request, problem string) error {
	came := &answer{status: http.StatusOK, body: value.Undefined}
	if problem != "" {
		e, err := r.directed(req, came, problem, RuntimeError, []*directive{req.response.fail.message}, []*directive{req.response.fail.kind})
		if err != nil {
			return err
		}
		e.StatusCode = 0 // nobody was asked
		return e
	}
	if err := r.mergeTemp(req, req.response.temp); err != nil {
		return err
	}
	valid, err := r.isTrue(req, req.response.valid)
	if err != nil {
		return err
	}
	if !valid {
		return r.invalid(req, came)
	}
	return r.keepState(req)
}

// Wanted reports whether the condition of one of the plan's requests holds, as far as that
// can be told before any is sent; a plan without conditions is not wanted.
func (r *Run) Wanted(ctx context.Context) (bool, error) {
	for _, req := range r.plan.requests {
		err := r.mergeTemp(req, req.temp)
		wanted := false
		if err == nil && req.condition != nil {
			wanted, err = r.isTrue(req, req.condition)
		}
		if err != nil {
			return false, r.failed(ctx, err)
		}
		if wanted {
			return true, nil
		}
	}
	return false, nil
}

// OAuth evaluates the oauth object of a plan's only request: the root object of an OAuth
// 1.0 connection, which takes part in the signatures of the components that use it
// (connections.md O1-33).
func (r *Run) OAuth(ctx context.Context) (value.Value, error) {
	if len(r.plan.requests) == 0 {
		return value.Undefined, nil
	}
	v, err := r.evaluate(r.plan.requests[0], r.plan.requests[0].oauth)
	if err != nil {
		return v, r.failed(ctx, err)
	}
	return v, nil
}

// Common evaluates the common object of a plan's only request: what the install directives
// make of the answers to the install spec (components.md 4.4). It is undefined when they
// have none.
func (r *Run) Common(ctx context.Context) (value.Value, error) {
	if len(r.plan.requests) == 0 {
		return value.Undefined, nil
	}
	v, err := r.evaluate(r.plan.requests[0], r.plan.requests[0].common)
	if err != nil {
		return v, r.failed(ctx, err)
	}
	return v, nil
}
