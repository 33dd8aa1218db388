package cli

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/source"
)

// testReport is the outcome of the tests of an app.
type testReport struct{ files []testFile }

// testFile are the tests of one component in one file.
type testFile struct {
	component string // such as module/listBooks
	name      string // of the file
	tests     []js.Test
}

func (f *testFile) failed() int {
	n := 0
	for _, t := range f.tests {
		if !t.Passed() {
			n++
		}
	}
	return n
}

func (r *testReport) failed() int {
	n := 0
	for _, f := range r.files {
		n += f.failed()
	}
	return n
}

func (r *testReport) count() int {
	n := 0
	for _, f := range r.files {
		n += len(f.tests)
	}
	return n
}

// text writes one line for each block with a tick or a cross, and the totals.
func (r *testReport) text(out io.Writer) error {
	var b strings.Builder
	for _, f := range r.files {
		fmt.Fprintf(&b, "%s (%s)\n", strings.TrimPrefix(f.component, "function/"), f.name)
		for _, t := range f.tests {
			if t.Passed() {
				fmt.Fprintf(&b, "  ✓ %s\n", oneLine(t.Name))
				continue
			}
			fmt.Fprintf(&b, "  ✗ %s\n", oneLine(t.Name))
			if at := position(t); at != "" {
				fmt.Fprintf(&b, "      at %s\n", at)
			}
			b.WriteString("      " + strings.ReplaceAll(t.Error, "\n", "\n      ") + "\n")
		}
	}
	switch failed := r.failed(); {
	case r.count() == 0:
		b.WriteString("no tests\n")
	default:
		fmt.Fprintf(&b, "%d passed, %d failed\n", r.count()-failed, failed)
	}
	_, err := io.WriteString(out, printable(b.String()))
	return err
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func position(t js.Test) string {
	return source.Position{File: t.File, Line: t.Line, Column: t.Column}.String()
}

// testDocument is the report with --json (cli.md).
type testDocument struct {
	Passed  int          `json:"passed"`
	Failed  int          `json:"failed"`
	Skipped int          `json:"skipped"`
	Tests   []testResult `json:"tests"`
}

type testResult struct {
	Component string `json:"component"`
	Name      string `json:"name"`
	Status    string `json:"status"` // passed or failed
	Message   string `json:"message,omitempty"`
	File      string `json:"file"`
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
	Duration  int64  `json:"duration_ms"`
}

func (r *testReport) document() testDocument {
	d := testDocument{Failed: r.failed(), Passed: r.count() - r.failed(), Tests: []testResult{}}
	for _, f := range r.files {
		for _, t := range f.tests {
			one := testResult{Component: f.component, Name: t.Name, Status: "passed", File: f.name, Duration: t.Duration.Milliseconds()}
			if !t.Passed() {
				one.Status, one.Message = "failed", t.Error
				one.File, one.Line, one.Column = first(t.File, f.name), t.Line, t.Column
			}
			d.Tests = append(d.Tests, one)
		}
	}
	return d
}

// The elements of JUnit's report, as far as its readers need them.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		File     string      `xml:"file,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"` // seconds
		Failure *junitFailure `xml:"failure"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

func (r *testReport) junit() []byte {
	all := junitSuites{Tests: r.count(), Failures: r.failed()}
	for _, f := range r.files {
		suite := junitSuite{Name: f.component, File: f.name, Tests: len(f.tests), Failures: f.failed()}
		for _, t := range f.tests {
			suite.Cases = append(suite.Cases, junit(suite.Name, t))
		}
		all.Suites = append(all.Suites, suite)
	}
	text, _ := xml.MarshalIndent(all, "", "  ") // texts and numbers always have a form
	return append([]byte(xml.Header), append(text, '\n')...)
}

func junit(class string, t js.Test) junitCase {
	c := junitCase{Class: class, Name: t.Name, Time: fmt.Sprintf("%.3f", t.Duration.Round(time.Millisecond).Seconds())}
	if !t.Passed() {
		line, _, _ := strings.Cut(t.Error, "\n")
		c.Failure = &junitFailure{Message: line, Text: strings.TrimSpace(position(t) + "\n" + t.Error)}
	}
	return c
}
