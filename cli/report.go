package cli

import (
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/engine"
	"github.com/cleat-run/cleat/source"
)

// report shows an error on standard error: one JSON object, or text for a person.
func (f *factory) report(err error, asJSON bool) {
	if err == nil || err.Error() == "" {
		return
	}
	fault := faultOf(err)
	if asJSON {
		writeJSON(f.std.Err, struct {
			Error any `json:"error"`
		}{fault})
		return
	}
	fmt.Fprint(f.std.Err, fault.text())
}

// text words the error for a person: findings as a compiler shows them, with excerpt and
// caret, everything else behind the name of the program.
func (f *fault) text() string {
	if len(f.found) > 0 {
		return findings(f.found)
	}
	var b strings.Builder
	b.WriteString("cleat: ")
	if at := (source.Position{File: f.File, Line: f.Line, Column: f.Column}).String(); at != "" {
		b.WriteString(at + ": ")
	}
	if f.Step != "" || f.Type == engine.DataError || f.Type == engine.ConnectionError || f.Type == engine.RateLimitError {
		b.WriteString(f.Type + ": ")
	}
	b.WriteString(printable(f.Message) + "\n")
	if f.Step != "" || f.Directive != "" {
		b.WriteString("  at: " + strings.Trim(f.Step+", "+f.Directive, ", ") + "\n")
	}
	if f.Hint != "" {
		b.WriteString("  hint: " + printable(f.Hint) + "\n")
	}
	return b.String()
}

// findings words diagnostics, each with its excerpt and hint.
func findings(found source.Diagnostics) string {
	var b strings.Builder
	for _, d := range found {
		b.WriteString(d.String() + "\n")
	}
	return b.String()
}

// warn shows advice about what was done nevertheless.
func (f *factory) warn(warnings ...string) {
	for _, w := range warnings {
		fmt.Fprintln(f.std.Err, "warning: "+printable(w))
	}
}

// debug shows what a function of an app hands to debug or console.
func (f *factory) debug(text string) {
	fmt.Fprintln(f.std.Err, "debug: "+printable(text))
}
