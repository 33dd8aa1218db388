package form

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cleat-run/cleat/source"
)

// The codes of problems.
const (
	CodeRequired  = "required"  // the field is mandatory
	CodeType      = "type"      // wrong type, not convertible
	CodeFormat    = "format"    // right type, wrong format
	CodeIML       = "iml"       // an expression is not allowed here
	CodeOption    = "option"    // the value is none of the options
	CodeEnum      = "enum"      // the value is not in validate.enum
	CodePattern   = "pattern"   // the pattern does not match
	CodeMinLength = "minLength" // text too short
	CodeMaxLength = "maxLength" // text too long
	CodeMin       = "min"       // number or date too small
	CodeMax       = "max"       // number or date too big
	CodeMinItems  = "minItems"  // too few items
	CodeMaxItems  = "maxItems"  // too many items
	CodeUnique    = "unique"    // an item occurs twice
	CodeUnknown   = "unknown"   // no such field (strict)
	CodeName      = "name"      // a field of the definition has no name
	CodeRemote    = "remote"    // a remote source failed or gave nothing
	CodePath      = "path"      // a path has the wrong shape
	CodeErase     = "erase"     // erase is not allowed here
)

// Step is one step of a [Path]: the name of a field, or the index of an item when Name
// is empty.
type Step struct {
	Name  string
	Index int
}

// Path leads from the values to the one that a problem is about.
type Path []Step

// String writes the path as expressions do: a.b[1].c, names with other characters in
// back ticks.
func (p Path) String() string {
	var b strings.Builder
	for _, s := range p {
		switch {
		case s.Name == "":
			fmt.Fprintf(&b, "[%d]", s.Index)
			continue
		case b.Len() > 0:
			b.WriteByte('.')
		}
		if strings.ContainsAny(s.Name, ".[] ") {
			b.WriteString("`" + s.Name + "`")
		} else {
			b.WriteString(s.Name)
		}
	}
	return b.String()
}

// Dotted writes the path with dots alone, a.b.1.c, as the official validator prints it.
func (p Path) Dotted() string {
	steps := make([]string, len(p))
	for i, s := range p {
		if steps[i] = s.Name; s.Name == "" {
			steps[i] = strconv.Itoa(s.Index)
		}
	}
	return strings.Join(steps, ".")
}

// MarshalText writes the path as a text.
func (p Path) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Problem says what is wrong with a value. It never holds the value of a secret.
type Problem struct {
	Path    Path            `json:"path"` // empty when the values as a whole are meant
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Hint    string          `json:"hint,omitempty"`
	Field   source.Position `json:"-"` // where the definition declares the field
}

// Error names the field and what is wrong with it.
func (p Problem) Error() string {
	if len(p.Path) == 0 {
		return p.Message
	}
	return fmt.Sprintf("parameter %q: %s", p.Path, p.Message)
}

// Problems are all that is wrong with values, in the order of the form.
type Problems []Problem

// Err returns nil when there are no problems, and otherwise an error that unwraps to
// them.
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}

// Error lists the problems as Make does.
func (ps Problems) Error() string {
	if len(ps) == 1 {
		return ps[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "validation failed for %d parameters", len(ps))
	for _, p := range ps {
		b.WriteString(" • ")
		if len(p.Path) > 0 {
			b.WriteString(p.Path.String() + ": ")
		}
		b.WriteString(p.Message)
	}
	return b.String()
}

// place is a value's path while values are walked over: linked upwards, so that nothing
// is copied unless there is a problem.
type place struct {
	up    *place
	name  string
	index int
}

func (at *place) path() Path {
	var p Path
	for ; at != nil; at = at.up {
		p = append(p, Step{at.name, at.index})
	}
	for i, j := 0, len(p)-1; i < j; i, j = i+1, j-1 {
		p[i], p[j] = p[j], p[i]
	}
	return p
}
