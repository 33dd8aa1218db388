package cli

import (
	"context"
	"errors"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/connect"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/oauth1"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// usageType is the type of errors of the command line itself; every other type is one of
// Make's.
const usageType = "UsageError"

// fault is an error in the form of --json (cli.md).
type fault struct {
	Type       string `json:"type"`
	Message    string `json:"message"`
	StatusCode int    `json:"statusCode,omitempty"`
	File       string `json:"file,omitempty"`
	Line       int    `json:"line,omitempty"`
	Column     int    `json:"column,omitempty"`
	Step       string `json:"step,omitempty"`
	Directive  string `json:"directive,omitempty"`
	Hint       string `json:"hint,omitempty"`

	found source.Diagnostics // to be shown with their excerpts
}

// faultOf takes an error apart. The order matters: what wraps comes before its cause.
func faultOf(err error) fault {
	var (
		usage   *usageError
		wrong   *connect.Error
		failure *engine.Error
		unfit   *cleat.ConnectionError
		expr    *iml.Error
		many    source.Diagnostics
		one     source.Diagnostic
		signing *oauth1.Error
		refusal *oauth1.ProblemError
		hinted  interface{ Hint() string }
	)
	f := fault{Type: engine.RuntimeError, Message: err.Error()}
	if errors.As(err, &hinted) {
		f.Hint = hinted.Hint()
	}
	if errors.Is(err, connect.ErrNameTaken) {
		f.Hint = "choose another name, or reauthorize it"
	}
	switch {
	case errors.As(err, &usage):
		f.Type, f.Hint = usageType, usage.hint
	case errors.Is(err, context.Canceled):
		f.Type, f.Message = engine.ExecutionInterruptedError, "interrupted"
	case errors.As(err, &wrong):
		f.ofConnection(wrong)
	case errors.As(err, &failure):
		f.ofRun(failure, err)
	case errors.As(err, &unfit):
		f.Type = engine.InvalidConfigurationError
		if stale(unfit.Record) {
			f.Type = engine.InvalidAccessTokenError
		}
	case errors.As(err, &expr):
		f.ofFinding(expr.Diagnostic())
		f.Type = typeOf(expr)
	case errors.As(err, &many) && len(many) > 0:
		f.ofFinding(many...)
	case errors.As(err, &one):
		f.ofFinding(one)
	case errors.As(err, &signing):
		f.Type, f.Hint = signingType(signing.Code), signingHints[signing.Code]
	case errors.As(err, &refusal):
		f.Type, f.StatusCode = engine.ConnectionError, refusal.Status
	}
	return f
}

// ofFinding describes the first finding; the others are shown to people only.
func (f *fault) ofFinding(found ...source.Diagnostic) {
	d := found[0]
	f.Type, f.Message, f.Hint = engine.InvalidConfigurationError, d.Message, d.Hint
	f.File, f.Line, f.Column = d.File, d.Line, d.Column
	if d.Column > 0 && d.Line == 0 {
		f.Line = 1 // a text of one line is shown without its number
	}
	f.found = found
}

// typeOf returns the type of a failed evaluation: an error value keeps its own.
func typeOf(err *iml.Error) string {
	var raised *value.Error
	if errors.As(err, &raised) {
		return raised.Type
	}
	return engine.RuntimeError
}

func (f *fault) ofRun(e *engine.Error, whole error) {
	f.Type, f.StatusCode, f.Step, f.Directive = e.Type, e.StatusCode, e.Step, e.Directive
	f.File, f.Line, f.Column = e.Position.File, e.Position.Line, e.Position.Column
	if f.Hint != "" && e.Hint != "" && f.Hint != e.Hint { // what to do, and why it may have happened
		f.Hint += "; " + e.Hint
	}
	f.Hint = first(f.Hint, e.Hint, networkHints[e.Code])
	if whole.Error() == e.Error() {
		f.Message = e.Message // without the type, which stands beside it
	}
}

// networkHints say what a person can do about a failure of the network.
var networkHints = map[string]string{
	"ECONNREFUSED": "nothing listens there: check the address and port",
	"ENOTFOUND":    "check the name of the host, and your network",
	"ETIMEDOUT":    "try again later, or let the app wait longer with the directive timeout",
	"ECONNRESET":   "try again later; the service gave no reason",
}

func (f *fault) ofConnection(e *connect.Error) {
	f.Type = engine.ConnectionError
	if e.Reason == connect.Configuration {
		f.Type = engine.InvalidConfigurationError
	}
	var failure *engine.Error
	if errors.As(e.Cause, &failure) {
		f.ofRun(failure, e)
	}
	f.StatusCode, f.Hint = max(e.StatusCode, f.StatusCode), first(e.Hint, f.Hint)
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
