package cleat

import (
	"context"
	"fmt"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/value"
)

// caller returns what runs the functions of an app, until ctx ends.
func (rt *Runtime) caller(ctx context.Context, a *App, mask *engine.Mask) func(string, []value.Value) (value.Value, error) {
	c := rt.context()
	c.Debug = masked(rt.debug, mask)
	return func(name string, args []value.Value) (value.Value, error) {
		ctx, end := rt.engine.Begin(ctx, "function", name)
		result, err := rt.functions.Call(ctx, a.functions, name, args, c)
		end(err)
		return result, err
	}
}

// masked lets no secret through to debug.
func masked(debug func(string), mask *engine.Mask) func(string) {
	if debug == nil {
		return nil
	}
	return func(text string) { debug(mask.Text(text)) }
}

func (rt *Runtime) context() js.Context {
	return js.Context{Timezone: rt.connector.Timezone, Debug: rt.debug}
}

// TestFunction runs the test file of a function and returns the outcome of its blocks; it
// is an error when there is none, and when the file as a whole fails.
func (rt *Runtime) TestFunction(ctx context.Context, a *App, id string) ([]js.Test, error) {
	f := a.Function(id)
	if f == nil {
		return nil, a.unknown(app.FunctionKind, id)
	}
	if f.Test == nil {
		return nil, fmt.Errorf("function %q has no tests", id)
	}
	return rt.RunTests(ctx, a, f.Test.Name(), f.Test.Text())
}

// RunTests runs a script with it, assert and the app's functions in sight, and returns the
// outcome of its blocks; it is an error when the script as a whole fails. Places are those
// of the named file.
func (rt *Runtime) RunTests(ctx context.Context, a *App, file, code string) ([]js.Test, error) {
	return rt.functions.RunTests(ctx, a.functions, file, code, rt.context())
}

// Close ends the children that run functions.
func (rt *Runtime) Close() error { return rt.functions.Close() }
