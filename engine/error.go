package engine

import (
	"time"

	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// The types of error that the engine itself raises. An app may raise every type of the
// taxonomy of communication.md 10.4; an unknown one counts as RuntimeError.
const (
	RuntimeError              = "RuntimeError"
	DataError                 = "DataError"
	RateLimitError            = "RateLimitError"
	ConnectionError           = "ConnectionError"
	OutOfSpaceError           = "OutOfSpaceError"
	ModuleTimeoutError        = "ModuleTimeoutError"
	InvalidConfigurationError = "InvalidConfigurationError"
	InvalidAccessTokenError   = "InvalidAccessTokenError"
	MaxFileSizeExceededError  = "MaxFileSizeExceededError"
	ExecutionInterruptedError = "ExecutionInterruptedError"
)

// retryable maps each known type to whether a later try may succeed without a person
// doing something (communication.md 10.4, class "retryable").
var retryable = map[string]bool{
	RuntimeError: false, DataError: false, RateLimitError: true, ConnectionError: true,
	OutOfSpaceError: true, ModuleTimeoutError: true, "IncompleteDataError": true,
	"DuplicateDataError": false, InvalidConfigurationError: false, InvalidAccessTokenError: false,
	"UnexpectedError": false, "MaxResultsExceededError": false, MaxFileSizeExceededError: false,
	"InconsistencyError": false, "UnknownError": false, "ScenarioTimeoutError": false,
	"OperationsLimitExceededError": false, "DataSizeLimitExceededError": false,
	ExecutionInterruptedError: false,
}

// Error is a failure of a run. Callers tell errors apart with errors.As and Type.
type Error struct {
	Type       string // Make's name, such as DataError
	Message    string // for the person; secrets are masked
	StatusCode int    // of the answer that was refused; 0 when there was none
	Code       string // of a network failure: ECONNREFUSED, ETIMEDOUT, …
	Step       string // the request of the communication, such as "request 2"
	Directive  string // such as response.iterate
	Position   source.Position
	Hint       string
	Delay      time.Duration // how long the provider asks to wait; 0 when it does not say
	Headers    value.Value   // of the answer
	Data       value.Value   // the parsed body of the answer
	Cause      error
}

// Error returns the type and the message.
func (e *Error) Error() string { return e.Type + ": " + e.Message }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Retryable reports whether a later try may succeed without a person doing something.
func (e *Error) Retryable() bool { return retryable[e.Type] }

func newError(kind, message string) *Error { return &Error{Type: kind, Message: message} }

// knownType returns name when it is a type of the taxonomy and RuntimeError otherwise.
func knownType(name string) string {
	if _, ok := retryable[name]; ok {
		return name
	}
	return RuntimeError
}
