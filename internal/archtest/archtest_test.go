package archtest

import (
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

const root = "../.."

func TestImportsFollowTheTable(t *testing.T) {
	t.Parallel()
	faults, err := check(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range faults {
		t.Error(fault)
	}
}

func TestEveryRequiredModuleIsInTheTable(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "v") {
			continue // no requirement, or an indirect one
		}
		if !slices.ContainsFunc(outside, func(m struct{ module, packages, reason string }) bool { return m.module == fields[0] }) {
			t.Errorf("go.mod requires %s, which has no line and no reason in the table", fields[0])
		}
	}
}

func TestTheTablesNameOnlyKnownPackagesAndGiveReasons(t *testing.T) {
	t.Parallel()
	table, err := parseTable(imports)
	if err != nil {
		t.Fatal(err)
	}
	known := func(name string) bool { _, ok := table[name]; return ok || name == "tests" }
	for _, m := range outside {
		if !slices.ContainsFunc(strings.Fields(m.packages), known) || m.reason == "" {
			t.Errorf("module %s: packages %q, reason %q", m.module, m.packages, m.reason)
		}
	}
	for _, rule := range closed {
		for _, name := range strings.Fields(rule.packages) {
			if !known(name) {
				t.Errorf("%s is open to the unknown package %s", rule.imported, name)
			}
		}
	}
}

// tree makes a tree of Go files from "path: import, import" lines.
func tree(lines ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for _, line := range lines {
		name, list, _ := strings.Cut(line, ": ")
		text := "package " + path.Base(path.Dir("x/"+name)) + "\n"
		for imported := range strings.SplitSeq(list, ", ") {
			if own, ours := strings.CutPrefix(imported, "./"); ours {
				imported = strings.TrimSuffix(module+"/"+own, "/")
			}
			text += "import _ \"" + imported + "\"\n"
		}
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return files
}

func TestForbiddenImportsAreFound(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, file, want string }{
		{"allowed", "engine/a.go: ./value, ./app, net/http", ""},
		{"upwards", "value/a.go: ./iml", "value/a.go: value may not import iml"},
		{"sideways", "connect/a.go: ./webhook", "connect/a.go: connect may not import webhook"},
		{"not through another", "app/a.go: ./value", "app/a.go: app may not import value"},
		{"through a plus", "connect/a.go: ./oauth1", ""},
		{"the root", "connect/a.go: ./", "connect/a.go: connect may not import cleat"},
		{"from the root", "cleat.go: ./engine", ""},
		{"itself in a test", "iml/a_test.go: ./iml", ""},
		{"upwards in a test", "iml/a_test.go: ./engine", "iml/a_test.go: iml may not import engine"},
		{"a suite in a test", "engine/a_test.go: ./oauth1/oauth1test", ""},
		{"a suite outside tests", "engine/a.go: ./oauth1/oauth1test", "engine/a.go: engine may not import oauth1/oauth1test"},
		{"a suite far away", "iml/a_test.go: ./store/storetest", "iml/a_test.go: iml may not import store/storetest"},
		{"unknown package", "helpers/a.go: fmt", "helpers/a.go: the package helpers is not in the table"},
		{"unknown package of ours", "engine/a.go: ./helpers", "engine/a.go: engine may not import helpers"},
		{"unknown module", "engine/a.go: example.com/x", "engine/a.go: example.com/x is in no module of the table"},
		{"a module that only begins alike", "iml/a.go: github.com/cockroachdb/apd/v33", "iml/a.go: github.com/cockroachdb/apd/v33 is in no module of the table"},
		{"module of another package", "engine/a.go: modernc.org/sqlite/lib",
			"engine/a.go: engine may not import modernc.org/sqlite/lib, which is for store (records on a single machine, without cgo)"},
		{"test module", "engine/a_test.go: github.com/google/go-cmp/cmp", ""},
		{"test module outside tests", "engine/a.go: github.com/google/go-cmp/cmp",
			"engine/a.go: engine may not import github.com/google/go-cmp/cmp, which is for tests (differences of structures that a person can read)"},
		{"module of the package in a test", "store/a_test.go: modernc.org/sqlite", ""},
		{"closed", "iml/a.go: net/http", "iml/a.go: iml may not import net/http: values, expressions, definitions, forms and records know no network"},
		{"closed, in a test", "iml/a_test.go: net/http", ""},
		{"closed to all", "engine/a.go: unsafe", "engine/a.go: engine may not import unsafe: nothing here is worth it, but for handing the kernel a filter of system calls"},
		{"test data", "iml/testdata/a.go: example.com/x", ""},
		{"hidden folder", ".ci/a.go: example.com/x", ""},
		{"packages of npm", "internal/interop/node_modules/x/a.go: example.com/x", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := check(tree(tt.file))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestModulesOfTheirOwnAreLeftOut(t *testing.T) {
	t.Parallel()
	files := tree("bench/a.go: example.com/x", "value/a.go: example.com/x")
	files["bench/go.mod"] = &fstest.MapFile{}
	got, err := check(files)
	if want := []string{"value/a.go: example.com/x is in no module of the table"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAllFaultsAreReportedInOrder(t *testing.T) {
	t.Parallel()
	got, err := check(tree("value/b.go: ./iml, ./engine", "value/a.go: unsafe"))
	want := []string{
		"value/a.go: value may not import unsafe: nothing here is worth it, but for handing the kernel a filter of system calls",
		"value/b.go: value may not import engine",
		"value/b.go: value may not import iml",
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFaultyTablesAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a < b\nb < nothing":           "",
		"a nothing":                    "line 1 of the table has no <: a nothing",
		"a < nothing\na < nothing":     "line 2 of the table: a stands in it twice",
		"a < b":                        "the table lets a import b, which is not in it",
		"a < a":                        "the table has a circle: a < a",
		"a < b\nb < c+\nc < nothing":   "",
		"# comment\n\n  a < nothing\n": "",
	} {
		_, err := parseTable(text)
		if got := errorText(err); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if _, err := parseTable("a < b\nb < c\nc < a"); err == nil || !strings.Contains(err.Error(), "circle") {
		t.Errorf("a circle of three is accepted: %v", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
