// Package archtest holds the direction of imports between the packages of this module
// as data and checks a tree of files against it, in the manner of go/build/deps_test.go.
// The table is in table.go; the package is used by its own tests only.
package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// packages maps the name of a package, relative to the module, to what it may import.
type packages map[string]map[string]bool

// parseTable reads a table of the form of [imports].
func parseTable(text string) (packages, error) {
	direct := map[string][]string{}
	for number, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		left, right, ok := strings.Cut(line, "<")
		if !ok {
			return nil, fmt.Errorf("line %d of the table has no <: %s", number+1, line)
		}
		for _, name := range list(left) {
			if _, twice := direct[name]; twice {
				return nil, fmt.Errorf("line %d of the table: %s stands in it twice", number+1, name)
			}
			direct[name] = list(right)
		}
	}
	table := packages{}
	for name := range direct {
		may, err := expand(direct, name, nil)
		if err != nil {
			return nil, err
		}
		table[name] = may
	}
	return table, nil
}

func list(text string) []string {
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" && name != "nothing" {
			names = append(names, name)
		}
	}
	return names
}

// expand returns what name may import, with the plus signs resolved. trail are the
// packages on the way to name; one that comes again could import itself.
func expand(direct map[string][]string, name string, trail []string) (map[string]bool, error) {
	if slices.Contains(trail, name) {
		return nil, fmt.Errorf("the table has a circle: %s", strings.Join(append(trail, name), " < "))
	}
	trail = append(slices.Clone(trail), name)
	may := map[string]bool{}
	for _, next := range direct[name] {
		next, all := strings.CutSuffix(next, "+")
		if _, known := direct[next]; !known {
			return nil, fmt.Errorf("the table lets %s import %s, which is not in it", name, next)
		}
		more, err := expand(direct, next, trail)
		if err != nil {
			return nil, err
		}
		if may[next] = true; all {
			maps.Copy(may, more)
		}
	}
	return may, nil
}

// checker checks the files of one tree.
type checker struct {
	table  packages
	tests  map[string][]string // what test files may import beyond the table
	faults []string
}

// check returns every import in the tree that the tables do not allow, sorted, one
// line each.
func check(tree fs.FS) ([]string, error) {
	table, err := parseTable(imports)
	if err != nil {
		return nil, err
	}
	c := checker{table: table, tests: map[string][]string{}}
	for line := range strings.SplitSeq(strings.TrimSpace(testImports), "\n") {
		left, right, _ := strings.Cut(strings.TrimSpace(line), "<")
		for _, name := range list(left) {
			for _, next := range list(right) {
				next, all := strings.CutSuffix(next, "+")
				c.tests[name] = append(c.tests[name], next)
				if all {
					c.tests[name] = append(c.tests[name], slices.Collect(maps.Keys(table[next]))...)
				}
			}
		}
	}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return c.folder(tree, name)
		case strings.HasSuffix(name, ".go"):
			return c.file(tree, name)
		}
		return nil
	})
	slices.Sort(c.faults)
	return c.faults, err
}

// folder leaves out what the go command leaves out, and modules of their own.
func (c *checker) folder(tree fs.FS, name string) error {
	if name == "." {
		return nil
	}
	base := path.Base(name)
	_, err := fs.Stat(tree, name+"/go.mod")
	if err == nil || base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules" {
		return fs.SkipDir
	}
	return nil
}

func (c *checker) file(tree fs.FS, name string) error {
	content, err := fs.ReadFile(tree, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.ImportsOnly)
	if err != nil {
		return err
	}
	pkg := path.Dir(name)
	if pkg == "." {
		pkg = "cleat"
	}
	if _, known := c.table[pkg]; !known {
		c.fault(name, "the package %s is not in the table", pkg)
		return nil
	}
	test := strings.HasSuffix(name, "_test.go")
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		c.one(name, pkg, imported, test)
	}
	return nil
}

func (c *checker) fault(file, format string, args ...any) {
	c.faults = append(c.faults, file+": "+fmt.Sprintf(format, args...))
}

// one checks one import of the package pkg.
func (c *checker) one(file, pkg, imported string, test bool) {
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case imported == module || strings.HasPrefix(imported, module+"/"):
		own := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
		if own == "" {
			own = "cleat"
		}
		if !c.table[pkg][own] && !(test && c.mayTest(pkg, own)) {
			c.fault(file, "%s may not import %s", pkg, own)
		}
	case strings.Contains(first, "."):
		i := slices.IndexFunc(outside, func(m struct{ module, packages, reason string }) bool {
			return imported == m.module || strings.HasPrefix(imported, m.module+"/")
		})
		if i < 0 {
			c.fault(file, "%s is in no module of the table", imported)
		} else if !mayUse(outside[i].packages, pkg, test) {
			c.fault(file, "%s may not import %s, which is for %s (%s)", pkg, imported, outside[i].packages, outside[i].reason)
		}
	case !test:
		for _, rule := range closed {
			if rule.imported == imported && !slices.Contains(strings.Fields(rule.packages), pkg) {
				c.fault(file, "%s may not import %s: %s", pkg, imported, rule.reason)
			}
		}
	}
}

// mayTest reports whether test files of pkg may import own although pkg itself may not.
func (c *checker) mayTest(pkg, own string) bool {
	if own == pkg || slices.Contains(c.tests[pkg], own) {
		return true
	}
	parent := path.Dir(own)
	return strings.HasSuffix(own, "test") && (parent == pkg || c.table[pkg][parent])
}

// mayUse reports whether pkg is among the users of a module. A test file may use what is
// there for tests, and what the package itself or the package above it may.
func mayUse(users, pkg string, test bool) bool {
	forTests := test || strings.HasSuffix(pkg, "test") || strings.HasPrefix(pkg, "internal/")
	for _, user := range strings.Fields(users) {
		if user == pkg || forTests && (user == "tests" || user == path.Dir(pkg)) {
			return true
		}
	}
	return false
}
