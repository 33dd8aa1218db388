package iml

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/cleat-run/cleat/value"
)

// Limits bounds one evaluation. A zero field has the default of [DefaultLimits].
type Limits struct {
	Steps    int           // calls, members and elements that are visited
	Text     int           // bytes of text that are produced, in all
	Elements int           // elements of an array that a function makes
	Regex    time.Duration // time spent in regular expressions, in all
	Calls    int           // nesting of evaluations through Env.Call
}

// DefaultLimits returns the limits of the language reference.
func DefaultLimits() Limits {
	return Limits{Steps: 5_000_000, Text: 64 << 20, Elements: 1_000_000, Regex: time.Second, Calls: 100}
}

// Env is what an evaluation sees besides the template. The zero Env works: an empty
// scope, the real clock, UTC. An Env serves one evaluation at a time.
type Env struct {
	Scope       *Scope
	Now         func() time.Time // nil means time.Now
	Timezone    string           // IANA name; empty means environment.timezone of the scope, then UTC
	UUID        func() string    // nil means a random version 4 UUID
	Random      func() float64   // in [0,1); nil means math/rand
	ExecutionID string           // empty means the member executionId of the scope

	// Call runs an app's own function, one that [Options.Custom] announced.
	Call func(name string, args []value.Value) (value.Value, error)

	Limits *Limits // nil means the defaults

	// Manifest is the manifest version of the app. From 2 on, and when it is 0, a
	// function returns an undefined or null first argument unchanged; 1 makes it
	// convert the argument.
	Manifest int

	limits Limits
	used   Limits
	nested int
	stack  []value.Value // arguments of the calls under way
	buf    []byte        // text under construction
}

// enter begins an evaluation; the counters start anew unless it is nested in another.
func (e *Env) enter() error {
	if e.nested == 0 {
		e.reset()
	}
	if e.nested >= e.limits.Calls {
		return &limitError{fmt.Sprintf("functions call each other more than %d levels deep", e.limits.Calls)}
	}
	e.nested++
	return nil
}

func (e *Env) leave() { e.nested-- }

func (e *Env) reset() {
	e.used = Limits{}
	if e.Limits == nil && e.limits.Steps != 0 {
		return
	}
	e.limits = DefaultLimits()
	if e.Limits == nil {
		return
	}
	own, set := *e.Limits, &e.limits
	set.Steps = orDefault(own.Steps, set.Steps)
	set.Text = orDefault(own.Text, set.Text)
	set.Elements = orDefault(own.Elements, set.Elements)
	set.Regex = orDefault(own.Regex, set.Regex)
	set.Calls = orDefault(own.Calls, set.Calls)
}

func orDefault[T int | time.Duration](n, otherwise T) T {
	if n > 0 {
		return n
	}
	return otherwise
}

// Step charges n steps. Functions call it with the number of elements they visit.
func (e *Env) Step(n int) error {
	if e.used.Steps += n; e.used.Steps > e.limits.Steps {
		return &limitError{fmt.Sprintf("evaluation takes more than %d steps", e.limits.Steps)}
	}
	return nil
}

// Produce charges n bytes of text. Functions call it before they make a long text.
func (e *Env) Produce(n int) error {
	if e.used.Text += n; e.used.Text > e.limits.Text || n < 0 {
		return &limitError{fmt.Sprintf("evaluation produces more than %d bytes of text", e.limits.Text)}
	}
	return nil
}

// Elements checks the size of an array that a function is about to make and charges as
// many steps.
func (e *Env) Elements(n int) error {
	if n > e.limits.Elements {
		return &limitError{fmt.Sprintf("array has more than %d elements", e.limits.Elements)}
	}
	return e.Step(n)
}

func (e *Env) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

func (e *Env) random() float64 {
	if e.Random != nil {
		return e.Random()
	}
	return mathrand.Float64()
}

func (e *Env) uuid() string {
	if e.UUID != nil {
		return e.UUID()
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

func (e *Env) root(name string) value.Value {
	if e.Scope == nil {
		return value.Undefined
	}
	return e.Scope.Get(name)
}

// location returns the default time zone.
func (e *Env) location() *time.Location {
	name := e.Timezone
	if name == "" && e.Scope != nil {
		name = e.Scope.known[rootEnvironment].Member("timezone").Str()
	}
	if loc := zone(name); loc != nil {
		return loc
	}
	return time.UTC
}

// passes reports whether functions hand an undefined or null first argument through.
func (e *Env) passes() bool { return e.Manifest != 1 }
