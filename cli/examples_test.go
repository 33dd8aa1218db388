package cli

import (
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// needService names the commands whose examples reach a service. Their scripts prove
// them.
var needService = []string{"demo", "connect", "run", "rpc",
	"connections list", "connections show", "connections test", "connections edit", "connections reauthorize", "connections delete"}

// TestExamplesWork types every example of every help text, in a folder with the files
// that the examples name.
func TestExamplesWork(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the examples are written for a POSIX shell")
	}
	each(newRoot(&factory{}), func(cmd *cobra.Command) {
		if cmd.Runnable() && !cmd.HasSubCommands() && cmd.Example == "" && cmd.Parent().Name() != "completion" {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		if slices.Contains(needService, strings.TrimPrefix(cmd.CommandPath(), "cleat ")) {
			return
		}
		for line := range strings.Lines(cmd.Example) {
			t.Run(strings.TrimSpace(line), func(t *testing.T) {
				t.Parallel()
				shell(t, strings.TrimSpace(line))
			})
		}
	})
}

func each(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, child := range cmd.Commands() {
		each(child, visit)
	}
}

func shell(t *testing.T, line string) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/examples")); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CLEAT_HOME="+dir+"/home")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestEveryFlagIsExplained keeps help texts complete.
func TestEveryFlagIsExplained(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	each(newRoot(&factory{}), func(cmd *cobra.Command) {
		for _, name := range flagNames(cmd) {
			if cmd.Flags().Lookup(name).Usage == "" {
				seen[cmd.CommandPath()+" --"+name] = true
			}
		}
		if cmd.Short == "" {
			seen[cmd.CommandPath()] = true
		}
	})
	for _, name := range slices.Sorted(maps.Keys(seen)) {
		t.Errorf("%s is not explained", name)
	}
}
