// Package docs writes the pages of docs/ that come from the tables of the code. Its tests
// fail when a page is stale; go test ./internal/docs -update writes them anew.
package docs

import (
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/iml"
)

// IML returns the reference of the functions of expressions, in Markdown.
func IML() string {
	var b strings.Builder
	b.WriteString(`# Functions of the expression language

This page is written from the tables in package ` + "`iml`" + `; its examples run as tests.
` + "`cleat iml NAME`" + ` shows the same in a terminal.

Positions in texts count UTF-16 units from 0, elements in paths from 1. Most functions give an
undefined or null first argument back unchanged. Arguments in brackets may be left out; … means
any number of them.
`)
	for _, family := range iml.Families() {
		fmt.Fprintf(&b, "\n## %s\n", family.Title)
		for i := range family.Functions {
			writeFunction(&b, &family.Functions[i])
		}
	}
	return b.String()
}

func writeFunction(b *strings.Builder, f *iml.Function) {
	fmt.Fprintf(b, "\n### %s\n\n`%s`\n\n%s\n", f.Name, f.Signature(), markdown(f.Summary))
	if !f.Portable() {
		b.WriteString("Make has no such function.\n")
	}
	b.WriteString("\n```\n")
	for _, e := range f.Examples {
		fmt.Fprintf(b, "%s → %s\n", e.Expression, e.Result)
	}
	b.WriteString("```\n")
}

// markdown escapes what a summary holds in plain words.
func markdown(text string) string {
	return strings.NewReplacer("<", `\<`, "*", `\*`, "_", `\_`).Replace(text)
}
