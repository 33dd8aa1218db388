package cli

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

const guide = "../docs/server.md"

// settingsTable is the table of docs/server.md, made of the flags.
func settingsTable() string {
	var b strings.Builder
	b.WriteString("| Setting | Default | What |\n|---|---|---|\n")
	newServe(&factory{}).Flags().VisitAll(func(f *pflag.Flag) {
		if slices.Contains(ofCommand, f.Name) {
			return
		}
		kind, usage := pflag.UnquoteUsage(f)
		value := f.DefValue
		if value == "[]" || value == "0" || value == "" {
			value = "none"
		}
		if strings.Contains(usage, "(default ") {
			value = "see there"
		}
		if kind != "" {
			kind = " " + kind
		}
		fmt.Fprintf(&b, "| `%s`%s | %s | %s |\n", f.Name, kind, value, strings.ReplaceAll(usage, "|", `\|`))
	})
	return b.String()
}

func TestGuideListsSettings(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, _ := strings.Cut(string(text), "<!-- settings -->\n")
	_, after, found := strings.Cut(rest, "<!-- /settings -->")
	if !found {
		t.Fatalf("%s has no place for settings", guide)
	}
	want := before + "<!-- settings -->\n" + settingsTable() + "<!-- /settings -->" + after
	if *update {
		if err := os.WriteFile(guide, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(text) != want {
		t.Errorf("%s is stale; go test ./cli -run Guide -update writes it anew", guide)
	}
}

// TestGuideListsMetrics compares the guide with what a server tells.
func TestGuideListsMetrics(t *testing.T) {
	t.Parallel()
	posixShell(t)
	text, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	s := startServe(t, filepath.Join(t.TempDir(), "home"))
	told, listed := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (cleat_\S+)`).FindAllStringSubmatch(s.get("/metrics"), -1) {
		told[m[1]] = true
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(cleat_[a-z_]+)`").FindAllStringSubmatch(string(text), -1) {
		listed[m[1]] = true
	}
	if !maps.Equal(told, listed) || len(told) < 5 {
		t.Errorf("the server tells %q, the guide lists %q", slices.Sorted(maps.Keys(told)), slices.Sorted(maps.Keys(listed)))
	}
}
