package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cleat-run/cleat/source"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// usageError says that the command line itself is wrong.
type usageError struct {
	message string
	hint    string
}

func (e *usageError) Error() string { return e.message }

func usagef(hint, format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...), hint}
}

// asUsage makes a usage error of what was found before a command began: the errors of
// cobra's own checks have no type.
func asUsage(err error) error {
	var usage *usageError
	if errors.As(err, &usage) {
		return err
	}
	return &usageError{message: err.Error(), hint: "see cleat help"}
}

func unknownCommand(group *cobra.Command, name string) error {
	hint := "see " + helpFor(group)
	if near := source.Nearest(name, names(group)); len(near) > 0 {
		hint = "did you mean " + group.CommandPath() + " " + near[0] + "?"
	}
	return usagef(hint, "unknown command %q for %q", name, group.CommandPath())
}

// flagError words what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	if cmd.HasSubCommands() && cmd.Flags().NArg() > 0 {
		return unknownCommand(cmd, cmd.Flags().Arg(0))
	}
	hint := "see " + helpFor(cmd)
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if near := source.Nearest(unknown.GetSpecifiedName(), flagNames(cmd)); len(near) > 0 {
			hint = "did you mean --" + near[0] + "?"
		}
	}
	return &usageError{message: err.Error(), hint: hint}
}

func helpFor(cmd *cobra.Command) string {
	return strings.TrimSpace("cleat help " + strings.TrimPrefix(strings.TrimPrefix(cmd.CommandPath(), "cleat"), " "))
}

func flagNames(cmd *cobra.Command) []string {
	var list []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			list = append(list, f.Name)
		}
	})
	return list
}

// arguments checks the number of arguments; the names are those of the command's use
// line.
func arguments(names ...string) cobra.PositionalArgs {
	return optionalArguments(len(names), names...)
}

// optionalArguments is like arguments, but only the first ones are required.
func optionalArguments(required int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < required:
			return usagef("see "+helpFor(cmd), "%s is missing", names[len(args)])
		case len(args) > len(names):
			return usagef("see "+helpFor(cmd)+"; quote what holds blanks", "unexpected argument %q", args[len(names)])
		}
		return nil
	}
}

// openArguments is like arguments, but any number may follow.
func openArguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		return arguments(names...)(cmd, args[:min(len(args), len(names))])
	}
}
