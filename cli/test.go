package cli

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/cleat-run/cleat"
	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/js"
	"github.com/spf13/cobra"
)

type testOptions struct {
	*factory
	app   string
	names []string
	junit string // file, "" when there is none
}

func newTest(f *factory) *cobra.Command {
	o := &testOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "test APP [NAME…]",
		Short: "Run the tests of an app's functions and components",
		Long: `Run the tests of an app's custom functions and of its other components, or those of the
named ones only. Nothing is sent: the requests of a component are compared with those
that the test says, and answered from there.

The test file of a function sees it, describe, assert as Node has it, iml, environment,
and the functions of the app by name. It may take 5 seconds. Tests of components are the
files whose names end with .test.json, or scripts that end with .test.js and call
capture. The command exits with 3 when a test fails.`,
		Example: `  cleat test my-app
  cleat test my-app listBooks
  cleat test my-app --junit report.xml --json`,
		Args: openArguments("APP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app, o.names = args[0], args[1:]
			return runTest(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.junit, "junit", "", "also write a report in JUnit's XML to `file`")
	return cmd
}

func runTest(ctx context.Context, o *testOptions) error {
	a, err := o.load(o.app)
	if err != nil {
		return err
	}
	files, err := testFiles(a)
	if err != nil {
		return err
	}
	chosen, err := o.chosen(a)
	if err != nil {
		return err
	}
	var report testReport
	if err := o.functions(ctx, a, chosen, &report); err != nil {
		return err
	}
	if err := o.components(ctx, a, files, &report); err != nil {
		return err
	}
	return o.publish(&report)
}

// functions runs the test files of functions.
func (o *testOptions) functions(ctx context.Context, a *cleat.App, chosen []*app.Function, report *testReport) error {
	rt, err := o.runtime(nil, "", nil)
	if err != nil {
		return err
	}
	defer rt.Close()
	for _, f := range chosen {
		if f.Test == nil || strings.TrimSpace(f.Test.Text()) == "" {
			continue
		}
		tests, err := rt.TestFunction(ctx, a, f.ID)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		report.add(f, tests, err)
	}
	return nil
}

// chosen returns the named functions, all when nothing is named. A name may also be that of
// another component, whose tests are then run.
func (o *testOptions) chosen(a *cleat.App) ([]*app.Function, error) {
	if len(o.names) == 0 {
		return a.Functions, nil
	}
	var chosen []*app.Function
	for _, name := range o.names {
		if f := a.Function(name); f != nil {
			chosen = append(chosen, f)
		} else if !hasComponent(a, name) {
			return nil, unknownComponent(&cleat.UnknownError{Kind: app.FunctionKind, ID: name,
				Near: a.Suggest(app.FunctionKind, name), All: a.IDs(app.FunctionKind)})
		}
	}
	return chosen, nil
}

func hasComponent(a *cleat.App, name string) bool {
	return slices.ContainsFunc(app.Kinds(), func(kind app.Kind) bool { return slices.Contains(a.IDs(kind), name) })
}

// wants reports whether the tests of a component are to run.
func (o *testOptions) wants(c *capture) bool {
	return len(o.names) == 0 || slices.Contains(o.names, c.id)
}

// publish shows the report and returns what the exit code follows from.
func (o *testOptions) publish(r *testReport) error {
	if o.junit != "" {
		if err := os.WriteFile(o.junit, r.junit(), 0o666); err != nil {
			return err
		}
	}
	if o.json {
		if err := writeJSON(o.std.Out, r.document()); err != nil {
			return err
		}
	} else if err := r.text(o.std.Out); err != nil {
		return err
	}
	if r.failed() > 0 {
		return &exitError{code: exitFindings}
	}
	return nil
}

// add takes in what became of a test file. A failure of the file as a whole counts as a
// test of its own.
func (r *testReport) add(f *app.Function, tests []js.Test, err error) {
	if err != nil {
		whole := js.Test{Name: "the test file as a whole", Error: err.Error()}
		var e *js.Error
		if errors.As(err, &e) {
			whole.Error, whole.File, whole.Line, whole.Column = e.Message, e.File, e.Line, e.Column
		}
		tests = append(tests, whole)
	}
	r.files = append(r.files, testFile{component: "function/" + f.ID, name: f.Test.Name(), tests: tests})
}
