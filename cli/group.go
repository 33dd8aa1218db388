package cli

import "github.com/spf13/cobra"

// newGroup returns a command that only holds other commands. Alone it shows its help.
func newGroup(use, short string, children ...*cobra.Command) *cobra.Command {
	group := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs, RunE: runGroup, DisableFlagsInUseLine: true}
	group.AddCommand(children...)
	return group
}

func runGroup(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	return unknownCommand(cmd, args[0])
}

func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Explain a command",
		Example: "  cleat help eval",
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			at, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return names(at), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			switch {
			case len(rest) == 1 && topic.Name() == "iml":
				return topic.RunE(topic, rest)
			case len(rest) > 0:
				return unknownCommand(topic, rest[0])
			}
			topic.InitDefaultHelpFlag()
			return topic.Help()
		},
	}
}

// names returns the names of the commands of a group.
func names(group *cobra.Command) []string {
	var list []string
	for _, c := range group.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			list = append(list, c.Name())
		}
	}
	return list
}

// groupCompletion makes cobra's command completion a group like the others, so that an
// unknown shell is an error.
func groupCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Short = "Print a script that completes commands in bash, zsh, fish or PowerShell"
			c.Example = "  cleat completion bash > cleat.bash"
			c.Args, c.RunE, c.DisableFlagsInUseLine = cobra.ArbitraryArgs, runGroup, true
		}
	}
}
