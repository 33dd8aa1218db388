package conformance

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cleat-run/cleat/iml"
	"github.com/cleat-run/cleat/value"
)

func isIML(file value.Value) bool {
	return has(file.Array().At(0), []string{"id"}, []string{"expr", "exprObject"})
}

func imlCases(file value.Value, _ []byte) ([]vector, error) {
	return each(file, func(c value.Value) vector {
		return vector{c.Member("id").Str(), c.Member("group").Str(), func() error { return runIML(c) }}
	}), nil
}

func runIML(c value.Value) error {
	env, err := imlEnv(c)
	if err != nil {
		return err
	}
	got, err := evaluate(c, env)
	if c.Member("error").Truthy() {
		switch message := c.Member("message").Str(); {
		case err == nil:
			return fmt.Errorf("%s gives %s %s, want an error", c.Member("expr").ToText(), got.Kind(), got.AppendJSON(nil))
		case !strings.Contains(err.Error(), message):
			return fmt.Errorf("the error is %q, want %q", err, message)
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.Member("expr").ToText(), err)
	}
	want, ok := c.Collection().Lookup("want")
	if !ok {
		return errors.New("the vector has neither want nor error")
	}
	if p, err := pattern(want); p != nil || err != nil {
		if err == nil && !p.MatchString(got.ToText()) {
			err = fmt.Errorf("%q does not match %s", got.ToText(), p)
		}
		return err
	}
	if want, err = decode(want); err != nil {
		return err
	}
	if err := differ(got, want); err != nil {
		return fmt.Errorf("%s: %w", c.Member("expr").ToText(), err)
	}
	return nil
}

// imlEnv makes the environment of a vector.
func imlEnv(c value.Value) (*iml.Env, error) {
	env := &iml.Env{Scope: iml.NewScope(), Timezone: c.Member("timezone").Str()}
	roots, err := decode(c.Member("scope"))
	if err != nil {
		return nil, err
	}
	for name, root := range roots.Collection().All() {
		if name == "headers" && root.Collection() != nil {
			headers := value.NewHeaders(0)
			for name, header := range root.Collection().All() {
				headers.Set(name, header)
			}
			root = value.FromCollection(headers)
		}
		env.Scope.Set(name, root)
	}
	if now := c.Member("now"); !now.IsUndefined() {
		at, err := time.Parse(time.RFC3339Nano, now.Str())
		if err != nil {
			return nil, err
		}
		env.Now = func() time.Time { return at }
	}
	return env, nil
}

// evaluate compiles and evaluates; a mistake found by the compiler counts as an error,
// as one found by the evaluation does.
func evaluate(c value.Value, env *iml.Env) (value.Value, error) {
	program, findings := iml.Compile(c.Member("expr").Str(), iml.Options{})
	if object, ok := c.Collection().Lookup("exprObject"); ok {
		decoded, err := decode(object)
		if err != nil {
			return value.Undefined, err
		}
		program, findings = iml.CompileValue(decoded, iml.Options{})
	}
	if err := findings.Err(); err != nil {
		return value.Undefined, err
	}
	return program.Eval(env)
}
