package js

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"modernc.org/quickjs"
)

// machine is one JavaScript engine with its global state. It serves one call and is
// thrown away: nothing of one call is seen by the next.
type machine struct {
	vm       *quickjs.VM
	library  *library
	builtins *builtins
	zone     string
	memory   int
	test     []byte // compiled test file

	entry, writeEntry, outcomeEntry, testEntry quickjs.Value

	unloaded map[string]failure // functions whose code threw when it was loaded
	intl     bool               // Intl is in place
	deadline time.Time
	failed   *failure
	debug    []string
	debugged int // bytes in debug
	tests    []Test
	begun    time.Time
}

// maxDebug is how many bytes of debug texts one call may leave.
const maxDebug = 64 << 10

// failure is what a call came to instead of a result.
type failure struct {
	Kind    string `json:"kind,omitempty"` // "" thrown by the code, otherwise the limit
	Name    string `json:"name,omitempty"`
	Message string `json:"message"`
	Stack   string `json:"stack,omitempty"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
}

// The limits of a call.
const (
	limitTime   = "time"
	limitMemory = "memory"
	limitStack  = "stack"
)

// newMachine starts an engine in which the functions of the library can be called.
func newMachine(host *hostCode, lib *library, zone string, memory int) (*machine, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	vm.SetMemoryLimit(uintptr(memory))
	vm.SetCanBlock(false) // Atomics.wait
	m := &machine{vm: vm, library: lib, zone: zone, memory: memory, builtins: newBuiltins(host.mark, zone), unloaded: map[string]failure{}}
	if err := m.open(host); err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// open puts the core in place and keeps its ways in.
func (m *machine) open(host *hostCode) error {
	if err := m.vm.RegisterHostFunc(hostGlobal, m.host); err != nil {
		return err
	}
	if err := m.vm.RegisterFunc(codeGlobal, func(kind, name string) quickjs.Value { return m.code(host, kind, name) }, false); err != nil {
		return err
	}
	compiled, err := host.part("core")
	if err != nil {
		return err
	}
	core, err := m.vm.EvalBytecodeValue(compiled)
	if err != nil {
		return err
	}
	defer core.Free()
	names, _ := json.Marshal(m.library.names) // texts always have a form in JSON
	ways, err := core.CallValue(quickjs.UndefinedValue, hostGlobal, codeGlobal, host.mark, m.zone, string(names))
	if err != nil {
		return err
	}
	defer ways.Free()
	for name, entry := range map[string]*quickjs.Value{"call": &m.entry, "write": &m.writeEntry, "outcome": &m.outcomeEntry, "test": &m.testEntry} {
		atom, err := m.vm.NewAtom(name)
		if err != nil {
			return err
		}
		if *entry, err = ways.GetPropertyValue(atom); err != nil {
			return err
		}
	}
	return nil
}

// The names under which the core finds its ways out of the engine; it takes them off the
// global object before anything else runs.
const (
	hostGlobal = "__cleatHost"
	codeGlobal = "__cleatCode"
)

// code returns what compiled code gives: a part of the host environment, a function of
// the app, or nothing for the test file, which is run.
func (m *machine) code(host *hostCode, kind, name string) quickjs.Value {
	bytecode := m.test
	switch kind {
	case "host":
		var err error
		if bytecode, err = host.part(name); err != nil {
			m.fail(failureOf(err))
		}
	case "app":
		bytecode = m.library.code[name]
	}
	if bytecode == nil {
		return quickjs.UndefinedValue
	}
	v, err := m.vm.EvalBytecodeValue(bytecode)
	switch {
	case err == nil:
		return v
	case kind == "app":
		m.unloaded[name] = failureOf(err) // for the one who calls it
	default:
		m.fail(failureOf(err))
	}
	return quickjs.UndefinedValue
}

// call runs a function. The text of its result is "" when m.failed says why.
func (m *machine) call(name, args string, special bool) string {
	if f, wrong := m.library.wrong[name]; wrong {
		m.failed = &f
		return ""
	}
	var result quickjs.Value
	defer free(&result)
	m.within(func() (err error) {
		result, err = m.entry.CallValue(quickjs.UndefinedValue, name, args, special)
		return err
	})
	if m.failed != nil {
		return ""
	}
	if text := plainText(result, m.builtins.mark); text != "" {
		return text
	}
	if text := m.ask(m.writeEntry, result); text != "" || m.failed != nil {
		return text
	}
	m.within(func() error { _, err := m.vm.ExecutePendingJobs(); return err })
	text := m.ask(m.outcomeEntry)
	if text == "" && m.failed == nil {
		m.failed = &failure{Message: "the function returned a promise that nothing settles"}
	}
	return text
}

// ask calls a function of the core that returns a text.
func (m *machine) ask(entry quickjs.Value, args ...any) (text string) {
	m.within(func() error {
		v, err := entry.Call(quickjs.UndefinedValue, args...)
		text, _ = v.(string)
		return err
	})
	return text
}

// run runs the test file.
func (m *machine) run() {
	m.within(func() error { _, err := m.testEntry.Call(quickjs.UndefinedValue); return err })
	m.within(func() error { _, err := m.vm.ExecutePendingJobs(); return err })
	m.interrupted()
}

// within enters the engine with what is left of the time, unless the call has failed.
func (m *machine) within(enter func() error) {
	if m.failed != nil {
		return
	}
	left := max(time.Until(m.deadline), time.Millisecond)
	_ = m.vm.SetEvalTimeout(left) // fails for negative times only
	if err := enter(); err != nil {
		m.fail(failureOf(err))
	}
}

// failureOf describes an error that left the engine. An engine without memory may have no
// words for it.
func failureOf(err error) failure {
	var e *quickjs.Error
	if !errors.As(err, &e) {
		e = &quickjs.Error{Message: err.Error()}
	}
	if e.Name == "" && e.Message == "" {
		e.Message = err.Error() // what was thrown is no Error
	}
	return failure{Name: e.Name, Message: e.Message, Stack: e.Stack}
}

func (m *machine) fail(f failure) {
	if m.failed != nil {
		return
	}
	switch {
	case f.Name == "InternalError":
		f.Kind = limits[f.Message]
	case f.Name == "" && f.Stack == "" && (f.Message == "" || f.Message == "null"):
		f.Kind = limitMemory // the engine throws null when it has no memory for an error
	}
	f.File, f.Line, f.Column = m.library.place(f.Stack)
	m.failed = &f
}

// limits maps the engine's own messages to the limits that they stand for.
var limits = map[string]string{"interrupted": limitTime, "out of memory": limitMemory, "stack overflow": limitStack}

// usedUp reports whether the process should not serve another call: what a limit leaves
// behind in the engine's memory is not to be relied on.
func (m *machine) usedUp() bool { return m.failed != nil && m.failed.Kind != "" }

func (m *machine) close() {
	for _, entry := range []*quickjs.Value{&m.entry, &m.writeEntry, &m.outcomeEntry, &m.testEntry} {
		free(entry)
	}
	_ = m.vm.Close()
}

// free frees a value that there may not be.
func free(v *quickjs.Value) {
	if v.VM() != nil {
		v.Free()
	}
}

// host is the one function of the program that JavaScript can call: an operation and
// texts, which gives a text.
func (m *machine) host(args []any) (any, error) {
	op, a, b := textAt(args, 0), textAt(args, 1), textAt(args, 2)
	switch op {
	case "iml":
		return m.builtins.call(a, b), nil
	case "builtin":
		return flag(m.builtins.has(a)), nil
	case "type":
		return flag(knownType(a) == a), nil
	case "fail":
		return "", m.failText(a)
	case "missing":
		return m.missing(a), nil
	case "debug":
		m.note(a)
	case "begin":
		m.begin(a)
	case "end":
		m.end(a)
	case "bytes":
		return bytesOf(a, b), nil
	case "text":
		return textOf(a, b), nil
	case "url":
		return urlParts(a, b), nil
	case "compare":
		return fmt.Sprint(compareTexts(a, b)), nil
	case "intl":
		return "", m.loadIntl()
	}
	return "", nil
}

// missing says why there is no function of that name, and where.
func (m *machine) missing(name string) string {
	f, threw := m.unloaded[name]
	if !threw {
		f = m.library.missing(name)
	} else {
		f.File, f.Line, f.Column = m.library.place(f.Stack)
	}
	return f.error(name, 0, 0).Error()
}

func textAt(args []any, i int) string {
	if i >= len(args) {
		return ""
	}
	text, _ := args[i].(string)
	return text
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

func (m *machine) failText(text string) error {
	var f failure
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return err
	}
	f.Kind = ""
	m.fail(f)
	return nil
}

// note keeps a debug text, as many as fit.
func (m *machine) note(text string) {
	if m.debugged >= maxDebug {
		return
	}
	if left := maxDebug - m.debugged; len(text) > left {
		text = strings.ToValidUTF8(text[:left], "") + "…"
	}
	m.debugged += len(text) + 1
	m.debug = append(m.debug, text)
}
