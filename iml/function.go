package iml

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// Function describes a built-in function. Validation, help and the language reference
// come from it; its examples run as tests.
type Function struct {
	Name     string
	Summary  string
	Params   []Param
	Examples []Example
	Since    string // version of cleat

	// Call computes the function. It must not keep args, and charges what it makes to
	// the limits of env: [Env.Step], [Env.Produce], [Env.Elements].
	Call func(env *Env, args []value.Value) (value.Value, error)

	passes bool       // an undefined or null first argument is returned unchanged
	own    bool       // Make has no such function
	gives  value.Kind // collection when it always is one
	lazy   func(env *Env, args []evalFn) (value.Value, error)
}

// Param is a parameter of a [Function].
type Param struct {
	Name     string
	Optional bool
	Variadic bool // may be given any number of times; only the last one
}

// Example is an expression without braces and what it gives, as JSON.
type Example struct{ Expression, Result string }

// Signature returns the call as the reference shows it: split(text, separator, [keepEmpty]).
func (f *Function) Signature() string {
	names := make([]string, len(f.Params))
	for i, p := range f.Params {
		names[i] = p.Name
		if p.Variadic {
			names[i] += ", …"
		}
		if p.Optional {
			names[i] = "[" + names[i] + "]"
		}
	}
	return f.Name + "(" + strings.Join(names, ", ") + ")"
}

// Portable reports whether Make has the function, too.
func (f *Function) Portable() bool { return !f.own }

func (f *Function) least() int {
	n := 0
	for _, p := range f.Params {
		if !p.Optional {
			n++
		}
	}
	return n
}

func (f *Function) most() int {
	if n := len(f.Params); n > 0 && f.Params[n-1].Variadic {
		return -1
	}
	return len(f.Params)
}

// Functions is a table of functions by name. It is immutable.
type Functions struct{ byName map[string]*Function }

// Family is a group of functions that belong together.
type Family struct {
	Title     string
	Functions []Function
}

// families lists the functions of the language in the order of the reference.
var families = []Family{
	{"General", generalFunctions},
	{"Text", textFunctions},
	{"Markup", markupFunctions},
	{"Bytes and addresses", binaryFunctions},
	{"Hashes", hashFunctions},
	{"Dates", dateFunctions},
	{"Numbers", mathFunctions},
	{"Arrays", listFunctions},
	{"Arrays and collections", arrayFunctions},
	{"Apps", runtimeFunctions},
	{"Signatures", signFunctions},
}

// Families returns the functions of the language in groups, in the order of the
// reference. The result is shared and must not be changed.
func Families() []Family { return families }

var builtins = newFunctions(families)

// Builtins returns the functions of the language.
func Builtins() *Functions { return builtins }

func newFunctions(families []Family) *Functions {
	table := &Functions{byName: map[string]*Function{}}
	for _, family := range families {
		for i := range family.Functions {
			f := &family.Functions[i]
			f.Since = "0.1"
			table.byName[f.Name] = f
		}
	}
	return table
}

// With returns a table that also holds functions; they win over those of the same name.
func (t *Functions) With(functions ...Function) *Functions {
	more := &Functions{byName: maps.Clone(t.byName)}
	for i := range functions {
		more.byName[functions[i].Name] = &functions[i]
	}
	return more
}

// Lookup returns the function with exactly that name, or nil.
func (t *Functions) Lookup(name string) *Function { return t.byName[name] }

// Names returns the names of all functions, sorted.
func (t *Functions) Names() []string { return slices.Sorted(maps.Keys(t.byName)) }

// wrongNames are functions that people expect from other languages.
var wrongNames = map[string]string{
	"toUpper": "upper", "toLower": "lower", "avg": "average", "values": "toArray", "startsWith": "indexOf", "endsWith": "substring",
	"dateDifference": "dateDiff", "toLowerCase": "lower", "toUpperCase": "upper", "parseInt": "parseNumber", "stringify": "createJSON",
	"len": "length", "isEmpty": "ifempty", "concat": "merge",
}

// Suggest returns a hint for a name that is no function, such as "did you mean upper?",
// or "".
func (t *Functions) Suggest(name string) string {
	if k, ok := keywords[name]; ok && k.eval != nil {
		return fmt.Sprintf("%s is a variable; write it without brackets", name)
	}
	switch name {
	case "and", "or", "not", "mod":
		return fmt.Sprintf("%s is an operator, not a function", name)
	}
	if best := wrongNames[name]; best != "" {
		return "did you mean " + best + "?"
	}
	return source.DidYouMean(name, t.Names())
}

// arg returns the argument i, undefined when it is not given.
func arg(args []value.Value, i int) value.Value {
	if i < len(args) {
		return args[i]
	}
	return value.Undefined
}

// numberArg returns the argument i as a number, or an error naming it.
func numberArg(args []value.Value, i int) (float64, error) {
	v := arg(args, i)
	switch v.Kind() {
	case value.KindNumber, value.KindBool, value.KindDate:
		return v.ToNumber(), nil
	case value.KindText:
		if n := v.ToNumber(); n == n && strings.TrimSpace(v.Str()) != "" {
			return n, nil
		}
	}
	return 0, &argumentError{index: i, value: v, what: "number"}
}

// arrayArg returns the argument i as an array, or an error naming it.
func arrayArg(args []value.Value, i int) (*value.Array, error) {
	if a := arg(args, i).Array(); a != nil {
		return a, nil
	}
	return nil, &argumentError{index: i, value: arg(args, i), what: "array"}
}
