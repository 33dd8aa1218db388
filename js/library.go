package js

import (
	"embed"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"

	"modernc.org/quickjs"
)

// hostFiles are the host environment in JavaScript.
//
//go:embed host/*.js
var hostFiles embed.FS

// hostCode is the host environment, each part compiled when it is first used and once in
// each process. Only code that was compiled here is ever run as bytecode: the engine does
// not check it.
type hostCode struct {
	mark  string
	parts map[string][]byte
}

// part returns the bytecode of a file of the host environment, nil when there is none of
// that name.
func (h *hostCode) part(name string) ([]byte, error) {
	if code := h.parts[name]; code != nil {
		return code, nil
	}
	text, err := hostFiles.ReadFile("host/" + name + ".js")
	if err != nil {
		return nil, nil
	}
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	defer vm.Close()
	code, err := vm.Compile(string(text), quickjs.EvalGlobal)
	if err != nil {
		return nil, fmt.Errorf("host/%s: %w", name, err)
	}
	h.parts[name] = code
	return code, nil
}

// library is the compiled form of the functions of one app, in the child.
type library struct {
	names  []string
	code   map[string][]byte
	wrong  map[string]failure // why a function has no code
	places []place
}

// place says where a file begins. The engine tells files apart by nothing but lines, so
// that each has lines of its own.
type place struct {
	file        string
	first, last int
}

// firstLine is above the lines of the host environment.
const firstLine = 10_000

// compileLibrary compiles functions. One that does not compile is wrong when it is
// called; the others work.
func compileLibrary(functions []Function) (*library, error) {
	vm, err := quickjs.NewVM()
	if err != nil {
		return nil, err
	}
	defer vm.Close()
	l := &library{names: []string{}, code: map[string][]byte{}, wrong: map[string]failure{}}
	for _, f := range functions {
		l.names = append(l.names, f.Name)
		if err := l.add(vm, f); err != nil {
			l.wrong[f.Name] = l.fault(err, f.File)
		}
	}
	return l, nil
}

var identifier = regexp.MustCompile(`^[A-Za-z_$][\w$]*$`)

// MaxCode is the length of the code of a function, in UTF-16 units (components.md 10).
const MaxCode = 5000

func (l *library) add(vm *quickjs.VM, f Function) error {
	switch n := len(utf16.Encode([]rune(f.Code))); {
	case !identifier.MatchString(f.Name):
		return fmt.Errorf("%q cannot be the name of a function", f.Name)
	case n > MaxCode:
		return fmt.Errorf("the code has %d characters, more than %d (IM005)", n, MaxCode)
	}
	code, err := l.compile(vm, f.File, f.Code, "(function () {", "\n;return typeof "+f.Name+" === 'function' ? "+f.Name+" : undefined;\n})()")
	l.code[f.Name] = code
	return err
}

// compile compiles a file on lines of its own. It has to be correct by itself before
// anything is put around it.
func (l *library) compile(vm *quickjs.VM, file, code, before, after string) ([]byte, error) {
	at := place{file: file, first: firstLine}
	if n := len(l.places); n > 0 {
		at.first = l.places[n-1].last + 10
	}
	at.last = at.first + strings.Count(code, "\n")
	l.places = append(l.places, at)
	above := strings.Repeat("\n", at.first-2)
	if _, err := vm.Compile(above+"\n"+code, quickjs.EvalGlobal); err != nil {
		return nil, err
	}
	return vm.Compile(above+before+"\n"+code+after, quickjs.EvalGlobal)
}

// fault places an error of the compiler in its file.
func (l *library) fault(err error, file string) failure {
	var e *quickjs.Error
	if !errors.As(err, &e) {
		return failure{Message: err.Error(), File: file, Line: 1, Column: 1}
	}
	f := failure{Name: e.Name, Message: e.Message, File: file}
	for _, p := range l.places {
		if p.first <= e.LineNumber && e.LineNumber <= p.last+1 {
			f.Line, f.Column = e.LineNumber-p.first+1, e.ColumnNumber
		}
	}
	return f
}

// missing says why there is no function of that name.
func (l *library) missing(name string) failure {
	if f, wrong := l.wrong[name]; wrong {
		return f
	}
	return failure{Message: fmt.Sprintf("the code declares no function %q", name)}
}

// frame finds line and column in a line of a stack: "    at name (<eval>:12:5)".
var frame = regexp.MustCompile(`<eval>:(\d+):(\d+)`)

// place returns where in the app's files an error arose: the innermost line that is in
// one of them.
func (l *library) place(stack string) (file string, line, column int) {
	for _, found := range frame.FindAllStringSubmatch(stack[:min(len(stack), 1<<16)], -1) {
		at, _ := strconv.Atoi(found[1])
		for _, p := range l.places {
			if p.first <= at && at <= p.last {
				column, _ = strconv.Atoi(found[2])
				return p.file, at - p.first + 1, column
			}
		}
	}
	return "", 0, 0
}
