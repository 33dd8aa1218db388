package js

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

// builtins calls the functions of the language for JavaScript: iml.formatDate(…).
type builtins struct {
	mark string
	env  iml.Env
}

func newBuiltins(mark, zone string) *builtins {
	return &builtins{mark, iml.Env{Scope: iml.NewScope(), Timezone: zone, Now: time.Now}}
}

func (b *builtins) has(name string) bool { return iml.Builtins().Lookup(name) != nil }

// call calls a function with the arguments in text. The answer begins with = for a
// result, * for one with marks, ! for an error as [type, message].
func (b *builtins) call(name, text string) string {
	args, err := decode(b.mark, text, nil)
	if err != nil {
		return refusal("", err.Error())
	}
	v, err := b.evaluate(name, args.Array().Items())
	if e := v.Err(); e != nil {
		err = e
	}
	if err != nil {
		return refusalOf(name, err)
	}
	result, special, err := encode(b.mark, v)
	switch {
	case err != nil:
		return refusal("", err.Error())
	case special:
		return "*" + result
	}
	return "=" + result
}

func (b *builtins) evaluate(name string, args []value.Value) (value.Value, error) {
	names := make([]string, len(args))
	for i, arg := range args {
		names[i] = "a" + strconv.Itoa(i)
		b.env.Scope.Set(names[i], arg)
	}
	program, found := iml.Compile("{{"+name+"("+strings.Join(names, ", ")+")}}", iml.Options{})
	if err := found.Err(); err != nil {
		return value.Undefined, err
	}
	return program.Eval(&b.env)
}

// refusalOf words an error as the function itself does, without the name that the
// language puts before it.
func refusalOf(name string, err error) string {
	var made *value.Error
	if errors.As(err, &made) {
		return refusal(made.Type, made.Message)
	}
	message := err.Error()
	var e *iml.Error
	if errors.As(err, &e) {
		message = strings.TrimPrefix(e.Message, "Function '"+name+"' finished with error! ")
	}
	return refusal("", message)
}

func refusal(kind, message string) string {
	return "!" + string(value.List(value.Text(kind), value.Text(message)).AppendJSON(nil))
}

// errorTypes are the types that errorFactory makes (iml.md 10).
var errorTypes = strings.Fields(`DataError RuntimeError RateLimitError OutOfSpaceError ConnectionError
	InvalidConfigurationError InvalidAccessTokenError UnexpectedError MaxResultsExceededError MaxFileSizeExceededError
	IncompleteDataError DuplicateDataError ModuleTimeoutError ScenarioTimeoutError OperationsLimitExceededError
	DataSizeLimitExceededError ExecutionInterruptedError InconsistencyError UnknownError Warning`)

// knownType returns name when errorFactory knows it, and RuntimeError otherwise.
func knownType(name string) string {
	if slices.Contains(errorTypes, name) {
		return name
	}
	return "RuntimeError"
}
