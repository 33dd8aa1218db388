package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/form"
	"github.com/cleat-run/cleat/record"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/store"
	"github.com/cleat-run/cleat/webhook"
)

// Problem is a failure as the interface tells it (RFC 9457).
type Problem struct {
	Type       string   `json:"type" doc:"Make's type of the error, such as DataError; about:blank for others" example:"DataError"`
	Title      string   `json:"title" doc:"The text of the status" example:"Unprocessable Entity"`
	Status     int      `json:"status" example:"422"`
	Code       string   `json:"code" doc:"What went wrong, for programs; it stays the same" example:"invalid_parameters"`
	Detail     string   `json:"detail" doc:"What went wrong, for people"`
	Hint       string   `json:"hint,omitempty" doc:"What to do about it"`
	RequestID  string   `json:"request_id,omitempty" doc:"Names this request in the log of the server"`
	Upstream   int      `json:"upstream_status,omitempty" doc:"Status of the service's answer"`
	Step       string   `json:"step,omitempty" doc:"The request of the communication that failed"`
	Directive  string   `json:"directive,omitempty" doc:"The directive that failed, such as response.iterate"`
	Position   string   `json:"position,omitempty" doc:"file:line:column in the app"`
	RetryAfter int      `json:"retry_after,omitempty" doc:"Seconds after which to try again"`
	Errors     []Detail `json:"errors,omitempty" doc:"One for each mistake, where there are several"`

	cause error
}

// Detail is one of several mistakes.
type Detail struct {
	Code     string `json:"code,omitempty"`
	Message  string `json:"message"`
	Field    string `json:"field,omitempty" doc:"Path of the field"`
	Position string `json:"position,omitempty" doc:"file:line:column in the app"`
	Hint     string `json:"hint,omitempty"`
}

// Error returns the detail.
func (p *Problem) Error() string { return p.Detail }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.cause }

// GetStatus is for huma.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders is for huma.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="cleat"`)
	}
	return h
}

// ContentType is for huma.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

func problem(status int, code, format string, args ...any) *Problem {
	p := &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: code, Detail: fmt.Sprintf(format, args...)}
	if passes(status) {
		p.RetryAfter = seconds(retryDefault)
	}
	return p
}

// passes reports whether a status says that the same request may be taken later: those
// answers all say when (RFC 9110 15.6.4, RFC 6585 4).
func passes(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
}

// retryDefault is what callers are told where nobody knows better.
const retryDefault = 5 * time.Second

// seconds is a wait as Retry-After tells it: whole ones, and never none.
func seconds(wait time.Duration) int { return max(1, int(math.Ceil(wait.Seconds()))) }

// busy is a refusal that passes.
func busy(status int, code string, after time.Duration, format string, args ...any) *Problem {
	p := problem(status, code, format, args...)
	p.RetryAfter = seconds(after)
	return p
}

// plain are errors that say no more than they are.
var plain = []struct {
	err    error
	status int
	code   string
}{
	{record.ErrNotFound, http.StatusNotFound, "not_found"},
	{connect.ErrNotFound, http.StatusNotFound, "not_found"},
	{webhook.ErrNotFound, http.StatusNotFound, "not_found"},
	{record.ErrTaken, http.StatusConflict, "name_taken"},
	{connect.ErrNameTaken, http.StatusConflict, "name_taken"},
	{webhook.ErrNameTaken, http.StatusConflict, "name_taken"},
	{record.ErrConflict, http.StatusConflict, "conflict"},
	{connect.ErrConflict, http.StatusConflict, "conflict"},
	{webhook.ErrConflict, http.StatusConflict, "conflict"},
	{record.ErrFenced, http.StatusConflict, "conflict"},
	{record.ErrUsed, http.StatusGone, "used"},
	{webhook.ErrTooBig, http.StatusRequestEntityTooLarge, "too_large"},
	{store.ErrTooBig, http.StatusRequestEntityTooLarge, "too_large"},
}

