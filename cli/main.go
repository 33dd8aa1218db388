package cli

import (
	"context"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/cleat-run/cleat/js"
	"github.com/spf13/cobra"
)

// Main runs the command that args (without the program's name) ask for and returns the
// exit code. An interrupt cancels what is running; a second one ends the process at once.
func Main(args []string, std Streams) int {
	js.ServeIfChild()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

	f := &factory{std: std}
	root := newRoot(f)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err != nil && !f.started {
		err = asUsage(err)
	}
	// A usage error may be found before --json is read.
	f.report(err, f.json || slices.Contains(beforeDashes(args), "--json"))
	return exitCode(err)
}

// beforeDashes returns args up to --, behind which there are no flags.
func beforeDashes(args []string) []string {
	if i := slices.Index(args, "--"); i >= 0 {
		return args[:i]
	}
	return args
}

func newRoot(f *factory) *cobra.Command {
	root := newGroup("cleat", "Run Make.com custom apps anywhere",
		newDemo(f), newInspect(f), newLint(f), newNew(f),
		newInstall(f), newConnect(f), newConnections(f), newKeys(f),
		newRun(f), newForm(f), newRPC(f), newTrigger(f), newListen(f), newTest(f),
		newEval(f), newIML(f), newOAuth1(f),
		newServe(f), newBackup(f), newRestore(f), newRecords(f), newWork(f))
	root.Version = version()
	root.SetVersionTemplate("cleat {{.Version}}\n")
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetIn(f.std.In)
	root.SetOut(f.std.Out)
	root.SetErr(f.std.Err)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	f.globals(root)
	groupCompletion(root)
	return root
}
