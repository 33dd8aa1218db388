package js

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cleat-run/cleat/value"
)

// Error is a failed call of a function.
type Error struct {
	Function string // name of the function, or the test file
	Message  string // what the code threw, or the limit that it ran into
	Limit    bool   // a limit ended the call
	File     string // where the error arose, "" when that is not known
	Line     int
	Column   int
	Cause    error // a *value.Error for an error that errorFactory made
}

// Error returns the message and the place.
func (e *Error) Error() string {
	if e.File == "" {
		return e.Message
	}
	return fmt.Sprintf("%s (%s:%d:%d)", e.Message, e.File, e.Line, e.Column)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// text is the message with the kind of error before it.
func (f *failure) text() string {
	if f.Name == "" || f.Name == "Error" || f.Name == "AssertionError" {
		return f.Message
	}
	return f.Name + ": " + f.Message
}

// limit words the excess of a limit: an engine that is out of memory may have no words.
func (f *failure) limit(timeout time.Duration, memory int) string {
	switch f.Kind {
	case limitTime:
		return tookTooLong(timeout)
	case limitMemory:
		return fmt.Sprintf("the function needs more than %d MiB of memory", memory>>20)
	}
	return "functions call each other too deeply"
}

// error returns what a caller sees.
func (f *failure) error(function string, timeout time.Duration, memory int) error {
	e := &Error{Function: function, Message: f.text(), Limit: f.Kind != "", File: f.File, Line: f.Line, Column: f.Column}
	if e.Limit {
		e.Message = f.limit(timeout, memory)
	}
	if f.Kind == "" && knownType(f.Name) == f.Name {
		e.Message, e.Cause = f.Message, &value.Error{Type: f.Name, Message: f.Message}
	}
	return e
}

func tookTooLong(timeout time.Duration) string {
	return fmt.Sprintf("the function takes longer than %v", timeout)
}

// fileError puts the name of the test file where a function's would stand.
func fileError(err error, file string) error {
	var e *Error
	if errors.As(err, &e) {
		e.Function = file
		e.Message = strings.Replace(e.Message, "the function", "the test file", 1)
	}
	return err
}
