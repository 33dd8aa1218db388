package iml

import (
	"fmt"
	"maps"
	"slices"
	"strings"

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

	passes bool       // an undefined or null first argument is returned unchanged
	own    bool       // Make has no such function
	gives  value.Kind // collection when it always is one
	call   func(env *Env, args []value.Value) (value.Value, error)
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

var builtins = newFunctions(generalFunctions, textFunctions, markupFunctions, binaryFunctions, hashFunctions,
	dateFunctions, mathFunctions, arrayFunctions, listFunctions, runtimeFunctions, signFunctions)

// Builtins returns the functions of the language.
func Builtins() *Functions { return builtins }

func newFunctions(families ...[]Function) *Functions {
	table := &Functions{byName: map[string]*Function{}}
	for _, family := range families {
		for i := range family {
			family[i].Since = "0.1"
			table.byName[family[i].Name] = &family[i]
		}
	}
	return table
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

// suggest returns a hint for an unknown name.
func (t *Functions) suggest(name string) string {
	if k, ok := keywords[name]; ok && k.eval != nil {
		return fmt.Sprintf("%s is a variable; write it without brackets", name)
	}
	switch name {
	case "and", "or", "not", "mod":
		return fmt.Sprintf("%s is an operator, not a function", name)
	}
	best, distance := wrongNames[name], 3
	if best != "" {
		return "did you mean " + best + "?"
	}
	for known := range t.byName {
		if strings.EqualFold(known, name) {
			return "did you mean " + known + "?"
		}
		if d := editDistance(name, known); d < distance || d == distance && best != "" && known < best {
			best, distance = known, d
		}
	}
	if best == "" || distance > len(name)/2 {
		return ""
	}
	return "did you mean " + best + "?"
}

// editDistance is the Levenshtein distance of two short names.
func editDistance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return 99
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
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
