package js

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"modernc.org/quickjs"
)

// TestTimeout is how long a test file may take in all (components.md 11.1).
const TestTimeout = 5 * time.Second

// Test is the outcome of one it block.
type Test struct {
	Name     string        `json:"name"` // names of describe blocks before it, joined by ›
	Error    string        `json:"error,omitempty"`
	File     string        `json:"file,omitempty"` // where the error arose
	Line     int           `json:"line,omitempty"`
	Column   int           `json:"column,omitempty"`
	Duration time.Duration `json:"duration"`

	running bool
}

// Passed reports whether the block ended without an error.
func (t *Test) Passed() bool { return t.Error == "" }

// interrupted notes that a limit ended the block that was running.
func (m *machine) interrupted() {
	if m.failed == nil || len(m.tests) == 0 {
		return
	}
	last := &m.tests[len(m.tests)-1]
	if !last.running {
		return
	}
	last.running, last.Duration = false, time.Since(m.begun)
	last.fail(m.failed)
	if m.failed.Kind != "" {
		last.Error = strings.Replace(m.failed.limit(TestTimeout, m.memory), "function", "test file", 1)
	}
}

func (t *Test) fail(f *failure) {
	t.Error, t.File, t.Line, t.Column = f.text(), f.File, f.Line, f.Column
}

// begin notes that a block begins. Within another block it is a block of its own.
func (m *machine) begin(name string) {
	m.begun = time.Now()
	m.tests = append(m.tests, Test{Name: name, running: true})
}

// end notes how the block that began last ended; text is "" when all went well.
func (m *machine) end(text string) {
	for i := len(m.tests) - 1; i >= 0; i-- {
		t := &m.tests[i]
		if !t.running {
			continue
		}
		t.running, t.Duration = false, time.Since(m.begun)
		if text != "" {
			f := failure{Message: text}
			_ = json.Unmarshal([]byte(text), &f) // what cannot be read is shown as it is
			f.File, f.Line, f.Column = m.library.place(f.Stack)
			t.fail(&f)
		}
		return
	}
}

// RunTests runs the test file of a function with it, describe and assert in sight, and
// returns the outcome of each block in order. The error tells what befell the file as a
// whole: an [*Error] when its code threw outside of a block or ran into a limit; the
// blocks up to there are returned as well.
func (s *Sandbox) RunTests(ctx context.Context, lib *Library, file, code string, c Context) ([]Test, error) {
	var tests []Test
	answer, err := s.exchange(ctx, lib, TestTimeout, c.Debug, func(head []string) message {
		return message{kindTest, append(head, c.zone(), file, code)}
	})
	if err != nil {
		return nil, fileError(err, file)
	}
	if err := json.Unmarshal([]byte(answer.text), &tests); err != nil {
		return nil, &Error{Function: file, Message: "unreadable outcome of the tests", Cause: err}
	}
	if answer.failure != nil && (len(tests) == 0 || tests[len(tests)-1].Passed()) {
		return tests, answer.failure.error(file, TestTimeout, s.memory())
	}
	return tests, nil
}

// compileTest compiles a test file for this machine alone.
func (m *machine) compileTest(file, code string) error {
	vm, err := quickjs.NewVM()
	if err != nil {
		return err
	}
	defer vm.Close()
	own := *m.library
	own.places = slices.Clone(own.places)
	m.library = &own
	m.test, err = own.compile(vm, file, code, "", "\n;undefined")
	return err
}
