package iml

import (
	"math"

	"github.com/cleat-run/cleat/value"
)

// keyword is a bare name with a fixed meaning.
type keyword struct {
	constant value.Value                // when eval is nil
	eval     func(env *Env) value.Value // a new value at each evaluation
}

// keywords are the names of section 4 of the language reference.
var keywords = map[string]keyword{
	"true":           {constant: value.True},
	"false":          {constant: value.False},
	"null":           {constant: value.Null},
	"undefined":      {constant: value.Undefined},
	"erase":          {constant: value.Erase},
	"ignore":         {constant: value.Undefined},
	"emptystring":    {constant: value.EmptyString},
	"space":          {constant: value.Text(" ")},
	"nbsp":           {constant: value.Text("\u00a0")},
	"tab":            {constant: value.Text("\t")},
	"newline":        {constant: value.Text("\n")},
	"carriagereturn": {constant: value.Text("\r")},
	"pi":             {constant: value.Number(math.Pi)},
	"emptyarray":     {eval: func(*Env) value.Value { return value.List() }},
	"now":            {eval: func(env *Env) value.Value { return value.Time(env.now()) }},
	"timestamp":      {eval: func(env *Env) value.Value { return value.Number(math.Floor(float64(env.now().UnixMilli()) / 1000)) }},
	"uuid":           {eval: func(env *Env) value.Value { return value.Text(env.uuid()) }},
	"random":         {eval: func(env *Env) value.Value { return value.Number(env.random()) }},
	"executionId":    {eval: executionID},
}

func isKeyword(name string) bool {
	_, ok := keywords[name]
	return ok
}

func executionID(env *Env) value.Value {
	if env.ExecutionID != "" {
		return value.Text(env.ExecutionID)
	}
	return env.root("executionId")
}
