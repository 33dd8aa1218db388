package iml

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/value"
)

// call compiles a Call: an app's own function, then a built-in one. An unknown function
// fails when it is reached, not before: branches that are not taken do no harm.
func (c *compiler) call(n *node) evalFn {
	p := c.program
	if c.options.Custom != nil && c.options.Custom(n.text) {
		return c.custom(n)
	}
	f := c.options.Functions.Lookup(n.text)
	if f == nil {
		return c.unknown(n)
	}
	c.checkArguments(n, f)
	c.program.fallible = c.program.fallible || f.Name == "errorFactory" || c.options.Functions != builtins
	if f.own {
		c.found = append(c.found, finding{code: CodeNotPortable, start: n.start, end: n.start + len(n.text),
			message: f.Name + " is a function of cleat alone", hint: "Make has no such function"})
	}
	if f.lazy != nil {
		args := c.arguments(n)
		return func(env *Env) (value.Value, error) {
			if err := env.Step(1); err != nil {
				return value.Undefined, p.failed(n, err)
			}
			v, err := f.lazy(env, args)
			if err != nil {
				return value.Undefined, p.inFunction(n, err)
			}
			return v, nil
		}
	}
	return c.eager(n, f)
}

func (c *compiler) arguments(n *node) []evalFn {
	args := make([]evalFn, len(n.args))
	for i, arg := range n.args {
		args[i], _ = c.node(arg)
	}
	return args
}

// eager calls f with evaluated arguments, which live on the stack of the Env.
func (c *compiler) eager(n *node, f *Function) evalFn {
	p, args := c.program, c.arguments(n)
	return func(env *Env) (value.Value, error) {
		if err := env.Step(1); err != nil {
			return value.Undefined, p.failed(n, err)
		}
		base := len(env.stack)
		for _, arg := range args {
			v, err := arg(env)
			if err != nil {
				env.stack = env.stack[:base]
				return value.Undefined, p.inFunction(n, err)
			}
			env.stack = append(env.stack, v)
		}
		given := env.stack[base:len(env.stack):len(env.stack)]
		if f.passes && env.passes() && len(given) > 0 && given[0].IsNil() {
			first := given[0]
			env.stack = env.stack[:base]
			return first, nil
		}
		v, err := f.Call(env, given)
		env.stack = env.stack[:base]
		if err != nil {
			return value.Undefined, p.inFunction(n, p.withoutSecrets(n, err))
		}
		return v, nil
	}
}

func (c *compiler) custom(n *node) evalFn {
	p, args, name := c.program, c.arguments(n), n.text
	p.fallible = true
	return func(env *Env) (value.Value, error) {
		values := make([]value.Value, len(args))
		for i, arg := range args {
			v, err := arg(env)
			if err != nil {
				return value.Undefined, p.inFunction(n, err)
			}
			values[i] = v
		}
		if env.Call == nil {
			return value.Undefined, p.failed(n, withHint("Function '"+name+"' not found!", "custom functions are not available here"))
		}
		v, err := env.Call(name, values)
		if err != nil {
			return value.Undefined, p.inFunction(n, err)
		}
		return v, nil
	}
}

func (c *compiler) unknown(n *node) evalFn {
	p, hint := c.program, c.options.Functions.Suggest(n.text)
	message := "Function '" + n.text + "' not found!"
	c.found = append(c.found, finding{code: CodeUnknownFunction, message: message, hint: hint, start: n.start, end: n.start + len(n.text)})
	return func(*Env) (value.Value, error) {
		return value.Undefined, &Error{Code: CodeUnknownFunction, Message: message, Hint: hint, Template: p.text, Start: n.start, End: n.start + len(n.text), origin: p.origin}
	}
}

func (c *compiler) checkArguments(n *node, f *Function) {
	given := len(n.args)
	if given == 1 && n.args[0].kind == kindEmpty {
		given = 0
	}
	switch {
	case given < f.least():
		c.found = append(c.found, finding{code: CodeMissing, start: n.start, end: n.end,
			message: fmt.Sprintf("%s needs %d arguments, not %d", f.Name, f.least(), given), hint: f.Signature()})
	case f.most() >= 0 && given > f.most():
		c.found = append(c.found, finding{code: CodeSurplus, start: n.start, end: n.end,
			message: fmt.Sprintf("%s takes at most %d arguments; the others are ignored", f.Name, f.most()), hint: f.Signature()})
	}
}

// inFunction words an error as the original engine does, outermost function first.
func (p *Program) inFunction(n *node, err error) error {
	var e *Error
	if errors.As(err, &e) {
		if e.Code == CodeRaised || e.Code == CodeLimit {
			return err
		}
		outer := *e
		outer.Message = "Function '" + n.text + "' finished with error! " + e.Message
		return &outer
	}
	var made *value.Error
	if errors.As(err, &made) {
		return p.raised(made)
	}
	wrapped := p.failed(n, err).(*Error)
	if wrapped.Code != CodeLimit {
		wrapped.Message = "Function '" + n.text + "' finished with error! " + wrapped.Message
	}
	return wrapped
}

// secretRoots hold values that must not be shown in a message.
var secretRoots = []string{"connection", "common", "oauth", "data"}

// withoutSecrets masks the quoted value of an error whose argument reads a secret root.
func (p *Program) withoutSecrets(n *node, err error) error {
	var wrong *argumentError
	if !errors.As(err, &wrong) || wrong.index >= len(n.args) {
		return err
	}
	secret := false
	n.args[wrong.index].walk(func(inner *node) {
		secret = secret || inner.kind == kindName && slices.Contains(secretRoots, inner.text)
	})
	text := wrong.Error()
	if secret {
		text = wrong.hidden()
	}
	hint := wrong.hint
	if arg := n.args[wrong.index]; hint == "" && arg.kind == kindText && isKeyword(arg.text) {
		hint = fmt.Sprintf("%s is a variable; write %s without quotes", arg.text, arg.text)
	}
	return withHint(strings.TrimSpace(text), hint)
}
