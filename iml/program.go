package iml

import (
	"fmt"
	"slices"

	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Dialect is a way of writing expressions.
type Dialect uint8

// App is the dialect of app code, arguments separated by commas; Designer that of
// scenario mappings, separated by semicolons.
const (
	App Dialect = iota
	Designer
)

// Options say how to compile. The zero Options work.
type Options struct {
	Dialect   Dialect
	Functions *Functions             // nil means [Builtins]
	Custom    func(name string) bool // reports the app's own functions; they win over built-in ones
	Origin    Origin                 // where the text stands; nil means nowhere
	Strict    bool                   // advice about what goes wrong at Make becomes an error
}

// Program is a compiled text or container. It is immutable and safe for concurrent use.
type Program struct {
	text     string
	dialect  Dialect
	origin   Origin
	parts    []part     // of a text
	children []*Program // of a container
	constant *value.Value
	fallible bool // calls what may give an error value inside a container
	eval     evalFn
}

// evalFn computes one node.
type evalFn func(env *Env) (value.Value, error)

// spreadKey is the key whose value's members are inserted at its place.
const spreadKey = "{{...}}"

// Compile compiles a text. The program is never nil: one with a syntax error fails at
// [Program.Eval] with that error.
func Compile(text string, o Options) (*Program, source.Diagnostics) {
	if o.Functions == nil {
		o.Functions = builtins
	}
	p := &Program{text: text, dialect: o.Dialect, origin: o.Origin}
	parts, found := parseTemplate(text, o.Dialect)
	p.parts = parts
	c := &compiler{program: p, options: o, found: found}
	p.eval = c.template(parts)
	var diagnostics source.Diagnostics
	var first *Error
	for _, f := range c.found {
		diagnostics.Add(f.diagnostic(text, o.Origin, o.Strict))
		if first == nil && (f.code == CodeSyntax || f.code == CodeLimit) {
			first = &Error{Code: f.code, Message: f.message, Template: text, Start: f.start, End: f.end, Hint: f.hint, origin: o.Origin}
		}
	}
	if first != nil {
		p.constant = nil
		p.eval = func(*Env) (value.Value, error) { return value.Undefined, first }
	}
	return p, diagnostics
}

// CompileValue compiles a container whose texts are templates. Names are literal, but for
// the spread key; a caller whose names are templates builds with [CollectionOf].
func CompileValue(v value.Value, o Options) (*Program, source.Diagnostics) {
	switch v.Kind() {
	case value.KindText:
		return Compile(v.Str(), o)
	case value.KindArray:
		var found source.Diagnostics
		items := make([]*Program, v.Array().Len())
		for i, item := range v.Array().Items() {
			program, wrong := CompileValue(item, o)
			items[i] = program
			found.Add(wrong...)
		}
		return ListOf(items), found
	case value.KindCollection:
		var found source.Diagnostics
		var members []Member
		for name, item := range v.Collection().All() {
			program, wrong := CompileValue(item, o)
			found.Add(wrong...)
			m := Member{Value: program, Spread: name == spreadKey}
			if !m.Spread {
				m.Name = Constant(value.Text(name))
			}
			members = append(members, m)
		}
		return CollectionOf(members), found
	}
	return Constant(v), nil
}

// Constant returns a program that always gives v.
func Constant(v value.Value) *Program {
	return &Program{constant: &v, eval: func(*Env) (value.Value, error) { return v, nil }}
}

// ListOf returns a program that gives a new array of the values of items.
func ListOf(items []*Program) *Program {
	return &Program{children: items, eval: func(env *Env) (value.Value, error) {
		if err := env.Elements(len(items)); err != nil {
			return value.Undefined, limited(err)
		}
		values := make([]value.Value, len(items))
		for i, item := range items {
			v, err := item.surface(env)
			if err != nil {
				return value.Undefined, err
			}
			values[i] = v
		}
		return value.List(values...), nil
	}}
}

// Member is one member of a container: a name, which is a template, or a spread.
type Member struct {
	Name   *Program
	Spread bool
	Value  *Program
}

// CollectionOf returns a program that gives a new collection. Members are evaluated in
// order; an undefined one is kept (see [Clean]), a later one with the same name takes the
// place of an earlier one.
func CollectionOf(members []Member) *Program {
	p := &Program{}
	for _, m := range members {
		if m.Name != nil {
			p.children = append(p.children, m.Name)
		}
		p.children = append(p.children, m.Value)
	}
	if layout := layoutOf(members); layout != nil {
		p.eval = func(env *Env) (value.Value, error) { return fill(env, layout, members) }
	} else {
		p.eval = func(env *Env) (value.Value, error) { return build(env, members) }
	}
	return p
}

// layoutOf returns the names of members when all are known beforehand, and nil otherwise.
func layoutOf(members []Member) *value.Layout {
	names := make([]string, len(members))
	for i, m := range members {
		if m.Spread || m.Name.constant == nil {
			return nil
		}
		names[i] = m.Name.constant.ToText()
	}
	return value.NewLayout(names)
}

func fill(env *Env, layout *value.Layout, members []Member) (value.Value, error) {
	if err := env.Step(len(members)); err != nil {
		return value.Undefined, limited(err)
	}
	c := layout.New()
	for i := range members {
		v, err := members[i].Value.surface(env)
		if err != nil {
			return value.Undefined, err
		}
		c.Put(i, v)
	}
	return value.FromCollection(c), nil
}

func build(env *Env, members []Member) (value.Value, error) {
	if err := env.Step(len(members)); err != nil {
		return value.Undefined, limited(err)
	}
	c := value.NewCollection(len(members))
	for _, m := range members {
		v, err := m.Value.surface(env)
		if err != nil {
			return value.Undefined, err
		}
		if m.Spread {
			err = spread(c, v, m.Value)
		} else {
			var name value.Value
			if name, err = m.Name.surface(env); err == nil {
				c.Set(name.ToText(), v)
			}
		}
		if err != nil {
			return value.Undefined, err
		}
	}
	return value.FromCollection(c), nil
}

func spread(into *value.Collection, v value.Value, p *Program) error {
	if v.IsNil() {
		return nil
	}
	if v.Collection() == nil {
		return &Error{Code: CodeSpread, Message: fmt.Sprintf("{{...}} needs a collection, but is given %s", article(v.Kind())),
			Template: p.text, End: len(p.text), origin: p.origin}
	}
	for name, member := range v.Collection().All() {
		into.Set(name, member)
	}
	return nil
}

func article(k value.Kind) string {
	switch k {
	case value.KindArray, value.KindEmptyString, value.KindError:
		return "an " + k.String()
	}
	return "a " + k.String()
}

// Eval evaluates the program. An error is an [*Error]; an error value that surfaces is
// returned as one, too, with the [*value.Error] as its cause, and so is one inside a
// container.
func (p *Program) Eval(env *Env) (value.Value, error) {
	if p.constant != nil {
		return *p.constant, nil
	}
	if err := env.enter(); err != nil {
		return value.Undefined, limited(err)
	}
	v, err := p.surface(env)
	env.leave()
	if err != nil {
		return value.Undefined, p.located(err)
	}
	return v, nil
}

// surface evaluates p where its value is used: there an error value is raised, also one
// deep inside what a function gave (communication.md 10.4).
func (p *Program) surface(env *Env) (value.Value, error) {
	v, err := p.eval(env)
	if err != nil {
		return value.Undefined, err
	}
	if v.Kind() == value.KindError {
		return value.Undefined, p.raised(v.Err())
	}
	if p.fallible {
		if made := errorIn(v); made != nil {
			return value.Undefined, p.raised(made)
		}
	}
	return v, nil
}

// errorIn returns the first error value in v.
func errorIn(v value.Value) *value.Error {
	for _, item := range v.Array().Items() {
		if made := errorIn(item); made != nil {
			return made
		}
	}
	for _, member := range v.Collection().All() {
		if made := errorIn(member); made != nil {
			return made
		}
	}
	return v.Err()
}

// limited is a limit that no expression can be named for.
func limited(err error) error { return &Error{Code: CodeLimit, Message: err.Error(), Cause: err} }

// Constant returns the value of a program that needs no evaluation.
func (p *Program) Constant() (value.Value, bool) {
	if p.constant == nil {
		return value.Undefined, false
	}
	return *p.constant, true
}

// Text returns the text that was compiled, and "" for a container.
func (p *Program) Text() string { return p.text }

// Print returns the text in its canonical form. Compiled again it gives the same tree.
func (p *Program) Print() string { return printTemplate(p.parts, p.dialect) }

// Roots returns the names that the program reads from the scope, sorted.
func (p *Program) Roots() []string {
	var names []string
	p.visit(func(n *node) {
		if n.kind == kindName && !slices.Contains(names, n.text) {
			names = append(names, n.text)
		}
	})
	slices.Sort(names)
	return names
}

// Calls returns the names of the functions that the program calls, sorted.
func (p *Program) Calls() []string {
	var names []string
	p.visit(func(n *node) {
		if n.kind == kindCall && !slices.Contains(names, n.text) {
			names = append(names, n.text)
		}
	})
	slices.Sort(names)
	return names
}

func (p *Program) visit(visit func(*node)) {
	for _, part := range p.parts {
		if part.expr != nil {
			part.expr.walk(visit)
		}
	}
	for _, child := range p.children {
		child.visit(visit)
	}
}
