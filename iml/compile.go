package iml

import (
	"errors"

	"github.com/cleat-run/cleat/value"
)

// compiler turns the tree of one template into functions.
type compiler struct {
	program *Program
	options Options
	found   []finding
}

// template compiles the parts of a text (language reference 1.2 and 1.3).
func (c *compiler) template(parts []part) evalFn {
	switch {
	case len(parts) == 0:
		return c.constant(value.Text(""))
	case len(parts) == 1 && parts[0].expr == nil:
		return c.constant(value.Text(parts[0].text))
	case len(parts) == 1:
		eval, constant := c.node(parts[0].expr)
		if constant != nil {
			return c.constant(*constant)
		}
		return eval
	}
	return c.concat(parts)
}

func (c *compiler) constant(v value.Value) evalFn {
	c.program.constant = &v
	return func(*Env) (value.Value, error) { return v, nil }
}

// concat joins the texts of several parts.
func (c *compiler) concat(parts []part) evalFn {
	evals := make([]evalFn, len(parts))
	for i, part := range parts {
		if part.expr != nil {
			evals[i], _ = c.node(part.expr)
			c.checkText(part.expr)
		}
	}
	p := c.program
	return func(env *Env) (value.Value, error) {
		base := len(env.buf)
		for i, eval := range evals {
			if eval == nil {
				env.buf = append(env.buf, parts[i].text...)
				continue
			}
			v, err := eval(env)
			if err == nil && v.Kind() == value.KindError {
				err = p.raised(v.Err())
			}
			if err != nil {
				env.buf = env.buf[:base]
				return value.Undefined, err
			}
			env.buf = v.AppendText(env.buf)
		}
		text := string(env.buf[base:])
		env.buf = env.buf[:base]
		if err := env.Produce(len(text)); err != nil {
			return value.Undefined, p.failed(parts[0].expr, err)
		}
		return value.Text(text), nil
	}
}

// checkText reports a collection where a text is made.
func (c *compiler) checkText(n *node) {
	f := c.options.Functions.Lookup(n.text)
	if n.kind == kindObject || n.kind == kindCall && f != nil && f.gives == value.KindCollection {
		c.found = append(c.found, finding{code: CodeObjectText, start: n.start, end: n.end,
			message: "a collection inside text gives {object}", hint: "write createJSON(…), or the member that is meant"})
	}
}

// node compiles n; a constant one also gives its value.
func (c *compiler) node(n *node) (evalFn, *value.Value) {
	fixed := func(v value.Value) (evalFn, *value.Value) {
		return func(*Env) (value.Value, error) { return v, nil }, &v
	}
	switch n.kind {
	case kindEmpty:
		return fixed(value.Undefined)
	case kindArray:
		return fixed(value.Null)
	case kindText, kindNumber:
		return fixed(n.val)
	case kindKeyword:
		k := keywords[n.text]
		if k.eval == nil {
			return fixed(k.constant)
		}
		return func(env *Env) (value.Value, error) { return k.eval(env), nil }, nil
	case kindName:
		return c.root(n.text), nil
	case kindPath:
		return c.path(n), nil
	case kindUnary:
		return c.unary(n)
	case kindChain:
		return c.chain(n)
	case kindObject:
		return c.object(n), nil
	}
	return c.call(n), nil
}

// root reads a name of the scope; a known one by its place.
func (c *compiler) root(name string) evalFn {
	if i := rootIndex(name); i >= 0 {
		return func(env *Env) (value.Value, error) {
			if env.Scope == nil {
				return value.Undefined, nil
			}
			return env.Scope.known[i], nil
		}
	}
	return func(env *Env) (value.Value, error) { return env.root(name), nil }
}