// problemOf tells a failure to the caller. What it does not know is not told, but logged.
func problemOf(err error) *Problem {
	if p, ok := errors.AsType[*Problem](err); ok {
		return p
	}
	if p := recordsProblem(err); p != nil {
		p.cause = err
		return p
	}
	if p := appProblem(err); p != nil {
		p.cause = err
		return p
	}
	for _, known := range plain {
		if errors.Is(err, known.err) {
			p := problem(known.status, known.code, "%s", known.err)
			p.cause = err
			return p
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &Problem{Type: engine.ModuleTimeoutError, Title: http.StatusText(http.StatusGatewayTimeout), Status: http.StatusGatewayTimeout, Code: "timeout",
			Detail: "it took too long", cause: err}
	}
	p := problem(http.StatusInternalServerError, "internal", "an internal error; the log of the server tells more under this request id")
	p.cause = err
	return p
}

// Codes of records that do not work at the moment.
const (
	storageFull        = "storage_full"
	recordsUnavailable = "records_unavailable"
)

// recordsProblem tells that the records do not work at the moment, whatever was being done;
// nil for other failures.
func recordsProblem(err error) *Problem {
	switch {
	case errors.Is(err, store.ErrFull):
		return busy(http.StatusServiceUnavailable, storageFull, 30*time.Second, "the disk of the server is full: nothing was stored")
	case errors.Is(err, store.ErrUnavailable):
		return busy(http.StatusServiceUnavailable, recordsUnavailable, 5*time.Second, "the server cannot reach its records at the moment")
	}
	return nil
}

// appProblem tells failures of apps, of what they are given and of the services that they
// talk to; nil for others.
func appProblem(err error) *Problem {
	if unknown, ok := errors.AsType[*cleat.UnknownError](err); ok {
		p := problem(http.StatusNotFound, "unknown_component", "%s", unknown)
		if len(unknown.Near) > 0 {
			p.Hint = fmt.Sprintf("did you mean %q?", unknown.Near[0])
		}
		return p
	}
	if refused, ok := errors.AsType[*cleat.ConnectionError](err); ok {
		p := problem(http.StatusConflict, "connection_unusable", "%s", refused.Message)
		p.Type = engine.InvalidAccessTokenError
		return p
	}
	if failed, ok := errors.AsType[*connect.Error](err); ok {
		p := problem(http.StatusUnprocessableEntity, "connection_"+string(failed.Reason), "%s", failed.Message)
		p.Type, p.Hint, p.Upstream = engine.ConnectionError, failed.Hint, failed.StatusCode
		return p
	}
	if failed, ok := errors.AsType[*engine.Error](err); ok {
		return engineProblem(failed)
	}
	if found, ok := errors.AsType[source.Diagnostics](err); ok {
		p := problem(http.StatusUnprocessableEntity, "app_mistakes", "the app has mistakes")
		p.Type = engine.InvalidConfigurationError
		for _, d := range found {
			p.Errors = append(p.Errors, detailOf(d))
		}
		return p
	}
	return nil
}

func detailOf(d source.Diagnostic) Detail {
	return Detail{Code: d.Code, Message: d.Message, Position: positionText(source.Position{File: d.File, Line: d.Line, Column: d.Column}), Field: d.Pointer, Hint: d.Hint}
}

func positionText(p source.Position) string {
	if p.File == "" && p.Line == 0 {
		return ""
	}
	return p.String()
}

// engineProblem: what a service did is 502 or 504, what was wrong with the call is 422.
func engineProblem(e *engine.Error) *Problem {
	status, code := http.StatusBadGateway, "provider_error"
	problems, invalid := errors.AsType[form.Problems](e.Cause)
	switch {
	case invalid:
		status, code = http.StatusUnprocessableEntity, "invalid_parameters"
	case e.Type == engine.ExecutionInterruptedError: // it was cancelled, or whoever asked is gone
		status, code = http.StatusServiceUnavailable, "interrupted"
	case e.Type == engine.ModuleTimeoutError:
		status, code = http.StatusGatewayTimeout, "timeout"
	case e.Type == engine.InvalidAccessTokenError:
		status, code = http.StatusConflict, "connection_unusable"
	case e.StatusCode == 0 && e.Code == "" && e.Type != engine.ConnectionError && e.Type != engine.RateLimitError:
		status, code = http.StatusUnprocessableEntity, "module_failed"
	}
	p := problem(status, code, "%s", e.Message)
	p.Type, p.Hint, p.Upstream, p.Step, p.Directive, p.Position = e.Type, e.Hint, e.StatusCode, e.Step, e.Directive, positionText(e.Position)
	if e.Delay > 0 {
		p.RetryAfter = seconds(e.Delay)
	}
	for _, wrong := range problems {
		p.Errors = append(p.Errors, Detail{Code: wrong.Code, Message: wrong.Message, Field: wrong.Path.String(), Hint: wrong.Hint})
	}
	return p
}

// humaProblems makes huma tell its own failures, such as a body that does not fit its
// schema, as problems of ours. huma has one such function
// for the whole process, and one rule about arrays.
var humaProblems = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false // an array is one, and may be empty
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		code := map[int]string{http.StatusUnprocessableEntity: "invalid_request", http.StatusBadRequest: "invalid_request",
			http.StatusRequestEntityTooLarge: "too_large", http.StatusUnsupportedMediaType: "unsupported_media_type",
			http.StatusRequestTimeout: "timeout", http.StatusNotAcceptable: "not_acceptable"}[status]
		if code == "" {
			code = "internal"
		}
		p := problem(status, code, "%s", message)
		for _, err := range errs {
			d := Detail{Message: err.Error()}
			if e, ok := err.(huma.ErrorDetailer); ok {
				d = Detail{Message: e.ErrorDetail().Message, Field: e.ErrorDetail().Location}
			}
			p.Errors = append(p.Errors, d)
		}
		return p
	}
})

// writeProblem answers a request that no operation of the interface serves.
func writeProblem(w http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	p := *problemOf(err)
	p.RequestID = requestID(r.Context())
	logFailure(r.Context(), log, &p)
	for name, lines := range p.GetHeaders() {
		w.Header()[name] = lines
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	writeJSON(w, p)
}

// logFailure keeps the cause of what the caller is not told.
func logFailure(ctx context.Context, log *slog.Logger, p *Problem) {
	switch p.Code {
	case "internal", storageFull, recordsUnavailable:
		log.ErrorContext(ctx, "request failed", "request_id", requestID(ctx), "error", p.cause)
	}
}
