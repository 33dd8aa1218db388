package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/cleat-run/cleat/app"
	"github.com/cleat-run/cleat/lint"
	"github.com/cleat-run/cleat/source"
	"github.com/spf13/cobra"
)

type lintOptions struct {
	*factory
	app    string
	strict bool
	format string
}

// lintFormats are the values of --format.
var lintFormats = []string{"text", "json", "github", "sarif"}

func newLint(f *factory) *cobra.Command {
	o := &lintOptions{factory: f}
	cmd := &cobra.Command{
		Use:   "lint APP",
		Short: "Report everything that is wrong with an app",
		Long: `Report everything that is wrong with an app: what cannot be read, mistakes in expressions
and forms, directives that are unknown or have no effect, credentials that would be logged,
and what Make's review asks for. Nothing is run and nothing is sent.

The exit code is 3 when there is an error; warnings and advice leave it at 0. A comment
// cleat-ignore CODE reason on the line above a finding silences it. Of a rule, 100 findings
in a file and 1,000 in all are shown; LIM001 tells how many more there are.

--format github writes annotations for GitHub Actions, sarif a SARIF 2.1.0 log.`,
		Example: `  cleat lint my-app
  cleat lint my-app --make-strict --format sarif > findings.sarif`,
		Args: arguments("APP"),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.app = args[0]
			return runLint(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.strict, "make-strict", false, "what works here and not at Make is an error")
	cmd.Flags().StringVar(&o.format, "format", "text", "`form` of the findings: text, json, github or sarif")
	complete(cmd, "format", lintFormats...)
	return cmd
}

func runLint(ctx context.Context, o *lintOptions) error {
	if o.json {
		o.format = "json"
	}
	write := map[string]func(io.Writer, source.Diagnostics) error{"text": writeFindings, "json": writeFindingsJSON, "github": writeAnnotations, "sarif": writeSARIF}[o.format]
	if write == nil {
		return usagef("known are "+strings.Join(lintFormats, ", "), "unknown format %q", o.format)
	}
	a, loaded, err := app.Load(o.app)
	if err != nil {
		return err
	}
	found, err := lint.Check(ctx, a, loaded, lint.Options{MakeStrict: o.strict})
	if err != nil {
		return err
	}
	if err := write(o.std.Out, found); err != nil {
		return err
	}
	if found.Err() != nil {
		return &exitError{code: exitFindings}
	}
	return nil
}

// writeFindings shows findings to a person, and counts them.
func writeFindings(out io.Writer, found source.Diagnostics) error {
	text := printable(findings(found))
	if len(found) > 0 {
		text += "\n"
	}
	count := map[source.Severity]int{}
	for _, d := range found {
		count[d.Severity]++
	}
	_, err := fmt.Fprintf(out, "%s%s, %s, %d for information\n", text, plural(count[source.Error], "error"), plural(count[source.Warning], "warning"), count[source.Info])
	return err
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func writeFindingsJSON(out io.Writer, found source.Diagnostics) error {
	if found == nil {
		found = source.Diagnostics{}
	}
	return writeJSON(out, found)
}

// writeAnnotations writes workflow commands of GitHub Actions
// (docs.github.com: Workflow commands for GitHub Actions).
func writeAnnotations(out io.Writer, found source.Diagnostics) error {
	command := map[source.Severity]string{source.Error: "error", source.Warning: "warning", source.Info: "notice"}
	property := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
	data := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	for _, d := range found {
		message := d.Message
		if d.Hint != "" {
			message += "\n" + d.Hint
		}
		_, err := fmt.Fprintf(out, "::%s file=%s,line=%d,col=%d,title=%s::%s\n", command[d.Severity], property.Replace(d.File), d.Line, d.Column, property.Replace(d.Code), data.Replace(message))
		if err != nil {
			return err
		}
	}
	return nil
}
