package iml

import (
	"errors"
	"strings"

	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Error is a failed evaluation. Message keeps the wording of the original engine,
// outermost function first: "Function 'if' finished with error! Function 'x' not found!".
type Error struct {
	Code       string // one of the Code constants
	Message    string
	Template   string // the text that was evaluated
	Start, End int    // the failing part of Template, in bytes
	Hint       string
	Cause      error // the underlying error; a *value.Error when an error value surfaced

	origin Origin
}

// Error returns the place, if it is known, and the message in one line.
func (e *Error) Error() string { return e.Diagnostic().Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Diagnostic returns the error placed in its file, with excerpt and hint; its String
// method draws the caret.
func (e *Error) Diagnostic() source.Diagnostic {
	d := source.Diagnostic{Code: e.Code, Message: e.Message, Hint: e.Hint}
	return place(d, e.Template, e.origin, e.Start, e.End)
}

// argumentError says that an argument cannot be used as what the function needs. The
// text of the value stands apart so that it can be masked.
type argumentError struct {
	index  int // of the argument
	value  value.Value
	what   string // date, number, array, …
	detail string // what is wrong with it; it may quote the value
	hint   string
}

// masked replaces values that must not be shown.
const masked = "***"

func (e *argumentError) Error() string {
	text := e.text(quotable(e.value))
	if e.detail != "" {
		text = strings.TrimSuffix(text, ".") + ": " + e.detail + "."
	}
	return text
}

// hidden is the error without anything of the value.
func (e *argumentError) hidden() string { return e.text(masked) }

func (e *argumentError) text(quoted string) string {
	return "'" + quoted + "' is not a valid " + e.what + "."
}

// quotable returns the text of v, shortened for a message.
func quotable(v value.Value) string {
	const most = 200
	if a := v.Array(); a.Len() > most {
		v = value.List(a.Items()[:most]...)
	}
	text := v.ToText()
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

// limitError is the excess of a named limit.
type limitError struct{ message string }

func (e *limitError) Error() string { return e.message }

// hintedError carries a hint beside a cause.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

func withHint(message, hint string) error { return &hintedError{errors.New(message), hint} }

// raised returns the failure that an error value causes where it surfaces.
func (p *Program) raised(cause *value.Error) error {
	return &Error{Code: CodeRaised, Message: cause.Message, Template: p.text, End: len(p.text), Cause: cause, origin: p.origin}
}
