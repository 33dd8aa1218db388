package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cleat-run/cleat/oauth1"
)

// maxMessage cuts an evaluated message, which may hold a whole body.
const maxMessage = 8 << 10

// refusal is the error for an HTTP status that is one (communication.md 10.4).
func (r *Run) refusal(req *request, a *answer) error {
	byStatus := req.response.failureFor(a.status)
	fallback := fmt.Sprintf("[%d] %s", a.status, http.StatusText(a.status))
	if problem := oauth1.ParseProblem(a.status, a.header, a.raw); problem != nil && problem.Problem != "" {
		fallback = problem.Error()
	}
	kind := RuntimeError
	switch {
	case a.status == 429:
		kind = RateLimitError
	case a.status >= 500:
		kind = ConnectionError
	}
	e, err := r.directed(req, a, fallback, kind,
		[]*directive{byStatus.message, req.response.fail.message}, []*directive{byStatus.kind, req.response.fail.kind})
	if err != nil {
		return err
	}
	e.Directive, e.Position = "response.error", req.at["response.error"]
	return e
}

// invalid is the error for response.valid (communication.md 10.3).
func (r *Run) invalid(req *request, a *answer) error {
	byStatus := req.response.failureFor(a.status)
	e, err := r.directed(req, a, "Response marked as invalid.", RuntimeError,
		[]*directive{req.response.validText, byStatus.message, req.response.fail.message},
		[]*directive{req.response.validType, byStatus.kind, req.response.fail.kind})
	if err != nil {
		return err
	}
	e.Directive, e.Position = "response.valid", req.at[req.response.valid.name]
	return e
}

// directed makes the error from the first message and the first type that say something.
func (r *Run) directed(req *request, a *answer, message, kind string, messages, kinds []*directive) (*Error, error) {
	e := &Error{Type: kind, Message: message, StatusCode: a.status, Step: req.step, Headers: a.headers, Data: a.body, Delay: r.retryAfter(a.header), Hint: a.hint}
	text, err := r.firstText(req, messages)
	if err != nil {
		return nil, err
	}
	if text != "" {
		e.Message = cut(r.mask.Text(text), maxMessage) // masked first: half a secret is no match
	}
	name, err := r.firstText(req, kinds)
	if err != nil {
		return nil, err
	}
	if name != "" {
		e.Type = knownType(name)
	}
	return e, nil
}

// cut is the beginning of a text, in whole characters.
func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func (r *Run) firstText(req *request, directives []*directive) (string, error) {
	for _, d := range directives {
		v, err := r.evaluate(req, d)
		if err != nil {
			return "", err
		}
		if text := v.ToText(); text != "" {
			return text, nil
		}
	}
	return "", nil
}

// failed is the last word on an error: an [*Error] with its secrets masked.
func (r *Run) failed(ctx context.Context, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Type: RuntimeError, Message: err.Error(), Cause: err}
		if errors.Is(err, context.Canceled) {
			e.Type, e.Message = ExecutionInterruptedError, "interrupted"
		} else if errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			e.Type, e.Message = ModuleTimeoutError, "the run took too long"
		}
	}
	masked := *e
	masked.Message, masked.Hint = r.mask.Text(e.Message), r.mask.Text(e.Hint)
	return &masked
}
