package cli

import (
	"errors"

	"github.com/cleat-run/cleat/engine"
)

// The exit codes; see the package comment.
const (
	exitDone      = 0
	exitFailed    = 1
	exitUsage     = 2
	exitFindings  = 3
	exitNeedsUser = 4
)

// exitError gives an error an exit code of its own. Without a cause nothing is reported:
// the command has shown everything itself.
type exitError struct {
	code  int
	cause error
}

func (e *exitError) Error() string {
	if e.cause == nil {
		return ""
	}
	return e.cause.Error()
}

func (e *exitError) Unwrap() error { return e.cause }

// needsUser marks an error that only a person can clear, such as a connection that has
// to be authorized again.
func needsUser(cause error) error { return &exitError{exitNeedsUser, cause} }

// exitCode returns the code for what a command returned.
func exitCode(err error) int {
	var usage *usageError
	var exit *exitError
	var failure *engine.Error
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &failure) && failure.Type == engine.InvalidAccessTokenError:
		// connections.md CN-25: the connection has to be authorized again.
		return exitNeedsUser
	}
	return exitFailed
}
