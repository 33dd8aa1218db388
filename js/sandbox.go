package js

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"sync"
	"time"

	"github.com/cleat-run/cleat/value"
)

// Function is a custom function of an app.
type Function struct {
	Name string // by which it is called; the code declares a function of this name
	File string // for messages
	Code string
}

// Library is the functions of one app. It is immutable and may be used with any number
// of sandboxes at once; children compile it when they first meet it.
type Library struct {
	functions []Function
	names     map[string]bool
}

// NewLibrary returns the library of the functions. Nothing is compiled yet: code that
// does not compile fails when it is called.
func NewLibrary(functions []Function) *Library {
	l := &Library{functions: functions, names: map[string]bool{}}
	for _, f := range functions {
		l.names[f.Name] = true
	}
	return l
}

// Has reports whether the library has a function of this name.
func (l *Library) Has(name string) bool { return l.names[name] }

// Options of a [Sandbox]. The zero value has the limits of the language reference.
type Options struct {
	Timeout  time.Duration // of one call; 0 is 10 s (docs: app-components/iml-functions)
	Memory   int           // bytes that the code of one call may use; 0 is 64 MiB
	Children int           // calls that run at once; 0 is one for each processor, two at least
	// Executable is the program to start as a child; "" is this program. It has to call
	// ServeIfChild when it starts.
	Executable string
}

// Context is what a call knows of the run that it belongs to.
type Context struct {
	Timezone string // IANA name; "" is UTC
	// Debug receives what the code hands to debug and console; nil drops it.
	Debug func(text string)
}

func (c Context) zone() string {
	if c.Timezone == "" {
		return "UTC"
	}
	return c.Timezone
}

// Sandbox runs functions in child processes. Children are started when they are needed
// and kept for later calls until Close. It is safe for concurrent use.
type Sandbox struct {
	options Options
	mark    string
	slots   chan struct{} // one for each call under way

	mu     sync.Mutex
	idle   []*child
	closed bool
}

// New returns a sandbox. Close ends its children; those of a program that exits without
// it end by themselves.
func New(o Options) *Sandbox {
	if o.Timeout <= 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Memory <= 0 {
		o.Memory = 64 << 20
	}
	if o.Children <= 0 {
		o.Children = max(2, runtime.GOMAXPROCS(0))
	}
	return &Sandbox{options: o, mark: newMark(), slots: make(chan struct{}, o.Children)}
}

func (s *Sandbox) memory() int { return s.options.Memory }

// ErrClosed is returned for calls after Close.
var ErrClosed = errors.New("js: the sandbox is closed")

// Call runs a function and returns a copy of its result; args are copied too, so that the
// code cannot change them. A failure is an [*Error], and ctx.Err() when ctx ended the
// call. The time limit counts from when a child takes the call up.
func (s *Sandbox) Call(ctx context.Context, lib *Library, name string, args []value.Value, c Context) (value.Value, error) {
	list := value.List(args...)
	text, special, err := encode(s.mark, list)
	if err != nil {
		return value.Undefined, &Error{Function: name, Message: err.Error(), Cause: err}
	}
	answer, err := s.exchange(ctx, lib, s.options.Timeout, c.Debug, func(head []string) message {
		return message{kindCall, append(head, c.zone(), name, flag(special), text)}
	})
	if err != nil {
		return value.Undefined, err
	}
	if answer.failure != nil {
		return value.Undefined, answer.failure.error(name, s.options.Timeout, s.options.Memory)
	}
	v, err := decode(s.mark, answer.text, longNumbers(nil, list, 0))
	if err != nil {
		return value.Undefined, &Error{Function: name, Message: err.Error(), Cause: err}
	}
	return v, nil
}

// answer is what a child said to a call.
type answer struct {
	text    string
	failure *failure // nil when all went well
}

// exchange hands a question to a child and returns its answer. A child that crashes, is
// killed or is used up is not used again.
func (s *Sandbox) exchange(ctx context.Context, lib *Library, timeout time.Duration, debug func(string), ask func(head []string) message) (answer, error) {
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	defer func() { <-s.slots }()
	c, err := s.take()
	if err != nil {
		return answer{}, err
	}
	reply, err := c.ask(ctx, lib, timeout, ask)
	if err != nil {
		c.kill()
		return answer{}, err
	}
	if reply.fields[0] != "" {
		c.kill()
	} else {
		s.put(c)
	}
	return read(reply, debug)
}

// read takes an answer apart and hands the debug texts on.
func read(reply message, debug func(string)) (answer, error) {
	var texts []string
	if err := json.Unmarshal([]byte(reply.fields[1]), &texts); err != nil {
		return answer{}, errFrame
	}
	for _, text := range texts {
		if debug != nil {
			debug(text)
		}
	}
	a := answer{text: reply.fields[2]}
	if reply.kind == kindFailure {
		if err := json.Unmarshal([]byte(reply.fields[3]), &a.failure); err != nil || a.failure == nil {
			return answer{}, errFrame
		}
	}
	return a, nil
}

// take returns an idle child, or a new one.
func (s *Sandbox) take() (*child, error) {
	s.mu.Lock()
	closed, n := s.closed, len(s.idle)
	if !closed && n > 0 {
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		s.mu.Unlock()
		return c, nil
	}
	s.mu.Unlock()
	if closed {
		return nil, ErrClosed
	}
	return startChild(s.options, s.mark)
}

// put keeps a child for the next call.
func (s *Sandbox) put(c *child) {
	s.mu.Lock()
	keep := !s.closed && !c.old()
	if keep {
		s.idle = append(s.idle, c)
	}
	s.mu.Unlock()
	if !keep {
		c.kill()
	}
}

// Close ends the idle children at once, and the others after their call.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	for _, c := range idle {
		c.kill()
	}
	return nil
}
