package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/js"
	"github.com/cleat-run/cleat/source"
	"github.com/cleat-run/cleat/value"
)

// components runs the tests of components.
func (o *testOptions) components(ctx context.Context, a *cleat.App, files []string, report *testReport) error {
	if len(files) == 0 {
		return nil
	}
	records, err := openScratch(ctx)
	if err != nil {
		return err
	}
	defer records.Close()
	do := &componentTests{o, a, records, report, 0}
	for _, name := range files {
		if strings.HasSuffix(name, scriptTests) {
			err = do.script(ctx, name)
		} else {
			err = do.file(ctx, name)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			report.whole(name, err)
		}
	}
	return nil
}

// componentTests runs tests of components, one after the other.
type componentTests struct {
	*testOptions
	app     *cleat.App
	records *scratch
	report  *testReport
	number  int
}

// file runs the tests of a file of data.
func (t *componentTests) file(ctx context.Context, name string) error {
	all, err := t.readCaptures(t.app.Root, name)
	if err != nil {
		return err
	}
	for _, c := range all {
		if !t.wants(c) {
			continue
		}
		one := js.Test{Name: c.title}
		t.run(ctx, c, &one)
		if !one.Passed() {
			one.File, one.Line, one.Column = name, c.place.Line, c.place.Column
		}
		t.report.put(c.component(), name, one)
	}
	return ctx.Err()
}

// run runs one test and notes how it ended.
func (t *componentTests) run(ctx context.Context, c *capture, one *js.Test) {
	t.number++
	begun := time.Now()
	err := t.testOptions.run(ctx, t.app, t.records, c, fmt.Sprintf("test %d", t.number))
	one.Duration += time.Since(begun)
	if err != nil {
		one.Error = err.Error()
	}
}

// script runs a script of tests. What its blocks capture runs behind it.
func (t *componentTests) script(ctx context.Context, name string) error {
	content, err := t.read(filepath.Join(t.app.Root, name))
	if err != nil {
		return err
	}
	var heard hearing
	rt := cleat.New(cleat.Options{Timezone: t.timezone, Debug: heard.hear(t.debug)})
	defer rt.Close()
	tests, failed := rt.RunTests(ctx, t.app, name, prelude+string(content)+"\n})(it)")
	for i := range tests {
		component := "script/" + filepath.Base(name)
		for _, text := range heard.captured(i) {
			c, err := readCaptured(tests[i].Name, text)
			if err != nil {
				tests[i].Error = err.Error()
				break
			}
			if component = c.component(); !t.wants(c) {
				component = ""
				break
			}
			if tests[i].Passed() {
				t.run(ctx, c, &tests[i])
			}
		}
		if component != "" && (len(t.names) == 0 || len(heard.captured(i)) > 0) {
			t.report.put(component, name, tests[i])
		}
	}
	return failed
}

// prelude makes capture known to a script and tells which block is at work, through
// the texts of debug. It has no line of its own, so that places stay right.
const prelude = `((block) => { const it = (name, body) => block(name, () => { debug('\u0001it'); return body(); }); ` +
	`const capture = (...all) => debug('\u0001capture' + JSON.stringify(all)); `

const (
	heardIt      = "\x01it"
	heardCapture = "\x01capture"
)

// hearing sorts what a script says by its blocks.
type hearing struct{ blocks [][]string }

// hear returns a receiver that keeps what is meant for the hearing and hands on the rest.
func (h *hearing) hear(rest func(string)) func(string) {
	return func(text string) {
		if text == heardIt {
			h.blocks = append(h.blocks, nil)
			return
		}
		captured, ok := strings.CutPrefix(text, heardCapture)
		if !ok || len(h.blocks) == 0 {
			rest(text)
			return
		}
		last := len(h.blocks) - 1
		h.blocks[last] = append(h.blocks[last], captured)
	}
}

func (h *hearing) captured(block int) []string {
	if block >= len(h.blocks) {
		return nil
	}
	return h.blocks[block]
}

func readCaptured(title, text string) (*capture, error) {
	arguments, err := value.ParseJSON([]byte(text))
	if err != nil {
		return nil, errors.New("what this script captures is longer than 64 KiB: split it, or write the tests as .test.json")
	}
	return captured(title, arguments)
}

// put adds a test to those of its component in its file.
func (r *testReport) put(component, name string, test js.Test) {
	if last := len(r.files) - 1; last >= 0 && r.files[last].component == component && r.files[last].name == name {
		r.files[last].tests = append(r.files[last].tests, test)
		return
	}
	r.files = append(r.files, testFile{component: component, name: name, tests: []js.Test{test}})
}

// whole adds a file that cannot be read or run as a failed test.
func (r *testReport) whole(name string, err error) {
	test := js.Test{Name: "the test file as a whole", Error: err.Error(), File: name}
	var d source.Diagnostic
	var e *js.Error
	switch {
	case errors.As(err, &d):
		test.Error, test.Line, test.Column = d.Message, d.Line, d.Column
	case errors.As(err, &e):
		test.Error, test.File, test.Line, test.Column = e.Message, e.File, e.Line, e.Column
	}
	r.put("file/"+filepath.Base(name), name, test)
}
