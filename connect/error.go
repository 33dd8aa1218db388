package connect

import (
	"errors"

	"github.com/cleat-run/cleat/engine"
)

// Reason says why a connection could not be made.
type Reason string

// The reasons, as commands and pages name them.
const (
	Declined      Reason = "declined"      // the person said no at the provider
	UnknownFlow   Reason = "unknown_flow"  // the callback belongs to no open authorization
	OtherBrowser  Reason = "other_browser" // the callback came from another browser
	Used          Reason = "used"          // the authorization was finished before
	Expired       Reason = "expired"       // the person took too long
	Provider      Reason = "provider"      // the provider refused
	Configuration Reason = "configuration" // the app, or what was typed, is wrong
)

// Error is a failure to make, test or change a connection.
type Error struct {
	Reason     Reason
	Message    string
	StatusCode int // of the provider's answer, 0 when there was none
	Hint       string
	Cause      error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// failure turns an error of a step into one of the connection.
func failure(err error) error {
	var e *engine.Error
	if !errors.As(err, &e) {
		return err
	}
	reason := Provider
	if e.Type == engine.InvalidConfigurationError {
		reason = Configuration
	}
	return &Error{Reason: reason, Message: e.Message, StatusCode: e.StatusCode, Hint: e.Hint, Cause: err}
}