func (c *compiler) unary(n *node) (evalFn, *value.Value) {
	operand, constant := c.node(n.args[0])
	op := n.ops[0]
	compute := func(v value.Value) value.Value {
		if op == opNot {
			return value.Bool(!v.Truthy())
		}
		return value.Number(-v.ToNumber())
	}
	if constant != nil {
		v := compute(*constant)
		return func(*Env) (value.Value, error) { return v, nil }, &v
	}
	return func(env *Env) (value.Value, error) {
		v, err := operand(env)
		if err != nil {
			return value.Undefined, err
		}
		return compute(v), nil
	}, nil
}

// chain compiles operands of one level.
func (c *compiler) chain(n *node) (evalFn, *value.Value) {
	operands := make([]evalFn, len(n.args))
	allConstant := true
	for i, arg := range n.args {
		var constant *value.Value
		operands[i], constant = c.node(arg)
		allConstant = allConstant && constant != nil
	}
	ops := n.ops
	eval := c.pair(n, operands)
	if len(ops) > 1 || ops[0] == opOr || ops[0] == opAnd {
		eval = c.run(n, operands)
	}
	if allConstant && n.ops[0] != opOr && n.ops[0] != opAnd {
		if v, err := eval(&Env{limits: DefaultLimits()}); err == nil {
			return func(*Env) (value.Value, error) { return v, nil }, &v
		}
	}
	return eval, nil
}

// pair computes the usual chain, of two operands and one operator.
func (c *compiler) pair(n *node, operands []evalFn) evalFn {
	p, op, left, right := c.program, n.ops[0], operands[0], operands[1]
	return func(env *Env) (value.Value, error) {
		a, err := left(env)
		if err != nil {
			return value.Undefined, err
		}
		b, err := right(env)
		if err != nil {
			return value.Undefined, err
		}
		return p.binary(env, n, op, a, b)
	}
}

// run computes a chain from left to right; | and & stop at the first that decides.
func (c *compiler) run(n *node, operands []evalFn) evalFn {
	ops := n.ops
	return func(env *Env) (value.Value, error) {
		v, err := operands[0](env)
		for i := 0; i < len(ops) && err == nil; i++ {
			switch ops[i] {
			case opOr:
				if v.Truthy() {
					return v, nil
				}
				v, err = operands[i+1](env)
			case opAnd:
				if !v.Truthy() {
					return v, nil
				}
				v, err = operands[i+1](env)
			default:
				var right value.Value
				if right, err = operands[i+1](env); err == nil {
					v, err = c.program.binary(env, n, ops[i], v, right)
				}
			}
		}
		return v, err
	}
}

// binary computes one operation and charges the text that it makes.
func (p *Program) binary(env *Env, n *node, op operator, a, b value.Value) (value.Value, error) {
	v := apply(op, a, b)
	if op == opAdd && v.Kind() == value.KindText {
		if err := env.Produce(len(v.Str())); err != nil {
			return value.Undefined, p.failed(n, err)
		}
	}
	return v, nil
}

// object compiles an object literal, which two public apps rely on.
func (c *compiler) object(n *node) evalFn {
	members := make([]evalFn, len(n.args))
	for i, arg := range n.args {
		members[i], _ = c.node(arg)
	}
	keys := n.keys
	return func(env *Env) (value.Value, error) {
		made := value.NewCollection(len(keys))
		for i, eval := range members {
			v, err := eval(env)
			if err != nil {
				return value.Undefined, err
			}
			made.Set(keys[i], v)
		}
		return value.FromCollection(made), nil
	}
}

// failed is err at the node n, which may be nil.
func (p *Program) failed(n *node, err error) error {
	e := &Error{Code: CodeFunction, Message: err.Error(), Template: p.text, End: len(p.text), Cause: err, origin: p.origin}
	if n != nil {
		e.Start, e.End = n.start, n.end
	}
	var limit *limitError
	if errors.As(err, &limit) {
		e.Code = CodeLimit
	}
	var hinted *hintedError
	if errors.As(err, &hinted) {
		e.Hint = hinted.hint
	}
	return e
}

// located gives an error that came from a container's child, or from a limit, the place
// of p.
func (p *Program) located(err error) error {
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return p.failed(nil, err)
}
