package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/cleat-run/cleat/iml"
	"github.com/spf13/cobra"
)

func newIML(f *factory) *cobra.Command {
	return &cobra.Command{
		Use:   "iml [FUNCTION]",
		Short: "Explain the functions of expressions",
		Long: `Explain a function of the expression language: what it takes, what it gives, examples.
Without a name, list them all.`,
		Example: `  cleat iml
  cleat iml formatDate
  cleat help iml formatDate`,
		Args:              optionalArguments(0, "FUNCTION"),
		ValidArgsFunction: completeFunctions,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return listFunctions(f)
			}
			return explainFunction(f, args[0])
		},
	}
}

func completeFunctions(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return iml.Builtins().Names(), cobra.ShellCompDirectiveNoFileComp
}

// functionHelp is a function as --json writes it.
type functionHelp struct {
	Name      string        `json:"name"`
	Signature string        `json:"signature"`
	Summary   string        `json:"summary"`
	Examples  []exampleHelp `json:"examples"`
	Since     string        `json:"since"`
	Portable  bool          `json:"portable"`
}

type exampleHelp struct {
	Expression string `json:"expression"`
	Result     string `json:"result"`
}

func helpOf(fn *iml.Function) functionHelp {
	help := functionHelp{Name: fn.Name, Signature: fn.Signature(), Summary: fn.Summary, Since: fn.Since, Portable: fn.Portable()}
	for _, e := range fn.Examples {
		help.Examples = append(help.Examples, exampleHelp(e))
	}
	return help
}

func listFunctions(f *factory) error {
	if f.json {
		var all []functionHelp
		for _, name := range iml.Builtins().Names() {
			all = append(all, helpOf(iml.Builtins().Lookup(name)))
		}
		return writeJSON(f.std.Out, all)
	}
	var b strings.Builder
	for i, family := range iml.Families() {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(family.Title + "\n")
		for j := range family.Functions {
			fmt.Fprintf(&b, "  %-22s  %s\n", family.Functions[j].Name, family.Functions[j].Summary)
		}
	}
	_, err := io.WriteString(f.std.Out, b.String())
	return err
}

func explainFunction(f *factory, name string) error {
	fn := iml.Builtins().Lookup(name)
	if fn == nil {
		hint := iml.Builtins().Suggest(name)
		if hint == "" {
			hint = "see cleat iml"
		}
		return usagef(hint, "there is no function %q", name)
	}
	if f.json {
		return writeJSON(f.std.Out, helpOf(fn))
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n", fn.Signature(), fn.Summary)
	if !fn.Portable() {
		b.WriteString("Make has no such function.\n")
	}
	b.WriteString("\nExamples:\n")
	for _, e := range fn.Examples {
		fmt.Fprintf(&b, "  {{%s}}\n    %s\n", e.Expression, e.Result)
	}
	fmt.Fprintf(&b, "\nSince cleat %s\n", fn.Since)
	_, err := io.WriteString(f.std.Out, b.String())
	return err
}
