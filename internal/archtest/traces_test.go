package archtest

import (
	"bytes"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
)

// traces are what a developer leaves behind by accident. They are written in pieces, so
// that this file does not hold them.
var traces = []struct {
	pattern *regexp.Regexp
	what    string
}{
	{regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b`), "a note of unfinished work"},
	{regexp.MustCompile(`(^|[^A-Za-z0-9_.}/-])/(work|root)/[A-Za-z.]`), "a path of a developer's machine"},
	{regexp.MustCompile(`\b(registry\.npm` + `js\.org|registry\.yarn` + `pkg\.com|proxy\.go` + `lang\.org|sum\.go` + `lang\.org|files\.python` + `hosted\.org|deb\.deb` + `ian\.org)\b`), "the host of a package registry"},
	{regexp.MustCompile(`"resol` + `ved": "http`), "the address of a package in a lock file"},
}

// findTraces returns the first trace of each sort in content, in words.
func findTraces(content []byte) []string {
	var found []string
	for _, trace := range traces {
		if at := trace.pattern.Find(content); at != nil {
			found = append(found, trace.what+": "+string(bytes.TrimSpace(at)))
		}
	}
	return found
}

func TestNoFileHoldsTracesOfItsDeveloper(t *testing.T) {
	t.Parallel()
	for _, name := range files(t) {
		content, err := os.ReadFile(path.Join(root, name))
		if os.IsNotExist(err) {
			continue // deleted but not yet committed
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if bytes.IndexByte(content, 0) >= 0 {
			continue // no text
		}
		for _, trace := range findTraces(content) {
			t.Errorf("%s holds %s", name, trace)
		}
	}
}

// files returns the files of the project: those that git tracks or would add, and where
// there is no git, as in the module cache, all of them.
func files(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err == nil {
		return strings.FieldsFunc(string(out), func(r rune) bool { return r == 0 })
	}
	var names []string
	var visit func(folder string)
	visit = func(folder string) {
		entries, err := os.ReadDir(path.Join(root, folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			name := path.Join(folder, entry.Name())
			switch {
			case !entry.IsDir():
				names = append(names, name)
			case entry.Name() != ".git" && entry.Name() != "node_modules":
				visit(name)
			}
		}
	}
	visit("")
	return names
}

func TestTracesAreFound(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"// TO" + "DO: later":                      true,
		"see FIX" + "ME":                           true,
		"the TO" + "DOs of a person":               false,
		"/todos?done=1":                            false,
		"cd /wo" + "rk/main":                       true,
		"\"/ro" + "ot/.cache\"":                    true,
		"https://example.com/work/items":           false,
		"{{connection.url}}/work/items":            false,
		"/network/root/":                           false,
		"https://registry.npm" + "js.org/x":        true,
		"GOPROXY=https://proxy.go" + "lang.org":    true,
		`"resol` + `ved": "https://example.com/x"`: true,
		`"resolved": true`:                         false,
	} {
		if got := findTraces([]byte(text)); (len(got) > 0) != want {
			t.Errorf("%q: found %q", text, got)
		}
	}
}
